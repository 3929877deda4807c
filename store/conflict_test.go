package store_test

import (
	"errors"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

func histogramAt(t int64, count uint64) sinktest.Entry {
	h := oneHistogram()
	h.Count, h.PositiveBuckets = count, []int64{int64(count)}
	return sinktest.Entry{Labels: []string{"__name__", "m"}, Histograms: []telemetry.HistogramSample{{T: t, Int: h}}}
}

// kinds returns what is stored of m, sample by sample: f or h.
func kinds(t *testing.T, db *store.DB) (out string) {
	t.Helper()
	q, err := db.Querier(0, 1<<60)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	set := q.Select(t.Context(), true, nil, labels.MustNewMatcher(labels.MatchEqual, "__name__", "m"))
	for set.Next() {
		it := set.At().Iterator(nil)
		for vt := it.Next(); vt != chunkenc.ValNone; vt = it.Next() {
			if vt == chunkenc.ValFloat {
				out += "f"
			} else {
				out += "h"
			}
		}
		if it.Err() != nil {
			t.Fatal(it.Err())
		}
	}
	if set.Err() != nil {
		t.Fatal(set.Err())
	}
	return out
}

// Of a float and a native histogram of one series and time the first is kept, as
// Prometheus does it, although they are in different parts of the store.
func TestWriter_FloatAndHistogramOfOneTime_TheFirstIsKept(t *testing.T) {
	const reopen = "reopen"
	at := start.UnixMilli()
	float := func(t int64) sinktest.Entry { return sinktest.Metric("m", t, 7) }
	both := histogramAt(at, 1)
	both.Samples = float(at).Samples
	for name, c := range map[string]struct {
		steps   []any // batches, or reopen
		refused int
		want    string
	}{
		"float first":            {[]any{[]sinktest.Entry{float(at)}, []sinktest.Entry{histogramAt(at, 1)}}, 1, "f"},
		"histogram first":        {[]any{[]sinktest.Entry{histogramAt(at, 1)}, []sinktest.Entry{float(at)}}, 1, "h"},
		"float first, reopen":    {[]any{[]sinktest.Entry{float(at)}, reopen, []sinktest.Entry{histogramAt(at, 1)}}, 1, "f"},
		"histogram first, again": {[]any{[]sinktest.Entry{histogramAt(at, 1)}, reopen, []sinktest.Entry{float(at)}}, 1, "h"},
		"one request":            {[]any{[]sinktest.Entry{float(at), histogramAt(at, 1)}}, 1, "f"},
		"one request, turned":    {[]any{[]sinktest.Entry{histogramAt(at, 1), float(at)}}, 1, "h"},
		"one entry":              {[]any{[]sinktest.Entry{both}}, 1, "f"},
		"repeated":               {[]any{[]sinktest.Entry{histogramAt(at, 1)}, []sinktest.Entry{histogramAt(at, 1)}}, 0, "h"},
		"another histogram":      {[]any{[]sinktest.Entry{histogramAt(at, 1)}, []sinktest.Entry{histogramAt(at, 2)}}, 1, "h"},
		"one after the other": {[]any{[]sinktest.Entry{histogramAt(at, 1)}, []sinktest.Entry{float(at + 1)}, []sinktest.Entry{histogramAt(at+2, 1)},
			[]sinktest.Entry{float(at + 3)}}, 0, "hfhf"},
		"a late float": {[]any{[]sinktest.Entry{float(at)}, []sinktest.Entry{histogramAt(at+2, 1)}, []sinktest.Entry{float(at + 1)}}, 0, "ffh"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			open := func() *rig {
				return newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
			}
			r := open()
			refused, stored := 0, 0
			for _, s := range c.steps {
				if s == reopen {
					if err := r.db.Close(); err != nil {
						t.Fatal(err)
					}
					r = open()
					continue
				}
				res := r.write(t, s.([]sinktest.Entry)...)
				refused += res.Refused[telemetry.ReasonDuplicateTime]
				stored += res.Stored
			}
			if refused != c.refused {
				t.Errorf("%d refused as duplicates, want %d", refused, c.refused)
			}
			if got := kinds(t, r.db); got != c.want {
				t.Errorf("stored %s, want %s", got, c.want)
			}
			if err := r.db.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestAppendable_FloatAndHistogramOfOneTime_IsADuplicate(t *testing.T) {
	r := newRig(t, nil)
	at := r.now.UnixMilli()
	ls := labels.FromStrings("__name__", "m")
	appendOne := func(at int64, h *histogram.Histogram, end func(storage.AppenderV2) error) error {
		a := r.Appendable().AppenderV2(t.Context())
		_, err := a.Append(0, ls, 0, at, 7, h, nil, noOptions)
		return errors.Join(err, end(a))
	}
	commit := func(a storage.AppenderV2) error { return a.Commit() }
	rollback := func(a storage.AppenderV2) error { return a.Rollback() }
	if err := appendOne(at, oneHistogram(), rollback); err != nil {
		t.Fatal(err)
	}
	if err := appendOne(at, nil, commit); err != nil {
		t.Fatalf("after a histogram that was given up: %v", err)
	}
	if err := appendOne(at, oneHistogram(), commit); !errors.Is(err, storage.ErrDuplicateSampleForTimestamp) {
		t.Errorf("a histogram over a float: got %v", err)
	}
	if err := appendOne(at+1, oneHistogram(), commit); err != nil {
		t.Fatal(err)
	}
	if err := appendOne(at+1, nil, commit); !errors.Is(err, storage.ErrDuplicateSampleForTimestamp) {
		t.Errorf("a float over a histogram: got %v", err)
	}
	if got := kinds(t, r.db); got != "fh" {
		t.Errorf("stored %s, want fh", got)
	}
}
