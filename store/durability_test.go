package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Each request of the child carries childSeries series with one sample, of
// which every seventh is late and so goes to the base. Requests are childStep
// milliseconds apart, so that samples go to blocks every few hundred requests.
const (
	childSeries = 20
	childStep   = 20_000
)

// writeForEver writes requests and prints the number of each one that was
// acknowledged, until it is killed. It goes on where an earlier child ended.
func writeForEver(dir string) {
	c := store.DefaultConfig()
	c.MinFreeDisk = 0
	log := slog.New(slog.DiscardHandler)
	db, err := store.OpenTSDB(store.TSDBOptions{Dir: dir, Config: c, Logger: log})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	w := store.NewWriter(store.WriterOptions{DB: db, Config: c, Now: time.Now, Metrics: metrics.NewSet(), Logger: log})
	go func() {
		for {
			if err := db.Compact(context.Background()); err != nil {
				fmt.Println("error", err)
				os.Exit(1)
			}
		}
	}()
	first := 0
	if db.NumSeries() > 0 {
		first = int(db.MaxTime()-childBase)/childStep + 1
	}
	for n := first; ; n++ {
		b, _ := sinktest.Batch(childRequest(n)...)
		r, err := w.Write(context.Background(), b)
		if err != nil || r.Stored != childSeries {
			fmt.Println("error", err, r.Stored, r.Rejected)
			os.Exit(1)
		}
		fmt.Println(n)
	}
}

var childBase = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixMilli()

func childRequest(n int) []sinktest.Entry {
	var entries []sinktest.Entry
	for i := range childSeries {
		at := childBase + int64(n)*childStep
		if (n+i)%7 == 0 && n > 10 {
			at -= 5.5 * childStep // behind the sample before it, and of a time of its own
		}
		entries = append(entries, sinktest.Metric("durable", at, float64(n), "i", strconv.Itoa(i)))
	}
	return entries
}

func TestWriter_KilledWhileWriting_LosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	acknowledged := map[int]bool{}
	rounds := 6
	if testing.Short() {
		rounds = 2
	}
	for range rounds {
		c, out := child(t, "write", dir)
		stop := 50 + rand.IntN(900) // requests until the kill, which comes at any point of one
		for range stop {
			line, err := out.ReadString('\n')
			if err != nil {
				t.Fatalf("child ended: %v", err)
			}
			n, err := strconv.Atoi(strings.TrimSpace(line))
			if err != nil {
				t.Fatalf("child said %q", line)
			}
			acknowledged[n] = true
		}
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		// What is still in the pipe was acknowledged too.
		for {
			line, err := out.ReadString('\n')
			if err != nil {
				break
			}
			if n, err := strconv.Atoi(strings.TrimSpace(line)); err == nil {
				acknowledged[n] = true
			}
		}
		c.Wait()
		if missing := missingRequests(t, dir, acknowledged); len(missing) > 0 {
			t.Fatalf("%d of %d acknowledged samples are gone: %v", len(missing), len(acknowledged)*childSeries, missing[:min(10, len(missing))])
		}
	}
	t.Logf("%d acknowledged samples over %d kills, 0 missing", len(acknowledged)*childSeries, rounds)
}

func missingRequests(t *testing.T, dir string, acknowledged map[int]bool) []string {
	t.Helper()
	db := openDB(t, dir, store.DefaultConfig())
	defer db.Close()
	got, _ := read(t, db, "durable")
	have := map[string]map[telemetry.Sample]bool{}
	for ls, samples := range got {
		have[ls] = map[telemetry.Sample]bool{}
		for _, s := range samples {
			have[ls][s] = true
		}
	}
	var missing []string
	for n := range acknowledged {
		for i, e := range childRequest(n) {
			if ls := fmt.Sprintf(`{i="%d"}`, i); !have[ls][e.Samples[0]] {
				missing = append(missing, fmt.Sprintf("%s at request %d", ls, n))
			}
		}
	}
	return missing
}
