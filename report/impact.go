package report

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/telemetry"
)

// eventMitigated and eventMerged are told by some daemons; see incident.EventKind.
const (
	eventMitigated incident.EventKind = "mitigated"
	eventMerged    incident.EventKind = "merged"
)

func times(in Input, all []*life) Times {
	i := in.Incident
	t := Times{Opened: i.Opened}
	if over(i.State) {
		t.Resolved = i.Resolved
	}
	for _, l := range all {
		switch l.last.Source {
		case incident.SourceAnomaly:
			t.FirstAnomaly = earlier(t.FirstAnomaly, l.stretchStart())
		case incident.SourceAlert:
			t.FirstAlert = earlier(t.FirstAlert, l.first)
		}
	}
	for _, r := range in.Records {
		switch r.Event.Kind {
		case incident.EventAcked:
			t.Acknowledged = earlier(t.Acknowledged, r.Event.At)
		case eventMitigated:
			t.Mitigated = earlier(t.Mitigated, r.Event.At)
		case incident.EventSuspects:
			t.Suspected = r.Event.At // the last change of the first row
		}
	}
	if t.Suspected.IsZero() && in.Ranking != nil && len(in.Ranking.Findings) > 0 {
		t.Suspected = earlier(i.Opened, in.Ranking.At)
	}
	for _, d := range in.Told {
		if d.State == notify.StateSent {
			t.FirstTold = earlier(t.FirstTold, d.Done)
		}
	}
	if t.Mitigated.IsZero() {
		t.Mitigated = recovered(all)
	}
	onset := onsetOf(i)
	t.Detect = span(onset, t.Opened)
	t.Tell = span(onset, t.FirstTold)
	t.Acknowledge = span(t.Opened, t.Acknowledged)
	t.Mitigate = span(onset, t.Mitigated)
	t.Resolve = span(onset, t.Resolved)
	return t
}

func (l *life) stretchStart() time.Time {
	if len(l.stretches) == 0 {
		return time.Time{}
	}
	return l.stretches[0].From
}

// recovered is when the last strong occurrence was clear; zero while one is not.
func recovered(all []*life) time.Time {
	var at time.Time
	for _, l := range all {
		if !l.last.Strong || len(l.stretches) == 0 {
			continue
		}
		to := l.stretches[len(l.stretches)-1].To
		if to.IsZero() {
			return time.Time{}
		}
		at = later(at, to)
	}
	return at
}

// span is the time between two moments in seconds, never below 0; nil when one of
// them is not known.
func span(from, to time.Time) *float64 {
	if from.IsZero() || to.IsZero() {
		return nil
	}
	s := max(0, to.Sub(from).Seconds())
	return &s
}

func impact(in Input, all []*life, end time.Time) Impact {
	i := in.Incident
	out := Impact{Severities: severities(in, end), Budgets: append([]Budget{}, in.Budgets...), Services: []string{}}
	if d := span(onsetOf(i), i.Opened); d != nil {
		out.Undetected = *d
	}
	var felt []stretch
	for _, l := range all {
		if l.last.Symptom {
			felt = append(felt, l.closed(end)...)
		}
		if s := l.last.Service; s != "" && !slices.Contains(out.Services, s) {
			out.Services = append(out.Services, s)
		}
	}
	slices.Sort(out.Services)
	out.Felt = total(union(felt))
	for n := range out.Budgets {
		b := &out.Budgets[n]
		b.Days = b.Window.Hours() / 24
		b.Spent = b.Before - b.After
	}
	return out
}

// severities adds up how long the incident stood open at each severity; the time
// between its end and its coming back does not count.
func severities(in Input, end time.Time) []SeverityTime {
	sums := map[incident.Severity]time.Duration{}
	for n, r := range in.Records {
		if over(r.Incident.State) {
			continue
		}
		until := end
		if n+1 < len(in.Records) {
			until = in.Records[n+1].Event.At
		}
		if d := until.Sub(r.Event.At); d > 0 {
			sums[r.Incident.Severity] += d
		}
	}
	out := []SeverityTime{}
	for s, d := range sums {
		out = append(out, SeverityTime{s, d.Seconds()})
	}
	slices.SortFunc(out, func(a, b SeverityTime) int {
		return cmp.Or(cmp.Compare(b.Severity.Rank(), a.Severity.Rank()), cmp.Compare(a.Severity, b.Severity))
	})
	return out
}

// symptoms lists what was seen: what users feel first, then what is strong, then by
// the time at which it began.
func symptoms(in Input, all []*life, end time.Time) []Symptom {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b *life) int {
		return cmp.Or(number(b.last.Symptom)-number(a.last.Symptom), number(b.last.Strong)-number(a.last.Strong), a.stretchStart().Compare(b.stretchStart()), cmp.Compare(a.last.Key, b.last.Key))
	})
	out := make([]Symptom, 0, len(sorted))
	for _, l := range sorted {
		o := l.last
		s := Symptom{
			Name: occurrenceName(o), Service: o.Service, Felt: o.Symptom, Since: l.stretchStart(), Seconds: l.seconds(end),
			Worst: o.Value, Expected: o.Expected, Threshold: o.Threshold, Unit: o.Unit, Query: o.Query,
			Link: exploreLink(in.BaseURL, o.Query, onsetOf(in.Incident), end),
		}
		if o.Worst != nil {
			s.Worst, s.WorstAt, s.Expected = o.Worst.Value, o.Worst.At, o.Worst.Expected
		}
		if o.Source == incident.SourceAlert && o.Signal == "" && o.Unit == "" && math.IsNaN(float64(o.Threshold)) {
			s.Worst = telemetry.Number(math.NaN()) // the value of an alert about an event says nothing
		}
		out = append(out, s)
	}
	return out
}

func occurrenceName(o incident.Occurrence) string {
	if o.Signal != "" && o.Signal != o.Name {
		return o.Name + " (" + o.Signal + ")"
	}
	return o.Name
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}
