package detector

import (
	"fmt"
	"math"
	"strings"
	"sync/atomic"

	"github.com/prometheus/prometheus/model/labels"
)

// What a series shows beyond its quantile it has shown fifty times after a day and
// not once after ten minutes. Its family has: the series that share its name, and its
// label quantile if it has one, of which the pods before it are some. From the
// states of those that are watched is worked out once in a while how slowly large
// residuals become rarer in the family, and a series that is born starts from there
// instead of from Tail.Prior. It keeps that for life, so that the verdicts on a
// series follow from its own samples and one byte. See ADR 0038.

// Start is what the tails of residuals of a series start from, and stay shrunk to.
// The zero value is Tail.Prior.
type Start struct {
	at startShape
	// Series is the number of series that the family is known from now; 0 for none.
	Series int
}

// startShape is a shape as a logarithm in steps of a twentieth of an octave; 0
// stands for Tail.Prior.
type startShape uint8

const (
	startSteps = 20.0       // of an octave
	startLeast = 1.0 / 32.0 // shape of the step before the first
	startCount = 128        // steps: up to a shape of 2.5
)

// startOf returns the nearest step to a shape.
func startOf(shape float64) startShape {
	return startShape(min(max(math.Round(startSteps*math.Log2(shape/startLeast)), 1), startCount-1))
}

// value returns the shape of a step.
func (f startShape) value() float64 { return startLeast * math.Exp2(float64(f)/startSteps) }

// shape returns the shape that a tail starts from.
func (f startShape) shape(p *params) float64 {
	if f == 0 {
		return p.Tail.Prior
	}
	return f.value()
}

// first returns by how many times larger that is taken to be at first.
func (f startShape) first(p *params) float64 {
	if f == 0 {
		return p.Tail.First
	}
	return p.Family.First
}

// family is what series have in common that teach one another.
type family struct{ name, quantile string }

func familyOf(l labels.Labels) family {
	return family{l.Get(labels.MetricName), l.Get(quantileLabel)}
}

// String returns the family as a selector of its series.
func (f family) String() string {
	if f.quantile == "" {
		return f.name
	}
	return fmt.Sprintf("%s{%s=%q}", f.name, quantileLabel, f.quantile)
}

const (
	// familiesMost bounds the families that are known: 2 MB while they are worked out,
	// some hundred kilobytes in between. Series of further ones start from Tail.Prior,
	// and are counted.
	familiesMost = 4096
	// familiesEach is how often (ms) families are worked out anew; while none is known,
	// as often as idle series are looked for.
	familiesEach = 60 * 60 * 1000
)

// families is what a Bank knows of families. The states of series hold all of it, so
// that no checkpoint does.
type families struct {
	fixed   Start // of series of no known family
	known   atomic.Pointer[map[family]Start]
	next    atomic.Int64 // when it is worked out again, ms
	leftOut atomic.Int64 // series that taught nothing since there were too many families
}

// of returns what a series with these labels starts from.
func (f *families) of(l labels.Labels) Start {
	if known := f.known.Load(); known != nil {
		if start, ok := (*known)[familyOf(l)]; ok {
			return start
		}
	}
	return f.fixed
}

// len returns the number of families that are known.
func (f *families) len() int {
	if known := f.known.Load(); known != nil {
		return len(*known)
	}
	return 0
}

// Start returns what a series started from, and from how many series its family is
// known now; the zero value for slots that are not watched. Config.Start takes it.
func (b *Bank) Start(slot Slot) Start {
	l, ok := b.labelsOf(slot)
	c := b.series.at(int(slot.place()) / chunkSize)
	if !ok || c == nil {
		return Start{}
	}
	out := b.families.of(l)
	c.Lock()
	defer c.Unlock()
	s := &c.series[slot.place()%chunkSize]
	if uint32(s.Generation) != slot.generation() || s.Start == 0 {
		return Start{}
	}
	out.at = s.Start
	return out
}

// learnFamiliesAt learns families at time now (ms) if that is due and is not done for
// several banks together.
func (b *Bank) learnFamiliesAt(now int64) {
	if !b.shared && b.families.due(now) {
		b.learnFamilies()
		b.families.learned(now)
	}
}

// due reports whether families are to be learned at time now (ms).
func (f *families) due(now int64) bool {
	next := f.next.Load()
	return now >= next || next-now > familiesEach // a time before the last one is of another past
}

// learned sets when they are learned again.
func (f *families) learned(now int64) {
	pause := int64(familiesEach)
	if f.len() == 0 {
		pause = evictEach
	}
	f.next.Store(now + pause)
}

// taught is what one series has to teach.
type taught struct {
	place, generation uint32
	at                startShape
	weight            uint32 // excesses
}

// learnFamilies works families out from the states of all series.
func (b *Bank) learnFamilies() {
	g := gathering{found: make(map[family]*shapes)}
	g.add(b)
	b.families.take(&b.params, g)
}

// gathering is what series have to teach, by family.
type gathering struct {
	found   map[family]*shapes
	leftOut int64 // series of too many families
}

// take makes what was gathered what is known.
func (f *families) take(p *params, g gathering) {
	known := make(map[family]Start)
	for of, in := range g.found {
		if start := in.start(p); start.at != 0 {
			known[of] = start
		}
	}
	f.known.Store(&known)
	f.leftOut.Store(g.leftOut)
}

// add gathers from the series of a bank. It locks a chunk for microseconds, and then
// the index, to read, for as long; that no sample comes meanwhile is not needed.
func (g *gathering) add(b *Bank) {
	var from []taught
	for i, n := 0, b.series.len(); i < n; i++ {
		if from = b.teachers(from[:0], i); len(from) == 0 {
			continue
		}
		b.register.RLock()
		for _, x := range from {
			l, ok := b.labelsAt(slotOf(x.place, x.generation))
			if !ok {
				continue
			}
			of := familyOf(l)
			in := g.found[of]
			if in == nil {
				if len(g.found) == familiesMost {
					g.leftOut++
					continue
				}
				in = new(shapes)
				g.found[family{strings.Clone(of.name), strings.Clone(of.quantile)}] = in
			}
			in.add(x)
		}
		b.register.RUnlock()
	}
}

// teachers appends the series of chunk i that have seen enough to teach others. One
// that is in an episode teaches what it knew before: its tails rest.
func (b *Bank) teachers(out []taught, i int) []taught {
	p := &b.params
	c := b.series.at(i)
	c.Lock()
	defer c.Unlock()
	for j := range c.series {
		s := &c.series[j]
		if !s.has(flagUsed) || s.Up.K < p.Family.Least || s.Down.K < p.Family.Least {
			continue
		}
		out = append(out, taught{uint32(i*chunkSize + j), uint32(s.Generation), startOf(math.Sqrt(float64(s.Up.H) * float64(s.Down.H))),
			uint32(min(s.Up.K, s.Down.K, p.Family.Most))})
	}
	return out
}

// shapes are those of a family's series, by steps.
type shapes struct {
	weight [startCount]uint32
	all    uint64
	series int
}

func (h *shapes) add(x taught) {
	h.weight[x.at] += x.weight
	h.all += uint64(x.weight)
	h.series++
}

// start returns what a new series of the family starts from: the shape that the
// stated share of what it has seen lies below, shrunk to Tail.Prior by as much as some
// series weigh. A quantile, since no one series can move it far, and above the middle,
// since a new series may be one of those with large residuals: how far above, is a
// matter of how much the series of the family differ.
func (h *shapes) start(p *params) Start {
	if h.series < int(p.Family.Series) {
		return Start{}
	}
	want, sum := p.Family.Share*float64(h.all), 0.0
	at := 0.0 // in steps
	for i, w := range h.weight {
		if w == 0 {
			continue
		}
		// The weight of a step lies evenly from half a step below it to half above.
		if at = float64(i) - 0.5 + min((want-sum)/float64(w), 1); sum+float64(w) >= want {
			break
		}
		sum += float64(w)
	}
	n, prior := float64(h.all)/float64(p.Family.Most), float64(p.Family.Weight)
	shape := math.Exp2(((at/startSteps+math.Log2(startLeast))*n + math.Log2(p.Tail.Prior)*prior) / (n + prior))
	return Start{startOf(shape), h.series}
}
