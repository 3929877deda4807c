package promapi_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/web/promapi"
)

// slow is a store whose answers wait until they are let go or their caller leaves.
type slow struct {
	storage.SampleAndChunkQueryable
	asked chan struct{}
	free  chan struct{}
}

func (s slow) Querier(from, to int64) (storage.Querier, error) {
	q, err := s.SampleAndChunkQueryable.Querier(from, to)
	return slowQuerier{q, s}, err
}

type slowQuerier struct {
	storage.Querier
	s slow
}

func (q slowQuerier) Select(ctx context.Context, sorted bool, h *storage.SelectHints, ms ...*labels.Matcher) storage.SeriesSet {
	q.s.asked <- struct{}{}
	select {
	case <-q.s.free:
	case <-ctx.Done():
		return storage.ErrSeriesSet(ctx.Err())
	}
	return q.Querier.Select(ctx, sorted, h, ms...)
}

func TestAPI_TooManyAtOnce_Answers429(t *testing.T) {
	st := slow{asked: make(chan struct{}, 10), free: make(chan struct{})}
	set := metrics.NewSet()
	s := serve(t, func(o *promapi.Options) {
		st.SampleAndChunkQueryable = o.Storage
		o.Storage, o.Metrics = st, set
		o.Limits = promapi.Limits{Concurrent: 2, Queued: 1, QueueTime: 50 * time.Millisecond}
	})
	var running sync.WaitGroup
	for range 2 {
		running.Go(func() {
			if code, _, got := call(t, http.MethodGet, s.URL+"/api/v1/query?query=up", "", ""); code != 200 {
				t.Errorf("one that was let in: got %d %s", code, got)
			}
		})
		<-st.asked
	}
	for _, path := range []string{"query?query=up", "label/job/values", "series?match[]=up"} {
		code, header, got := call(t, http.MethodGet, s.URL+"/api/v1/"+path, "", "")
		if code != 429 || header.Get("Retry-After") == "" || !strings.Contains(got, "too many queries") {
			t.Errorf("%s beside two that run: got %d %v %s", path, code, header, got)
		}
	}
	if code, _, got := call(t, http.MethodGet, s.URL+"/api/v1/status/buildinfo", "", ""); code != 200 {
		t.Errorf("what reads no samples: got %d %s", code, got)
	}
	close(st.free)
	running.Wait()
	if code, _, got := call(t, http.MethodGet, s.URL+"/api/v1/query?query=up", "", ""); code != 200 {
		t.Errorf("after the two: got %d %s", code, got)
	}
	if n := set.GetOrCreateCounter(`tocsin_query_requests_refused_total{reason="busy"}`).Get(); n != 3 {
		t.Errorf("counted %d refusals, want 3", n)
	}
}

func TestAPI_Timeout_Answers503(t *testing.T) {
	st := slow{asked: make(chan struct{}, 10), free: make(chan struct{})}
	s := serve(t, func(o *promapi.Options) {
		st.SampleAndChunkQueryable = o.Storage
		o.Storage = st
	})
	code, _, got := call(t, http.MethodGet, s.URL+"/api/v1/query?query=up&timeout=20ms", "", "")
	if code != 503 || !strings.Contains(got, `"errorType":"timeout"`) {
		t.Errorf("got %d %s", code, got)
	}
}

func TestAPI_TooManySamples_Answers422(t *testing.T) {
	s := serve(t, func(o *promapi.Options) {
		c := store.DefaultConfig().Query
		c.MaxSamples = 5
		e := store.NewQueryEngine(store.QueryEngineOptions{Config: c, Logger: o.Logger})
		t.Cleanup(func() { e.Close() })
		o.Engine = e
	})
	code, _, got := call(t, http.MethodGet, s.URL+"/api/v1/query?query=sum(rate(up[10m]))", "", "")
	if code != 422 || !strings.Contains(got, `"errorType":"execution"`) || !strings.Contains(got, "too many samples") {
		t.Errorf("got %d %s", code, got)
	}
}

// TestAPI_ClientGone_GivesItsPlaceBack leaves while its query runs and while
// another waits; both places are free afterwards.
func TestAPI_ClientGone_GivesItsPlaceBack(t *testing.T) {
	st := slow{asked: make(chan struct{}, 10), free: make(chan struct{})}
	set := metrics.NewSet()
	s := serve(t, func(o *promapi.Options) {
		st.SampleAndChunkQueryable = o.Storage
		o.Storage, o.Metrics = st, set
		o.Limits = promapi.Limits{Concurrent: 1, Queued: 1, QueueTime: time.Minute}
	})
	ctx, leave := context.WithCancel(context.Background())
	var gone sync.WaitGroup
	for range 2 {
		gone.Go(func() {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/api/v1/query?query=up", nil)
			if err != nil {
				t.Error(err)
				return
			}
			if resp, err := http.DefaultClient.Do(r); err == nil {
				resp.Body.Close()
			}
		})
	}
	<-st.asked // one runs, and one waits for it or is about to
	leave()
	gone.Wait()
	close(st.free)
	if code, _, got := call(t, http.MethodGet, s.URL+"/api/v1/query?query=up", "", ""); code != 200 {
		t.Errorf("after both had left: got %d %s", code, got)
	}
	if n := set.GetOrCreateCounter(`tocsin_query_requests_refused_total{reason="busy"}`).Get(); n != 0 {
		t.Errorf("counted %d refusals, want none", n)
	}
}

func TestAPI_BracketsInStringsAndComments_AreNotNested(t *testing.T) {
	s := serve(t, func(o *promapi.Options) { o.Limits.Depth = 3 })
	for q, want := range map[string]int{
		"(((up)))":                        200,
		"((((up))))":                      400,
		`up{job="((((("}`:                 200,
		`up{job="\"((((("}`:               200,
		"up{job=`\\`} # (((((":            200,
		"up # ' (((((\n":                  200,
		`up{job='(((((' } or ((up) + up)`: 200,
		"(up) + (up) + (up) + (up)":       200,
		"sum(rate(up[1m:1s]))":            200,
		"(((rate(up[1m])))) # \"":         400,
	} {
		if code, _, got := call(t, http.MethodGet, s.URL+"/api/v1/query?query="+url.QueryEscape(q), "", ""); code != want {
			t.Errorf("%s: got %d %s, want %d", q, code, got, want)
		}
	}
}
