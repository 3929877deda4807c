package store_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
)

func TestOpenReadOnly_BesideAWriter_SeesItsLogAndLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	db, err := store.OpenTSDB(store.TSDBOptions{Dir: filepath.Join(dir, "tsdb"), Config: store.DefaultConfig(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	a := db.AppenderV2(t.Context())
	l := labels.FromStrings("__name__", "up")
	for i := range int64(10) {
		if _, err := a.Append(0, l, 0, 1000*i, float64(i), nil, nil, noOptions); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Commit(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "tsdb")} {
		q, closeIt, err := store.OpenReadOnly(path, 2000, 5000, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		set := q.Select(t.Context(), true, nil, labels.MustNewMatcher(labels.MatchEqual, "__name__", "up"))
		for set.Next() {
			it := set.At().Iterator(nil)
			for it.Next() != chunkenc.ValNone {
				n++
			}
		}
		if err := errors.Join(set.Err(), closeIt()); err != nil || n != 4 {
			t.Errorf("%s: got %d samples, %v; want those from 2 s to 5 s", path, n, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "tsdb", "tmp_dbro*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Blocks without a log, as an import leaves them in a new folder or a copy has
// them, are read to their end.
func TestOpenReadOnly_BlocksAlone_AreRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "[a-c]*") // no pattern
	samples := make([]chunks.Sample, 10)
	for i := range samples {
		samples[i] = chunkSample{t: 1000 * int64(i), v: float64(i)}
	}
	series := storage.NewListSeries(labels.FromStrings("__name__", "up"), samples)
	if _, err := tsdb.CreateBlock([]storage.Series{series}, filepath.Join(dir, "tsdb"), 0, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "tsdb")} {
		for maxT, want := range map[int64]int{5000: 6, 9000: 10, 1 << 50: 10} {
			q, closeIt, err := store.OpenReadOnly(path, 0, maxT, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			set := q.Select(t.Context(), true, nil, labels.MustNewMatcher(labels.MatchEqual, "__name__", "up"))
			for set.Next() {
				for it := set.At().Iterator(nil); it.Next() != chunkenc.ValNone; {
					n++
				}
			}
			if err := errors.Join(set.Err(), closeIt()); err != nil || n != want {
				t.Errorf("%s to %d: got %d samples, %v, want %d", path, maxT, n, err, want)
			}
		}
	}
}

// chunkSample is a float of a block.
type chunkSample struct {
	t int64
	v float64
}

func (s chunkSample) T() int64                      { return s.t }
func (s chunkSample) ST() int64                     { return 0 }
func (s chunkSample) F() float64                    { return s.v }
func (s chunkSample) H() *histogram.Histogram       { return nil }
func (s chunkSample) FH() *histogram.FloatHistogram { return nil }
func (s chunkSample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s chunkSample) Copy() chunks.Sample           { return s }

// Head, base and blocks are read as one, while a writer goes on.
func TestOpenReadOnly_HeadAndBase_AreReadAsOne(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, func(o *store.WriterOptions) {
		o.DB = openDB(t, filepath.Join(dir, "tsdb"), o.Config)
		t.Cleanup(func() { o.DB.Close() })
	})
	at := r.now.UnixMilli()
	count := func(from, to int64) (n int) {
		t.Helper()
		q, closeIt, err := store.OpenReadOnly(dir, from, to, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		set := q.Select(t.Context(), true, nil, labels.MustNewMatcher(labels.MatchEqual, "__name__", "m"))
		for set.Next() {
			it := set.At().Iterator(nil)
			for it.Next() != chunkenc.ValNone {
				n++
			}
		}
		if err := errors.Join(set.Err(), closeIt()); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for i := range int64(1000) { // more than four hours
		r.write(t, sinktest.Metric("m", at-(999-i)*15_000, 1))
	}
	r.write(t, sinktest.Metric("m", at-20_000, 2)) // late
	for range 2 {
		if n := count(0, at+1); n != 1001 {
			t.Errorf("%d samples, want 1001", n)
		}
		if n := count(at-20_000, at); n != 3 {
			t.Errorf("%d samples of the last 20 s, want 3", n)
		}
		if n := count(at+1, at+2); n != 0 {
			t.Errorf("%d samples of the future", n)
		}
		if err := r.db.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// A daemon that is starting for the first time has made its folders and no more.
func TestOpenReadOnly_EmptyHead_IsNoError(t *testing.T) {
	dir := t.TempDir()
	db := openDB(t, dir, store.DefaultConfig())
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "head", "wal")); err != nil {
		t.Fatal(err)
	}
	q, closeIt, err := store.OpenReadOnly(dir, 0, 1<<60, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	set := q.Select(t.Context(), true, nil, labels.MustNewMatcher(labels.MatchEqual, "__name__", "m"))
	if set.Next() || set.Err() != nil {
		t.Errorf("got a series or %v", set.Err())
	}
	if err := closeIt(); err != nil {
		t.Error(err)
	}
}

func TestOpenReadOnly_NoStore_SaysWhatIsWanted(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := store.OpenReadOnly(dir, 0, 1, nil); err == nil || !strings.Contains(err.Error(), "--storage.path") {
		t.Errorf("got %v", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "tsdb", "wal"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tsdb", "wal", "00000000"), []byte("no log"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := store.OpenReadOnly(dir, 0, 1, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("a damaged log: got %v", err)
	}
}
