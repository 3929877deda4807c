package detector

import (
	"math/rand/v2"
	"testing"
)

// randomDay returns a page of which all or most of the day is known: flat, with an edge or noisy.
func randomDay(r *rand.Rand) *page {
	d := &page{}
	d.start(1_000_000, 100)
	switch r.IntN(3) {
	case 0:
		d.Known = allKnown
		d.Known[r.IntN(3)] &^= 1 << r.IntN(32)
	case 1:
		d.Known = allKnown
	case 2:
		d.Visit, d.Known = visitWhole, [3]uint32{r.Uint32(), r.Uint32(), r.Uint32()} // which are off
	}
	noise, edge := 1+r.IntN(3000), r.IntN(dayBuckets)
	for i := range d.Day {
		d.Day[i] = int16(r.IntN(noise))
		if i >= edge {
			d.Day[i] += int16(r.IntN(2) * 9000)
		}
	}
	for i := range d.Week {
		d.Week[i] = int16(r.IntN(2000) - 1000)
	}
	for i := range d.Hour {
		d.Hour[i] = int8(r.IntN(200) - 100)
	}
	d.Ages = uint8(r.IntN(40))
	d.DayErr, d.WeekErr, d.CalmErr, d.HourErr = r.Float32(), r.Float32(), r.Float32(), r.Float32()
	return d
}

func TestPage_At_IsTheSeasonOfALook(t *testing.T) {
	p, r := defaults(), rand.New(rand.NewPCG(1, 2))
	seen := map[bool]int{}
	for range 20_000 {
		d, local, step := randomDay(r), r.Int64N(2e9), []float64{15, 60, 300, 3600}[r.IntN(4)]
		k := look{sight: sight{glance: glance{t: local * 1000}}}
		d.season(p, &k, step, 1, 0)
		if got := d.at(p, local, step, 1); got != k.season {
			t.Fatalf("at %d, step %v: got %v, want %v", local, step, got, k.season)
		}
		seen[d.weekly(p)]++
	}
	if seen[true] < 100 || seen[false] < 100 {
		t.Errorf("weeks of use and of none: %v, want both", seen)
	}
}

func TestPage_DayMean_IsThatOfWhatIsKnown(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		d := randomDay(r)
		sum, n := 0, 0
		for i, o := range d.Day {
			if d.known(uint8(i)) {
				sum, n = sum+int(o), n+1
			}
		}
		if got, want := d.dayMean(), float64(sum)/float64(n); got != want {
			t.Fatalf("got %v, want %v of %d", got, want, n)
		}
	}
}

// Where all of the day is known, most times are told at once to have no edge near: the same
// as with each change looked at.
func TestPage_Steepest_NotFarWhereNoEdgeIsFound(t *testing.T) {
	p, r := defaults(), rand.New(rand.NewPCG(5, 6))
	n, sharp, without, with := int(p.Calendar.EdgeNear), 1.0, 0, 0
	for range 20_000 {
		d, at := randomDay(r), place{rows: 60}
		d.Visit = visitWhole
		own := n + r.IntN(dayBuckets-2*n)
		at.own, at.a, at.b = uint8(own), uint8(own), uint8(own)
		far, any := p.Calendar.SharpEdge*sharp, false
		for i := own - n; i+across <= own+n; i++ {
			jump, _ := d.change(i, across)
			any = any || jump > far
		}
		if got := d.Unit.value()*float64(d.steepest(own-n, own+n)) > far; got != any {
			t.Fatalf("quarter %d: got %v, want %v", own, got, any)
		}
		if !any {
			without++
			if e := d.near(p, &at, sharp); e != (edge{}) {
				t.Fatalf("quarter %d has an edge %v without a change", own, e)
			}
		} else {
			with++
		}
	}
	if without < 100 || with < 100 {
		t.Errorf("%d without a change and %d with one, want both", without, with)
	}
}
