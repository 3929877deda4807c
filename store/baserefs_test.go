package store_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/store"
)

// baseAppend puts a float into the base and returns the reference of its series there.
func baseAppend(t *testing.T, db *store.DB, name string, at int64) storage.SeriesRef {
	t.Helper()
	app := db.AppenderV2(t.Context())
	ref, err := app.Append(0, labels.FromStrings("__name__", name), 0, at, 1, nil, nil, storage.AppendV2Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	return ref
}

// The base keeps chunks of late samples by the reference of their series for longer than
// its log keeps the series. No other series may get the reference after a start: it would
// be taken for the owner of these samples.
func TestDB_ReferenceOfADroppedSeries_IsGivenToNoOther(t *testing.T) {
	dir := t.TempDir()
	const hour = int64(3_600_000)
	at := start.UnixMilli()
	db := openDB(t, dir, store.DefaultConfig())
	var highest storage.SeriesRef
	for i := range 5 {
		highest = max(highest, baseAppend(t, db, fmt.Sprint("gone", i), at))
	}
	first := baseAppend(t, db, "clock", at)
	for n := range int64(60) {
		baseAppend(t, db, "clock", at+(n+1)*hour/10)
	}
	highest = max(highest, first)
	if err := db.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := baseSeries(t, db); n != 1 {
		t.Fatalf("the base has %d series, want the others dropped", n)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	// As if the log had been cut until nothing speaks of the series.
	if err := os.RemoveAll(filepath.Join(dir, "wal")); err != nil {
		t.Fatal(err)
	}
	for turn := range 2 {
		db = openDB(t, dir, store.DefaultConfig())
		if ref := baseAppend(t, db, fmt.Sprint("other", turn), at+7*hour); ref <= highest {
			t.Errorf("opening %d: a new series has the reference %d, which is one of the first %d", turn, ref, highest)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "dropped-references"), []byte("seven"), 0o640); err != nil {
		t.Fatal(err)
	}
	if db, err := store.OpenTSDB(store.TSDBOptions{Dir: dir, Config: store.DefaultConfig(), Logger: slog.New(slog.DiscardHandler)}); err == nil {
		db.Close()
		t.Error("a file that has no number was read")
	}
}
