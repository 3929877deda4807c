package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
)

const (
	closingSeries = 30_000
	closingRounds = 3
)

// writeAndClose writes, says so and closes the store, whose image takes a while to be
// written.
func writeAndClose(dir string) {
	c := store.DefaultConfig()
	c.MinFreeDisk = 0
	log := slog.New(slog.DiscardHandler)
	db, err := store.OpenTSDB(store.TSDBOptions{Dir: dir, Config: c, Logger: log})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	w := store.NewWriter(store.WriterOptions{DB: db, Config: c, Now: time.Now, Metrics: metrics.NewSet(), Logger: log})
	for round := range closingRounds {
		var entries []sinktest.Entry
		for i := range closingSeries {
			entries = append(entries, sinktest.Metric("closing", childBase+int64(round)*childStep, float64(i), "i", fmt.Sprint(i), "pod", strings.Repeat("p", i%200)))
		}
		b, _ := sinktest.Batch(entries...)
		if r, err := w.Write(context.Background(), b); err != nil || r.Stored != closingSeries {
			fmt.Println("error", err, r.Stored)
			os.Exit(1)
		}
	}
	fmt.Println("closing")
	fmt.Println("closed", db.Close())
	select {}
}

// The image that is written at an orderly end is beside the log: whoever is killed at it,
// by a supervisor that has waited long enough, loses nothing.
func TestDB_KilledWhileItCloses_LosesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("writes half a million samples")
	}
	half := 0
	for turn, size := range []int64{0, 1, 1 << 20, 3 << 20, 1 << 40} {
		dir := filepath.Join(t.TempDir(), "tsdb")
		c, out := child(t, "close", dir)
		if line, err := out.ReadString('\n'); err != nil || strings.TrimSpace(line) != "closing" {
			t.Fatalf("got %q, %v", line, err)
		}
		waitForImage(t, filepath.Join(dir, "head"), size)
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		c.Wait()
		if found, _ := filepath.Glob(filepath.Join(dir, "head", "image.*.tmp")); len(found) > 0 {
			half++
		}
		db := openDB(t, dir, store.DefaultConfig())
		if series, samples := countClosing(t, db); series != closingSeries || samples != closingSeries*closingRounds {
			t.Errorf("turn %d: %d samples of %d series, want %d of %d", turn, samples, series, closingSeries*closingRounds, closingSeries)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if found, _ := filepath.Glob(filepath.Join(dir, "head", "image.*")); len(found) != 1 {
			t.Errorf("turn %d: images %v after an orderly end", turn, found)
		}
	}
	t.Logf("%d times killed with half an image", half)
}

// waitForImage returns when an image that is being written has so many bytes, or is there
// already.
func waitForImage(t *testing.T, dir string, size int64) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		found, _ := filepath.Glob(filepath.Join(dir, "image.*"))
		for _, path := range found {
			info, err := os.Stat(path)
			if !strings.HasSuffix(path, ".tmp") || err == nil && info.Size() >= size {
				return
			}
		}
		if size == 0 {
			return
		}
	}
	t.Fatal("no image came")
}

func countClosing(t *testing.T, db *store.DB) (series, samples int) {
	t.Helper()
	q, err := db.Querier(0, 1<<60)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	set := q.Select(t.Context(), false, nil, labels.MustNewMatcher(labels.MatchEqual, "__name__", "closing"))
	var it chunkenc.Iterator
	for set.Next() {
		series++
		it = set.At().Iterator(it)
		for it.Next() != chunkenc.ValNone {
			samples++
		}
	}
	if set.Err() != nil {
		t.Fatal(set.Err())
	}
	return series, samples
}
