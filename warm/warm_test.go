package warm_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/warm"
)

var now = time.Date(2026, time.January, 20, 0, 0, 0, 0, time.UTC)

// shelf is a store in memory.
type shelf struct {
	mu     sync.Mutex
	series []labels.Labels
	data   map[string][]telemetry.Sample
	read   func()        // called by samples, without the lock
	fails  labels.Labels // whose samples cannot be read
}

func (s *shelf) put(l labels.Labels, samples ...telemetry.Sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.data == nil {
		s.data = map[string][]telemetry.Sample{}
	}
	if _, known := s.data[l.String()]; !known {
		s.series = append(s.series, l)
	}
	s.data[l.String()] = append(s.data[l.String()], samples...)
}

func (s *shelf) list(context.Context) ([]labels.Labels, error) { return s.series, nil }

func (s *shelf) samples(_ context.Context, l labels.Labels, after int64) ([]telemetry.Sample, error) {
	if !s.fails.IsEmpty() && labels.Equal(l, s.fails) {
		return nil, errors.New("on fire")
	}
	s.mu.Lock()
	var out []telemetry.Sample
	for _, x := range s.data[l.String()] {
		if x.T > after {
			out = append(out, x)
		}
	}
	s.mu.Unlock()
	if s.read != nil {
		s.read()
	}
	return out, nil
}

// past is n samples, five minutes apart, of which the last is so long before now.
func past(n int, ago time.Duration) []telemetry.Sample {
	var out []telemetry.Sample
	for i := range n {
		at := now.Add(-ago - time.Duration(n-1-i)*5*time.Minute)
		out = append(out, telemetry.Sample{T: at.UnixMilli(), V: 100 + 30*math.Sin(2*math.Pi*float64(at.Unix()%86400)/86400) + 3*math.Sin(float64(at.Unix()/300)*1.7)})
	}
	return out
}

func name(i int) labels.Labels {
	return labels.FromStrings("__name__", "queue_depth", "service", fmt.Sprintf("s%03d", i))
}

// house is a bank, what it is warmed from and what is said meanwhile.
type house struct {
	bank  *detector.Bank
	store shelf
	told  []detector.Verdict
	log   bytes.Buffer
	set   *metrics.Set
	start *warm.Starter
	waits []time.Duration
	wait  func() error // called at each wait

	histogram func(context.Context, warm.Histogram) (int, error)
}

func newHouse(t *testing.T, url string, change func(*warm.Config)) *house {
	t.Helper()
	h := &house{set: metrics.NewSet()}
	var err error
	if h.bank, err = detector.NewBank(detector.DefaultConfig()); err != nil {
		t.Fatal(err)
	}
	c := warm.DefaultConfig()
	c.URL = url
	if change != nil {
		change(&c)
	}
	c.Validate(func(path, format string, args ...any) { t.Fatalf(path+": "+format, args...) })
	h.start = warm.New(warm.Options{
		Config: c, Detector: detector.DefaultConfig(), Bank: h.bank, Series: h.store.list, Samples: h.store.samples,
		Histogram: func(ctx context.Context, x warm.Histogram) (int, error) { return h.histogram(ctx, x) },
		Tell:      func(v detector.Verdict) { h.told = append(h.told, v) }, Now: func() time.Time { return now },
		Wait: func(_ context.Context, d time.Duration) error {
			if h.waits = append(h.waits, d); h.wait != nil {
				return h.wait()
			}
			return nil
		},
		Logger: slog.New(slog.NewTextHandler(&h.log, nil)), Metrics: h.set,
	})
	return h
}

// as returns the verdict that a series gets that has seen just these samples.
func as(t *testing.T, l labels.Labels, samples ...telemetry.Sample) string {
	t.Helper()
	b, err := detector.NewBank(detector.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	slot := b.Register(l)
	for _, x := range samples {
		b.Observe(slot, x.T, x.V)
	}
	v, _ := b.Last(slot)
	v.Slot, v.Lower, v.Upper = 0, 0, 0 // the band is also a matter of what the service has spent
	return fmt.Sprint(v)
}

func (h *house) last(l labels.Labels) string {
	v, _ := h.bank.Last(h.bank.Register(l))
	v.Slot, v.Lower, v.Upper = 0, 0, 0
	return fmt.Sprint(v)
}

func TestRun_Store_EverySeriesIsAsIfItHadBeenWatched(t *testing.T) {
	h := newHouse(t, "", nil)
	history := past(1000, 0)
	history[990].V = 5000 // odd, long ago: nobody is told
	for i := range 600 {
		h.store.put(name(i), history...)
	}
	if err := h.start.Run(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	want := as(t, name(0), history...)
	for i := range 600 {
		if got := h.last(name(i)); got != want {
			t.Fatalf("series %d: got %s, want %s", i, got, want)
		}
	}
	if len(h.told) != 0 {
		t.Errorf("told of history: %+v", h.told)
	}
	if p := h.start.Progress(); p != (warm.Progress{Series: 600, Done: 600, Samples: 600_000}) {
		t.Errorf("got %+v", p)
	}
	var b bytes.Buffer
	h.set.WritePrometheus(&b)
	for _, want := range []string{"tocsin_detector_warm_start_series_total 600\n", "tocsin_detector_warm_start_series_done 600\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("got\n%s\nwant %s", b.String(), want)
		}
	}
	if !strings.Contains(h.log.String(), "warm start of the detector has ended") {
		t.Errorf("log: %s", h.log.String())
	}
}

// Samples that come while a series is read are stored and judged, and neither
// lost nor judged twice.
func TestRun_LiveSamplesMeanwhile_AreLearned(t *testing.T) {
	h := newHouse(t, "", nil)
	all := past(1010, 0)
	h.store.put(name(0), all[:1000]...)
	slot := h.bank.Register(name(0))
	next := 1000
	h.store.read = func() { // between the reading and the adopting
		if next < 1005 {
			h.store.put(name(0), all[next])
			h.bank.Observe(slot, all[next].T, all[next].V)
			next++
		}
	}
	if err := h.start.Run(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	for _, x := range all[1005:] {
		h.bank.Observe(slot, x.T, x.V)
	}
	if got, want := h.last(name(0)), as(t, name(0), all...); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// server is a Prometheus that has these series and answers as told.
func server(t *testing.T, series int, samples []telemetry.Sample, refuse func(asked int) bool) string {
	t.Helper()
	var mu sync.Mutex
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/v1/series":
			var list []string
			for i := range series {
				list = append(list, fmt.Sprintf(`{"__name__":"queue_depth","service":"s%03d"}`, i))
			}
			fmt.Fprintf(w, `{"status":"success","data":[%s]}`, strings.Join(list, ","))
		case "/api/v1/query":
			mu.Lock()
			asked++
			refused := refuse != nil && refuse(asked)
			mu.Unlock()
			if refused {
				http.Error(w, "on fire", http.StatusInternalServerError)
				return
			}
			query := r.FormValue("query")
			_, service, _ := strings.Cut(query, `service="`)
			service, _, _ = strings.Cut(service, `"`)
			var at, span float64
			fmt.Sscan(r.FormValue("time"), &at)
			_, text, _ := strings.Cut(query, "[")
			fmt.Sscanf(text, "%fms", &span)
			var values []string
			for _, x := range samples {
				if s := float64(x.T) / 1000; s <= at && s > at-span/1000 {
					values = append(values, fmt.Sprintf(`[%.3f,"%v"]`, s, x.V))
				}
			}
			fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"queue_depth","service":%q},"values":[%s]}]}}`, service, strings.Join(values, ","))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// What the server knows comes first, what came in here after it.
func TestRun_Server_ThenTheStore(t *testing.T) {
	all := past(1200, 0)
	h := newHouse(t, server(t, 3, all[:1000], nil), func(c *warm.Config) { c.Labels = map[string]string{"cluster": "a", "service": "not this"} })
	local := labels.FromStrings("__name__", "queue_depth", "service", "s001", "cluster", "a")
	h.store.put(local, all[1150:]...)
	known := h.bank.Register(labels.FromStrings("__name__", "queue_depth", "service", "s002", "cluster", "a"))
	h.bank.Observe(known, all[0].T, 1)
	if err := h.start.Run(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if got, want := h.last(local), as(t, local, append(append([]telemetry.Sample{}, all[:1000]...), all[1150:]...)...); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if p := h.start.Progress(); p.Series != 2 || p.Done != 2 || p.Failed != 0 {
		t.Errorf("got %+v, want the series that is known left alone\n%s", p, h.log.String())
	}
}

// A series that the server knows and that is never sent here is not missing.
func TestRun_SeriesThatNeverCome_AreNotMissed(t *testing.T) {
	all := past(1000, 0)
	h := newHouse(t, server(t, 2, all, nil), nil)
	if err := h.start.Run(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	comes := h.bank.Register(name(1))
	for i := range 3 {
		h.bank.Observe(comes, now.Add(time.Duration(i+1)*5*time.Minute).UnixMilli(), 100)
	}
	var missing []detector.Slot
	for at := now; at.Before(now.Add(6 * time.Hour)); at = at.Add(time.Minute) {
		h.bank.Sweep(at.UnixMilli(), func(v detector.Verdict) {
			if v.Phase == detector.PhaseOpened {
				missing = append(missing, v.Slot)
			}
		})
	}
	if len(missing) != 1 || missing[0] != comes {
		t.Errorf("missed: slots %v, want only %d, which had begun to come", missing, comes)
	}
}

func TestRun_ServerFails_TheStoreIsUsedAndTheDaemonLives(t *testing.T) {
	all, again := past(1000, 0), new(atomic.Bool)
	for _, tt := range []struct {
		name   string
		url    string
		failed int64
		log    string
	}{
		{"down", "http://127.0.0.1:1", 0, "no warm start from the server"},
		{"fails for all", server(t, 60, all, func(int) bool { return true }), 60, "is given up"},
		{"fails for one", server(t, 60, all, func(n int) bool { return n == 5 || again.Load() }), 1, "a series was not warmed, or not in whole"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t, tt.url, nil)
			h.wait = func() error { again.Store(true); return nil }
			for i := range 60 {
				h.store.put(name(i), all[500:]...)
			}
			again.Store(false)
			if err := h.start.Run(t.Context(), true); err != nil {
				t.Fatal(err)
			}
			p := h.start.Progress()
			if p.Done != 60 || p.Failed != tt.failed || p.Active || !p.Incomplete {
				t.Errorf("got %+v", p)
			}
			if !strings.Contains(h.log.String(), tt.log) {
				t.Errorf("log: %s", h.log.String())
			}
			whole, part := as(t, name(7), all...), as(t, name(7), all[500:]...)
			for i := range 60 {
				if got := h.last(name(i)); got != whole && got != part {
					t.Fatalf("series %d knows neither history: %s", i, got)
				}
			}
		})
	}
}

// A server that is started together with the daemon answers only when it has read its log.
func TestRun_ServerThatIsStarting_IsAskedAgain(t *testing.T) {
	all := past(1000, 0)
	to, err := url.Parse(server(t, 60, all[:500], nil))
	if err != nil {
		t.Fatal(err)
	}
	pass, ready := httputil.NewSingleHostReverseProxy(to), new(atomic.Bool)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ready.Load() {
			http.Error(w, "Service Unavailable", http.StatusServiceUnavailable)
			return
		}
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	h := newHouse(t, front.URL, nil)
	for i := range 30 {
		h.store.put(name(i), all[500:]...)
	}
	h.wait = func() error {
		if part := as(t, name(7), all[500:]...); h.last(name(7)) != part {
			t.Errorf("what the store has has waited for the server")
		}
		ready.Store(len(h.waits) == 9)
		return nil
	}
	if err := h.start.Run(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if p := h.start.Progress(); p.Series != 60 || p.Done != 60 || p.Failed != 0 || p.Incomplete {
		t.Errorf("got %+v\n%s", p, h.log.String())
	}
	if whole := as(t, name(7), all...); h.last(name(7)) != whole {
		t.Errorf("got %s, want %s", h.last(name(7)), whole)
	}
	if len(h.waits) != 9 || h.waits[0] != time.Second || h.waits[8] != time.Minute {
		t.Errorf("waited %v", h.waits)
	}
}

// A server that is started anew while it is read is asked for the rest when it is back.
func TestRun_ServerEndsHalfWay_TheRestIsAskedForAgain(t *testing.T) {
	all := past(1000, 0)
	down := new(atomic.Bool)
	h := newHouse(t, server(t, 60, all[:500], func(n int) bool {
		if n == 150 { // of fifteen a series
			down.Store(true)
		}
		return down.Load()
	}), nil)
	for i := range 60 {
		h.store.put(name(i), all[500:]...)
	}
	h.wait = func() error {
		if p := h.start.Progress(); !p.Active || p.Done != 60 || p.Failed < 45 || !p.Incomplete {
			t.Errorf("while it waits: got %+v", p)
		}
		down.Store(len(h.waits) < 4)
		return nil
	}
	if err := h.start.Run(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if p := h.start.Progress(); p.Series != 60 || p.Done != 60 || p.Failed != 0 || p.Incomplete || p.Active {
		t.Errorf("got %+v\n%s", p, h.log.String())
	}
	whole := as(t, name(7), all...)
	for i := range 60 {
		if got := h.last(name(i)); got != whole {
			t.Errorf("series %d: got %s, want %s", i, got, whole)
		}
	}
	if len(h.waits) != 4 || strings.Contains(h.log.String(), "a series was not warmed") {
		t.Errorf("waited %v\n%s", h.waits, h.log.String())
	}
}

// Who ends the daemon while it waits is not kept, and the next start tries again.
func TestRun_EndedWhileTheServerIsDown_TriesAgainNextTime(t *testing.T) {
	h := newHouse(t, "http://127.0.0.1:1", nil)
	h.wait = func() error { return context.Canceled }
	if err := h.start.Run(t.Context(), false); !errors.Is(err, context.Canceled) || !h.start.Progress().Incomplete {
		t.Errorf("got %v, %+v", err, h.start.Progress())
	}
}

// Once the server is given up its failures are not logged for each series; those of the
// store are.
func TestRun_StoreFailsAfterTheServer_IsLogged(t *testing.T) {
	h := newHouse(t, server(t, 60, past(100, 0), func(int) bool { return true }), func(c *warm.Config) { c.Workers = 1 })
	for i := range 60 {
		h.store.put(name(i), past(50, 0)...)
	}
	h.store.fails = name(59)
	if err := h.start.Run(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if log := h.log.String(); !strings.Contains(log, "is given up") || !strings.Contains(log, "read the store: on fire") || strings.Contains(log, "not asked any more") {
		t.Errorf("log: %s", log)
	}
}

func TestRun_Cancelled_EndsAtOnce(t *testing.T) {
	h := newHouse(t, "", nil)
	for i := range 100 {
		h.store.put(name(i), past(100, 0)...)
	}
	ctx, cancel := context.WithCancel(t.Context())
	h.store.read = cancel
	if err := h.start.Run(ctx, true); !errors.Is(err, context.Canceled) || h.start.Progress().Done >= 100 {
		t.Errorf("got %v after %d series", err, h.start.Progress().Done)
	}
}

func TestRun_NothingToWarmFrom_DoesNothing(t *testing.T) {
	h := newHouse(t, "", nil)
	h.store.put(name(0), past(100, 0)...)
	if err := h.start.Run(t.Context(), false); err != nil || h.bank.Len() != 0 || h.log.Len() != 0 {
		t.Errorf("got %v, %d series, log %s", err, h.bank.Len(), h.log.String())
	}
}

func TestConfig_WhatCannotWork_IsReportedByPath(t *testing.T) {
	for path, change := range map[string]func(*warm.Config){
		"url":      func(c *warm.Config) { c.URL = "x" },
		"lookback": func(c *warm.Config) { c.Lookback = 0 },
		"workers":  func(c *warm.Config) { c.Workers = 0 },
		"match[1]": func(c *warm.Config) { c.Match = []string{"up", "{"} },
		"labels":   func(c *warm.Config) { c.Labels = map[string]string{"__name__": "x"} },
	} {
		c := warm.DefaultConfig()
		change(&c)
		var got []string
		c.Validate(func(path, format string, args ...any) { got = append(got, path) })
		if len(got) != 1 || got[0] != path {
			t.Errorf("got %v, want %s", got, path)
		}
	}
}
