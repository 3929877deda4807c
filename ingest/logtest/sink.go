package logtest

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Now is the time of the clock that Options gives.
var Now = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// Sink keeps copies of all records that it is given. It is safe for concurrent use.
type Sink struct {
	// Fail, if not nil, is the error of every write; see SetFail.
	Fail error
	// Refuse, if not nil, returns the reason to refuse a record, or nothing.
	Refuse func(r *telemetry.LogRecord) string

	discard bool
	mu      sync.Mutex
	records []telemetry.LogRecord
	sources []string
	changed chan struct{}
}

// Discard returns a sink that takes everything and keeps nothing, for benchmarks.
func Discard() *Sink { return &Sink{discard: true} }

// WriteLogs keeps the records of a batch.
func (s *Sink) WriteLogs(_ context.Context, b *telemetry.LogBatch) (result telemetry.LogResult, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Fail != nil {
		return result, s.Fail
	}
	if s.discard {
		result.Stored = len(b.Records)
		return result, nil
	}
	for i := range b.Records {
		r := &b.Records[i]
		if s.Refuse != nil {
			if reason := s.Refuse(r); reason != "" {
				result.Reject(telemetry.LogRejection{Record: i, Reason: reason, Message: "refused by the test"})
				continue
			}
		}
		s.records = append(s.records, clone(r))
		s.sources = append(s.sources, b.Source)
		result.Stored++
	}
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
	return result, nil
}

func clone(r *telemetry.LogRecord) telemetry.LogRecord {
	c := *r
	c.Service = strings.Clone(r.Service)
	c.Body, c.Template = slices.Clone(r.Body), slices.Clone(r.Template)
	c.Stream, c.Attributes = pairs(r.Stream), pairs(r.Attributes)
	return c
}

func pairs(from []telemetry.Pair) []telemetry.Pair {
	var to []telemetry.Pair
	for _, p := range from {
		to = append(to, telemetry.Pair{Name: slices.Clone(p.Name), Value: slices.Clone(p.Value)})
	}
	return to
}

// SetFail sets Fail while the sink is in use.
func (s *Sink) SetFail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Fail = err
}

// Records returns what was stored so far, in order.
func (s *Sink) Records() []telemetry.LogRecord {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.records)
}

// Source returns whom record i was from.
func (s *Sink) Source(i int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sources[i]
}

// Bodies returns the texts of what was stored so far, in order.
func (s *Sink) Bodies() []string {
	var bodies []string
	for _, r := range s.Records() {
		bodies = append(bodies, string(r.Body))
	}
	return bodies
}

// Wait waits until at least n records are stored and returns all.
func (s *Sink) Wait(t testing.TB, n int) []telemetry.LogRecord {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		s.mu.Lock()
		if len(s.records) >= n {
			s.mu.Unlock()
			return s.Records()
		}
		if s.changed == nil {
			s.changed = make(chan struct{})
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-late:
			t.Fatalf("%d records stored after 30 s, want %d: %q", len(s.Records()), n, s.Bodies())
		}
	}
}

// Options returns those of a receiver over the sink, with a clock that stands at Now.
func Options(s *Sink) ingest.LogOptions {
	return ingest.LogOptions{
		Options: ingest.Options{Config: ingest.DefaultConfig(), Logger: slog.New(slog.DiscardHandler), Metrics: metrics.NewSet(), Now: func() time.Time { return Now }},
		Logs:    s,
	}
}

// Counter returns a metric by its name with labels, "" if there is none.
func Counter(o ingest.LogOptions, name string) string {
	var b strings.Builder
	o.Metrics.WritePrometheus(&b)
	for line := range strings.Lines(b.String()) {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// Get returns the value of a label or attribute, and whether there is one.
func Get(list []telemetry.Pair, name string) (string, bool) {
	for _, p := range list {
		if string(p.Name) == name {
			return string(p.Value), true
		}
	}
	return "", false
}

// Show writes a record on one line, for comparison and messages.
func Show(r *telemetry.LogRecord) string {
	var b strings.Builder
	at := "-"
	if r.Time != 0 {
		at = time.Unix(0, r.Time).UTC().Format(time.RFC3339Nano)
	}
	fmt.Fprintf(&b, "%s %d %q", at, r.Severity, r.Service)
	for _, p := range r.Stream {
		fmt.Fprintf(&b, " %s=%q", p.Name, p.Value)
	}
	b.WriteString(" |")
	for _, p := range r.Attributes {
		fmt.Fprintf(&b, " %s=%q", p.Name, p.Value)
	}
	fmt.Fprintf(&b, " | %q", r.Body)
	if r.TraceID != [16]byte{} {
		fmt.Fprintf(&b, " trace=%x", r.TraceID)
	}
	if r.SpanID != [8]byte{} {
		fmt.Fprintf(&b, " span=%x", r.SpanID)
	}
	if len(r.Template) > 0 {
		fmt.Fprintf(&b, " template=%q", r.Template)
	}
	return b.String()
}
