package detector_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// holed is a day and a half of noise each 15 seconds with silences of minutes to hours,
// before each of which the series leaves its level for as long as the silence lasts and
// some minutes more.
func holed(seed uint64) []telemetry.Sample {
	r := noise(seed)
	var out []telemetry.Sample
	at := start
	for i := range 6000 {
		at += 15_000
		x := 100 + r()
		switch i % 1500 {
		case 1000:
			at += int64(2+40*(i/1500)) * 60_000
			x += 40
		default:
			if i%1500 > 990 && i%1500 < 1004 {
				x += 40
			}
		}
		out = append(out, telemetry.Sample{T: at, V: x})
	}
	return out
}

// daemon is a bank that is shown samples as a daemon would be: between them it sweeps. It
// hands on what it says of each sample.
func daemon(t *testing.T, l labels.Labels, samples []telemetry.Sample, away [][2]int64, emit func(detector.Verdict)) (told []detector.Verdict) {
	t.Helper()
	b := newBank(t)
	for _, x := range away {
		b.Away(x[0], x[1])
	}
	slot, last := b.Register(l), samples[0].T
	for _, x := range samples {
		for at := range detector.Sweeps(last, x.T) {
			b.Sweep(at, func(v detector.Verdict) { told = append(told, v) })
		}
		v, _ := b.Judge(slot, x.T, x.V)
		v.Slot, last = 0, x.T
		emit(v)
	}
	return told
}

// A replay says of each sample what a daemon would have said, also after silences: the
// episode before is lost, and a new one opens.
func TestReplay_SilencesWithin_SameVerdictsAsDaemon(t *testing.T) {
	for _, name := range []string{"g", "c_total"} {
		samples := holed(7)
		if name == "c_total" {
			for i := 1; i < len(samples); i++ {
				samples[i].V = samples[i-1].V + samples[i].V*float64(samples[i].T-samples[i-1].T)/1000
			}
		}
		var want []detector.Verdict
		told := daemon(t, gauge(name), samples, nil, func(v detector.Verdict) { want = append(want, v) })
		if lost := slices.IndexFunc(told, func(v detector.Verdict) bool { return v.Phase == detector.PhaseLost && v.Kind != detector.KindMissing }); lost < 0 {
			t.Fatalf("%s: got %+v of sweeps, want an episode that is lost", name, told)
		}
		i, off := 0, 0
		detector.Replay(detector.DefaultConfig(), gauge(name), samples, func(got detector.Verdict) {
			if i > 0 && !same(got, want[i]) { // of the first sample of a counter there is none
				if off++; off < 4 {
					t.Errorf("%s: sample %d: replay %+v, daemon %+v", name, i, got, want[i])
				}
			}
			i++
		})
		if i != len(samples) || off > 0 {
			t.Errorf("%s: got %d verdicts for %d samples, %d are others", name, i, len(samples), off)
		}
	}
}

// What the daemon did not see because it was away is no silence.
func TestReplay_DaemonWasAway_EpisodeGoesOn(t *testing.T) {
	r := noise(8)
	samples := feed(2000, 15, func(i int) float64 {
		if i >= 1900 {
			return 200 + r()
		}
		return 100 + r()
	})
	for i := 1910; i < len(samples); i++ {
		samples[i].T += 20 * 60_000
	}
	gone := [][2]int64{{samples[1909].T, samples[1910].T - 20_000}}
	for name, away := range map[string][][2]int64{"it ran": nil, "it was away": gone} {
		c := detector.DefaultConfig()
		c.Away = away
		opened := 0
		detector.ReplayShare(c, 0, gauge("x"), samples, func(v detector.Verdict) {
			if v.Phase == detector.PhaseOpened && v.Time >= samples[1900].T {
				opened++
			}
		})
		e, ok := detector.ReplayExplain(c, 0, gauge("x"), samples, samples[1911].T)
		since := samples[1900].T
		if away == nil {
			since = samples[1910].T
		}
		if want := map[bool]int{true: 2, false: 1}[away == nil]; !ok || opened != want || e.Since != since {
			t.Errorf("%s: got %d openings and an episode since %d, want %d and since %d", name, opened, e.Since, want, since)
		}
	}
}

// A bank that is shown the past of one series after another lets time go by for each.
func TestPass_SeriesAfterSeries_StateOfDaemon(t *testing.T) {
	b, err := detector.NewBank(detector.DefaultConfig(), detector.WithServices(labels.Labels.String))
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(3) {
		samples := holed(seed)
		alone := newBank(t)
		l := gauge("s" + string(rune('a'+seed)))
		slot, live, last := b.Register(l), alone.Register(l), samples[0].T
		for _, x := range samples {
			b.Pass(slot, x.T)
			b.Observe(slot, x.T, x.V)
			for at := range detector.Sweeps(last, x.T) {
				alone.Sweep(at, ignore)
			}
			last = x.T
			alone.Observe(live, x.T, x.V)
		}
		got, _ := b.Explain(slot, last+15_000, 120)
		want, _ := alone.Explain(live, last+15_000, 120)
		if got.Decades != want.Decades || got.Habit != want.Habit || want.Habit == 0 {
			t.Errorf("series %d: got %v, less %v for habit, want %v and %v", seed, got.Decades, got.Habit, want.Decades, want.Habit)
		}
	}
	b.Pass(0, start)
	b.Pass(77, start)
}

// What is derived from histograms is silent when they are.
func TestReplayBuckets_SilenceWithin_EpisodeIsLost(t *testing.T) {
	counter := newLatency(newBank(t), bounds)
	var times []int64
	buckets := make([]detector.BucketSamples, len(bounds))
	for i, x := range bounds {
		buckets[i].Labels = labels.FromStrings("__name__", "http_seconds_bucket", "le", le(x))
	}
	r, at := rand.New(rand.NewPCG(6, 6)), start
	for i := range 416 {
		if at += 15_000; i == 408 {
			at += 600_000
		}
		times = append(times, at)
		for range 1000 {
			x := 0.02 + 0.1*r.Float64()
			if i >= 400 && r.IntN(10) == 0 {
				x *= 30
			}
			counter.see(x, bounds)
		}
		for j := range buckets {
			buckets[j].Samples = append(buckets[j].Samples, telemetry.Sample{T: at, V: counter.counts[j]})
		}
	}
	for name, away := range map[string][][2]int64{"it ran": nil, "it was away": {{times[407], times[408] - 20_000}}} {
		c := detector.DefaultConfig()
		c.Away = away
		var opened []int64
		detector.ReplayBuckets(c, 0, labels.FromStrings("__name__", "http_seconds", "quantile", "0.99"), buckets, func(v detector.Verdict) {
			if v.Phase == detector.PhaseOpened {
				opened = append(opened, v.Time)
			}
		})
		want := []int64{times[400], times[408]}
		if away != nil {
			want = want[:1]
		}
		if !slices.Equal(opened, want) {
			t.Errorf("%s: got openings at %v, want %v", name, opened, want)
		}
	}
}
