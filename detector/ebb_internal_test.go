package detector

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
)

// ebbPage returns a page of so many days, in the window after midnight.
func ebbPage(p *params, days uint8, e ebb) (*page, int64) {
	const midnight = 1_767_571_200_000
	e.Window = uint8((midnight - 1) / p.ebbWindow)
	return &page{Ages: days, Ebb: e}, midnight
}

func TestPageLearnEbb_Windows_TeachOneLater(t *testing.T) {
	p := defaults()
	d, at := ebbPage(p, 30, ebb{Known: 20})
	var s series
	learn := func(hours float64, ebb float64, taught bool) ebbState {
		d.learnEbb(p, &s, &look{sight: sight{glance: glance{t: at + int64(hours*3_600_000)}}, ebb: ebb}, taught)
		return ebbState{d.Ebb.Known, d.Ebb.Before, d.Ebb.Now}
	}
	for _, c := range []struct {
		hours  float64
		ebb    float64
		taught bool
		open   bool
		want   ebbState
		why    string
	}{
		{0, 0, true, false, ebbState{18, 0, 0}, "at midnight a fourteenth of what nothing reached is gone, rounded up"},
		{0.5, 2, true, false, ebbState{18, 0, 32}, "the window keeps its largest"},
		{0.6, 3, false, false, ebbState{18, 0, 32}, "but of what is odd nothing"},
		{1.9, 1, true, false, ebbState{18, 0, 32}, "nor what is smaller"},
		{2.1, 0, true, false, ebbState{18, 32, 0}, "the next begins"},
		{4.1, 0, true, false, ebbState{32, 0, 0}, "and when that has ended it is the record"},
		{5, 4, true, false, ebbState{32, 0, 64}, "a fall begins"},
		{6.1, 5, false, true, ebbState{32, 0, 0}, "and is told: what it was before that teaches nothing"},
		{8.1, 5, false, true, ebbState{32, 0, 0}, "nor what it is"},
		{24, 0, true, false, ebbState{29, 0, 0}, "a day later it has come back by a fourteenth"},
	} {
		s = series{}
		s.note(flagOpen, c.open)
		if got := learn(c.hours, c.ebb, c.taught); got != c.want {
			t.Errorf("after %v h: got %v, want %v: %s", c.hours, got, c.want, c.why)
		}
	}
	d, at = ebbPage(p, 3, ebb{})
	s.set(flagOpen)
	learn(0, 6, false)
	learn(2.1, 0, false)
	if got, want := learn(4.1, 0, false), (ebbState{96, 0, 0}); got != want {
		t.Errorf("in the first days: got %v, want %v: all teaches, odd or not", got, want)
	}
}

// ebbState is Known, Before and Now.
type ebbState [3]uint8

// A band must reach where the evidence is just enough: a value lies below it if and only if
// it is odd, when it is the record of the mean that says so.
func TestNarrowByEbb_Band_AgreesWithEvidence(t *testing.T) {
	p := defaults()
	r := rand.New(rand.NewPCG(4, 2))
	decided := 0
	for range 20_000 {
		d, at := ebbPage(p, 30, ebb{Known: uint8(r.IntN(60))})
		d.Since = seconds(at) - 30*secondsDay
		s := series{Step: []float32{15, 60, 300}[r.IntN(3)], Looks: 2, Mid: math.Exp(6 * r.Float64()), Fast: math.Exp(6 * r.Float64())}
		k := look{sight: sight{glance: glance{t: at}, anchor: 400, scale: 20}, need: 4 + 2*r.Float64(), upper: math.Inf(1), lower: math.Inf(-1)}
		k.edge.below = float64(r.IntN(2)) * 390
		k.x = math.Exp(6 * r.Float64())
		k.dev = k.edge.beyond(k.x - k.anchor)
		s.narrowByEbb(p, &k, d)
		before := k.need
		s.judgeEbb(p, &k, d)
		if math.Abs(k.decades-before) < 1e-9 {
			continue
		}
		if odd := k.decades > before; odd != (k.x < k.lower) {
			t.Fatalf("value %v, mean of 17 %v, of 3 %v, step %v, known %d, need %v: evidence %v, but lower bound %v", k.x, s.Mid, s.Fast, s.Step, d.Ebb.Known, before, k.decades, k.lower)
		} else if odd {
			decided++
		}
	}
	if decided < 500 {
		t.Errorf("got %d odd values, want more, or this shows nothing", decided)
	}
}

// Pages of older checkpoints have no ebb. What they restore says nothing before it has seen
// how small the mean becomes.
func TestRestore_Version11_PagesKnowNoEbb(t *testing.T) {
	b, err := NewBank(DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	slot := b.Register(labels.FromStrings("__name__", "watched"))
	for i := range int64(2 * 1440) {
		b.Observe(slot, 1_767_571_200_000+i*60_000, 100+float64(i%7))
	}
	all := blocksOf(t, checkpointed(t, b))
	shortened := 0
	for i := range all {
		if all[i].kind == seriesBlock {
			all[i].body = all[i].body[:len(all[i].body)-4]
			shortened++
		}
	}
	for _, version := range []int{10, 11} {
		of := append([]block(nil), all...)
		if version == 10 {
			last := &of[len(of)-1]
			last.body = last.body[:len(last.body)-4]
		}
		after := restoredWith(t, checkpointOfVersion(version, 1, of...), 1)
		if got := after.days.at(0).Ebb; got != unknownEbb || shortened != 1 || after.Len() != 1 {
			t.Errorf("version %d: got ebb %v in %d series, want %v in one", version, got, after.Len(), unknownEbb)
		}
	}
}
