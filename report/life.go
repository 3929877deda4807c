package report

import (
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/incident"
)

// stretch is a time in which an occurrence fired; To is zero while it goes on.
type stretch struct{ From, To time.Time }

// life is what became of one occurrence over the event log.
type life struct {
	last      incident.Occurrence // as last known
	first     time.Time           // event time of the first report on the incident
	stretches []stretch           // in order, not overlapping
}

// lives follows every occurrence through the event log, in the order in which they
// joined. An episode begins when it was first odd and ends when it was seen clear;
// while its data are missing it goes on.
func lives(in Input) []*life {
	var out []*life
	byKey := map[string]*life{}
	look := func(at time.Time, list []incident.Occurrence) {
		for _, o := range list {
			l := byKey[o.Key]
			if l == nil {
				l = &life{first: at}
				byKey[o.Key] = l
				out = append(out, l)
			}
			l.see(o)
		}
	}
	for _, r := range in.Records {
		look(r.Event.At, r.Incident.Occurrences)
	}
	look(in.Incident.Updated, in.Incident.Occurrences)
	return out
}

func (l *life) see(o incident.Occurrence) {
	l.last = o
	n := len(l.stretches)
	open := n > 0 && l.stretches[n-1].To.IsZero()
	switch cleared := o.Condition == incident.ConditionCleared; {
	case cleared && open:
		l.stretches[n-1].To = later(o.At, l.stretches[n-1].From)
	case cleared && n == 0: // it came and went between two events
		l.stretches = append(l.stretches, stretch{o.Since, later(o.At, o.Since)})
	case !cleared && !open:
		from := o.Since
		if n > 0 {
			from = later(from, l.stretches[n-1].To)
		}
		l.stretches = append(l.stretches, stretch{From: from})
	}
}

// seconds is how long the occurrence went on up to end.
func (l *life) seconds(end time.Time) float64 { return total(l.closed(end)) }

// closed returns the stretches with an end, none after the given one.
func (l *life) closed(end time.Time) []stretch {
	out := make([]stretch, 0, len(l.stretches))
	for _, s := range l.stretches {
		if s.To.IsZero() || s.To.After(end) {
			s.To = end
		}
		if s.To.After(s.From) {
			out = append(out, s)
		}
	}
	return out
}

// union merges stretches that touch.
func union(all []stretch) []stretch {
	slices.SortFunc(all, func(a, b stretch) int { return a.From.Compare(b.From) })
	var out []stretch
	for _, s := range all {
		if n := len(out); n > 0 && !s.From.After(out[n-1].To) {
			out[n-1].To = later(out[n-1].To, s.To)
			continue
		}
		out = append(out, s)
	}
	return out
}

func total(list []stretch) float64 {
	var sum time.Duration
	for _, s := range list {
		sum += s.To.Sub(s.From)
	}
	return sum.Seconds()
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
