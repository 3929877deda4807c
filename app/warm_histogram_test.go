package app_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	promremote "github.com/prometheus/prometheus/storage/remote"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

// prometheus answers from the store of a house that is closed, as a Prometheus does.
func prometheus(t *testing.T, h *house) string {
	t.Helper()
	db, err := store.OpenTSDB(store.TSDBOptions{Dir: filepath.Join(h.dir, "tsdb"), Config: h.config.Storage, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	mux := http.NewServeMux()
	mux.Handle("/api/v1/read", promremote.NewReadHandler(slog.New(slog.DiscardHandler), nil, db, func() config.Config { return config.DefaultConfig }, 1e6, 4, 1<<20))
	mux.HandleFunc("/api/v1/series", func(w http.ResponseWriter, r *http.Request) {
		q, err := db.Querier(math.MinInt64, math.MaxInt64)
		if err != nil {
			t.Error(err)
			return
		}
		defer q.Close()
		var data []map[string]string
		set := q.Select(r.Context(), false, nil, labels.MustNewMatcher(labels.MatchRegexp, "__name__", ".+_seconds.*"))
		for set.Next() {
			data = append(data, set.At().Labels().Map())
		}
		if err := json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": data}); err != nil || set.Err() != nil {
			t.Error(err, set.Err())
		}
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

// What is derived from histograms has the history that a server has of them.
func TestHistogram_NothingStored_LearnedFromTheServer(t *testing.T) {
	there := newShop(t)
	there.open()
	there.serve(400, 400, 0)
	there.close()

	s := newShop(t)
	s.classi, s.nativ, s.total, s.r, s.now = there.classi, there.nativ, there.total, there.r, there.now
	s.config.WarmStart.URL = prometheus(t, there.house)
	s.config.WarmStart.Lookback = yamldoc.Duration(24 * time.Hour)
	s.open()
	if !strings.Contains(s.log.String(), "warm start of the detector has ended\" component=\"warm start\" series=2 failed=0 samples=3200") {
		t.Errorf("log:\n%s", s.log)
	}
	if own := labels.FromStrings("__name__", "native_seconds", "service", "pay"); s.core.BankForTest().Lookup(own) != 0 {
		t.Errorf("%s is watched as a series of floats, which it is not", own)
	}
	s.serve(4, 400, 0)
	if got := s.anomalies(); len(got) != 0 {
		t.Fatalf("ordinary latency: got %+v", got)
	}
	s.serve(4, 400, 0.05)
	found := map[string]string{}
	for _, a := range s.anomalies() {
		found[a.Name] = a.Labels["quantile"]
	}
	if len(found) != 2 || found["classic_seconds"] != "0.99" || found["native_seconds"] != "0.99" {
		t.Errorf("got %v, want an anomaly of the tail of each", found)
	}
	s.close()

	s.open() // what is known now is not asked for again
	if n := strings.Count(s.log.String(), "warm start of the detector begins"); n != 1 {
		t.Errorf("after a restart, log:\n%s", s.log)
	}
}

// A histogram that began yesterday is not given the history of one that has its labels and
// one more, which is days older.
func TestHistogram_OtherHasItsLabelsAndMore_HistoryIsItsOwn(t *testing.T) {
	const own, others = 100, 200
	there := newHouse(t, "").open()
	requests := took()
	for i := range others {
		h, _ := requests(i)
		there.now = monday.Add(time.Duration(i) * 15 * time.Minute)
		if i >= others-own {
			there.writeHistogram(h, "service", "pay")
		}
		there.writeHistogram(h, "service", "pay", "zone", "a")
	}
	there.close()

	h := newHouse(t, "")
	h.now = there.now.Add(time.Minute)
	h.config.WarmStart.URL = prometheus(t, there)
	h.config.WarmStart.Lookback = yamldoc.Duration(4 * 24 * time.Hour)
	h.open()
	if want := fmt.Sprintf("series=2 failed=0 samples=%d ", own+others); !strings.Contains(h.log.String(), want) {
		t.Errorf("want %s, log:\n%s", want, h.log)
	}
}

// writeHistogram stores a sample of took_seconds now.
func (h *house) writeHistogram(x *histogram.Histogram, names ...string) {
	h.t.Helper()
	var b telemetry.Batch
	s := next(&b, labels.FromStrings(append([]string{"__name__", "took_seconds"}, names...)...))
	s.Histograms = append(s.Histograms, telemetry.HistogramSample{T: h.now.UnixMilli(), Int: x})
	if res, err := h.core.Write(h.t.Context(), &b); err != nil || res.RefusedTotal() > 0 {
		h.t.Fatalf("write: %+v, %v", res, err)
	}
}
