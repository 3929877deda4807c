package head

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/tsdb/chunks"
	logrecord "github.com/prometheus/prometheus/tsdb/record"
	"github.com/prometheus/prometheus/tsdb/wlog"
)

// forwarded is what a queue of Prometheus' remote write gets from the log: it knows
// series by reference, and drops samples of those it does not know.
type forwarded struct {
	mu        sync.Mutex
	series    map[chunks.HeadSeriesRef]string
	segments  map[chunks.HeadSeriesRef]int
	metadata  map[chunks.HeadSeriesRef]string
	samples   map[string][]int64
	exemplars map[string]int
	unknown   int
}

func newForwarded() *forwarded {
	return &forwarded{
		series: map[chunks.HeadSeriesRef]string{}, segments: map[chunks.HeadSeriesRef]int{}, metadata: map[chunks.HeadSeriesRef]string{},
		samples: map[string][]int64{}, exemplars: map[string]int{},
	}
}

func (f *forwarded) Append(all []logrecord.RefSample) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range all {
		if name, ok := f.series[s.Ref]; ok {
			f.samples[name] = append(f.samples[name], s.T)
		} else {
			f.unknown++
		}
	}
	return true
}

func (f *forwarded) AppendExemplars(all []logrecord.RefExemplar) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range all {
		f.exemplars[f.series[e.Ref]]++
	}
	return true
}

func (f *forwarded) AppendHistograms([]logrecord.RefHistogramSample) bool           { return true }
func (f *forwarded) AppendFloatHistograms([]logrecord.RefFloatHistogramSample) bool { return true }

func (f *forwarded) StoreSeries(all []logrecord.RefSeries, segment int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range all {
		f.series[s.Ref], f.segments[s.Ref] = s.Labels.String(), segment
	}
}

func (f *forwarded) StoreMetadata(all []logrecord.RefMetadata) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range all {
		f.metadata[m.Ref] = m.Help
	}
}

func (f *forwarded) UpdateSeriesSegment(all []logrecord.RefSeries, segment int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range all {
		f.segments[s.Ref] = segment
	}
}

func (f *forwarded) SeriesReset(segment int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for ref, at := range f.segments {
		if at < segment {
			delete(f.segments, ref)
			delete(f.series, ref)
		}
	}
}

// watch begins to read the log as a queue of remote write does.
func watch(t *testing.T, j *journal, o Options) *forwarded {
	t.Helper()
	f := newForwarded()
	w := wlog.NewWatcher(wlog.NewWatcherMetrics(prometheus.NewRegistry()), wlog.NewLiveReaderMetrics(nil), slog.New(slog.DiscardHandler),
		"test", f, o.Dir, true, true, true, nil)
	w.Start()
	t.Cleanup(w.Stop)
	j.setWriteNotified(w)
	// It leaves out samples of before it began, and all in segments that were full.
	begin, at := ID(1000), time.Now().Add(time.Hour).UnixMilli()
	j.created(fakeRefs(0).ref(begin), nameOf(int(begin)))
	f.until(t, j, "has begun", func() bool {
		at++
		mustWrite(t, j, fakeRefs(0), &Transaction{Samples: []Sample{{ID: begin, T: at}}})
		return len(f.samples) > 0
	})
	return f
}

func (f *forwarded) until(t *testing.T, j *journal, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		f.mu.Lock()
		done := ok()
		f.mu.Unlock()
		if done {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%s: not within 30 s", what)
		case <-tick.C:
			(*j.notified.Load()).Notify()
		}
	}
}

func TestJournal_Watcher_GetsAll(t *testing.T) {
	o := logOptions(t)
	o.SegmentSize = 64 << 10 // so that it changes segments meanwhile
	j := mustOpen(t, o)
	old := Transaction{Samples: []Sample{{ID: 1, T: 1}}, Metadata: []Metadata{{ID: 1, Metadata: metadata.Metadata{Type: model.MetricTypeGauge, Help: "first"}}}}
	j.created(1, nameOf(1))
	mustWrite(t, j, fakeRefs(0), &old)
	mustClose(t, j)
	j = mustOpen(t, o)
	f := watch(t, j, o)
	from := time.Now().Add(time.Hour).UnixMilli() // it leaves out what was before it began
	const rounds, series = 40, 300
	for n := range rounds {
		var tx Transaction
		for i := range series {
			id := ID(i + 1)
			if n == 0 && i > 0 {
				j.created(fakeRefs(0).ref(id), nameOf(int(id)))
			}
			tx.Samples = append(tx.Samples, Sample{ID: id, T: from + int64(n), V: float64(n*i) * 1.7})
		}
		tx.Exemplars = []Exemplar{{ID: 2, Exemplar: exemplar.Exemplar{Labels: labels.FromStrings("trace_id", "x"), Ts: from + int64(n), Value: 1}}}
		tx.Metadata = []Metadata{{ID: 2, Metadata: metadata.Metadata{Type: model.MetricTypeCounter, Help: "second"}}}
		mustWrite(t, j, fakeRefs(0), &tx)
		if n%10 == 9 {
			f.until(t, j, "samples", func() bool { return len(f.samples[nameOf(series).String()]) == n+1 })
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range series {
		got := f.samples[nameOf(i+1).String()]
		if len(got) != rounds || !slices.IsSorted(got) {
			t.Fatalf("series %d: got %v", i+1, got)
		}
	}
	if f.unknown > 0 || f.exemplars[nameOf(2).String()] != rounds || f.metadata[1] != "first" || f.metadata[2] != "second" {
		t.Errorf("%d samples of unknown series, exemplars %v, metadata %v", f.unknown, f.exemplars, f.metadata)
	}
	segments, err := segmentNumbers(j.wl.Dir())
	if err != nil || len(segments) < 3 {
		t.Errorf("segments %v, %v; want several", segments, err)
	}
	if err := errors.Join(j.close()); err != nil {
		t.Error(err)
	}
}

func TestJournal_Watcher_AfterACut_KnowsAllSeries(t *testing.T) {
	r := newCutRig(t)
	for id := range ID(5) {
		r.create(id + 1)
	}
	for at := range int64(9) {
		r.round(at, 1, 2, 3, 4, 5)
	}
	r.live[5] = false
	r.cut(8)
	f := watch(t, r.j, r.o)
	from := time.Now().Add(time.Hour).UnixMilli()
	r.create(6)
	r.round(from, 1, 2, 3, 4, 6)
	f.until(t, r.j, "samples", func() bool { return len(f.samples) == 6 })
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.unknown != 0 || len(f.series) != 7 || f.metadata[6] != fmt.Sprint("help at ", from/10) || f.metadata[1] != f.metadata[6] {
		t.Errorf("%d samples of unknown series, series %v, metadata %v", f.unknown, f.series, f.metadata)
	}
	mustClose(t, r.j)
}
