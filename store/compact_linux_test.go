package store_test

import (
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
)

// A disk without room for a block is made by a limit to the size of files: a block
// claims more than the logs do.
func TestDB_Compact_DiskFull_LosesNothing(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
	const n = 1000 // of 15 s: more than four hours
	begin := r.now.UnixMilli() - n*15_000
	for i := range int64(n) {
		r.write(t, sinktest.Metric("m", begin+i*15_000, float64(i)))
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGXFSZ)
	defer signal.Stop(signals)
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Skip("no limit to the size of files here:", err)
	}
	limit := before
	limit.Cur = 20 << 20
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Skip("no limit to the size of files here:", err)
	}
	err := r.db.Compact(t.Context())
	if serr := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); serr != nil {
		t.Fatal(serr)
	}
	if err == nil {
		t.Fatal("a block was written without room for it")
	}
	check := func(when string, want int) {
		t.Helper()
		if got, _ := read(t, r.db, "m"); len(got["{}"]) != want {
			t.Errorf("%s: %d samples, want %d", when, len(got["{}"]), want)
		}
	}
	check("disk full", n)
	if err := r.try(sinktest.Metric("m", begin+n*15_000, n)); err != nil {
		t.Errorf("a write after a compaction that failed: %v", err)
	}
	if err := r.db.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("with room again", n+1)
	if err := r.db.Close(); err != nil {
		t.Fatal(err)
	}
	r = newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
	check("opened again", n+1)
	if err := r.db.Close(); err != nil {
		t.Fatal(err)
	}
}
