package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
)

// Without the note of what is in blocks all of the log is read: every sample is there once.
func TestOpen_DamagedNoteOfBlocks_IsPutAsideAndNothingLost(t *testing.T) {
	for name, garbage := range map[string]string{"empty": "", "zeros": "\x00\x00\x00\x00", "text": "seven"} {
		dir := t.TempDir()
		r := newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
		at := r.now.UnixMilli()
		hour := time.Hour.Milliseconds()
		for n := range int64(8) {
			r.now = r.now.Add(time.Hour)
			r.write(t, sinktest.Metric("m", at+n*hour, float64(n)))
		}
		if err := r.db.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := r.db.Close(); err != nil {
			t.Fatal(err)
		}
		note := filepath.Join(dir, "head", "truncated")
		if _, err := os.Stat(note); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(note, []byte(garbage), 0o640); err != nil {
			t.Fatal(err)
		}
		db := openDB(t, dir, store.DefaultConfig())
		for range 2 {
			got, _ := read(t, db, "m")
			if len(got["{}"]) != 8 {
				t.Errorf("%s: got %v, want eight samples", name, got)
			}
			if err := db.Compact(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if all := db.Damages(); len(all) != 1 || !strings.Contains(all[0].String(), "nothing is lost") || !strings.Contains(all[0].String(), "want one number") {
			t.Errorf("%s: got %v", name, all)
		} else if b, err := os.ReadFile(filepath.Join(all[0].Kept, "head", "truncated")); err != nil || string(b) != garbage {
			t.Errorf("%s: kept %q, %v", name, b, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
