package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
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
}

// Without the note the base went on from what its log has, which may be nothing: the next
// series would be given the late samples of another one.
func TestOpen_DamagedNoteOfReferences_IsPutAsideAndNothingMixed(t *testing.T) {
	for name, garbage := range map[string]string{
		"empty": "", "zeros": "\x00\x00\x00\x00", "text": "seven\n", "none": "0\n", "negative": "-5\n",
		"cut": "7", "beyond the base": "1099511627775\n", "beyond all": "99999999999999999999\n",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			db := openDB(t, dir, store.DefaultConfig())
			at := start.UnixMilli()
			var highest storage.SeriesRef
			for i := range 5 {
				highest = max(highest, baseAppend(t, db, fmt.Sprint("gone", i), at))
				for n := range int64(100) { // enough for chunks of late samples
					baseAppend(t, db, fmt.Sprint("gone", i), at-(n+1)*1000)
				}
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			// As if the series were forgotten: nothing but their chunks is left.
			for _, log := range []string{"wal", "wbl"} {
				if err := os.RemoveAll(filepath.Join(dir, log)); err != nil {
					t.Fatal(err)
				}
			}
			note := filepath.Join(dir, "dropped-references")
			if err := os.WriteFile(note, []byte(garbage), 0o640); err != nil {
				t.Fatal(err)
			}
			for turn := range 2 { // the second goes on from the note that the first has made
				r := newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
				db := r.db
				name := fmt.Sprint("other", turn)
				for range highest + 1 {
					if ref := baseAppend(t, db, name, at+1000); ref <= highest {
						t.Errorf("opening %d: a new series has the reference %d, which is one of the first %d", turn, ref, highest)
					}
					if got, _ := read(t, db, name); len(got["{}"]) != 1 {
						t.Errorf("opening %d: %d samples, want the one that was written", turn, len(got["{}"]))
					}
					name += "x"
				}
				told := db.Damages()
				if turn > 0 {
					if len(told) > 0 {
						t.Errorf("opening %d: %v, want nothing", turn, told)
					}
				} else if len(told) != 1 || !strings.Contains(told[0].String(), "nothing is lost") || !strings.Contains(told[0].String(), fmt.Sprintf("none above %d,", highest)) {
					t.Errorf("got %v", told)
				} else if b, err := os.ReadFile(filepath.Join(told[0].Kept, "dropped-references")); err != nil || string(b) != garbage {
					t.Errorf("kept %q, %v", b, err)
				} else if got := r.counter(t, `tocsin_store_log_damages_total{kind="references"}`); got != "1" {
					t.Errorf("counted %s, want 1", got)
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				for _, log := range []string{"wal", "wbl"} {
					if err := os.RemoveAll(filepath.Join(dir, log)); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

// What the note has must hold also when nothing else has the series any more: it is read as
// it was written.
func TestOpen_NoteOfReferences_IsKeptAsItIs(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "dropped-references"), []byte("41\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	db := openDB(t, dir, store.DefaultConfig())
	if ref := baseAppend(t, db, "m", start.UnixMilli()); ref != 42 {
		t.Errorf("a new series has the reference %d, want 42", ref)
	}
	if told := db.Damages(); len(told) > 0 {
		t.Errorf("got %v, want nothing", told)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
