package incident

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Weights of the parts of affinity. They add up to 1.
const (
	weighTime     = 0.35
	weighTopology = 0.30
	weighLabels   = 0.20
	weighTogether = 0.15
)

// Bounds of what an incident remembers for affinity.
const (
	maxSignature      = 8  // strong keys, the latest
	maxServices       = 16 // with strong occurrences
	maxMarksOfOne     = 64 // labels
	sameService       = 1.0
	affinityTolerance = 1e-9
	strongStep        = 30 * time.Second
)

// affinity says how closely something odd belongs to an incident, each part from
// 0 to 1.
type affinity struct {
	time, topology, labels, together float64
}

func (a affinity) sum() float64 {
	return weighTime*a.time + weighTopology*a.topology + weighLabels*a.labels + weighTogether*a.together
}

func (a affinity) String() string {
	return fmt.Sprintf("affinity %.2f: time %.2f, topology %.2f, labels %.2f, odd together before %.2f", a.sum(), a.time, a.topology, a.labels, a.together)
}

// related returns how closely two services are related, from 0 to 1.
func (e engine) related(a, b string) float64 {
	switch {
	case a == b:
		return sameService
	case a == "" || b == "" || e.topology == nil:
		return 0
	}
	return min(max(e.topology(a, b), 0), 1)
}

// affinity of an occurrence with an incident. What cannot reach the bar any more
// is not looked into, so that the cost is that of comparing a few services for
// nearly all of many incidents.
func (e engine) affinity(s *state, l *live, o Occurrence, marks []uint64) affinity {
	sc := scopeOf(o)
	var a affinity
	if !meets(sc.environment, l) {
		return a
	}
	for _, name := range l.Memory.Services {
		if a.topology = max(a.topology, e.related(sc.service, name)); a.topology >= sameService {
			break
		}
	}
	// Nearness cannot be told below the step at which the occurrence is looked at.
	dt := max(o.At.Sub(l.Memory.LastStrong).Abs()-o.step(), 0)
	// What opened it and goes on is a strong report at every moment.
	if l.State.Active() && (l.standing(sc.service) || a.topology > 0 && l.standing("")) {
		dt = 0
	}
	a.time = math.Exp(-float64(dt) / float64(time.Duration(e.cfg.AttachTau)))
	bar := e.cfg.AttachAffinity
	if weighTime*a.time+weighTopology*a.topology+weighLabels+weighTogether < bar {
		return a
	}
	a.labels = s.prints.jaccard(marks, l.Memory.Marks)
	own := s.prints.by[o.Key]
	for _, key := range l.Memory.Signature {
		if key == o.Key {
			continue // it always comes with itself
		}
		a.together = max(a.together, together(own, s.prints.by[key]))
	}
	return a
}

// between is the affinity of two incidents.
func (e engine) between(s *state, a, b *live) affinity {
	var x affinity
	if !meets(a.Environment, b) {
		return x
	}
	for _, m := range a.Memory.Services {
		for _, n := range b.Memory.Services {
			x.topology = max(x.topology, e.related(m, n))
		}
	}
	dt := a.Memory.LastStrong.Sub(b.Memory.LastStrong).Abs()
	if a.standing("") && b.standing("") {
		dt = 0
	}
	x.time = math.Exp(-float64(dt) / float64(time.Duration(e.cfg.AttachTau)))
	x.labels = s.prints.jaccard(a.Memory.Marks, b.Memory.Marks)
	for _, m := range a.Memory.Signature {
		for _, n := range b.Memory.Signature {
			x.together = max(x.together, together(s.prints.by[m], s.prints.by[n]))
		}
	}
	return x
}

// meets says whether an environment, "" for any, is that of an incident.
func meets(environment string, l *live) bool {
	own := l.Memory.Scope[1]
	return environment == "" || own == "" || own == environment
}

// step returns the time between two looks at an occurrence, 0 when it is not known.
func (o Occurrence) step() time.Duration {
	if s := float64(o.Step); s > 0 && s <= 86400 {
		return time.Duration(s * float64(time.Second))
	}
	return 0
}

// standing is which services have an occurrence that opens incidents by itself
// and goes on.
type standing struct {
	services []string // with firing ones, and those whose data stopped
	firing   bool     // any
}

// standing says whether an occurrence of the service that opens incidents by
// itself still goes on, or of any service if none is named. Data that stopped are
// no recovery, so that they count for the service itself; what flaps counts for
// nothing but itself. The answer is kept until the incident changes, because it
// is asked of every open incident for every report.
func (l *live) standing(service string) bool {
	if l.stands == nil {
		l.stands = new(standing)
		for _, o := range l.Occurrences {
			if !o.Strong || !o.Symptom && o.Source != SourceAlert || o.Condition == ConditionCleared || l.Memory.Tracks[o.Key].Flapping {
				continue
			}
			l.stands.firing = l.stands.firing || o.Condition == ConditionFiring
			if name := scopeOf(o).service; !slices.Contains(l.stands.services, name) {
				l.stands.services = append(l.stands.services, name)
			}
		}
	}
	if service == "" {
		return l.stands.firing
	}
	return slices.Contains(l.stands.services, service)
}

// jaccard compares two sorted sets of labels, each label weighed by its rarity.
func (p prints) jaccard(a, b []uint64) float64 {
	var common, all float64
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case j >= len(b) || i < len(a) && a[i] < b[j]:
			all += p.idf(a[i])
			i++
		case i >= len(a) || b[j] < a[i]:
			all += p.idf(b[j])
			j++
		default:
			w := p.idf(a[i])
			common, all = common+w, all+w
			i, j = i+1, j+1
		}
	}
	if all == 0 {
		return 0
	}
	return common / all
}

// sign notes what a strong occurrence adds to what the incident is known by.
func (l *live) sign(o Occurrence) {
	if name := scopeOf(o).service; !slices.Contains(l.Memory.Services, name) && len(l.Memory.Services) < maxServices {
		l.Memory.Services = append(slices.Clone(l.Memory.Services), name)
	}
	sig := slices.DeleteFunc(slices.Clone(l.Memory.Signature), func(k string) bool { return k == o.Key })
	sig = append(sig, o.Key)
	l.Memory.Signature = sig[max(0, len(sig)-maxSignature):]
	marks := slices.Clone(l.Memory.Marks)
	for _, m := range marksOf(o) {
		if i, found := slices.BinarySearch(marks, m); !found && len(marks) < maxMarksOfOne {
			marks = slices.Insert(marks, i, m)
		}
	}
	l.Memory.Marks = marks
}

// strongAt moves the time of the last strong report, in steps of strongStep, so
// that it is on disk whenever it has moved. Only strong occurrences that do not
// flap do: what is weak never makes an incident last longer.
func (l *live) strongAt(o Occurrence, d *delta) {
	if o.Strong && o.Condition == ConditionFiring && !l.Memory.Tracks[o.Key].Flapping && o.At.Sub(l.Memory.LastStrong) >= strongStep {
		l.Memory.LastStrong, d.urgent = o.At, true
	}
}
