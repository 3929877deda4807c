package store_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
)

// Without the note of what is in blocks all of the log is read: every sample is there once.
func TestOpen_DamagedNoteOfBlocks_IsPutAsideAndNothingLost(t *testing.T) {
	const two = 2 * int64(time.Hour/time.Millisecond)
	for name, damage := range map[string]func(noted int64) string{
		"empty":                    func(int64) string { return "" },
		"zeros":                    func(int64) string { return "\x00\x00\x00\x00" },
		"text":                     func(int64) string { return "seven\n" },
		"cut":                      func(n int64) string { return fmt.Sprint(n / 10) },
		"no end of the line":       func(n int64) string { return fmt.Sprint(n) },
		"far ahead":                func(n int64) string { return fmt.Sprintln(n + 1e6*two) },
		"far ahead, no border":     func(n int64) string { return fmt.Sprintln(n + 1e12) },
		"the last of all":          func(int64) string { return fmt.Sprintln(int64(math.MaxInt64)) },
		"the border after next":    func(n int64) string { return fmt.Sprintln(n + 2*two) },
		"one digit more, a border": func(n int64) string { return fmt.Sprintln(n * 10) },
		"no border":                func(n int64) string { return fmt.Sprintln(n - 1) },
		"negative":                 func(n int64) string { return fmt.Sprintln(-n) },
	} {
		for _, image := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", image ", image), func(t *testing.T) { damagedNote(t, damage, image) })
		}
	}
}

func damagedNote(t *testing.T, damage func(noted int64) string, image bool) {
	dir := t.TempDir()
	r := newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
	at := r.now.UnixMilli()
	hour := time.Hour.Milliseconds()
	next := int64(0)
	write := func(names ...string) {
		t.Helper()
		r.now = r.now.Add(time.Hour)
		for _, name := range names {
			if res := r.write(t, sinktest.Metric(name, at+next*hour, float64(next))); len(res.Rejected) > 0 {
				t.Errorf("refused: %v", res.Rejected)
			}
		}
		next++
	}
	for range 8 {
		write("m")
	}
	if err := r.db.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	write("m")
	if image {
		if err := r.db.Image(); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.db.Close(); err != nil {
		t.Fatal(err)
	}
	if !image {
		forgetImages(t, dir)
	}
	note := filepath.Join(dir, "head", "truncated")
	b, err := os.ReadFile(note)
	if err != nil {
		t.Fatal(err)
	}
	noted, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	garbage := damage(noted)
	if err := os.WriteFile(note, []byte(garbage), 0o640); err != nil {
		t.Fatal(err)
	}
	now := r.now
	r = newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
	r.now = now
	write("m", "other")
	for range 2 {
		if got, _ := read(t, r.db, "m"); len(got["{}"]) != 10 {
			t.Errorf("got %v, want ten samples", got)
		}
		if err := r.db.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if all := r.db.Damages(); len(all) != 1 || !strings.Contains(all[0].String(), "nothing is lost") {
		t.Errorf("got %v", all)
	} else if b, err := os.ReadFile(filepath.Join(all[0].Kept, "head", "truncated")); err != nil || string(b) != garbage {
		t.Errorf("kept %q, %v", b, err)
	}
	if got := r.counter(t, `tocsin_store_log_damages_total{kind="note"}`); got != "1" {
		t.Errorf("counted %s, want 1", got)
	}
	if aside, err := filepath.Glob(filepath.Join(dir, "head", "image.*.damaged")); err != nil || len(aside) > 0 {
		t.Errorf("the image was put aside too: %v, %v", aside, err)
	}
	if err := r.db.Close(); err != nil {
		t.Fatal(err)
	}
}

// A note that can be is taken as it is, whatever is in the head.
func TestOpen_NoteOfBlocksThatCanBe_IsTaken(t *testing.T) {
	hour := time.Hour.Milliseconds()
	for name, c := range map[string]func(*testing.T, string){
		"early": func(t *testing.T, dir string) {
			replaceNote(t, dir, func(n int64) int64 { return n - 2*hour })
		},
		"as it was": func(*testing.T, string) {},
		"no log": func(t *testing.T, dir string) {
			forgetImages(t, dir)
			if err := os.RemoveAll(filepath.Join(dir, "head", "wal")); err != nil {
				t.Fatal(err)
			}
		},
		"the head takes no floats any more": func(t *testing.T, dir string) {
			r := newRig(t, func(o *store.WriterOptions) {
				o.Config.StartTimestamps = true
				o.DB = openDB(t, dir, o.Config)
			})
			r.now = start.Add(8 * time.Hour)
			for range 9 {
				r.now = r.now.Add(time.Hour)
				r.write(t, sinktest.Metric("m", r.now.UnixMilli(), 1))
				if err := r.db.Compact(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if err := r.db.Close(); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			r := newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
			for range 8 {
				r.now = r.now.Add(time.Hour)
				r.write(t, sinktest.Metric("m", r.now.UnixMilli(), 1))
			}
			if err := r.db.Compact(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := r.db.Close(); err != nil {
				t.Fatal(err)
			}
			c(t, dir)
			for range 2 {
				db := openDB(t, dir, store.DefaultConfig())
				if all := db.Damages(); len(all) > 0 {
					t.Errorf("got %v, want no damage", all)
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func replaceNote(t *testing.T, dir string, by func(int64) int64) {
	t.Helper()
	note := filepath.Join(dir, "head", "truncated")
	b, err := os.ReadFile(note)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(note, fmt.Appendln(nil, by(n)), 0o640); err != nil {
		t.Fatal(err)
	}
}
