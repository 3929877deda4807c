package warm

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Histogram is one that a server has, whose history is replayed by who knows how
// histograms are watched; see Options.Histogram.
type Histogram struct {
	Own     labels.Labels   // its labels here, of a classic one without le
	Buckets []labels.Labels // those of its buckets here; none of a native one
	// Past hands over what the server has, in order of time: values of buckets, each
	// with its place in Buckets, to bucket, or whole histograms to whole.
	Past func(ctx context.Context, bucket func(at int, s telemetry.Sample), whole func(telemetry.HistogramSample)) error
}

// pair is a series as it is called here and at the server.
type pair struct{ local, remote labels.Labels }

// quantiles are the series that a bank derives from histograms and has seen, by hash; nil
// where those are warmed too.
type quantiles map[uint64]bool

// known lists them.
func (s *Starter) known() quantiles {
	out := quantiles{}
	for _, slot := range s.o.Bank.Slots() {
		l := s.o.Bank.Labels(slot)
		if !detector.IsQuantile(l.Get(model.QuantileLabel)) {
			continue
		}
		if _, known := s.o.Bank.Last(slot); known {
			out[l.Hash()] = true
		}
	}
	return out
}

// of reports whether those of a histogram are among them.
func (q quantiles) of(own labels.Labels) bool {
	return len(q) > 0 && q[detector.DerivedOf(own)[0].Hash()]
}

// classics are the classic histograms of a plan by their labels, and their places in it.
type classics map[string]int

// add puts a bucket beside the others of its histogram.
func (c classics) add(plan []source, own labels.Labels, bucket pair) []source {
	name := own.String()
	at, met := c[name]
	if !met {
		at = len(plan)
		c[name] = at
		plan = append(plan, source{local: own})
	}
	plan[at].buckets = append(plan[at].buckets, bucket)
	return plan
}

// histogram has the history of a histogram replayed. failure is why the server gave
// nothing, err what else went wrong.
func (w *worker) histogram(ctx context.Context, x source) (failure, err error) {
	h := Histogram{Own: x.local, Past: func(ctx context.Context, bucket func(int, telemetry.Sample), whole func(telemetry.HistogramSample)) error {
		if x.buckets == nil {
			failure = w.wholes(ctx, x, whole)
		} else {
			failure = w.rounds(ctx, x, bucket)
		}
		return failure
	}}
	for _, b := range x.buckets {
		h.Buckets = append(h.Buckets, b.local)
	}
	n, err := w.o.Histogram(ctx, h)
	w.samples.Add(int64(n))
	if failure != nil {
		err = nil // is the same
	}
	return failure, err
}

// rounds reads all buckets of a classic histogram and hands them over in order of time.
// All of them are held: a million samples of twelve buckets in two weeks at 15 seconds.
func (w *worker) rounds(ctx context.Context, x source, bucket func(int, telemetry.Sample)) error {
	all := make([][]telemetry.Sample, len(x.buckets))
	for i, b := range x.buckets {
		var err error
		if all[i], _, err = w.ask(ctx, b.remote); err != nil {
			return err
		}
	}
	for {
		t := int64(math.MaxInt64)
		for _, samples := range all {
			if len(samples) > 0 {
				t = min(t, samples[0].T)
			}
		}
		if t == math.MaxInt64 {
			return nil
		}
		for i, samples := range all {
			if len(samples) > 0 && samples[0].T == t {
				bucket(i, samples[0])
				all[i] = samples[1:]
			}
		}
	}
}

// wholeSpan is how much of a native histogram is read, and held, at once.
const wholeSpan = 24 * time.Hour

// labelNames returns the names of labels that series have, by the name of their metric.
func labelNames(series []labels.Labels) map[string][]string {
	out := map[string][]string{}
	for _, l := range series {
		of := l.Get(labels.MetricName)
		l.Range(func(x labels.Label) {
			if !slices.Contains(out[of], x.Name) {
				out[of] = append(out[of], x.Name)
			}
		})
	}
	return out
}

// just returns matchers that select a series of the server, and no other that has its
// labels and more.
func (s *Starter) just(l labels.Labels) (out []*labels.Matcher) {
	for _, name := range s.names[l.Get(labels.MetricName)] {
		out = append(out, labels.MustNewMatcher(labels.MatchEqual, name, l.Get(name)))
	}
	return out
}

// wholes hands over the samples of a native histogram.
func (w *worker) wholes(ctx context.Context, x source, whole func(telemetry.HistogramSample)) error {
	ms := w.just(x.remote)
	now := w.o.Now()
	newest := int64(math.MinInt64)
	for from := now.Add(-w.o.Config.Lookback.Std()); from.Before(now); from = from.Add(wholeSpan) {
		var held []telemetry.HistogramSample
		_, err := w.server.Window(ctx, ms, from, from.Add(min(wholeSpan, now.Sub(from))), func(_ labels.Labels, _ []telemetry.Sample, histograms []telemetry.HistogramSample) error {
			held = append(held, histograms...)
			return nil
		})
		if w.answered(err) != nil {
			return err
		}
		slices.SortStableFunc(held, func(a, b telemetry.HistogramSample) int { return cmp.Compare(a.T, b.T) })
		for _, s := range held {
			if s.T > newest {
				newest = s.T
				whole(s)
			}
		}
	}
	return nil
}
