package detector

import (
	"math"
	"testing"
	"unsafe"
)

func TestOutlook_Size_FitsItsPlaceInAPage(t *testing.T) {
	if got := unsafe.Sizeof(outlook{}); got > 128 {
		t.Errorf("got %d bytes, want at most 128", got)
	}
}

func TestAheads_SlotsOfForecasts_DoNotOverlap(t *testing.T) {
	owner := map[int]int{}
	for i, a := range aheads {
		for grid := range int32(20) {
			at := a.slot(grid - 10)
			if at < 0 || at >= pendings {
				t.Fatalf("horizon %d: slot %d, want 0 to %d", i, at, pendings-1)
			}
			if other, taken := owner[at]; taken && other != i {
				t.Fatalf("slot %d belongs to horizons %d and %d", at, other, i)
			}
			owner[at] = i
		}
	}
	if len(owner) != pendings {
		t.Errorf("%d slots are used, want %d", len(owner), pendings)
	}
}

func TestBriefAndOctaves_KeepNumbersWithinTheirPrecision(t *testing.T) {
	for _, v := range []float64{1e-30, 3e-9, 0.1, 1, 1.005, 77, 1e12, 9.9e29} {
		for _, sign := range []float64{1, -1} {
			if got := briefOf(sign * v).value(); math.Abs(got-sign*v) > 0.004*v {
				t.Errorf("brief of %v: got %v", sign*v, got)
			}
		}
		if got := octavesOf(v).value(); math.Abs(got-v) > 0.0015*v {
			t.Errorf("octaves of %v: got %v", v, got)
		}
	}
	for _, v := range []float64{0, -1} {
		if got := octavesOf(v).value(); got != 0 {
			t.Errorf("octaves of %v: got %v, want 0", v, got)
		}
	}
	if got := briefOf(0).value(); got != 0 {
		t.Errorf("brief of 0: got %v", got)
	}
	for _, v := range []float64{0, 0.25, 0.5, 1, 1.3} {
		if got := shareOf(v).value(); math.Abs(got-v) > 0.003 {
			t.Errorf("share of %v: got %v", v, got)
		}
	}
}

func TestOctaves_Step_StaysWithinItsRange(t *testing.T) {
	for _, c := range []struct {
		from octaves
		grow bool
		want octaves
	}{{1000, true, 1054}, {1000, false, 994}, {65530, true, 65535}, {65535, true, 65535}, {3, false, 1}, {1, false, 1}, {0, false, 0}} {
		if got := c.from.step(c.grow, 54, 6); got != c.want {
			t.Errorf("%d, grow %v: got %d, want %d", c.from, c.grow, got, c.want)
		}
	}
}

func TestShare_Move_AgainstTheErrorAndWithinBounds(t *testing.T) {
	for _, c := range []struct{ off, part, want float64 }{
		{1, 1, 0.6}, {-1, 1, 0.4}, {1, -1, 0.4}, {-1, -1, 0.6}, // whole steps
		{1, 0.5, 0.55},  // a small part moves less
		{0.1, 1, 0.55},  // and no step undoes more than half of the error
		{1, 0, 0.5},     // what took no part learns nothing
		{-9, 1e9, 0.5},  // nor does what would have to move by nothing
		{1e9, 1e9, 0.6}, // an outlier moves no farther
	} {
		if got := shareOf(0.5).move(0.1, c.off, c.part, 1).value(); math.Abs(got-c.want) > 0.005 {
			t.Errorf("off %v on part %v: got %.3f, want %.3f", c.off, c.part, got, c.want)
		}
	}
	if got := shareOf(1).move(0.1, 1, 1, 1).value(); got != 1 {
		t.Errorf("got %v past 1", got)
	}
	if got := shareOf(0.02).move(0.1, -1, 1, 1).value(); got != 0 {
		t.Errorf("got %v below 0", got)
	}
}

func TestOutlook_Drift_OnlyWhatMovesAlike(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		base  float64
		now   [3]float64 // oldest first
		want  float64    // over three steps, before Slope
		known bool
	}{
		"even":            {40, [3]float64{10, 20, 30}, 60, true},
		"down":            {10, [3]float64{40, 30, 20}, -60, true},
		"nearly even":     {40, [3]float64{10, 20.5, 30}, 60, true},
		"a step":          {40, [3]float64{10, 10, 40}, 0, true},
		"turned":          {28, [3]float64{10, 20, 30}, 0, true},
		"turned long ago": {40, [3]float64{15, 10, 30}, 0, true},
		"uneven":          {40, [3]float64{10, 12, 20}, 0.0001, true},
		"young":           {40, [3]float64{nan, 20, 30}, 60, true},
		"too young":       {40, [3]float64{nan, nan, 30}, 0, false},
		"after a gap":     {40, [3]float64{10, 20, nan}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			const i, grid = 3, 100
			o := outlook{Base: float32(c.base)}
			for j, v := range c.now {
				o.Now[aheads[i].slot(grid-2+int32(j))] = float32(v)
			}
			got, known := o.drift(defaults(), i, grid)
			if known != c.known || math.Abs(got-c.want) > 0.05+0.01*math.Abs(c.want) {
				t.Errorf("got %v (%v), want %v (%v)", got, known, c.want, c.known)
			}
		})
	}
}

func TestOutlook_GapOverWhatWasDue_IsNotJudged(t *testing.T) {
	var d page
	var last int64
	c := calendar{&d, &series{Step: 60}, defaults()}
	run := func(o *outlook, from, to int64, x float64) {
		for at := from; at < to; at += 60_000 {
			o.learn(c.params, &present{t: at, x: x, unit: 1000, dt: float64(at-last) / 1000}, c)
			last = at
		}
	}
	const hour = int64(outlookTick)
	var o outlook
	start := 480_000 * hour
	run(&o, start, start+30*hour, 10)
	before := o
	run(&o, start+200*hour, start+200*hour+60_000, 500)
	if o.Tried != before.Tried {
		t.Errorf("judged after a gap of a week: %v, before %v", o.Tried, before.Tried)
	}
	run(&o, start+200*hour, start+230*hour, 500)
	if o.Tried[0] <= before.Tried[0] {
		t.Error("nothing is judged any more")
	}
	if got := o.Scale[0].value(); got > 1 {
		t.Errorf("an error of %v was counted that no forecast within the data made", got)
	}
}
