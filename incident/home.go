package incident

import (
	"slices"
	"time"
)

// home is where an occurrence belongs: an open incident, or an ended one that it
// reopens, or one that has grown too old to take it in.
type home struct {
	live        *live // open; nil if there is none
	known       bool  // it holds the occurrence already
	by          affinity
	ended       *live // may reopen
	predecessor *live
}

// home finds it in time proportional to the number of open incidents, and of
// those that may reopen if nothing open is near.
func (e engine) home(s *state, o Occurrence) home {
	var h home
	var holder *live
	if holder = s.open[s.byKey[o.Key]]; holder != nil {
		if !e.another(s, holder, o) {
			return home{live: holder, known: true}
		}
	}
	if o.Condition != ConditionFiring {
		return h
	}
	if l := s.umbrella(); l != nil && l.holds(scopeOf(o)) {
		return home{live: l, by: affinity{topology: 1}}
	}
	marks := marksOf(o)
	var best, oldest float64
	for _, l := range s.open {
		a := e.affinity(s, l, o, marks)
		sum := a.sum()
		if sum < e.cfg.AttachAffinity-affinityTolerance {
			continue
		}
		if o.At.Sub(l.Opened) > time.Duration(e.cfg.MaxAge) {
			if p := h.predecessor; p == nil || sum > oldest || sum == oldest && l.ID < p.ID {
				h.predecessor, oldest = l, sum
			}
			continue
		}
		if h.live == nil || sum > best || sum == best && l.ID < h.live.ID {
			h.live, h.by, best = l, a, sum
		}
	}
	if h.live != nil || !gathers(o) && !opens(o) {
		return h
	}
	h.ended = e.returning(s, o, marks)
	return h
}

// another says whether a report of an occurrence that an incident holds is of
// another matter: an anomaly that was over, began anew as a strong one, and is
// too far from the incident by now. What a rule watches stays with its incident,
// and so does what flaps: that is what flapping means.
func (e engine) another(s *state, l *live, o Occurrence) bool {
	if o.Source != SourceAnomaly || !gathers(o) || l.scope() == stormScope {
		return false
	}
	i := l.index(o.Key)
	if i < 0 {
		return true
	}
	old := l.Occurrences[i]
	if old.Condition != ConditionCleared || !o.Since.After(old.At) || l.Memory.Tracks[o.Key].Flapping || l.ruled(o) {
		return false
	}
	return e.affinity(s, l, o, marksOf(o)).sum() < e.cfg.AttachAffinity-affinityTolerance
}

// ruled says whether a rule of the incident watches what the occurrence is about:
// it is the same alert, or an anomaly of an alert's signal. People have said then
// what is one matter, and every return of it is a return of the incident.
func (l *live) ruled(o Occurrence) bool {
	return meets(o.Environment, l) && slices.ContainsFunc(l.Occurrences, func(x Occurrence) bool {
		return x.Source == SourceAlert && (x.Key == o.Key || o.Signal != "" && x.Signal == o.Signal && x.Service == o.Service)
	})
}

// returning finds the ended incident that an occurrence reopens: one with a rule
// that watches the same, or the one that it is nearest to.
func (e engine) returning(s *state, o Occurrence, marks []uint64) *live {
	var found *live
	best := e.cfg.AttachAffinity - affinityTolerance
	for _, l := range s.recent {
		if ago := o.At.Sub(l.Resolved); ago > time.Duration(e.cfg.ReopenWindow) || o.At.Sub(l.Opened) > time.Duration(e.cfg.MaxAge) {
			continue
		}
		sum := e.affinity(s, l, o, marks).sum()
		if opens(o) && l.ruled(o) {
			sum = 2
		}
		if found == nil && sum >= best || sum > best || found != nil && sum == best && l.ID > found.ID {
			found, best = l, sum
		}
	}
	return found
}
