package store_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

// start is the time at which the clock of most tests stands.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// rig is a writer on a store of its own.
type rig struct {
	*store.Writer
	db      *store.DB
	metrics *metrics.Set
	now     time.Time
}

func openDB(t testing.TB, dir string, c store.Config) *store.DB {
	t.Helper()
	db, err := store.OpenTSDB(store.TSDBOptions{Dir: dir, Config: c, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// newRig opens a store in a folder of the test. change may alter the options.
func newRig(t testing.TB, change func(*store.WriterOptions)) *rig {
	t.Helper()
	o := store.WriterOptions{Config: store.DefaultConfig(), Logger: slog.New(slog.DiscardHandler), Metrics: metrics.NewSet()}
	r := &rig{metrics: o.Metrics, now: start}
	o.Now = func() time.Time { return r.now }
	o.Config.MinFreeDisk = 0
	if change != nil {
		change(&o)
	}
	if o.DB == nil {
		o.DB = openDB(t, t.TempDir(), o.Config)
		t.Cleanup(func() { o.DB.Close() })
	}
	r.db = o.DB
	r.Writer = store.NewWriter(o)
	return r
}

func (r *rig) write(t testing.TB, entries ...sinktest.Entry) telemetry.WriteResult {
	t.Helper()
	b, _ := sinktest.Batch(entries...)
	res, err := r.Write(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// counter returns the value of one of the rig's own metrics.
func (r *rig) counter(t testing.TB, name string) string {
	t.Helper()
	var b strings.Builder
	r.metrics.WritePrometheus(&b)
	for line := range strings.Lines(b.String()) {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(v)
		}
	}
	t.Fatalf("no metric %s in\n%s", name, b.String())
	return ""
}

// read returns the float samples of a metric by labels, and the number of its histograms.
func read(t testing.TB, db *store.DB, metric string) (map[string][]telemetry.Sample, int) {
	t.Helper()
	q, err := db.Querier(0, 1<<62)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	floats, histograms := map[string][]telemetry.Sample{}, 0
	set := q.Select(context.Background(), true, nil, labels.MustNewMatcher(labels.MatchEqual, "__name__", metric))
	for set.Next() {
		ls := set.At().Labels().DropMetricName().String()
		it := set.At().Iterator(nil)
		for vt := it.Next(); vt != chunkenc.ValNone; vt = it.Next() {
			if vt != chunkenc.ValFloat {
				histograms++
				continue
			}
			at, v := it.At()
			floats[ls] = append(floats[ls], telemetry.Sample{T: at, V: v})
		}
		if it.Err() != nil {
			t.Fatal(it.Err())
		}
	}
	if set.Err() != nil {
		t.Fatal(set.Err())
	}
	return floats, histograms
}

func TestWriter_Conformance(t *testing.T) {
	sinktest.Run(t, func(t *testing.T) sinktest.Harness {
		const most = 50
		r := newRig(t, func(o *store.WriterOptions) { o.Config.Limits.MaxSeries = most; o.Observer = newRecorder() })
		return sinktest.Harness{
			Sink: r, Now: start, MaxSeries: most,
			Read:       func(t *testing.T, m string) map[string][]telemetry.Sample { f, _ := read(t, r.db, m); return f },
			Histograms: func(t *testing.T, m string) int { _, n := read(t, r.db, m); return n },
			Exemplars:  func(t *testing.T, m string) []float64 { return readExemplars(t, r.db, m) },
		}
	})
}

func TestWriter_SeriesDroppedByTheHead_FallsBackToLabels(t *testing.T) {
	rec := newRecorder()
	r := newRig(t, func(o *store.WriterOptions) { o.Observer = rec })
	at := r.now.UnixMilli()
	r.write(t, sinktest.Metric("m", at, 1, "a", "b"), sinktest.Metric("old", at, 1))
	// Eight hours on, the head is compacted and drops what had no sample since.
	r.now = r.now.Add(8 * time.Hour)
	r.write(t, sinktest.Metric("tick", r.now.UnixMilli(), 1))
	if err := r.db.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := r.db.NumSeries(); n != 1 {
		t.Fatalf("got %d series in the head, want only tick", n)
	}
	r.write(t, sinktest.Metric("m", r.now.UnixMilli(), 2, "a", "b"))
	got, _ := read(t, r.db, "m")
	if s := got[`{a="b"}`]; len(got) != 1 || len(s) != 2 || s[1].V != 2 {
		t.Errorf("got %v, want both samples under one series", got)
	}
	if rec.registered("m") != 1 {
		t.Errorf("got %d registrations of m, want 1", rec.registered("m"))
	}
	// The cache forgets old after four hours without samples, keeping the others.
	if n := r.Sweep(r.now); n != 1 {
		t.Errorf("got %d swept, want 1", n)
	}
	if r.counter(t, "tocsin_store_cache_entries") != "2" || r.counter(t, "tocsin_store_cache_swept_total") != "1" {
		t.Error("the sweep is not counted")
	}
	r.write(t, sinktest.Metric("old", r.now.UnixMilli(), 2))
	if s, _ := read(t, r.db, "old"); len(s["{}"]) != 2 {
		t.Errorf("got %v after the sweep", s)
	}
}

func TestWriter_DiskNearlyFull_RefusesUntilThereIsRoom(t *testing.T) {
	free, size := uint64(100<<20), uint64(1<<30)
	r := newRig(t, func(o *store.WriterOptions) {
		o.Config.MinFreeDisk = 64 << 20
		o.DiskFree = func(string) (uint64, uint64, error) { return free, size, nil }
	})
	try := func() error {
		b, _ := sinktest.Batch(sinktest.Metric("m", r.now.UnixMilli(), 1))
		_, err := r.Write(context.Background(), b)
		return err
	}
	if err := try(); err != nil {
		t.Fatal(err)
	}
	free = 63 << 20
	r.now = r.now.Add(2 * time.Second)
	if err := try(); !errors.Is(err, store.ErrReadOnly) || !strings.Contains(err.Error(), "63 MiB free, want at least 64 MiB") {
		t.Errorf("got %v", err)
	}
	free, size = 100<<20, 100<<30 // 1% of a large disk is more
	r.now = r.now.Add(2 * time.Second)
	if err := r.Healthy(); !errors.Is(err, store.ErrReadOnly) || !strings.Contains(err.Error(), "1.1 GiB") {
		t.Errorf("got %v", err)
	}
	free = 2 << 30
	r.now = r.now.Add(2 * time.Second)
	if err := try(); err != nil {
		t.Errorf("got %v with room again", err)
	}
	if err := r.RoomFor(1 << 20); err != nil {
		t.Errorf("a small file: %v", err)
	}
	if err := r.RoomFor(1<<30 + 1); err == nil || !strings.Contains(err.Error(), "2.0 GiB free") {
		t.Errorf("a file that would fill the disk: got %v", err)
	}
}

func TestWriter_ContextEnded_StoresNothing(t *testing.T) {
	r := newRig(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	b, _ := sinktest.Batch(sinktest.Metric("m", r.now.UnixMilli(), 1))
	if _, err := r.Write(ctx, b); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if s, _ := read(t, r.db, "m"); len(s) != 0 {
		t.Errorf("got %v", s)
	}
}
