package store_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

var noOptions = storage.AppendV2Options{}

// recorder is an observer that remembers all it was shown. It watches nothing
// whose name begins with ALERTS.
type recorder struct {
	mu    sync.Mutex
	slots map[string]uint64
	count map[string]int
	seen  map[uint64][]telemetry.Sample
	gone  map[uint64]bool    // slots that are good no more
	order []telemetry.Sample // over all slots
	hists map[string][]int64 // times by metric name
}

func newRecorder() *recorder {
	return &recorder{slots: map[string]uint64{}, count: map[string]int{}, seen: map[uint64][]telemetry.Sample{}, hists: map[string][]int64{}}
}

func (r *recorder) Register(l labels.Labels) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count[l.Get("__name__")]++
	if strings.HasPrefix(l.Get("__name__"), "ALERTS") {
		return 0
	}
	if r.slots[l.String()] == 0 {
		r.slots[l.String()] = uint64(len(r.slots) + 1)
	}
	return r.slots[l.String()]
}

func (r *recorder) Observe(all []telemetry.Observation, from, to int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, o := range all[from:to] {
		switch {
		case o.Slot == 0:
			continue
		case r.gone[o.Slot]:
			return from + i
		}
		r.seen[o.Slot] = append(r.seen[o.Slot], telemetry.Sample{T: o.T, V: o.V})
		r.order = append(r.order, telemetry.Sample{T: o.T, V: o.V})
	}
	return to
}

// forget makes the slot of a series, given as text, good no more.
func (r *recorder) forget(ls string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = map[uint64]bool{r.slots[ls]: true}
	r.slots[ls] = 1000 + r.slots[ls]
}

func (r *recorder) RegisterHistogram(l labels.Labels) uint64 {
	r.mu.Lock()
	r.count["histogram "+l.Get("__name__")]++
	r.mu.Unlock()
	return r.Register(l)
}

func (r *recorder) ObserveHistogram(slot uint64, h telemetry.HistogramSample) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone[slot] {
		return false
	}
	for text, s := range r.slots {
		if s == slot && (h.Int != nil || h.Float != nil) {
			r.hists[text] = append(r.hists[text], h.T)
		}
	}
	return true
}

func (r *recorder) registered(name string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count[name]
}

// of returns what was observed of a series, given as text.
func (r *recorder) of(ls string) []telemetry.Sample {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen[r.slots[ls]])
}

func times(s []telemetry.Sample, base int64) string {
	var b []string
	for _, x := range s {
		b = append(b, fmt.Sprint(x.T-base))
	}
	return strings.Join(b, " ")
}

func TestWriter_StoredSamples_AreObservedInOrderAndOnce(t *testing.T) {
	rec := newRecorder()
	r := newRig(t, func(o *store.WriterOptions) { o.Observer = rec })
	at := r.now.UnixMilli()
	e := sinktest.Metric("m", at+20, 2)
	e.Samples = append(e.Samples, telemetry.Sample{T: at + 10, V: 1}, telemetry.Sample{T: 0, V: 9}, telemetry.Sample{T: at + 10, V: 8})
	r.write(t, e)
	r.write(t, sinktest.Metric("m", at+15, 3)) // late: stored, not observed
	r.write(t, sinktest.Metric("m", at+20, 2)) // exact duplicate
	r.write(t, sinktest.Metric("m", at+20, 5)) // refused
	r.write(t, sinktest.Metric("m", at+30, math.Float64frombits(value.StaleNaN)))
	if got := times(rec.of(`{__name__="m"}`), at); got != "10 20 30" {
		t.Errorf("observed at %s, want 10 20 30", got)
	}
	if s := rec.of(`{__name__="m"}`); !value.IsStaleNaN(s[2].V) {
		t.Errorf("got %v, want the staleness marker passed on", s[2].V)
	}
	if s, _ := read(t, r.db, "m"); len(s["{}"]) != 4 {
		t.Errorf("stored %v, want 4 samples", s)
	}
	if rec.registered("m") != 1 {
		t.Errorf("registered %d times, want once", rec.registered("m"))
	}
	for name, want := range map[string]string{
		`tocsin_store_observed_samples_total`:                              "3",
		`tocsin_store_unobserved_samples_total{reason="late"}`:             "2",
		`tocsin_store_samples_total`:                                       "5",
		`tocsin_store_refused_samples_total{reason="duplicate_timestamp"}`: "2",
		`tocsin_store_refused_samples_total{reason="bad_timestamp"}`:       "1",
		`tocsin_store_cache_misses_total`:                                  "1",
		`tocsin_store_series`:                                              "1",
		`tocsin_store_healthy`:                                             "1",
	} {
		if got := r.counter(t, name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestWriter_ObserverForgotASeries_AsksAgainAndLosesNoSample(t *testing.T) {
	rec := newRecorder()
	r := newRig(t, func(o *store.WriterOptions) { o.Observer = rec })
	at := r.now.UnixMilli()
	r.write(t, sinktest.Metric("m", at, 1))
	rec.forget(`{__name__="m"}`)
	r.write(t, sinktest.Metric("m", at+10, 2))
	r.write(t, sinktest.Metric("m", at+20, 3))
	if got := times(rec.of(`{__name__="m"}`), at); got != "10 20" || rec.registered("m") != 2 {
		t.Errorf("observed at %q after %d registrations, want 10 20 after 2", got, rec.registered("m"))
	}
}

func TestWriter_RequestsAtOnce_ObserveEachSeriesInOrder(t *testing.T) {
	rec := newRecorder()
	r := newRig(t, func(o *store.WriterOptions) { o.Observer = rec })
	at := r.now.UnixMilli()
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 50 {
				b, _ := sinktest.Batch(sinktest.Metric("m", at+int64(4*i+w), 1, "s", "1"), sinktest.Metric("m", at+int64(4*i+w), 1, "s", "2"))
				if _, err := r.Write(context.Background(), b); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for _, ls := range []string{`{__name__="m", s="1"}`, `{__name__="m", s="2"}`} {
		s := rec.of(ls)
		if !slices.IsSortedFunc(s, func(a, b telemetry.Sample) int { return int(a.T - b.T) }) || len(s) == 0 || s[len(s)-1].T != at+199 {
			t.Errorf("%s: observed at %s", ls, times(s, at))
		}
	}
}

func TestAppendable_Committed_IsStoredAndObserved(t *testing.T) {
	rec := newRecorder()
	r := newRig(t, func(o *store.WriterOptions) { o.Observer = rec })
	at := r.now.UnixMilli()
	recorded := labels.FromStrings("__name__", "tocsin:error_rate", "service", "checkout")
	alerts := labels.FromStrings("__name__", "ALERTS", "alertname", "x")
	for i := range int64(3) {
		app := r.Appendable().AppenderV2(context.Background())
		for _, ls := range []labels.Labels{recorded, alerts} {
			if _, err := app.Append(0, ls, 0, at+i, float64(i), nil, nil, noOptions); err != nil {
				t.Fatal(err)
			}
		}
		if len(rec.of(recorded.String())) != int(i) {
			t.Error("observed before commit")
		}
		if err := app.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	if got := times(rec.of(recorded.String()), at); got != "0 1 2" {
		t.Errorf("observed at %q, want 0 1 2", got)
	}
	for _, m := range []string{"tocsin:error_rate", "ALERTS"} {
		if s, _ := read(t, r.db, m); len(s) != 1 || len(s[labelsOf(s)]) != 3 {
			t.Errorf("%s: stored %v, want 3 samples", m, s)
		}
	}
	// The same series from a sender is the same to the observer.
	r.write(t, sinktest.Metric("tocsin:error_rate", at+3, 3, "service", "checkout"))
	if got := times(rec.of(recorded.String()), at); got != "0 1 2 3" || rec.registered("tocsin:error_rate") != 1 {
		t.Errorf("observed at %q, registered %d times", got, rec.registered("tocsin:error_rate"))
	}
}

func TestWriter_NativeHistograms_AreObservedAfterTheyAreStored(t *testing.T) {
	rec := newRecorder()
	r := newRig(t, func(o *store.WriterOptions) { o.Observer = rec })
	at := r.now.UnixMilli()
	one := &histogram.Histogram{Schema: 1, Count: 1, Sum: 1, PositiveSpans: []histogram.Span{{Length: 1}}, PositiveBuckets: []int64{1}}
	put := func(name string, times ...int64) {
		e := sinktest.Metric(name, at, 1)
		e.Samples = nil
		for _, x := range times {
			e.Histograms = append(e.Histograms, telemetry.HistogramSample{T: at + x, Int: one.Copy()})
		}
		r.write(t, e)
	}
	put("h", 20, 10)
	rec.forget(`{__name__="h"}`)
	put("h", 30) // registered again, and shown once more
	put("h", 15) // late: stored, not observed
	put("ALERTS", 10)
	app := r.Appendable().AppenderV2(context.Background())
	for _, name := range []string{"h", "recorded"} {
		if _, err := app.Append(0, labels.FromStrings("__name__", name), 0, at+40, 0, one.Copy(), nil, noOptions); err != nil {
			t.Fatal(err)
		}
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]int64{"h": {10, 20, 30, 40}, "recorded": {40}, "ALERTS": nil} {
		got := rec.hists[labels.FromStrings("__name__", name).String()]
		for i := range got {
			got[i] -= at
		}
		times := 1
		if name == "h" {
			times = 2
		}
		if !slices.Equal(got, want) || rec.registered("histogram "+name) != times {
			t.Errorf("%s: observed at %v, want %v; registered %d times", name, got, want, rec.registered("histogram "+name))
		}
	}
	if got := r.counter(t, "tocsin_store_observed_samples_total"); got != "5" {
		t.Errorf("got %s observed, want 5", got)
	}
}

// A sender that was away sends runs of samples; buckets must come round by round.
func TestWriter_RunsOfSeveralSeries_AreObservedInTimeOrder(t *testing.T) {
	rec := newRecorder()
	r := newRig(t, func(o *store.WriterOptions) { o.Observer = rec })
	at := r.now.UnixMilli()
	var all []sinktest.Entry
	for i := range 3 {
		e := sinktest.Metric("h_bucket", at, 0, "le", fmt.Sprint(i))
		e.Samples = nil
		for j := range int64(4) {
			e.Samples = append(e.Samples, telemetry.Sample{T: at + j, V: float64(i)})
		}
		all = append(all, e)
	}
	r.write(t, all...)
	if got := times(rec.order, at); got != "0 0 0 1 1 1 2 2 2 3 3 3" {
		t.Errorf("observed at %s, want all series of one time together", got)
	}
}

func labelsOf(m map[string][]telemetry.Sample) string {
	for ls := range m {
		return ls
	}
	return ""
}

func TestAppendable_RolledBack_IsNeitherStoredNorObserved(t *testing.T) {
	rec := newRecorder()
	r := newRig(t, func(o *store.WriterOptions) { o.Observer = rec })
	at := r.now.UnixMilli()
	ls := labels.FromStrings("__name__", "x")
	app := r.Appendable().AppenderV2(context.Background())
	if _, err := app.Append(0, ls, 0, at, 1, nil, nil, noOptions); err != nil {
		t.Fatal(err)
	}
	if err := app.Rollback(); err != nil {
		t.Fatal(err)
	}
	if s, _ := read(t, r.db, "x"); len(s) != 0 || len(rec.of(ls.String())) != 0 {
		t.Errorf("stored %v, observed %v", s, rec.of(ls.String()))
	}
	// Another value at the time that was given up is the first one.
	if res := r.write(t, sinktest.Metric("x", at, 2)); res.Stored != 1 {
		t.Errorf("got %+v", res)
	}
}

func TestAppendable_RefusedSamples_GiveTheTSDBsErrors(t *testing.T) {
	r := newRig(t, nil)
	at := r.now.UnixMilli()
	ls := labels.FromStrings("__name__", "x", "empty", "")
	app := r.Appendable().AppenderV2(context.Background())
	put := func(t int64, v float64, h *histogram.Histogram) error {
		_, err := app.Append(0, ls, 0, t, v, h, nil, noOptions)
		return err
	}
	if err := put(at, 1, nil); err != nil {
		t.Fatal(err)
	}
	if err := put(at, 2, nil); err == nil || !strings.Contains(err.Error(), "duplicate sample") {
		t.Errorf("got %v, want the error of a duplicate", err)
	}
	if err := put(at+1, 0, &histogram.Histogram{Schema: 1, Count: 1, Sum: 1, PositiveSpans: []histogram.Span{{Length: 1}}, PositiveBuckets: []int64{1}}); err != nil {
		t.Error(err)
	}
	if _, err := app.Append(0, labels.EmptyLabels(), 0, at, 1, nil, nil, noOptions); err == nil {
		t.Error("got nothing for a series without labels")
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	app = r.Appendable().AppenderV2(context.Background())
	if err := put(at-5*3600_000, 1, nil); err == nil {
		t.Error("got nothing for a sample five hours old")
	}
	if err := app.Rollback(); err != nil {
		t.Fatal(err)
	}
	if s, n := read(t, r.db, "x"); len(s["{}"]) != 1 || n != 1 {
		t.Errorf("got %v and %d histograms", s, n)
	}
}
