package detector

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
)

func TestStartShape_EveryStep_ComesBack(t *testing.T) {
	p := defaults()
	for f := startShape(1); f < startCount; f++ {
		if got := startOf(f.shape(p)); got != f {
			t.Errorf("step %d: its shape %v is step %d", f, f.shape(p), got)
		}
	}
	if got := startShape(0).shape(p); got != p.Tail.Prior {
		t.Errorf("none: got shape %v, want that of all series, %v", got, p.Tail.Prior)
	}
	for _, x := range []struct {
		shape float64
		want  startShape
	}{{0, 1}, {1e-9, 1}, {1e9, startCount - 1}, {math.Inf(1), startCount - 1}} {
		if got := startOf(x.shape); got != x.want {
			t.Errorf("shape %v: got step %d, want %d", x.shape, got, x.want)
		}
	}
	for x := startLeast * 1.04; x < 2.5; x *= 1.01 {
		if got := startOf(x).shape(p); math.Abs(math.Log(got/x)) > 0.018 {
			t.Errorf("shape %v: became %v, which is another", x, got)
		}
	}
}

// shapesOf returns a family whose series have these shapes, each seen in full.
func shapesOf(p *params, all ...float64) *shapes {
	h := new(shapes)
	for _, x := range all {
		h.add(taught{at: startOf(x), weight: uint32(p.Family.Most)})
	}
	return h
}

func TestShapes_Start_IsPooledByHowMuchIsKnown(t *testing.T) {
	p := defaults()
	many := func(n int, shape float64, more ...float64) []float64 {
		for range n {
			more = append(more, shape)
		}
		return more
	}
	for name, x := range map[string]struct {
		shapes    []float64
		low, high float64 // 0 for the start of all series
	}{
		"none":                 {nil, 0, 0},
		"too few":              {many(2, 0.5), 0, 0},
		"three":                {many(3, 0.5), 0.33, 0.36}, // (3 log .5 + log .12) / 4
		"fifty":                {many(50, 0.5), 0.46, 0.50},
		"light":                {many(50, 0.1), 0.098, 0.105},
		"one in an incident":   {many(49, 0.5, 4), 0.46, 0.51},
		"five in an incident":  {many(45, 0.5, 4, 4, 4, 4, 4), 0.46, 0.51},
		"one that is constant": {many(49, 0.5, 0.1), 0.46, 0.50},
		"two sorts alike":      {many(25, 0.2, many(25, 0.8)...), 0.7, 0.85},
		"few of another sort":  {many(45, 0.2, many(5, 0.8)...), 0.19, 0.21},
		"beyond all":           {many(100, 1e6), 2.0, 2.6},
	} {
		got := shapesOf(p, x.shapes...).start(p)
		if x.low == 0 {
			if got != (Start{}) {
				t.Errorf("%s: got %+v, want none", name, got)
			}
			continue
		}
		if s := got.at.shape(p); s < x.low || s > x.high || got.Series != len(x.shapes) {
			t.Errorf("%s: got shape %.3f from %d series, want %v to %v from %d", name, s, got.Series, x.low, x.high, len(x.shapes))
		}
	}
}

// The order in which series teach does not matter, and one that has seen little
// matters little.
func TestShapes_OrderAndWeight(t *testing.T) {
	p := defaults()
	a := shapesOf(p, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6).start(p)
	if b := shapesOf(p, 0.6, 0.1, 0.5, 0.2, 0.4, 0.3).start(p); a != b {
		t.Errorf("got %+v in one order and %+v in another", a, b)
	}
	h := shapesOf(p, 0.2, 0.2, 0.2, 0.2)
	for range 4 {
		h.add(taught{at: startOf(0.8), weight: 1})
	}
	if got, want := h.start(p).at, shapesOf(p, 0.2, 0.2, 0.2, 0.2).start(p).at; got > want+2 {
		t.Errorf("four series that saw one excess each moved it from step %d to %d", want, got)
	}
}

// mature makes the i-th series of a family one that has seen excesses of a shape.
func mature(t *testing.T, b *Bank, l labels.Labels, excesses uint16, shape float32) Slot {
	t.Helper()
	slot := b.Register(l)
	if !slot.Watched() {
		t.Fatalf("%s is not watched", l)
	}
	s := &b.series.at(int(slot.place()) / chunkSize).series[slot.place()%chunkSize]
	s.N, s.Up.K, s.Down.K, s.Up.H, s.Down.H = 5000, excesses, excesses, shape, shape
	return slot
}

func member(name, instance, quantile string) labels.Labels {
	return labels.FromStrings("__name__", name, "instance", instance, "quantile", quantile)
}

func familyBank(t *testing.T) *Bank {
	t.Helper()
	b, err := NewBank(DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFamilies_Learned_ByNameAndQuantileFromThoseThatSawEnough(t *testing.T) {
	b := familyBank(t)
	p := &b.params
	for i := range 20 {
		at := fmt.Sprint(i)
		mature(t, b, member("latency", at, "0.99"), 40, 0.8)
		mature(t, b, member("latency", at, "0.5"), 40, 0.3)
		mature(t, b, member("load", at, ""), p.Family.Least-1, 0.9) // has seen too little
		if i < 2 {
			mature(t, b, member("rare", at, ""), 40, 0.9) // too few
		}
	}
	b.learnFamilies()
	for _, x := range []struct {
		l    labels.Labels
		want float64
	}{
		{member("latency", "new", "0.99"), 0.757}, {member("latency", "new", "0.5"), 0.29},
		{member("latency", "new", ""), p.Tail.Prior}, {member("load", "new", ""), p.Tail.Prior}, {member("rare", "new", ""), p.Tail.Prior},
	} {
		slot := b.Register(x.l)
		s := b.series.at(0).series[slot.place()]
		if got := s.Start.shape(p); math.Abs(got/x.want-1) > 0.03 || s.Up.H != float32(got) || s.Down.H != float32(got) {
			t.Errorf("%s: starts from %v, tails %v and %v, want %v", x.l, got, s.Up.H, s.Down.H, x.want)
		}
		if got := b.Start(slot); got.at != s.Start || (got.Series == 20) != (s.Start != 0) {
			t.Errorf("%s: Start says %+v", x.l, got)
		}
	}
	if n := b.families.len(); n != 2 {
		t.Errorf("got %d families, want 2", n)
	}
}

// What a series began with stays, whatever its family learns afterwards, and when it
// is learned anew as a gauge.
func TestFamilies_StartOfASeries_StaysWithIt(t *testing.T) {
	b := familyBank(t)
	var old []Slot
	for i := range 5 {
		old = append(old, mature(t, b, member("latency", fmt.Sprint(i), ""), 40, 0.8))
	}
	b.learnFamilies()
	slot := b.Register(member("latency", "new", ""))
	s := &b.series.at(0).series[slot.place()]
	was := s.Start
	for _, x := range old {
		b.series.at(0).series[x.place()].Up.H = 0.1
	}
	b.learnFamilies()
	s.restart(&b.params)
	if s.Start != was || was == 0 || s.Up.H != float32(was.shape(&b.params)) {
		t.Errorf("got step %d with tail %v, want %d as at first", s.Start, s.Up.H, was)
	}
	for _, x := range old {
		if b.series.at(0).series[x.place()].Start != 0 {
			t.Error("a series from before the family was known has another start")
		}
	}
	if next := b.Register(member("latency", "next", "")); b.series.at(0).series[next.place()].Start >= was {
		t.Error("the next does not start from what the family has learned since")
	}
}

func TestFamilies_TakenPlace_HasTheStartOfItsNewSeries(t *testing.T) {
	b := familyBank(t)
	for i := range 5 {
		mature(t, b, member("latency", fmt.Sprint(i), ""), 40, 0.8)
	}
	b.learnFamilies()
	was := b.Register(member("latency", "new", ""))
	b.evict(was.place(), math.MaxInt64, 1)
	b.now.Store(100 * evictPause)
	now := b.Register(member("load", "new", ""))
	if now.place() != was.place() {
		t.Fatalf("place %d was not taken again but %d", was.place(), now.place())
	}
	if s := &b.series.at(0).series[now.place()]; s.Start != 0 || s.Up.H != float32(b.params.Tail.Prior) {
		t.Errorf("it starts from step %d, tail %v", s.Start, s.Up.H)
	}
	if got := b.Start(was); got != (Start{}) {
		t.Errorf("the slot of before has start %+v", got)
	}
}

func TestFamilies_TooMany_FirstOnesAreKnownAndTheRestCounted(t *testing.T) {
	b := familyBank(t)
	const more = 7
	for i := range familiesMost + more {
		for j := range 3 {
			mature(t, b, member(fmt.Sprintf("m%d", i), fmt.Sprint(j), ""), 40, 0.8)
		}
	}
	b.learnFamilies()
	if got := b.families.len(); got != familiesMost {
		t.Errorf("got %d families, want %d", got, familiesMost)
	}
	if got := b.families.leftOut.Load(); got != 3*more {
		t.Errorf("got %d series left out, want %d", got, 3*more)
	}
	if b.families.of(member("m0", "new", "")).at == 0 || b.families.of(member(fmt.Sprintf("m%d", familiesMost), "new", "")).at != 0 {
		t.Error("want the first families known and the last not")
	}
}

// Families are worked out once an hour of event time, more often while there is
// nothing, and at once when time begins again earlier.
func TestFamilies_Due_OnceAnHour(t *testing.T) {
	b := familyBank(t)
	none := func(Verdict) {}
	const t0 = int64(1_700_000_000_000)
	b.Sweep(t0, none)
	for i := range 5 {
		mature(t, b, member("latency", fmt.Sprint(i), ""), 40, 0.8)
	}
	b.Sweep(t0+evictEach-1, none)
	if b.families.len() != 0 {
		t.Error("worked out twice within a minute")
	}
	b.Sweep(t0+evictEach, none)
	if b.families.len() != 1 {
		t.Error("not worked out though there is something")
	}
	for i := range 5 {
		mature(t, b, member("load", fmt.Sprint(i), ""), 40, 0.8)
	}
	b.Sweep(t0+evictEach+familiesEach-1, none)
	if b.families.len() != 1 {
		t.Error("worked out twice within an hour")
	}
	b.Sweep(t0+evictEach+familiesEach, none)
	if b.families.len() != 2 {
		t.Error("not worked out after an hour")
	}
	for i := range 5 {
		mature(t, b, member("errors", fmt.Sprint(i), ""), 40, 0.8)
	}
	b.Sweep(t0-10*familiesEach, none)
	if b.families.len() != 3 {
		t.Error("not worked out though time began again")
	}
}

func TestFamilies_Restored_AreWhatTheyWere(t *testing.T) {
	b := familyBank(t)
	for i := range 600 { // several chunks
		mature(t, b, member(fmt.Sprintf("m%d", i%7), fmt.Sprint(i), ""), uint16(i%60), 0.1+float32(i%11)/10)
	}
	b.learnFamilies()
	mature(t, b, member("m1", "born later", ""), 2, 0.2) // and teaches nothing yet
	var file bytes.Buffer
	if err := b.Checkpoint(&file); err != nil {
		t.Fatal(err)
	}
	after := familyBank(t)
	if err := after.Restore(&file); err != nil {
		t.Fatal(err)
	}
	if got, want := *after.families.known.Load(), *b.families.known.Load(); len(want) != 7 || !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	slot := after.Lookup(member("m1", "born later", ""))
	if got, want := after.Start(slot), b.Start(b.Lookup(member("m1", "born later", ""))); got != want || got.at == 0 {
		t.Errorf("a series that had a start has %+v, want %+v", got, want)
	}
}

// While nobody knows a family, nothing is other than it was before there were any.
func TestFamilies_None_TailsAreThoseOfAllSeries(t *testing.T) {
	p := defaults()
	a := newTail(p.Tail.Quantile, p.Tail.Prior)
	for n := range uint16(400) {
		a.N = n
		for u := 0.5; u < 50; u *= 1.3 {
			want := a.decades(p, p.Tail.Prior, u)
			if fade := 1 - float64(n)/p.Tail.FirstFor; u >= float64(a.Q) && fade > 0 {
				want = p.tailDecades + (want-p.tailDecades)/(1+(p.Tail.First-1)*fade)
			}
			if got := a.beyond(p, 0, u, 0, new(keptShape)); got != want {
				t.Fatalf("size %v after %d values: got %v, want %v", u, n, got, want)
			}
		}
	}
	known := startOf(p.Tail.Prior)
	if a.N = 0; a.beyond(p, known, 30, 0, new(keptShape)) <= a.beyond(p, 0, 30, 0, new(keptShape)) {
		t.Error("what a family knows is doubted as if it were not known")
	}
}

// BenchmarkFamilies is the work of an hour: all series of a bank are asked.
func BenchmarkFamilies(b *testing.B) {
	bank, err := NewBank(DefaultConfig())
	if err != nil {
		b.Fatal(err)
	}
	const n = 100_000
	for i := range n {
		slot := bank.Register(member(fmt.Sprintf("metric_%d_seconds", i%500), fmt.Sprint(i), ""))
		s := &bank.series.at(int(slot.place()) / chunkSize).series[slot.place()%chunkSize]
		s.Up.K, s.Down.K = 40, 40
	}
	for b.Loop() {
		bank.learnFamilies()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/series")
}
