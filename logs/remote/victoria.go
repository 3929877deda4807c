package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/logs"
)

// victoria asks a VictoriaLogs by LogsQL,
// https://docs.victoriametrics.com/victorialogs/querying/.
type victoria struct {
	*client
	roles roles
}

// noText is what VictoriaLogs writes for the text of records that have none: those whose
// text was an object, which it has taken apart.
const noText = "missing _msg field"

// ask makes a request of /select/logsql/.
func (v *victoria) ask(ctx context.Context, path string, args url.Values) (*http.Request, error) {
	req, err := v.request(ctx, http.MethodPost, "/select/logsql/"+path, strings.NewReader(args.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if v.cfg.Tenant != "" {
		account, project, _ := strings.Cut(v.cfg.Tenant, ":")
		req.Header.Del("X-Scope-OrgID")
		req.Header.Set("AccountID", account)
		req.Header.Set("ProjectID", strconv.Itoa(atoi(project)))
	}
	return req, nil
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s) // Validate has read it; none is 0
	return n
}

// span is the filter of a time.
func (v *victoria) span(from, to int64) string {
	return "_time:[" + instant(from) + ", " + instant(to) + ")"
}

// instant is a time as RFC 3339, in the years that all stores know.
func instant(at int64) string {
	return time.Unix(0, min(max(at, 0), maxInstant)).UTC().Format(time.RFC3339Nano)
}

const maxInstant = 1<<63 - 1 - int64(24*time.Hour)

func (v *victoria) read(ctx context.Context, q *logs.Query, ordered bool, page int, found func(*logs.Record) error) error {
	w, err := v.words(ctx, q, true)
	if err != nil {
		return err
	}
	known := map[string][]field{}
	if !ordered {
		return v.lines(ctx, v.span(q.From, q.To)+" "+w.filter, known, found)
	}
	from, to := q.From, q.To
	order := "_time desc"
	if q.Oldest {
		order = "_time"
	}
	skip := 0 // records of the last time that were seen already
	for {
		last, same, n := int64(0), 0, 0
		text := fmt.Sprintf("%s %s | sort by (%s, _stream_id, _msg) offset %d limit %d", v.span(from, to), w.filter, order, skip, page)
		err := v.lines(ctx, text, known, func(r *logs.Record) error {
			if n++; n == 1 || r.Time != last {
				last, same = r.Time, 0
			}
			same++
			return found(r)
		})
		if err != nil || n < page {
			return err
		}
		if q.Oldest {
			if last != from {
				skip = 0
			}
			from = last
		} else {
			if last != to-1 {
				skip = 0
			}
			to = last + 1
		}
		skip += same
		page = min(4*page, 4*maxPage)
	}
}

// lines asks for records. known are streams by their text.
func (v *victoria) lines(ctx context.Context, text string, known map[string][]field, found func(*logs.Record) error) error {
	args := url.Values{"query": {text}}
	if end, ok := ctx.Deadline(); ok {
		args.Set("timeout", fmt.Sprintf("%dms", max(1, time.Until(end).Milliseconds())))
	}
	req, err := v.ask(ctx, "query", args)
	if err != nil {
		return err
	}
	return v.eachLine(req, func(line []byte) error {
		r, err := v.record(line, known)
		if err != nil {
			return err
		}
		return found(r)
	})
}

// record reads a line of an answer.
func (v *victoria) record(line []byte, known map[string][]field) (*logs.Record, error) {
	var all map[string]string
	if err := json.Unmarshal(line, &all); err != nil {
		return nil, fmt.Errorf("%w: want an object of texts, got %.100q: %w", ErrUnavailable, line, err)
	}
	at, err := time.Parse(time.RFC3339Nano, all["_time"])
	if err != nil {
		return nil, fmt.Errorf("%w: want a record with _time, got %.100q", ErrUnavailable, line)
	}
	text := all["_stream"]
	labels, ok := known[text]
	if !ok {
		if labels, err = parseStream(text); err != nil {
			return nil, err
		}
		if len(known) < maxKnown {
			known[text] = labels
		}
	}
	fields := slices.Clone(labels)
	for i := range fields {
		fields[i].stream = true
		delete(all, fields[i].name)
	}
	body, has := all["_msg"]
	for _, n := range []string{"_time", "_stream", "_stream_id", "_msg"} {
		delete(all, n)
	}
	if !has || strings.HasPrefix(body, noText) {
		body = ""
		if own := without(all, v.roles.own); len(own) > 0 {
			raw, err := json.Marshal(own)
			if err != nil {
				return nil, err
			}
			body = string(raw)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(all)) {
		fields = append(fields, field{name: n, value: all[n]})
	}
	return v.roles.record(at.UnixNano(), body, fields, plainName), nil
}

// maxKnown bounds the streams that are remembered while an answer is read.
const maxKnown = 10_000

func without(all map[string]string, names []string) map[string]string {
	out := maps.Clone(all)
	for _, n := range names {
		delete(out, n)
	}
	return out
}

// parseStream reads a stream as VictoriaLogs writes it: {a="b",c.d="e"}, with names as
// they are and values as Go writes them.
func parseStream(text string) ([]field, error) {
	wrong := func() ([]field, error) {
		return nil, fmt.Errorf("%w: want a stream such as {a=\"b\"}, got %.100q", ErrUnavailable, text)
	}
	rest, ok := strings.CutPrefix(text, "{")
	if text == "" {
		return nil, nil
	}
	if !ok {
		return wrong()
	}
	var out []field
	for rest != "}" {
		name, after, ok := strings.Cut(rest, "=")
		if !ok {
			return wrong()
		}
		quoted, err := strconv.QuotedPrefix(after)
		if err != nil {
			return wrong()
		}
		value, err := strconv.Unquote(quoted)
		if err != nil {
			return wrong()
		}
		if plain, err := strconv.Unquote(name); err == nil {
			name = plain
		}
		out = append(out, field{name: name, value: value})
		rest = after[len(quoted):]
		if next, ok := strings.CutPrefix(rest, ","); ok {
			rest = strings.TrimPrefix(next, " ")
		} else if rest != "}" {
			return wrong()
		}
	}
	return out, nil
}

// follow shows what comes, a second later than it was stored.
func (v *victoria) follow(ctx context.Context, q *logs.Query, found func(*logs.Record) error) error {
	w, err := v.words(ctx, &logs.Query{Hints: q.Hints, From: 0, To: maxInstant}, false)
	if err != nil {
		return err
	}
	req, err := v.ask(ctx, "tail", url.Values{"query": {w.filter}, "refresh_interval": {"1s"}, "offset": {"1s"}})
	if err != nil {
		return err
	}
	known := map[string][]field{}
	err = v.eachLine(req, func(line []byte) error {
		r, err := v.record(line, known)
		if err != nil {
			return err
		}
		return found(r)
	})
	if err == nil {
		err = fmt.Errorf("%w: it has ended the tail", ErrUnavailable)
	}
	return err
}
