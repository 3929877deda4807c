package store_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
)

// What an image has need not be in the log any more: here it is all noise.
func TestDB_Image_SparesTheLogBefore(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
	at := r.now.UnixMilli()
	write := func(from, to int) {
		for n := from; n < to; n++ {
			r.write(t, sinktest.Metric("imaged", at+int64(n), float64(n), "i", fmt.Sprint(n%3)))
		}
	}
	write(0, 50)
	if err := r.db.Image(); err != nil {
		t.Fatal(err)
	}
	write(50, 60)
	if n := imagesOf(t, dir); n != 1 {
		t.Fatalf("%d images, want 1", n)
	}
	killed := filepath.Join(t.TempDir(), "killed")
	if err := os.CopyFS(killed, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	edit(t, filepath.Join(killed, "head", "wal", "00000000"), func(b []byte) []byte { return bytes.Repeat([]byte{0xa5}, len(b)) })
	os.Remove(filepath.Join(killed, "lock")) // of the store that still runs
	if err := r.db.Close(); err != nil {
		t.Fatal(err)
	}
	r = newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, killed, o.Config) })
	series, _ := read(t, r.db, "imaged")
	n := 0
	for _, s := range series {
		n += len(s)
	}
	if len(series) != 3 || n != 60 || len(r.db.Damages()) > 0 {
		t.Fatalf("%d samples of %d series, damages %v", n, len(series), r.db.Damages())
	}
	if err := r.db.Close(); err != nil {
		t.Fatal(err)
	}
	r = newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, killed, o.Config) })
	if series, _ := read(t, r.db, "imaged"); len(series) != 3 {
		t.Fatalf("%d series after an orderly end", len(series))
	}
}

func imagesOf(t *testing.T, dir string) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "head", "image.*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

func TestDB_MuchLogged_ImageBeforeItsTime(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
	at := r.now.UnixMilli()
	for n := range 200 {
		r.write(t, sinktest.Metric("imaged", at+int64(n), float64(n)*1.7, "i", fmt.Sprint(n%3)))
	}
	for _, x := range []struct {
		most   int64
		images int
	}{{1 << 30, 0}, {100, 1}} {
		if err := r.db.ImageIfBehind(x.most); err != nil {
			t.Fatal(err)
		}
		if n := imagesOf(t, dir); n != x.images {
			t.Errorf("due from %d bytes on: %d images, want %d", x.most, n, x.images)
		}
	}
}
