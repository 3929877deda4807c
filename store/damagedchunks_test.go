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

// The files are those of late samples, which the embedded TSDB keeps.
func TestOpenTSDB_DamagedFileOfChunks_IsPutAsideAndNothingLost(t *testing.T) {
	const late = 900
	header := []byte{1, 0x30, 0xbc, 0x91, 1, 0, 0, 0}
	for what, c := range map[string]struct {
		damage func(dir string) error
		told   string // empty: nothing is
	}{
		"no header": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "000001"), []byte("no chunks at all"), 0o600)
		}, "000001"},
		"format":     {func(dir string) error { return overwrite(filepath.Join(dir, "000001"), 4, 7) }, "000001"},
		"cut":        {func(dir string) error { return os.Truncate(filepath.Join(dir, "000001"), 5) }, "000001"},
		"gap":        {func(dir string) error { return os.WriteFile(filepath.Join(dir, "000003"), header, 0o600) }, "000003"},
		"not begun":  {func(dir string) error { return os.WriteFile(filepath.Join(dir, "000002"), nil, 0o600) }, ""},
		"no numbers": {func(dir string) error { return os.WriteFile(filepath.Join(dir, "readme"), nil, 0o600) }, ""},
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			r := newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
			r.write(t, sinktest.Metric("m", start.UnixMilli(), 0))
			for n := range late {
				r.write(t, sinktest.Metric("m", start.Add(time.Duration(n-late)*time.Second).UnixMilli(), float64(n)))
			}
			if err := r.db.Close(); err != nil {
				t.Fatal(err)
			}
			chunks := filepath.Join(dir, "chunks_head")
			if info, err := os.Stat(filepath.Join(chunks, "000001")); err != nil || info.Size() < 100 {
				t.Fatalf("no chunks to damage: %v", err)
			}
			if err := c.damage(chunks); err != nil {
				t.Fatal(err)
			}
			r = newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
			if s, _ := read(t, r.db, "m"); len(s["{}"]) != late+1 {
				t.Errorf("%d samples, want %d", len(s["{}"]), late+1)
			}
			d, counted := r.db.Damages(), "1"
			if c.told == "" {
				counted = "0"
				if len(d) != 0 {
					t.Errorf("got %v, want no damage", d)
				}
			} else {
				if len(d) != 1 || !strings.Contains(d[0].String(), "file "+c.told+" of chunks_head") {
					t.Fatalf("got %v, want file %s", d, c.told)
				}
				if _, err := os.Stat(filepath.Join(d[0].Kept, "chunks_head", c.told)); err != nil {
					t.Error(err)
				}
			}
			if got := r.counter(t, "tocsin_store_damaged_chunk_files_total"); got != counted {
				t.Errorf("counted %s, want %s", got, counted)
			}
		})
	}
}

// overwrite puts one byte at a place of a file.
func overwrite(path string, at int64, b byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := f.WriteAt([]byte{b}, at); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
