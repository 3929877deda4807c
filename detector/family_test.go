package detector_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

func pod(generation, i int) labels.Labels {
	return labels.FromStrings("__name__", "request_seconds", "pod", fmt.Sprintf("shop-%d-%d", generation, i), "quantile", "0.99")
}

// latencyOf is a log-normal latency of a pod that nothing ails.
func latencyOf(generation, i int) func() float64 {
	r := rand.New(rand.NewPCG(uint64(generation), uint64(i)))
	level := 0.1 * math.Exp(0.3*r.NormFloat64())
	return func() float64 { return level * math.Exp(1.5*r.NormFloat64()) }
}

// rollout shows a bank a day of n pods, a minute apart, and then an hour of as many
// that take their place; in the hour's 41st minute one in five has a value of spike
// times its level. It returns how many alarms the new pods raised beside those, and how
// many of those were told.
func rollout(t *testing.T, b *detector.Bank, n, day int, spike float64) (false_, told int) {
	t.Helper()
	at := 0
	for generation, minutes := range []int{day, 60} {
		slots, next := make([]detector.Slot, n), make([]func() float64, n)
		for i := range n {
			slots[i], next[i] = b.Register(pod(generation, i)), latencyOf(generation, i)
		}
		for m := range minutes {
			for i := range n {
				v := next[i]()
				odd := generation == 1 && m == 40 && i%5 == 0
				if odd {
					v = 0.1 * spike
				}
				if x, news := b.Observe(slots[i], minute(at), v); news && x.Phase == detector.PhaseOpened && generation == 1 {
					if odd {
						told++
					} else {
						false_++
					}
				}
			}
			b.Sweep(minute(at), ignore)
			at++
		}
	}
	return false_, told
}

// podBank returns a bank in which each pod is a service of its own, so that no budget
// is shared.
func podBank(t *testing.T, p *detector.Parameters) *detector.Bank {
	t.Helper()
	c := detector.DefaultConfig()
	c.Parameters = p
	b, err := detector.NewBank(c, detector.WithServices(func(l labels.Labels) string { return l.Get("pod") }))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A deployment replaces two hundred pods. What the old ones have shown of how far latencies
// reach, the new ones need not learn again: they are quiet, and what is far beyond even
// that is told.
func TestFamily_DeploymentReplacesPods_NewOnesKnowWhatOldOnesHaveShown(t *testing.T) {
	alone := detector.DefaultParameters()
	alone.Family.Series = 1000 // of which there are not so many
	const n, day, spike = 200, 1440, 1e5
	without, _ := rollout(t, podBank(t, &alone), n, day, spike)
	with, told := rollout(t, podBank(t, nil), n, day, spike)
	t.Logf("%d false alarms in the first hour of %d pods, %d without the family; %d of %d spikes told", with, n, without, told, n/5)
	if with > n/25 || without < 3*with {
		t.Errorf("got %d false alarms in the first hour of %d pods, %d without the family", with, n, without)
	}
	if told < n/5*9/10 {
		t.Errorf("told %d of %d spikes", told, n/5)
	}
}

// What is said of a series that was born into a family is what a replay says of it
// that starts from the same, to the last bit; and another name learns nothing from it.
func TestFamily_ReplayWithTheSameStart_SaysTheSame(t *testing.T) {
	b := podBank(t, nil)
	rollout(t, b, 5, 2000, 1)
	r := noise(77)
	samples := feed(1500, 60, func(i int) float64 { return math.Exp(r()) + float64(i/1499)*1000 })
	for i := range samples {
		samples[i].T += 3000 * 60_000
	}
	for _, x := range []struct {
		l     labels.Labels
		knows bool
	}{{pod(7, 7), true}, {gauge("something_else"), false}} {
		slot := b.Register(x.l)
		c := detector.DefaultConfig()
		if c.Start = b.Start(slot); (c.Start != detector.Start{}) != x.knows {
			t.Fatalf("%s: starts from %+v", x.l, c.Start)
		}
		replayed, plain := scoresOf(c, x.l, samples), scoresOf(detector.DefaultConfig(), x.l, samples)
		differ := false
		for i, s := range samples {
			v, _ := b.Judge(slot, s.T, s.V)
			if math.Float64bits(v.Score) != math.Float64bits(replayed[i]) {
				t.Fatalf("%s, sample %d: live %v, replayed %v", x.l, i, v.Score, replayed[i])
			}
			differ = differ || replayed[i] != plain[i]
			if i == len(samples)-2 {
				e, ok := b.Explain(slot, samples[i+1].T, samples[i+1].V)
				agrees(t, e)
				want := "started from 0.12, that of all series"
				if x.knows {
					want = fmt.Sprintf("started from %.3g, that of %d series of request_seconds{quantile=\"0.99\"}", e.Start.Shape, c.Start.Series)
				}
				if !ok || !strings.Contains(e.String(), want) || e.Start.Family == "" == x.knows {
					t.Errorf("got\n%swant %q", e, want)
				}
				if again, _ := detector.ReplayExplain(c, e.Share, x.l, samples, samples[i+1].T); again.Start != e.Start {
					t.Errorf("replayed\n%swant\n%s", again, e)
				}
			}
		}
		if differ != x.knows {
			t.Errorf("%s: the start changed something: %v", x.l, differ)
		}
	}
}

func scoresOf(c detector.Config, l labels.Labels, samples []telemetry.Sample) (out []float64) {
	detector.Replay(c, l, samples, func(v detector.Verdict) { out = append(out, v.Score) })
	return out
}

// The quantiles of a histogram are a family of their own each, live and replayed.
func TestFamily_DerivedSeries_ReplayStartsFromTheSame(t *testing.T) {
	c := detector.DefaultConfig()
	b := newBank(t)
	rollout(t, b, 5, 2000, 1)
	c.Start = b.Start(b.Register(pod(9, 9)))
	buckets := []detector.BucketSamples{}
	for _, le := range []string{"1", "2", "4", "8", "16", "32", "64", "128", "256", "+Inf"} {
		buckets = append(buckets, detector.BucketSamples{Labels: labels.FromStrings("__name__", "request_seconds_bucket", "le", le)})
	}
	r, total := rand.New(rand.NewPCG(5, 5)), [10]float64{}
	for i := range 200 {
		level := math.Exp(0.5 * r.NormFloat64())
		for range 1000 {
			x := level * math.Exp(r.NormFloat64())
			for k := range total {
				if k == len(total)-1 || x <= math.Exp2(float64(k)) {
					total[k]++
				}
			}
		}
		for k := range buckets {
			buckets[k].Samples = append(buckets[k].Samples, telemetry.Sample{T: minute(i), V: total[k]})
		}
	}
	l := labels.FromStrings("__name__", "request_seconds", "quantile", "0.99")
	run := func(c detector.Config) (out []telemetry.Sample, scores []float64) {
		detector.ReplayBuckets(c, 0, l, buckets, func(v detector.Verdict) {
			out, scores = append(out, telemetry.Sample{T: v.Time, V: v.Value}), append(scores, v.Score)
		})
		return out, scores
	}
	values, got := run(c)
	_, plain := run(detector.DefaultConfig())
	var want []float64
	detector.ReplayShare(c, 0, l, values, func(v detector.Verdict) { want = append(want, v.Score) })
	differ := false
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("figure %d: got score %v, want %v as of a gauge that starts from the same", i, got[i], want[i])
		}
		differ = differ || got[i] != plain[i]
	}
	if len(got) < 150 || !differ {
		t.Errorf("got %d figures, of which any differs by the start: %v", len(got), differ)
	}
}

// Pods that live for an hour teach those that come after them, and not, from one
// generation to the next, more than there is: what they start from levels off.
func TestFamily_ManyGenerations_StartLevelsOff(t *testing.T) {
	b := podBank(t, nil)
	r := rand.New(rand.NewPCG(4, 4))
	const pods, life, generations = 20, 240, 24
	shapes := []float64{}
	now := start
	for generation := range generations {
		for m := range life {
			for i := range pods {
				slot := b.Register(pod(generation, i))
				v := math.Exp(r.NormFloat64())
				if m == 0 && i == 0 {
					e, _ := b.Explain(slot, now, v)
					shapes = append(shapes, e.Start.Shape)
				}
				b.Observe(slot, now, v)
			}
			now += 15_000
		}
		b.Sweep(now, ignore)
	}
	third, last := shapes[3], shapes[generations-1]
	if shapes[0] != 0.12 || third < 0.25 || last > 0.65 || last > 1.5*third {
		t.Errorf("started from %.3f", shapes)
	}
}
