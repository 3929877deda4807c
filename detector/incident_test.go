package detector_test

import (
	"math"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// bands replays samples and returns one verdict for each.
func bands(l labels.Labels, samples []telemetry.Sample) []detector.Verdict {
	var out []detector.Verdict
	detector.Replay(detector.DefaultConfig(), l, samples, func(v detector.Verdict) { out = append(out, v) })
	return out
}

// width is the mean width of the bands of some verdicts.
func width(of []detector.Verdict) float64 {
	sum := 0.0
	for _, v := range of {
		sum += v.Upper - v.Lower
	}
	return sum / float64(len(of))
}

func TestIncident_TwentySeconds_BandIsBackAfterRecovery(t *testing.T) {
	cases := map[string]struct{ level, noise, bad, badNoise float64 }{
		"error rate": {0.0025, 0.0008, 0.30, 0.02},
		"median":     {0.178, 0.006, 0.4, 0.03},
		"p99":        {0.45, 0.03, 3.5, 0.3},
	}
	for name, c := range cases {
		for _, days := range []int{1, 3} {
			r, n := noise(40), days*17280
			samples := feed(n+120, 5, func(i int) float64 {
				if i >= n && i < n+4 {
					return c.bad + c.badNoise*r()
				}
				return math.Abs(c.level + c.noise*r())
			})
			v := bands(gauge("x"), samples)
			before := width(v[n-60 : n])
			for _, after := range []int{20, 40, 100} {
				if got := width(v[n+after : n+after+10]); got > 1.3*before {
					t.Errorf("%s, %d days: %d samples after the incident began the band is %.4g wide, before it was %.4g", name, days, after, got, before)
				}
			}
		}
	}
}

func TestNoise_TenTimesLarger_Learned(t *testing.T) {
	for _, step := range []float64{5, 60} {
		r, n := noise(41), 6000
		samples := feed(3*n, step, func(i int) float64 {
			if i >= n {
				return 100 + 10*r()
			}
			return 100 + r()
		})
		odd, threshold := 0, detector.DefaultConfig().Threshold()
		v := bands(gauge("x"), samples)
		for _, w := range v[2*n:] {
			if w.Score >= threshold {
				odd++
			}
		}
		if got := width(v[3*n-60:]); odd > 3 || got < 4*width(v[n-60:n]) {
			t.Errorf("step %v s: %d odd samples after %d at the new noise, band %.3g, before %.3g", step, odd, n, got, width(v[n-60:n]))
		}
	}
}

func TestNeverNegative_BandEndsAtZeroAndFirstNegativeIsOdd(t *testing.T) {
	r := noise(42)
	samples := feed(3000, 15, func(i int) float64 {
		switch {
		case i == 2500:
			return -0.0001
		case i > 2500:
			return 0.002*r() + 0.001
		}
		return math.Abs(0.002 * r())
	})
	v := bands(gauge("x"), samples)
	for i, w := range v[:2501] {
		if w.Lower < 0 || w.Expected < 0 {
			t.Fatalf("sample %d: band %v to %v, expected %v", i, w.Lower, w.Upper, w.Expected)
		}
	}
	if got := v[2500]; got.Value >= got.Lower || got.Phase != detector.PhaseOpened {
		t.Errorf("first negative value: got %+v", got)
	}
	if got := v[2999]; !(got.Lower < 0) {
		t.Errorf("after negative values: got %+v", got)
	}
}

// swing is a wave with the period of a day.
func swing(at time.Time) float64 {
	return math.Sin(2 * math.Pi * float64(at.Unix()%86400) / 86400)
}

func TestIncident_Minutes_ItsEndDoesNotPage(t *testing.T) {
	for _, step := range []float64{1, 2, 5, 30} {
		for _, minutes := range []float64{5, 20, 29} {
			r, n, in := noise(3), int(34*3600/step), int(minutes*60/step)
			samples := feed(n+in+int(3600/step), step, func(i int) float64 {
				v := 100 + 30*swing(monday.Add(time.Duration(float64(i)*step*float64(time.Second)))) + 2*r()
				if i >= n && i < n+in {
					v *= 3
				}
				return v
			})
			told := play(t, gauge("x"), samples)
			if v, ok := openedAfter(told, samples[n].T); !ok || v.Time > samples[n+1].T {
				t.Errorf("%v minutes at a step of %v s: not found at once", minutes, step)
			}
			if v, ok := openedAfter(told, samples[n+in].T); ok {
				t.Errorf("%v minutes at a step of %v s: %s opened %d samples after the return at %.4g, band %.4g to %.4g",
					minutes, step, v.Kind, int(float64(v.Time-samples[n+in].T)/1000/step), v.Value, v.Lower, v.Upper)
			}
		}
	}
}

func TestNoise_SixTimesLarger_IsVarianceToldInOneEpisode(t *testing.T) {
	for _, step := range []float64{15, 60, 300} {
		opened := 0
		for seed := range uint64(5) {
			r, n := noise(50+seed), int(6*86400/step)
			samples := feed(n+int(86400/step), step, func(i int) float64 {
				if i >= n {
					return 100 + 12*r()
				}
				return 100 + 2*r()
			})
			told := after(play(t, gauge("x"), samples), samples[n].T)
			opened += countPhase(told, detector.PhaseOpened)
			variance := false
			for _, v := range told {
				variance = variance || v.Phase == detector.PhaseClosed && v.Kind == detector.KindVariance
			}
			if !variance {
				t.Errorf("step %v s, series %d: no episode ended as variance", step, seed)
			}
		}
		if opened > 8 {
			t.Errorf("step %v s: %d episodes in the days after the noise grew, in five series", step, opened)
		}
	}
}

// after returns those verdicts that are not before t.
func after(told []detector.Verdict, t int64) (out []detector.Verdict) {
	for _, v := range told {
		if v.Time >= t {
			out = append(out, v)
		}
	}
	return out
}

func TestTraffic_GoneForGood_IsNoNewShapeToo(t *testing.T) {
	for _, step := range []float64{15, 60, 300} {
		for seed := range uint64(2) {
			r, n := noise(5+seed), int(154*3600/step)
			samples := feed(n+int(86400/step), step, func(i int) float64 {
				if i >= n {
					return 0
				}
				m := 50 + 40*swing(monday.Add(time.Duration(float64(i)*step*float64(time.Second))))
				return max(0, math.Trunc(m+r()*m/7))
			})
			for _, v := range after(play(t, gauge("x"), samples), samples[n].T) {
				if v.Phase == detector.PhaseOpened && v.Kind == detector.KindShape {
					t.Errorf("step %v s, series %d: opened as shape %v after the end of traffic", step, seed, time.Duration(v.Time-samples[n].T)*time.Millisecond)
				}
			}
		}
	}
}

func TestLevel_OfAnotherUnit_AlarmsOnce(t *testing.T) {
	for name, change := range map[string]func(v float64) float64{
		"times 1000": func(v float64) float64 { return 1000 * v },
		"zero":       func(float64) float64 { return 0 },
	} {
		for _, step := range []float64{15, 60, 300} {
			r, n := noise(6), int(154*3600/step)
			samples := feed(n+int(36*3600/step), step, func(i int) float64 {
				v := 100 + 30*swing(monday.Add(time.Duration(float64(i)*step*float64(time.Second)))) + 2*r()
				if i >= n {
					return change(v)
				}
				return v
			})
			told := after(play(t, gauge("x"), samples), samples[n].T)
			if got := countPhase(told, detector.PhaseOpened); got != 1 {
				t.Errorf("%s, step %v s: %d episodes in the 36 hours after, want one", name, step, got)
			}
		}
	}
}
