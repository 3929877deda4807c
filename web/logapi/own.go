package logapi

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/logql"
	"github.com/tocsinhq/tocsin/logs/remote"
	"github.com/tocsinhq/tocsin/logs/segment"
)

// Line is a record as our own API shows it.
type Line struct {
	Time     time.Time         `json:"time"`
	Level    string            `json:"level"`
	Service  string            `json:"service"`
	Line     string            `json:"line"`
	Template string            `json:"template,omitempty"`
	Trace    string            `json:"trace_id,omitempty"`
	Span     string            `json:"span_id,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"` // all others
}

// lineOf makes a line of an entry.
func lineOf(e logql.Entry) Line {
	l := Line{Time: time.Unix(0, e.Time).UTC(), Line: e.Line, Labels: e.Labels()}
	take := func(name string, to *string) {
		*to = l.Labels[name]
		delete(l.Labels, name)
	}
	take("detected_level", &l.Level)
	take(segment.ServiceLabel, &l.Service)
	take("template", &l.Template)
	take("trace_id", &l.Trace)
	take("span_id", &l.Span)
	return l
}

// Bar is a piece of a histogram: how many records of each level.
type Bar struct {
	Time   time.Time      `json:"time"`
	Levels map[string]int `json:"levels"` // those that occur
}

// TemplateRow is a template with how many of its records are in a time.
type TemplateRow struct {
	Template
	Records int   `json:"records"` // in the time asked for
	Counts  []int `json:"counts"`  // in each step of it
}

// Own are the handlers of our own API.
type Own struct{ a *api }

// NewOwn returns them.
func NewOwn(o Options) *Own { return &Own{newAPI(o)} }

// Lines streams the lines that a query finds as JSON, one object a line, each as soon as
// none can come before it: parameters query, start, end, since, limit (0 is all) and
// direction. An error after the first line is an object with error alone.
func (o *Own) Lines(w http.ResponseWriter, r *http.Request) {
	a := o.a
	fail := func(err error) { a.failJSON(w, err) }
	if err := r.ParseForm(); err != nil {
		fail(bad("%v", err))
		return
	}
	q, err := logql.ParseLogs(orAll(r.Form.Get("query")))
	if err != nil {
		fail(err)
		return
	}
	from, to, err := a.span(r)
	if err != nil {
		fail(err)
		return
	}
	forward, err := oldest(r)
	if err != nil {
		fail(err)
		return
	}
	n := 100
	if text := r.Form.Get("limit"); text != "" {
		if n, err = strconv.Atoi(text); err != nil || n < 0 {
			fail(bad("limit: want a whole number, 0 for all, got %.64q", text))
			return
		}
	}
	ctx, cancel := a.within(r)
	defer cancel()
	begun := false
	out := bufio.NewWriterSize(w, 32<<10)
	c := http.NewResponseController(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	flushed := time.Now()
	show := func(l Line) error {
		if !begun {
			begun = true
			w.Header().Set("Content-Type", "application/x-ndjson")
			w.Header().Set("Cache-Control", "no-store")
		}
		if err := enc.Encode(l); err != nil {
			return err
		}
		if time.Since(flushed) > 200*time.Millisecond {
			flushed = time.Now()
			return errors.Join(out.Flush(), c.Flush())
		}
		return nil
	}
	_, err = a.engine.Logs(ctx, q, from.UnixNano(), to.UnixNano(), n, forward, func(e logql.Entry) error { return show(lineOf(e)) })
	switch {
	case err != nil && !begun:
		fail(err)
		return
	case err != nil:
		_ = enc.Encode(map[string]string{"error": err.Error()})
	case !begun:
		w.Header().Set("Content-Type", "application/x-ndjson")
	}
	_ = out.Flush() // the caller went away
}

// orAll makes a query of none.
func orAll(query string) string {
	if query == "" {
		return "{}"
	}
	return query
}

func (a *api) failJSON(w http.ResponseWriter, err error) {
	status := statusOf(err)
	if status == http.StatusInternalServerError {
		a.Logger.Error("a log query went wrong", "error", err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
}

// Tail sends lines by server-sent events as they are stored: events line with a Line as
// data, and missed when some were left out.
func (o *Own) Tail(w http.ResponseWriter, r *http.Request) {
	a := o.a
	q, err := logql.ParseLogs(orAll(r.URL.Query().Get("query")))
	if err != nil {
		a.failJSON(w, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies must not gather events
	c := http.NewResponseController(w)
	write := func(text string) error {
		_ = c.SetWriteDeadline(time.Now().Add(tailWrite))
		if _, err := w.Write([]byte(text)); err != nil {
			return err
		}
		return c.Flush()
	}
	if write("retry: 3000\nevent: hello\ndata: {}\n\n") != nil {
		return
	}
	err = a.follow(r.Context(), q, func(entries []logql.Entry, dropped int) error {
		text := ": still here\n\n"
		for _, e := range entries {
			body, err := json.Marshal(lineOf(e))
			if err != nil {
				return err
			}
			text += "event: line\ndata: " + string(body) + "\n\n"
		}
		if dropped > 0 {
			text += "event: missed\ndata: {}\n\n"
		}
		return write(text)
	})
	if err != nil && r.Context().Err() == nil {
		body, _ := json.Marshal(map[string]string{"error": err.Error()})
		_ = write("event: failed\ndata: " + string(body) + "\n\n")
	}
}

// Histogram returns how many lines a query finds in each of about sixty pieces of a time.
func (o *Own) Histogram(r *http.Request) ([]Bar, error) {
	a := o.a
	q, err := logql.ParseLogs(orAll(r.URL.Query().Get("query")))
	if err != nil {
		return nil, err
	}
	from, to, every, err := o.pieces(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := a.within(r)
	defer cancel()
	h, err := a.Store.Histogram(ctx, q.Query(from.UnixNano(), to.UnixNano()+1), every)
	if err != nil {
		return nil, err
	}
	out := make([]Bar, len(h.Bars))
	for i, bar := range h.Bars {
		out[i] = Bar{time.Unix(0, h.From+int64(i)*h.Step).UTC(), map[string]int{}}
		for l, n := range bar {
			if n > 0 {
				out[i].Levels[segment.LevelName(l)] = n
			}
		}
	}
	return out, nil
}

func (o *Own) pieces(r *http.Request) (from, to time.Time, every time.Duration, err error) {
	if err := r.ParseForm(); err != nil {
		return from, to, 0, bad("%v", err)
	}
	if from, to, err = o.a.span(r); err != nil {
		return from, to, 0, err
	}
	if r.Form.Get("step") != "" {
		every, err = step(r, from, to)
		return from, to, every, err
	}
	return from, to, max(time.Second, (to.Sub(from) / 60).Truncate(time.Second)), nil
}

// Templates returns the templates of the records that a selector finds in a time, the
// most frequent first.
func (o *Own) Templates(r *http.Request) ([]TemplateRow, error) {
	a := o.a
	from, to, every, err := o.pieces(r)
	if err != nil {
		return nil, err
	}
	matchers, err := selector(r.Form.Get("query"))
	if err != nil {
		return nil, err
	}
	ctx, cancel := a.within(r)
	defer cancel()
	all, err := a.countTemplates(ctx, matchers, from, to, every)
	if err != nil {
		return nil, err
	}
	// Of templates that were merged the records count for the one that is left.
	rows := map[string]*TemplateRow{}
	for _, c := range all {
		t, ok := a.Template(c.id)
		if !ok {
			t = Template{ID: logql.TemplateText(c.id)}
		}
		row := rows[t.ID]
		if row == nil {
			rows[t.ID] = &TemplateRow{t, c.total, c.counts}
			continue
		}
		row.Records += c.total
		for i, n := range c.counts {
			row.Counts[i] += n
		}
	}
	out := []TemplateRow{}
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		out = append(out, *rows[id])
	}
	slices.SortStableFunc(out, func(a, b TemplateRow) int { return b.Records - a.Records })
	return out[:min(maxPatterns, len(out))], nil
}

// Status is the status and the sentence that an error of these funcs makes.
func Status(err error) (int, string) { return statusOf(err), fmt.Sprint(err) }

var (
	_ Store = (*logs.Store)(nil)
	_ Store = (*remote.Store)(nil)
)
