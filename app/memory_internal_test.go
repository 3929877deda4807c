package app

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/store"
)

func liveBytes() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// What the page of the series says of their memory is what they take, but for the page of
// seasons, which young series have not.
func TestBytesPerSeries_YoungSeries_TakeAsMuch(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 2 million samples")
	}
	const n, rounds = 20_000, 100
	c := store.DefaultConfig()
	c.MinFreeDisk = 0
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	bank, err := detector.NewBank(detector.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.OpenTSDB(store.TSDBOptions{Dir: t.TempDir(), Config: c, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	w := store.NewWriter(store.WriterOptions{
		DB: db, Observer: watching{bank}, Config: c, Now: func() time.Time { return now }, Metrics: metrics.NewSet(), Logger: slog.New(slog.DiscardHandler),
	})
	before := liveBytes() // exemplars have theirs already
	for round := range rounds {
		now = now.Add(15 * time.Second)
		a := w.Appendable().AppenderV2(context.Background())
		for i := range n {
			ls := labels.FromStrings("__name__", fmt.Sprintf("http_requests_of_a_service_%d", i%40), "cluster", "eu-west-1", "container", "server",
				"handler", fmt.Sprintf("/api/v1/%d", i%20), "instance", fmt.Sprintf("10.0.%d.%d:9100", i/250%250, i%250), "job", fmt.Sprintf("shop-%d", i%7),
				"method", "GET", "namespace", "shop", "pod", fmt.Sprintf("frontend-7d4b9c-%08x", i*2654435761), "status", fmt.Sprint(200+i%5))
			if _, err := a.Append(0, ls, 0, now.UnixMilli(), float64((i*7+round*round)%100)/8, nil, nil, storage.AppendV2Options{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	got := float64(liveBytes()-before) / n
	const pageBytes = 512
	want := float64(bytesPerSeries - pageBytes)
	t.Logf("%.0f bytes a series, want about %.0f; with a page of seasons %d", got, want, bytesPerSeries)
	if got < .75*want || got > 1.25*want {
		t.Errorf("a series takes %.0f bytes, want %.0f by a quarter more or less", got, want)
	}
	runtime.KeepAlive(w)
}
