package remote_test

import (
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// victoriaDouble answers as VictoriaLogs does, as far as we ask it: the push API of Loki,
// /select/logsql/ with the filters and pipes that we write, errors as plain text.
type victoriaDouble struct {
	*testing.T
	mu   sync.Mutex
	rows []victoriaRow
}

type victoriaRow struct {
	at     time.Time
	stream string
	fields map[string]string // with _msg and the labels of the stream
	labels map[string]string
}

func (d *victoriaDouble) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/insert/loki/api/v1/push" {
		d.push(w, r)
		return
	}
	if r.Header.Get("AccountID") != "12" || r.Header.Get("ProjectID") != "34" {
		d.Errorf("%s: got account %q, project %q", r.URL.Path, r.Header.Get("AccountID"), r.Header.Get("ProjectID"))
	}
	if err := r.ParseForm(); err != nil {
		d.Error(err)
	}
	text, pipe, _ := strings.Cut(r.Form.Get("query"), " | ")
	p := &logsQL{rest: text}
	keep, err := p.all()
	if err != nil || p.rest != "" {
		http.Error(w, fmt.Sprintf("cannot parse query [%s]: %v at %q", text, err, p.rest), http.StatusBadRequest)
		return
	}
	d.mu.Lock()
	var rows []victoriaRow
	for _, x := range d.rows {
		if keep(x) {
			rows = append(rows, x)
		}
	}
	after := len(d.rows)
	d.mu.Unlock()
	switch strings.TrimPrefix(r.URL.Path, "/select/logsql/") {
	case "query":
		d.query(w, rows, pipe)
	case "hits":
		d.hits(w, r, rows)
	case "tail":
		d.tail(w, r, keep, after)
	case "field_names":
		values(w, rows, func(x victoriaRow) []string { return slices.Collect(maps.Keys(x.fields)) })
	case "stream_field_names":
		values(w, rows, func(x victoriaRow) []string { return slices.Collect(maps.Keys(x.labels)) })
	case "field_values":
		values(w, rows, func(x victoriaRow) []string { return []string{x.fields[r.Form.Get("field")]} })
	case "streams":
		values(w, rows, func(x victoriaRow) []string { return []string{x.stream} })
	default:
		http.NotFound(w, r)
	}
}

func (d *victoriaDouble) push(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("disable_message_parsing") != "1" {
		d.Errorf("messages are to be parsed by %s", r.URL)
	}
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		d.Error(err)
		return
	}
	var body struct {
		Streams []struct {
			Stream map[string]string
			Values [][]json.RawMessage
		}
	}
	if err := json.NewDecoder(z).Decode(&body); err != nil {
		d.Error(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range body.Streams {
		var parts []string
		for _, n := range slices.Sorted(maps.Keys(s.Stream)) {
			parts = append(parts, n+"="+strconv.Quote(s.Stream[n]))
		}
		for _, v := range s.Values {
			var at, line string
			fields := map[string]string{}
			if json.Unmarshal(v[0], &at) != nil || json.Unmarshal(v[1], &line) != nil || json.Unmarshal(v[2], &fields) != nil {
				d.Errorf("pushed %s", v)
			}
			maps.Copy(fields, s.Stream)
			fields["_msg"] = line
			ns, _ := strconv.ParseInt(at, 10, 64)
			d.rows = append(d.rows, victoriaRow{time.Unix(0, ns).UTC(), "{" + strings.Join(parts, ",") + "}", fields, s.Stream})
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

func values(w io.Writer, rows []victoriaRow, of func(victoriaRow) []string) {
	count := map[string]int{}
	for _, x := range rows {
		for _, v := range of(x) {
			count[v]++
		}
	}
	out := []map[string]any{}
	for _, v := range slices.Sorted(maps.Keys(count)) {
		out = append(out, map[string]any{"value": v, "hits": count[v]})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"values": out})
}

var (
	sortPipe  = regexp.MustCompile(`^sort by \(_time( desc)?, _stream_id, _msg\) offset (\d+) limit (\d+)$`)
	statsPipe = "stats by (_stream) count() rows, sum_len(_msg) bytes"
)

func (d *victoriaDouble) query(w http.ResponseWriter, rows []victoriaRow, pipe string) {
	enc := json.NewEncoder(w)
	if pipe == statsPipe {
		n, size := map[string]int{}, map[string]int{}
		for _, x := range rows {
			n[x.stream]++
			size[x.stream] += len(x.fields["_msg"])
		}
		for s := range n {
			_ = enc.Encode(map[string]string{"_stream": s, "rows": strconv.Itoa(n[s]), "bytes": strconv.Itoa(size[s])})
		}
		return
	}
	if pipe != "" {
		m := sortPipe.FindStringSubmatch(pipe)
		if m == nil {
			http.Error(w, "unexpected pipe "+pipe, http.StatusBadRequest)
			return
		}
		slices.SortFunc(rows, func(a, b victoriaRow) int {
			c := a.at.Compare(b.at)
			if m[1] != "" {
				c = -c
			}
			return cmp.Or(c, strings.Compare(a.stream, b.stream), strings.Compare(a.fields["_msg"], b.fields["_msg"]))
		})
		offset, _ := strconv.Atoi(m[2])
		limit, _ := strconv.Atoi(m[3])
		rows = rows[min(offset, len(rows)):]
		rows = rows[:min(limit, len(rows))]
	}
	for _, x := range rows {
		_ = enc.Encode(x.line())
	}
}

func (x victoriaRow) line() map[string]string {
	out := maps.Clone(x.fields)
	out["_time"], out["_stream"], out["_stream_id"] = x.at.Format(time.RFC3339Nano), x.stream, "0000"
	maps.DeleteFunc(out, func(_, v string) bool { return v == "" }) // an empty field is none
	return out
}

func (d *victoriaDouble) hits(w http.ResponseWriter, r *http.Request, rows []victoriaRow) {
	step, err1 := time.ParseDuration(r.Form.Get("step"))
	offset, err2 := time.ParseDuration(r.Form.Get("offset"))
	if err1 != nil || err2 != nil {
		d.Errorf("step %q, offset %q", r.Form.Get("step"), r.Form.Get("offset"))
		return
	}
	type group struct {
		fields map[string]string
		at     map[int64]int
	}
	groups := map[string]*group{}
	for _, x := range rows {
		of, key := map[string]string{}, ""
		for _, f := range r.Form["field"] {
			of[f] = x.fields[f]
			key += x.fields[f] + "\xff"
		}
		if groups[key] == nil {
			groups[key] = &group{of, map[int64]int{}}
		}
		ns := x.at.UnixNano() + int64(offset) // as for a zone east of Greenwich
		groups[key].at[ns-ns%int64(step)-int64(offset)]++
	}
	out := []map[string]any{}
	for _, g := range groups {
		var times []time.Time
		var n []int
		total := 0
		for _, at := range slices.Sorted(maps.Keys(g.at)) {
			times, n = append(times, time.Unix(0, at).UTC()), append(n, g.at[at])
			total += g.at[at]
		}
		out = append(out, map[string]any{"fields": g.fields, "timestamps": times, "values": n, "total": total})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"hits": out})
}

func (d *victoriaDouble) tail(w http.ResponseWriter, r *http.Request, keep func(victoriaRow) bool, from int) {
	c := http.NewResponseController(w)
	_ = c.Flush()
	enc := json.NewEncoder(w)
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		select {
		case <-r.Context().Done():
			tick.Stop()
			return
		case <-tick.C:
		}
		d.mu.Lock()
		for ; from < len(d.rows); from++ {
			if keep(d.rows[from]) {
				_ = enc.Encode(d.rows[from].line())
			}
		}
		d.mu.Unlock()
		_ = c.Flush()
	}
}

// logsQL parses the filters that we write.
type logsQL struct{ rest string }

func (p *logsQL) all() (func(victoriaRow) bool, error) {
	var each []func(victoriaRow) bool
	for p.rest != "" && p.rest[0] != ')' && !strings.HasPrefix(p.rest, " or ") {
		f, err := p.one()
		if err != nil {
			return nil, err
		}
		each = append(each, f)
		if next, ok := strings.CutPrefix(p.rest, " "); ok && !strings.HasPrefix(p.rest, " or ") {
			p.rest = next
		}
	}
	return func(x victoriaRow) bool {
		return !slices.ContainsFunc(each, func(f func(victoriaRow) bool) bool { return !f(x) })
	}, nil
}

func (p *logsQL) take(prefix string) bool {
	rest, ok := strings.CutPrefix(p.rest, prefix)
	p.rest = rest
	return ok
}

func (p *logsQL) quoted() (string, error) {
	q, err := strconv.QuotedPrefix(p.rest)
	if err != nil {
		return "", err
	}
	p.rest = p.rest[len(q):]
	return strconv.Unquote(q)
}

var timeFilter = regexp.MustCompile(`^_time:\[(\S+), (\S+)\)`)

func (p *logsQL) one() (func(victoriaRow) bool, error) {
	if m := timeFilter.FindStringSubmatch(p.rest); m != nil {
		from, err1 := time.Parse(time.RFC3339Nano, m[1])
		to, err2 := time.Parse(time.RFC3339Nano, m[2])
		p.rest = p.rest[len(m[0]):]
		return func(x victoriaRow) bool { return !x.at.Before(from) && x.at.Before(to) }, cmp.Or(err1, err2)
	}
	switch {
	case p.take("*"):
		return func(victoriaRow) bool { return true }, nil
	case p.take("!"):
		f, err := p.one()
		return func(x victoriaRow) bool { return !f(x) }, err
	case p.take("("):
		var any []func(victoriaRow) bool
		for {
			f, err := p.all()
			if err != nil {
				return nil, err
			}
			any = append(any, f)
			if !p.take(" or ") {
				break
			}
		}
		if !p.take(")") {
			return nil, fmt.Errorf("want a bracket")
		}
		return func(x victoriaRow) bool {
			return slices.ContainsFunc(any, func(f func(victoriaRow) bool) bool { return f(x) })
		}, nil
	case p.take("{"):
		name, err := p.quoted()
		if err != nil {
			return nil, err
		}
		f, err := p.compare(func(x victoriaRow) string { return x.labels[name] }, true)
		if err == nil && !p.take("}") {
			err = fmt.Errorf("want a brace")
		}
		return f, err
	}
	name := "_msg"
	if !p.take("_msg") {
		var err error
		if name, err = p.quoted(); err != nil {
			return nil, err
		}
	}
	if !p.take(":") {
		return nil, fmt.Errorf("want a colon")
	}
	return p.compare(func(x victoriaRow) string { return x.fields[name] }, false)
}

// compare reads an operator and a value. Those of streams match whole values, those of
// fields a part.
func (p *logsQL) compare(of func(victoriaRow) string, stream bool) (func(victoriaRow) bool, error) {
	if p.take("in(") {
		var list []string
		for {
			v, err := p.quoted()
			if err != nil {
				return nil, err
			}
			list = append(list, v)
			if !p.take(", ") {
				break
			}
		}
		if !p.take(")") {
			return nil, fmt.Errorf("want a bracket")
		}
		return func(x victoriaRow) bool { return slices.Contains(list, of(x)) }, nil
	}
	for _, op := range []string{"=~", "!~", "!=", "=", "~"} {
		if !p.take(op) {
			continue
		}
		v, err := p.quoted()
		if err != nil {
			return nil, err
		}
		if op == "=" || op == "!=" {
			return func(x victoriaRow) bool { return (of(x) == v) == (op == "=") }, nil
		}
		if stream {
			v = "^(?:" + v + ")$"
		}
		re, err := regexp.Compile("(?s)" + v) // a dot is any sign there
		return func(x victoriaRow) bool { return re.MatchString(of(x)) == (op != "!~") }, err
	}
	return nil, fmt.Errorf("want an operator")
}
