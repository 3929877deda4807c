package app

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/segment"
	"github.com/tocsinhq/tocsin/logs/watch"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/report/capture"
	"github.com/tocsinhq/tocsin/telemetry"
)

// OutcomeOf returns what a capture keeps of an incident and its ranking.
func OutcomeOf(i incident.Incident, r rca.Ranking) capture.Outcome {
	o := capture.Outcome{
		Service: i.Service, Environment: i.Environment, Title: i.Title, Severity: i.Severity, State: i.State,
		Onset: i.Onset, Opened: i.Opened, Resolved: i.Resolved,
	}
	if len(r.Findings) > 0 {
		top := r.Findings[0]
		o.Suspect, o.Probability = top.Title, top.Probability
		if top.Change != nil {
			o.SuspectID = top.Change.ID
		}
	}
	return o
}

// slice is what of the stores goes into a capture.
type slice struct {
	core    *Core
	head    *capture.Head
	wanted  map[string]bool // services
	queries [][]*labels.Matcher
	made    func(metric string) bool // whether the daemon itself makes series of the name
	changes []telemetry.Change
	acts    []capture.Act
	lines   []capture.Line
}

// slice reads what is small and finds how much history fits; what is left out is noted
// in the head.
func (c *Core) slice(ctx context.Context, o CaptureOptions, inc incident.Incident, h *capture.Head) (*slice, error) {
	recorded := o.RuleSet.Recorded()
	s := &slice{core: c, head: h, wanted: map[string]bool{}, made: func(metric string) bool {
		return recorded(metric) || metric == watch.LinesMetric || metric == watch.ValueMetric
	}}
	for _, name := range h.Services {
		s.wanted[name] = true
	}
	for _, x := range inc.Occurrences {
		if ms, err := selector(x.Query); err == nil && x.Query != "" {
			s.queries = append(s.queries, ms)
		}
	}
	var err error
	if s.changes, err = c.capturedChanges(ctx, *h); err != nil {
		return nil, err
	}
	records, err := c.incidents.Records(ctx, inc.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		verb := map[incident.EventKind]string{incident.EventAcked: "ack", incident.EventMitigated: "mitigate", incident.EventResolved: "resolve",
			incident.EventClosed: "close", incident.EventFalsePositive: "false_positive"}[r.Event.Kind]
		if verb != "" && r.Event.Actor != incident.ActorSelf {
			s.acts = append(s.acts, capture.Act{At: r.Event.At, Verb: verb, Service: inc.Service, Actor: "someone"})
		}
	}
	if err := s.readLines(ctx); err != nil {
		return nil, err
	}
	return s, s.fit(ctx, o.History)
}

// fit finds from when on the history fits into a capture together with the samples that
// are played, by halves.
func (s *slice) fit(ctx context.Context, history time.Duration) error {
	h := s.head
	count := func(from, to time.Time, past bool) (n, native int, err error) {
		err = s.each(ctx, from, to, past, func(_ labels.Labels, it chunkenc.Iterator) error {
			for vt := it.Next(); vt != chunkenc.ValNone; vt = it.Next() {
				if vt == chunkenc.ValFloat {
					n++
				} else {
					native++
				}
			}
			return it.Err()
		})
		return n, native, err
	}
	played, native, err := count(h.From, h.To, false)
	if err != nil {
		return err
	}
	if played > captureSamples {
		return tooMuch("samples to be played")
	}
	if native > 0 {
		h.Notes = append(h.Notes, fmt.Sprintf("%d samples of native histograms are left out", native))
	}
	span := history
	for {
		h.HistoryFrom = h.From.Add(-span)
		n, _, err := count(h.HistoryFrom, h.From.Add(-time.Millisecond), true)
		if err != nil {
			return err
		}
		if played+n <= captureSamples || span < time.Minute {
			break
		}
		span /= 2
	}
	if span < history {
		h.Notes = append(h.Notes, fmt.Sprintf("the history is cut to %s, since more would be above %d samples", span.Round(time.Second), captureSamples))
	}
	return nil
}

// each hands over the series of the services that have samples between two times, both
// inclusive, each once. Those that the daemon makes are left out unless they are past.
func (s *slice) each(ctx context.Context, from, to time.Time, past bool, do func(l labels.Labels, it chunkenc.Iterator) error) error {
	if to.Before(from) {
		return nil
	}
	q, err := s.core.tsdb.Querier(from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return err
	}
	defer q.Close()
	told := map[string]bool{} // by their labels
	var it chunkenc.Iterator
	var key []byte
	for _, ms := range s.selectors() {
		set := q.Select(ctx, true, &storage.SelectHints{Start: from.UnixMilli(), End: to.UnixMilli()}, ms...)
		for set.Next() {
			l := set.At().Labels()
			if !past && s.made(l.Get(labels.MetricName)) || !s.concerns(l) {
				continue
			}
			if key = l.Bytes(key); told[string(key)] {
				continue
			}
			told[string(key)] = true
			it = set.At().Iterator(it)
			if err := do(l, it); err != nil {
				return err
			}
		}
		if err := set.Err(); err != nil {
			return err
		}
	}
	return nil
}

// selectors find all series that concern the capture, by the index: those that name one
// of the services in a label that is asked for it, and those that draw an occurrence.
func (s *slice) selectors() [][]*labels.Matcher {
	var names []string
	for _, n := range s.head.Services {
		names = append(names, regexp.QuoteMeta(n))
	}
	var out [][]*labels.Matcher
	for _, label := range s.core.owner.Labels() {
		if len(names) > 0 {
			out = append(out, []*labels.Matcher{labels.MustNewMatcher(labels.MatchRegexp, label, strings.Join(names, "|"))})
		}
	}
	return append(out, s.queries...)
}

// concerns says whether a series is one of the services, or one that draws an occurrence.
func (s *slice) concerns(l labels.Labels) bool {
	if s.wanted[s.core.ServiceOf(l)] {
		return true
	}
	return slices.ContainsFunc(s.queries, func(ms []*labels.Matcher) bool {
		return !slices.ContainsFunc(ms, func(m *labels.Matcher) bool { return !m.Matches(l.Get(m.Name)) })
	})
}

// readLines reads the log lines of the services; the oldest are left out when there are
// too many.
func (s *slice) readLines(ctx context.Context) error {
	h := s.head
	q := logs.Query{
		From: h.From.UnixNano(), To: h.To.UnixNano(), Limit: captureLines,
		Stream: func(x *segment.Stream) bool { return s.wanted[x.Service] },
	}
	_, err := s.core.logStore.store.Search(ctx, q, func(r *logs.Record) error {
		s.lines = append(s.lines, capture.Line{At: time.Unix(0, r.Time).UTC(), Service: r.Stream.Service, Severity: r.Severity, Body: string(r.Body)})
		return nil
	})
	if err != nil {
		return fmt.Errorf("read log lines for the capture: %w", err)
	}
	slices.Reverse(s.lines)
	if len(s.lines) == captureLines {
		h.Notes = append(h.Notes, fmt.Sprintf("log lines before %s are left out, since more would be above %d", s.lines[0].At.Format(time.RFC3339), captureLines))
	}
	return nil
}

func (s *slice) write(ctx context.Context, w *capture.Writer) error {
	for _, c := range s.changes {
		if err := w.Change(c); err != nil {
			return err
		}
	}
	for _, a := range s.acts {
		if err := w.Act(a); err != nil {
			return err
		}
	}
	for _, l := range s.lines {
		if err := w.Line(l); err != nil {
			return err
		}
	}
	h := s.head
	for _, part := range []struct {
		from, to time.Time
		past     bool
	}{{h.HistoryFrom, h.From.Add(-time.Millisecond), true}, {h.From, h.To, false}} {
		err := s.each(ctx, part.from, part.to, part.past, func(l labels.Labels, it chunkenc.Iterator) error {
			out := capture.Series{Labels: l, History: part.past}
			for vt := it.Next(); vt != chunkenc.ValNone; vt = it.Next() {
				if vt == chunkenc.ValFloat {
					t, v := it.At()
					out.Samples = append(out.Samples, telemetry.Sample{T: t, V: v})
				}
			}
			if err := it.Err(); err != nil || len(out.Samples) == 0 {
				return err
			}
			return w.Series(out)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
