package mapped

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Mapping is a compiled webhook. It is safe for concurrent use.
type Mapping struct {
	c      Config
	naming hook.Naming
	match  value // nil: everything matches
	fields map[string]value
	labels map[string]value
}

// New compiles a webhook, which Validate has found right.
func New(c Config, n hook.Naming) (*Mapping, error) {
	m := &Mapping{c: c, naming: n, fields: map[string]value{}, labels: map[string]value{}}
	m.naming.Environment = c.Environment
	var err error
	if c.Match != "" {
		if m.match, err = compile("match", c.Match); err != nil {
			return nil, err
		}
	}
	for _, part := range []struct {
		from map[string]string
		to   map[string]value
	}{{c.Fields, m.fields}, {c.Labels, m.labels}} {
		for name, text := range part.from {
			if part.to[name], err = compile(name, text); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

// Verify reports whether a request shows one of the secrets, or is signed with one.
func (m *Mapping) Verify(r hook.Request) bool {
	shown := r.Header.Get(hook.First(m.c.Header, "Authorization"))
	if m.c.Algorithm != "" {
		return m.c.Secrets.Any(func(s string) bool { return m.c.Algorithm.Signed(shown, s, r.Body) })
	}
	if m.c.Header == "" {
		shown = hook.Bearer(r.Header)
	}
	return shown != "" && m.c.Secrets.Any(func(s string) bool { return hook.Equal(shown, s) })
}

// Decode reads one request. An item that cannot be read is a failure of its own;
// the error, a *hook.MalformedError, is of the request as a whole.
func (m *Mapping) Decode(r hook.Request) (hook.Outcome, error) {
	out := hook.Outcome{}
	if m.c.Delivery != "" {
		out.Delivery = hook.Clip(r.Header.Get(m.c.Delivery), 100)
	}
	var body any
	if err := decodeNumbers(r.Body, &body); err != nil {
		return out, err
	}
	items := []any{body}
	if m.c.Items != "" {
		list, ok := at(body, m.c.Items).([]any)
		if !ok {
			return out, hook.Malformed("want a list at %s, got none", m.c.Items)
		}
		items = list
	}
	for i, item := range items {
		if i >= hook.MaxItems {
			out.Ignore(hook.TooMany, "%d items, want at most %d", len(items), hook.MaxItems)
			break
		}
		if err := m.item(&out, i, scope{item: item, body: body, req: r}); err != nil {
			out.Failed = append(out.Failed, hook.Failed{Item: i, Msg: err.Error()})
		}
	}
	return out, nil
}

// decodeNumbers keeps numbers as they are written: an id is no measurement.
func decodeNumbers(body []byte, into *any) error {
	var raw json.RawMessage
	if err := hook.Decode(body, &raw); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		return hook.Malformed("want JSON: %s", hook.Clip(err.Error(), 120))
	}
	return nil
}

func (m *Mapping) item(out *hook.Outcome, n int, s scope) error {
	if m.match != nil {
		text, err := m.match(s)
		if err != nil {
			return fmt.Errorf("match: %w", err)
		}
		if text != "true" {
			out.Ignore(hook.NoMatch, "item %d: match says %s", n, strconv.Quote(hook.Clip(text, 60)))
			return nil
		}
	}
	got := make(map[string]string, len(m.fields))
	for _, name := range slices.Sorted(maps.Keys(m.fields)) {
		text, err := m.fields[name](s)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		got[name] = text
	}
	c := telemetry.Change{
		ID: got["id"], Kind: telemetry.ChangeKind(got["kind"]), Service: m.naming.Service(got["service"]), Environment: m.naming.Env(got["environment"]),
		VersionFrom: got["version_from"], VersionTo: got["version_to"], Author: got["author"], Link: got["link"], Summary: got["summary"],
		Labels: map[string]string{"source": m.c.Name},
	}
	if c.ID != "" {
		c.ID = hook.ID(m.c.Name, c.ID)
	}
	c.Status = telemetry.ChangeStatus(got["status"])
	if mapped, ok := m.c.Statuses[got["status"]]; ok {
		c.Status = mapped
	}
	var err error
	if c.Started, err = timeOf("started", got["started"]); err != nil {
		return err
	}
	if c.Finished, err = timeOf("finished", got["finished"]); err != nil {
		return err
	}
	if c.Status == telemetry.StatusStarted {
		c.Finished = time.Time{} // senders write the end, or nothing, before there is one
	}
	for _, name := range slices.Sorted(maps.Keys(m.labels)) {
		text, err := m.labels[name](s)
		if err != nil {
			return fmt.Errorf("labels.%s: %w", name, err)
		}
		c.Labels[name] = text
	}
	if slices.Contains(m.c.Follows, got["status"]) {
		out.Follow(c)
	} else {
		out.Add(c)
	}
	if last := len(out.Items) - 1; last >= 0 {
		out.Items[last].At = n
	}
	return nil
}

// timeOf reads a time: RFC 3339 and the like, or a number of seconds or
// milliseconds since 1970. The year 1, which Go's programs write for no time, is none.
func timeOf(field, text string) (time.Time, error) {
	if text == "" || text[0] == '0' && len(text) > 4 && text[:4] == "0001" {
		return time.Time{}, nil
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		if n > -1e11 && n < 1e11 {
			n *= 1000
		}
		if n >= 0 && n < 1e14 {
			return hook.Millis(int64(n)), nil
		}
	}
	if t := hook.Time(text); !t.IsZero() {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("%s: want an RFC 3339 time or a number of seconds or milliseconds since 1970, got %q", field, hook.Clip(text, 60))
}
