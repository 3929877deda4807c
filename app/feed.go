package app

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"golang.org/x/sync/errgroup"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

// feeding feeds stored samples to an observer and keeps count of them.
type feeding struct {
	to     store.Observer
	late   func(slot uint64) int64 // the time before which samples are known; nil: of none
	n      int
	newest int64 // time of the newest sample fed
	room   []telemetry.Observation
}

// feedAtOnce is how many samples are shown at a time.
const feedAtOnce = 128

// show feeds one sample, with the others at the latest when flush is called.
func (f *feeding) show(slot uint64, t int64, v float64) {
	f.n, f.newest = f.n+1, max(f.newest, t)
	if f.room = append(f.room, telemetry.Observation{Slot: slot, T: t, V: v}); len(f.room) == feedAtOnce {
		f.flush()
	}
}

// flush feeds what was shown. One whose series is gone is left out.
func (f *feeding) flush() {
	for from := 0; from < len(f.room); from++ {
		from = f.to.Observe(f.room, from, len(f.room))
	}
	f.room = f.room[:0]
}

// from returns the time before which there is nothing to be fed.
func (f *feeding) from(slot uint64) int64 {
	if f.late == nil {
		return math.MinInt64
	}
	return f.late(slot)
}

// buckets feeds the stored samples of every classic histogram, all buckets of one
// at a time, in order of time; histograms on every processor.
func (f *feeding) buckets(ctx context.Context, q storage.Querier, hints *storage.SelectHints) error {
	names, err := bucketNames(ctx, q)
	if err != nil {
		return err
	}
	all := make(chan []storage.Series)
	workers := make([]feeding, runtime.GOMAXPROCS(0))
	var g errgroup.Group
	for i := range workers {
		w := &workers[i]
		w.to, w.late, w.newest = f.to, f.late, f.newest
		g.Go(func() (err error) {
			for buckets := range all {
				if err == nil { // others are taken all the same, or nobody could hand on
					err = w.together(buckets)
				}
			}
			return err
		})
	}
	err = eachHistogram(ctx, q, hints, names, func(buckets []storage.Series) { all <- buckets })
	close(all)
	err = errors.Join(err, g.Wait())
	for _, w := range workers {
		f.n, f.newest = f.n+w.n, max(f.newest, w.newest)
	}
	return err
}

// eachHistogram hands on the buckets of each histogram of these names.
func eachHistogram(ctx context.Context, q storage.Querier, hints *storage.SelectHints, names []string, do func([]storage.Series)) error {
	for _, name := range names {
		set := q.Select(ctx, false, hints, labels.MustNewMatcher(labels.MatchEqual, labels.MetricName, name), anyBucket())
		byHistogram := make(map[string][]storage.Series)
		var key []byte
		for set.Next() {
			s := set.At()
			key = s.Labels().BytesWithoutLabels(key, labels.BucketLabel)
			byHistogram[string(key)] = append(byHistogram[string(key)], s)
		}
		if err := set.Err(); err != nil {
			return err
		}
		for _, buckets := range byHistogram {
			if slices.ContainsFunc(buckets, isBucket) {
				do(buckets)
			}
		}
	}
	return nil
}

// isBucket reports whether a series is a bucket of a histogram.
func isBucket(s storage.Series) bool {
	_, ok := detector.HistogramOf(s.Labels())
	return ok
}

func anyBucket() *labels.Matcher {
	return labels.MustNewMatcher(labels.MatchNotEqual, labels.BucketLabel, "")
}

// bucketNames returns the names under which buckets of classic histograms are stored.
func bucketNames(ctx context.Context, q storage.Querier) ([]string, error) {
	all, _, err := q.LabelValues(ctx, labels.MetricName, nil, anyBucket())
	if err != nil {
		return nil, fmt.Errorf("list histograms: %w", err)
	}
	var names []string
	for _, name := range all {
		if strings.HasSuffix(name, bucketSuffix) {
			names = append(names, name)
		}
	}
	return names, nil
}

// fed is a series that is fed together with others.
type fed struct {
	own  labels.Labels
	slot uint64
	it   chunkenc.Iterator
	t    int64
}

func (k *fed) next() bool { return k.float(k.it.Next()) }

// float moves on to a float, if what was moved to is none.
func (k *fed) float(vt chunkenc.ValueType) bool {
	for ; vt != chunkenc.ValNone; vt = k.it.Next() {
		if vt == chunkenc.ValFloat {
			k.t = k.it.AtT()
			return true
		}
	}
	return false
}

// together feeds several series in order of time over all.
func (f *feeding) together(list []storage.Series) error {
	defer f.flush()
	var open []fed
	for _, s := range list {
		k := fed{own: s.Labels(), slot: f.to.Register(s.Labels()), it: s.Iterator(nil)}
		if !detector.Slot(k.slot).Watched() {
			continue
		}
		if k.float(k.it.Seek(f.from(k.slot))) {
			open = append(open, k)
		} else if err := unread(k.own, k.it); err != nil {
			return err
		}
	}
	for len(open) > 0 {
		t := int64(math.MaxInt64)
		for i := range open {
			t = min(t, open[i].t)
		}
		left := open[:0]
		for _, k := range open {
			if k.t == t {
				_, v := k.it.At()
				f.show(k.slot, t, v)
				if !k.next() {
					if err := unread(k.own, k.it); err != nil {
						return err
					}
					continue
				}
			}
			left = append(left, k)
		}
		open = left
	}
	return nil
}

// one feeds the stored samples of one series, floats or histograms.
func (f *feeding) one(l labels.Labels, it chunkenc.Iterator) error {
	defer f.flush()
	slot, first := uint64(0), true
	var h *histogram.FloatHistogram
	for vt := it.Next(); vt != chunkenc.ValNone; vt = it.Next() {
		if first && vt == chunkenc.ValFloat {
			slot = f.to.Register(l)
		} else if first {
			slot = f.to.RegisterHistogram(l)
		}
		if first && !detector.Slot(slot).Watched() {
			return nil
		}
		if from := f.from(slot); first && from > it.AtT() {
			if vt = it.Seek(from); vt == chunkenc.ValNone {
				break
			}
		}
		first = false
		t := it.AtT()
		if vt == chunkenc.ValFloat {
			_, v := it.At()
			f.show(slot, t, v)
			continue
		}
		_, h = it.AtFloatHistogram(h)
		f.whole(slot, telemetry.HistogramSample{T: t, Float: h})
	}
	return unread(l, it)
}

// whole feeds one sample of a native histogram.
func (f *feeding) whole(slot uint64, h telemetry.HistogramSample) {
	f.flush()
	f.to.ObserveHistogram(slot, h)
	f.n, f.newest = f.n+1, max(f.newest, h.T)
}

// unread returns what kept an iterator from its end, with the series that it is of.
func unread(l labels.Labels, it chunkenc.Iterator) error {
	if err := it.Err(); err != nil {
		return fmt.Errorf("series %s: %w", l, err)
	}
	return nil
}
