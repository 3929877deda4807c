package detector_test

import "testing"

// widths plays noise of a standard deviation that sd gives for the hours since the
// first day that is told from (negative before), at a step in seconds, and returns the
// width of the band of the next sample at some of these hours.
func widths(t *testing.T, seed uint64, step float64, days int, sd func(hour float64) float64, at ...float64) []float64 {
	t.Helper()
	b := newBank(t)
	slot := b.Register(gauge("x"))
	r, out := noise(seed), []float64(nil)
	for i := 0; len(out) < len(at); i++ {
		hour := float64(i)*step/3600 - float64(24*days)
		if hour > at[len(out)] {
			v, ok := b.Last(slot)
			if !ok {
				t.Fatalf("no verdict %g hours after the first days", hour)
			}
			out = append(out, v.Upper-v.Lower)
		}
		b.Observe(slot, start+int64(float64(i)*step*1000), 100+sd(hour)*r())
	}
	return out
}

// wild is noise of 12 instead of 2 from hour 0 until another.
func wild(until float64) func(hour float64) float64 {
	return func(hour float64) float64 {
		if hour >= 0 && hour < until {
			return 12
		}
		return 2
	}
}

func TestNoise_CalmAgain_BandIsBackWithinHours(t *testing.T) {
	cases := []struct {
		step, until, after float64
		days               int
	}{
		{15, 3, 5, 3}, {15, 26, 13, 3}, {60, 3, 5, 3}, {60, 26, 13, 3}, {300, 26, 15, 3}, {3600, 72, 48, 21},
	}
	for _, c := range cases {
		for seed := range uint64(3) {
			got := widths(t, 50+seed, c.step, c.days, wild(c.until), -0.5, c.until-0.5, c.until+0.5, c.until+c.after)
			if before, during, soon, after := got[0], got[1], got[2], got[3]; during < 3*before || soon < 2*before || after > 1.7*before {
				t.Errorf("step %g s, noise for %g hours, series %d: band %.3g before, %.3g while it lasted, %.3g half an hour later, %.3g after %g hours",
					c.step, c.until, seed, before, during, soon, after, c.after)
			}
		}
	}
}

func TestNoise_CalmForALittle_StaysNormal(t *testing.T) {
	cases := map[string]struct {
		sd func(hour float64) float64
		at float64
	}{
		"an hour of the second day": {func(hour float64) float64 {
			if hour > 30 && hour < 31 {
				return 2
			}
			return wild(1000)(hour)
		}, 30.9},
		"the first night": {func(hour float64) float64 {
			if hour > 10 && hour < 19 {
				return 2
			}
			return wild(1000)(hour)
		}, 19},
		"the third night": {func(hour float64) float64 {
			if h := int(hour) % 24; hour > 0 && (h < 2 || h > 15) {
				return 2
			}
			return wild(1000)(hour)
		}, 49},
	}
	for name, c := range cases {
		for _, step := range []float64{15, 60, 300} {
			for seed := range uint64(2) {
				got := widths(t, 60+seed, step, 3, c.sd, 9.5, c.at)
				if got[1] < 0.4*got[0] {
					t.Errorf("%s, step %g s, series %d: band %.3g after a calm while, %.3g before", name, step, seed, got[1], got[0])
				}
			}
		}
	}
}

func TestNoise_CalmAgain_GrowsAgain_IsToldAgain(t *testing.T) {
	for _, step := range []float64{15, 60, 300} {
		r := noise(70)
		samples := feed(int(130*3600/step), step, func(i int) float64 {
			if hour := float64(i) * step / 3600; hour > 72 && hour < 98 || hour > 122 {
				return 100 + 12*r()
			}
			return 100 + 2*r()
		})
		again := samples[int(122*3600/step)].T
		v, ok := openedAfter(play(t, gauge("x"), samples), again)
		if !ok || v.Time > again+int64(20*step*1000) {
			t.Errorf("step %g s: noise that grew again a day after it had been calm was not told within 20 samples", step)
		}
	}
}
