package store_test

import (
	"path/filepath"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"

	"github.com/tocsinhq/tocsin/store"
)

// A transaction makes a series of native histograms and does not end. What another one has
// stored in the series outlasts a kill: the log says whose it is.
func TestAppender_SeriesMadeByAnother_IsInTheLog(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
	t.Cleanup(func() { r.db.Close() })
	at := r.now.UnixMilli()
	h := tsdbutil.GenerateTestHistogram(1)
	first := r.Appendable().AppenderV2(t.Context())
	if _, err := first.Append(0, labels.FromStrings("__name__", "h"), 0, at, 0, h, nil, noOptions); err != nil {
		t.Fatal(err)
	}
	second := r.Appendable().AppenderV2(t.Context())
	if _, err := second.Append(0, labels.FromStrings("__name__", "h"), 0, at+1, 0, h, nil, noOptions); err != nil {
		t.Fatal(err)
	}
	if err := second.Commit(); err != nil {
		t.Fatal(err)
	}
	killed := filepath.Join(t.TempDir(), "killed")
	copySparse(t, dir, killed)
	if err := first.Rollback(); err != nil {
		t.Fatal(err)
	}
	db := openDB(t, killed, store.DefaultConfig())
	defer db.Close()
	if _, n := read(t, db, "h"); n != 1 {
		t.Errorf("got %d histograms after a kill, want the one that was acknowledged", n)
	}
}

// The same for late floats, which go past the head.
func TestDB_AppenderV2_SeriesMadeByAnother_IsInTheLog(t *testing.T) {
	dir := t.TempDir()
	db := openDB(t, dir, store.DefaultConfig())
	defer db.Close()
	first, second := db.AppenderV2(t.Context()), db.AppenderV2(t.Context())
	ref, err := first.Append(0, labels.FromStrings("__name__", "m"), 0, 2000, 2, nil, nil, noOptions)
	if err != nil {
		t.Fatal(err)
	}
	if same, err := second.Append(ref, labels.FromStrings("__name__", "m"), 0, 1000, 1, nil, nil, noOptions); err != nil || same != ref {
		t.Fatalf("got reference %d, %v; want %d", same, err, ref)
	}
	if err := second.Commit(); err != nil {
		t.Fatal(err)
	}
	killed := filepath.Join(t.TempDir(), "killed")
	copySparse(t, dir, killed)
	if err := first.Commit(); err != nil {
		t.Fatal(err)
	}
	after := openDB(t, killed, store.DefaultConfig())
	defer after.Close()
	if s, _ := read(t, after, "m"); len(s["{}"]) != 1 || s["{}"][0].V != 1 {
		t.Errorf("got %v after a kill, want the one sample that was acknowledged", s)
	}
}
