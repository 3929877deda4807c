package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/logql"
	"github.com/tocsinhq/tocsin/logs/segment"
)

// loki asks a Loki (3.0 and later) by LogQL,
// https://grafana.com/docs/loki/latest/reference/loki-http-api/.
type loki struct {
	*client
	roles roles
}

// apart asks for labels of streams, of records and of parsers to be told apart.
const apart = "categorize-labels"

// query is the query in LogQL. Loki wants a matcher that needs a label.
func (l *loki) query(q *logs.Query) string {
	text := q.LogQL
	if text == "" {
		text = "{}"
	}
	for i := range q.Hints {
		if pos, ok := positive(&q.Hints[i]); q.Hints[i].Stream && pos && ok {
			return text
		}
	}
	rest := strings.TrimPrefix(text, "{")
	if strings.HasPrefix(rest, "}") {
		return `{` + segment.ServiceLabel + `=~".+"` + rest
	}
	return `{` + segment.ServiceLabel + `=~".+", ` + rest
}

func (l *loki) get(ctx context.Context, path string, args url.Values, v any) error {
	req, err := l.request(ctx, http.MethodGet, "/loki/api/v1/"+path+"?"+args.Encode(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("X-Loki-Response-Encoding-Flags", apart)
	return l.decode(req, v)
}

// lokiStream is lines of one stream; a value is a time, a line and what else it has.
type lokiStream struct {
	Stream map[string]string
	Values [][]json.RawMessage
}

// records appends the records of streams, those that parsers made without what they made.
func (l *loki) records(to []*logs.Record, streams []lokiStream) ([]*logs.Record, error) {
	for _, s := range streams {
		labels := fieldsOf(s.Stream, true)
		for _, v := range s.Values {
			var at, line string
			var more struct{ StructuredMetadata map[string]string }
			if len(v) < 2 || json.Unmarshal(v[0], &at) != nil || json.Unmarshal(v[1], &line) != nil || (len(v) > 2 && json.Unmarshal(v[2], &more) != nil) {
				return to, fmt.Errorf("%w: want a time and a line, got %.200s", ErrUnavailable, v)
			}
			ns, err := strconv.ParseInt(at, 10, 64)
			if err != nil {
				return to, fmt.Errorf("%w: want a time in nanoseconds, got %.64q", ErrUnavailable, at)
			}
			fields := append(labels[:len(labels):len(labels)], fieldsOf(more.StructuredMetadata, false)...)
			to = append(to, l.roles.record(ns, line, fields, plainName))
		}
	}
	return to, nil
}

func fieldsOf(all map[string]string, stream bool) []field {
	out := make([]field, 0, len(all))
	for _, n := range slices.Sorted(maps.Keys(all)) {
		out = append(out, field{n, all[n], stream})
	}
	return out
}

// lokiPage is how many lines are asked for: Loki's max_entries_limit_per_query is 5000.
const lokiPage = 1000

func (l *loki) read(ctx context.Context, q *logs.Query, _ bool, page int, found func(*logs.Record) error) error {
	text := l.query(q)
	from, to := q.From, q.To
	direction := "backward"
	if q.Oldest {
		direction = "forward"
	}
	before := map[string]int{} // records of the last time, which come again
	for page = min(page, lokiPage); ; {
		var said struct {
			Data struct {
				ResultType string
				Result     []lokiStream
			}
		}
		err := l.get(ctx, "query_range", url.Values{
			"query": {text}, "start": {strconv.FormatInt(max(from, 0), 10)}, "end": {strconv.FormatInt(min(to, maxInstant), 10)},
			"limit": {strconv.Itoa(page)}, "direction": {direction},
		}, &said)
		if err != nil {
			return err
		}
		all, err := l.records(nil, said.Data.Result)
		if err != nil {
			return err
		}
		slices.SortStableFunc(all, func(a, b *logs.Record) int {
			if q.Oldest {
				return int(min(max(a.Time-b.Time, -1), 1))
			}
			return int(min(max(b.Time-a.Time, -1), 1))
		})
		fresh := 0
		again := maps.Clone(before)
		next := map[string]int{}
		for _, r := range all {
			key := recordKey(r)
			if r.Time == all[len(all)-1].Time {
				next[key]++
			}
			if again[key] > 0 {
				again[key]--
				continue
			}
			fresh++
			if err := found(r); err != nil {
				return err
			}
		}
		if len(all) < page {
			return nil
		}
		if fresh == 0 {
			return fmt.Errorf("%w: it has more than %d lines of one nanosecond", ErrUnavailable, page)
		}
		before = next
		if q.Oldest {
			from = all[len(all)-1].Time
		} else {
			to = all[len(all)-1].Time + 1
		}
		page = lokiPage
	}
}

// recordKey is text that records share only if they are equal.
func recordKey(r *logs.Record) string {
	var b strings.Builder
	b.WriteString(strconv.FormatInt(r.Time, 10) + "\xff" + string(r.Body) + "\xff" + r.Stream.Key())
	for _, a := range r.Attributes {
		b.WriteString("\xff" + string(a.Name) + "\xff" + string(a.Value))
	}
	return b.String()
}

func (l *loki) counts(ctx context.Context, q *logs.Query, step int64, found func(at int64, level, n int)) (bool, error) {
	if step%int64(time.Millisecond) != 0 {
		return false, nil // Loki's steps are whole milliseconds
	}
	// A point counts what is in (t-step, t]: just before the end of each bar. A last one
	// that is cut short is read.
	bars := (q.To - q.From) / step
	begin := q.From + step - 1
	if rest := q.From + bars*step; rest < q.To {
		part := *q
		part.From = rest
		keep := part.Keeper()
		err := l.read(ctx, &part, false, lokiPage, func(r *logs.Record) error {
			if keep(r) {
				found(r.Time, segment.LevelOf(r.Severity), 1)
			}
			return nil
		})
		if err != nil || bars == 0 {
			return true, err
		}
	}
	var said struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Values [][2]json.RawMessage
			}
		}
	}
	err := l.get(ctx, "query_range", url.Values{
		"query": {fmt.Sprintf("sum by (%s) (count_over_time(%s[%dms]))", strings.Join(l.names(), ", "), l.query(q), step/int64(time.Millisecond))},
		"start": {strconv.FormatInt(begin, 10)}, "end": {strconv.FormatInt(begin+(bars-1)*step, 10)},
		"step": {strconv.FormatFloat(float64(step)/1e9, 'f', -1, 64)},
	}, &said)
	if err != nil {
		return false, err
	}
	for _, s := range said.Data.Result {
		var values []string
		for _, n := range l.names() {
			values = append(values, s.Metric[n])
		}
		level := severity(values)
		for _, v := range s.Values {
			var at float64
			var text string
			if json.Unmarshal(v[0], &at) != nil || json.Unmarshal(v[1], &text) != nil {
				return false, fmt.Errorf("%w: want a time and a count, got %s", ErrUnavailable, v)
			}
			n, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return false, fmt.Errorf("%w: want a count, got %.64q", ErrUnavailable, text)
			}
			// Times come back in milliseconds or so; a bar is named by its middle.
			found(int64(at*1e9)-step/2, level, int(n))
		}
	}
	return true, nil
}

// names are the level fields that LogQL can name.
func (l *loki) names() []string {
	var out []string
	for _, n := range l.roles.level {
		if logql.LabelName(n) == n {
			out = append(out, n)
		}
	}
	return out
}

func (l *loki) streams(ctx context.Context, q *logs.Query, volume bool, found func(*segment.Stream, int, int64) bool) error {
	if volume {
		return fmt.Errorf("%w: a Loki tells volumes by its own API", ErrRefused)
	}
	var said struct{ Data []map[string]string }
	err := l.get(ctx, "series", url.Values{
		"match[]": {l.query(&logs.Query{})}, "start": {strconv.FormatInt(max(q.From, 0), 10)}, "end": {strconv.FormatInt(min(q.To, maxInstant), 10)},
	}, &said)
	if err != nil {
		return err
	}
	for _, labels := range said.Data {
		if !found(l.roles.stream(fieldsOf(labels, true), plainName), 0, 0) {
			return nil
		}
	}
	return nil
}

// follow reads Loki's tail, a websocket.
func (l *loki) follow(ctx context.Context, q *logs.Query, found func(*logs.Record) error) error {
	req, err := l.request(ctx, http.MethodGet, "/loki/api/v1/tail?"+url.Values{"query": {l.query(q)}}.Encode(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("X-Loki-Response-Encoding-Flags", apart)
	u := *req.URL
	u.Scheme = "ws" + strings.TrimPrefix(u.Scheme, "http")
	conn, res, err := websocket.DefaultDialer.DialContext(ctx, u.String(), req.Header)
	if err != nil {
		if res != nil {
			said, _ := io.ReadAll(io.LimitReader(res.Body, maxTold))
			return fmt.Errorf("%w: it answers %s to a tail: %s", ErrUnavailable, res.Status, said)
		}
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	conn.SetReadLimit(maxAnswer)
	for {
		var said struct{ Streams []lokiStream }
		if err := conn.ReadJSON(&said); err != nil {
			return fmt.Errorf("%w: its tail broke off: %w", ErrUnavailable, err)
		}
		all, err := l.records(nil, said.Streams)
		if err != nil {
			return err
		}
		for _, r := range all {
			if err := found(r); err != nil {
				return err
			}
		}
	}
}
