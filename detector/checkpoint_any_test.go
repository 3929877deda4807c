package detector_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

// A checkpoint at any moment, of series of many kinds and steps, gliding and not,
// in and out of episodes, leaves what is said afterwards as it would have been:
// every verdict with its band, what silences make of it, and forecasts.
func TestCheckpoint_AnyMoment_SameVerdictsAfter(t *testing.T) {
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 11))
		step := []int64{1, 10, 15, 60, 300, 3600}[seed] * 1000
		rows := 4000 + r.IntN(2000)
		cut := 1000 + r.IntN(rows-1400) // within an episode of one series, and before one of another
		whole, second := newBank(t), newBank(t)
		first := newBank(t)
		names := []labels.Labels{
			gauge("noise"), gauge("wave"), gauge("constant"), gauge("counts"), gauge("coin"), gauge("drifts"), gauge("often_absent"),
			labels.FromStrings("__name__", "jobs_total", "service", "a"), labels.FromStrings("__name__", "level", "service", "a"),
		}
		slots := make([]detector.Slot, len(names))
		for i, l := range names {
			slots[i] = whole.Register(l)
			if got := first.Register(l); got != slots[i] {
				t.Fatalf("got slot %d, want %d", got, slots[i])
			}
		}
		total, drift := 0.0, 0.0
		value := func(i, row int) (float64, bool) {
			x := 100 + 2*r.NormFloat64()
			odd := r.IntN(3000) == 0 && i != 2 || i == 0 && row >= cut-5 && row < cut+25 || i == 2 && row >= cut+150 && row < cut+180
			absent := r.IntN(400) == 0
			switch i {
			case 1:
				x += 30 * math.Sin(2*math.Pi*float64(int64(row)*step%86_400_000)/86_400_000)
			case 2:
				x = 7
			case 3:
				x = math.Floor(2 * r.ExpFloat64())
			case 4:
				x = float64(r.IntN(2))
			case 5:
				drift += r.NormFloat64()
				x += drift
			case 6:
				absent = r.IntN(5) == 0 || row/40%7 == 6
			case 7:
				if total += 20 + r.NormFloat64(); r.IntN(700) == 0 {
					total = 0
				}
				x = total
			case 8:
				if row/900%2 == 1 {
					x += 50
				}
			}
			if odd && i != 7 {
				x += 40
			}
			return x, !absent
		}
		compared, opened := 0, 0
		same := func(a, b detector.Verdict) bool {
			eq := func(x, y float64) bool { return x == y || math.IsNaN(x) && math.IsNaN(y) }
			return a.Slot == b.Slot && a.Time == b.Time && a.Since == b.Since && a.Kind == b.Kind && a.Phase == b.Phase && a.Side == b.Side && a.Rate == b.Rate &&
				eq(a.Value, b.Value) && eq(a.Expected, b.Expected) && eq(a.Lower, b.Lower) && eq(a.Upper, b.Upper) && eq(a.Score, b.Score) && eq(a.Peak, b.Peak)
		}
		for row := range rows {
			at := start + int64(row)*step
			if row == cut {
				var file bytes.Buffer
				if err := first.Checkpoint(&file); err != nil {
					t.Fatal(err)
				}
				if err := second.Restore(&file); err != nil {
					t.Fatal(err)
				}
			}
			for i, slot := range slots {
				x, there := value(i, row)
				if !there {
					continue
				}
				want, told := whole.Observe(slot, at, x)
				if row < cut {
					first.Observe(slot, at, x)
					continue
				}
				got, alike := second.Observe(slot, at, x)
				if alike != told || !same(got, want) {
					t.Fatalf("step %d ms, cut at %d, row %d of %s: got %+v, want %+v", step, cut, row, names[i], got, want)
				}
				compared++
				if got.Phase == detector.PhaseOpened {
					opened++
				}
			}
			if row%50 == 49 {
				var told, again []detector.Verdict
				whole.Sweep(at+step/2, func(v detector.Verdict) { told = append(told, v) })
				if row < cut {
					first.Sweep(at+step/2, func(detector.Verdict) {})
					continue
				}
				second.Sweep(at+step/2, func(v detector.Verdict) { again = append(again, v) })
				if len(told) != len(again) {
					t.Fatalf("step %d ms, row %d: a sweep told of %d, want %d", step, row, len(again), len(told))
				}
			}
		}
		for i, slot := range slots {
			end := start + int64(rows)*step + 3_600_000
			a, okA := whole.Forecast(slot, end, .9)
			b, okB := second.Forecast(slot, end, .9)
			if a != b || okA != okB {
				t.Errorf("step %d ms: forecast of %s: got %+v, want %+v", step, names[i], b, a)
			}
		}
		if compared < 500 || opened == 0 {
			t.Errorf("step %d ms: %d verdicts compared, %d episodes: shows nothing", step, compared, opened)
		}
	}
}
