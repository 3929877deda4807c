package incident

import (
	"fmt"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/detector"
)

// What the detector calls data that do not come, or do not move.
var (
	kindMissing  = detector.KindMissing.String()
	kindFlatline = detector.KindFlatline.String()
)

func parkedBefore(s *state, o Occurrence) (Occurrence, bool) {
	c := s.candidates[scopeOf(o)]
	if c == nil {
		return Occurrence{}, false
	}
	if i := c.index(o.Key); i >= 0 {
		return c.Occurrences[i], true
	}
	return Occurrence{}, false
}

// companions returns the anomalies of the candidate of the occurrence's service
// that are still going on and were seen near it in time. When the occurrence
// opens an incident by itself, all that are still parked come along.
func (e engine) companions(s *state, o Occurrence) []Occurrence {
	within := time.Duration(e.cfg.GatherWindow)
	if opens(o) {
		within = parkedFor
	}
	c := s.candidates[scopeOf(o)]
	if c == nil {
		return nil
	}
	var out []Occurrence
	for _, p := range c.Occurrences {
		if p.Key != o.Key && o.At.Sub(p.At).Abs() <= within {
			out = append(out, p)
		}
	}
	return out
}

// enough says whether anomalies, each weighed by its quality, are enough for an
// incident; how many they are counts too, so that two loud ones are not.
func (e engine) enough(s *state, o Occurrence, companions []Occurrence) bool {
	if len(companions)+1 < e.cfg.GatherCount {
		return false
	}
	sum := e.quality(s, o)
	for _, p := range companions {
		sum += e.quality(s, p)
	}
	return sum >= float64(e.cfg.GatherCount)
}

// park keeps a strong anomaly for companions, on the candidate of its service.
// The time of its first report counts, and the worst of all; the least recent
// gives way when there is no room.
func (e engine) park(s *state, o Occurrence, d *delta) {
	d.result = resultParked
	sc := scopeOf(o)
	c := s.candidates[sc]
	if c == nil {
		if s.parkedTotal() >= maxParked {
			d.result = resultFull
			return
		}
		c = &live{Incident: Incident{
			ID: e.newID(o.At), Service: o.Service, Environment: o.Environment, Severity: o.Severity,
			Opened: o.At, Updated: o.At, Onset: o.Since, NeverOpened: true, Occurrences: []Occurrence{o},
		}, Memory: memory{Scope: [2]string{sc.service, sc.environment}}}
		c.entitle()
		e.must(e.move(c, StateCandidate, Event{At: o.At, Key: o.Key, Text: "odd, but not enough for an incident yet: " + attachedText(o)}, d))
		e.began(s, o, d)
		return
	}
	c = c.clone()
	if i := c.index(o.Key); i >= 0 {
		p := c.Occurrences[i]
		if o.At.Sub(p.At) <= parkedFor {
			if p.Since.Equal(o.Since) && o.Worst != worstSoFar(p) {
				p.Worst = o.Worst
				c.Occurrences[i] = p
				d.touch(c)
				d.urgent = true
			}
			return
		}
		c.Occurrences = slices.Delete(c.Occurrences, i, i+1)
	} else if len(c.Occurrences) >= maxParkedPerService {
		c.Occurrences = slices.Delete(c.Occurrences, 0, 1)
	} else if s.parkedTotal() >= maxParked {
		d.result = resultFull
		return
	}
	e.began(s, o, d)
	c.Occurrences, c.Updated = append(c.Occurrences, o), latest(c.Updated, o.At)
	d.touch(c)
	d.urgent = true
}

// unpark takes an occurrence off the candidate of its service, which expires
// with its last one.
func (e engine) unpark(s *state, o Occurrence, d *delta) {
	c := s.candidates[scopeOf(o)]
	if c == nil || c.index(o.Key) < 0 {
		return
	}
	c = d.latest(c)
	if i := c.index(o.Key); i >= 0 && c.State == StateCandidate {
		why := o.Name + " recovered before anything joined it"
		if o.Condition == ConditionFiring {
			why = "what was odd belongs to another incident"
		}
		e.thin(c, i, o.At, why, d)
	}
}

func (e engine) thin(c *live, i int, at time.Time, why string, d *delta) {
	if len(c.Occurrences) == 1 {
		e.must(e.move(c, StateExpired, Event{At: at, Text: why}, d)) // and keeps what it was about
		return
	}
	c.Occurrences = slices.Delete(c.Occurrences, i, i+1)
	d.touch(c)
	d.urgent = true
}

// age lets the parked anomalies of a candidate go that found no companions.
func (e engine) age(c *live, now time.Time, d *delta) {
	var x *live
	for _, p := range c.Occurrences {
		if now.Sub(p.At) <= parkedFor {
			continue
		}
		if x == nil {
			x = d.latest(c)
		}
		e.thin(x, x.index(p.Key), now, fmt.Sprintf("nothing joined it within %s", span(parkedFor)), d)
	}
}
