package otlp_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"

	"github.com/tocsinhq/tocsin/ingest/otlp"
)

// sendDelta sends 5 requests and one observation of each kind of histogram that
// were counted in the ten seconds before at.
func (r *rig) sendDelta(at time.Time) (int64, string) {
	r.t.Helper()
	r.now = at
	e := newExport(at, "service.name", "cart")
	e.sum("requests", delta, 5)
	e.histogram("h", delta, []float64{1}, []uint64{1, 2})
	e.exponential("x", delta, 3, int32(at.Sub(start)/time.Second), []uint64{4})
	return r.take(e.Metrics)
}

func TestDelta_BecomesATotal(t *testing.T) {
	r := newRig(t, nil)
	for i := range 6 {
		if n, message := r.sendDelta(start.Add(time.Duration(i) * 10 * time.Second)); n != 0 || message != "" {
			t.Fatalf("got %d: %s", n, message)
		}
	}
	const labels = `job="cart", service_name="cart"`
	r.expect(`requests_total`, `{__name__="requests_total", `+labels+`} 30`)
	// The total begins at 0 within the first delta, so that nothing of it is missed.
	r.expect(`requests_total[2m]`, `{__name__="requests_total", `+labels+`} 0@-9999 5@0 10@10000 15@20000 20@30000 25@40000 30@50000`)
	r.expect(`sum by (le) (h_seconds_bucket)`, "{le=\"+Inf\"} 18\n{le=\"1\"} 6")
	r.expect(`h_seconds_sum`, `{__name__="h_seconds_sum", `+labels+`} 9`)
	r.expect(`histogram_count(x_seconds)`, `{`+labels+`} 24`)
	r.expect(`histogram_sum(x_seconds)`, `{`+labels+`} 12`)
	r.expect(`resets(x_seconds[2m]) + resets(requests_total[2m])`, `{`+labels+`} 0`)
	r.expect(`increase(requests_total[50s])`, `{`+labels+`} 25`)
	if got := r.counter(`tocsin_otlp_delta_series`); got != "6" {
		t.Errorf("%s series have a total, want 6", got)
	}
}

func TestDelta_GapAndNewProcess_LoseNothing(t *testing.T) {
	r := newRig(t, nil)
	r.sendDelta(start)
	r.sendDelta(start.Add(2 * time.Minute)) // nothing for a while: the total goes on
	r.expect(`requests_total`, `{__name__="requests_total", job="cart", service_name="cart"} 10`)

	// Another process over the same store knows no totals.
	next := otlp.NewService(r.options)
	r.service = next
	r.sendDelta(start.Add(130 * time.Second))
	r.sendDelta(start.Add(140 * time.Second))
	r.expect(`requests_total[3m]`, `{__name__="requests_total", job="cart", service_name="cart"} 0@-9999 5@0 10@120000 0@120001 5@130000 10@140000`)
	r.expect(`resets(requests_total[3m])`, `{job="cart", service_name="cart"} 1`)
	// Each of 0→5, 5→10, 0→5, 5→10 was counted.
	r.expect(`sum_over_time((requests_total[3m])) > 0`, `{job="cart", service_name="cart"} 30`)
}

func TestDelta_Late_IsRefusedAndNotAdded(t *testing.T) {
	r := newRig(t, nil)
	r.sendDelta(start)
	r.sendDelta(start.Add(20 * time.Second))
	n, message := r.sendDelta(start.Add(10 * time.Second))
	if n != 3 || !strings.Contains(message, "stored 0 of 3 data points") || !strings.Contains(message, "is not newer than what was added to its total [out_of_order]") {
		t.Errorf("got %d: %s", n, message)
	}
	if n, _ := r.sendDelta(start.Add(20 * time.Second)); n != 3 {
		t.Errorf("sent twice: got %d rejected, want 3", n)
	}
	r.sendDelta(start.Add(30 * time.Second))
	r.expect(`requests_total`, `{__name__="requests_total", job="cart", service_name="cart"} 15`)
	r.expect(`h_seconds_count`, `{__name__="h_seconds_count", job="cart", service_name="cart"} 9`)
}

func TestDelta_StoreFails_IsAddedOnceOnly(t *testing.T) {
	r := newRig(t, nil)
	r.sendDelta(start)
	try := func(at time.Time) {
		t.Helper()
		e := newExport(at, "service.name", "cart")
		e.sum("requests", delta, 5)
		e.sum("fresh", delta, 1)
		if _, f := r.service.Take(context.Background(), pmetricotlp.NewExportRequestFromMetrics(e.Metrics), "test"); f == nil || f.Code != 503 {
			t.Errorf("got %+v, want 503", f)
		}
	}
	r.fail = errors.New("disk full")
	for range 3 { // the sender tries again
		try(start.Add(10 * time.Second))
	}
	r.fail = nil
	if got := r.counter(`tocsin_otlp_delta_series`); got != "6" {
		t.Errorf("%s series have a total, want the 6 that were stored", got)
	}
	r.sendDelta(start.Add(10 * time.Second))
	r.expect(`requests_total`, `{__name__="requests_total", job="cart", service_name="cart"} 10`)
}

func TestDelta_RefusedByTheStore_IsNotAdded(t *testing.T) {
	r := newRig(t, nil)
	r.sendDelta(start)
	// An hour ahead: must not make those of the present late.
	e := newExport(start.Add(time.Hour), "service.name", "cart")
	e.sum("requests", delta, 5)
	e.histogram("h", delta, []float64{1}, []uint64{1, 2})
	e.exponential("x", delta, 3, 0, []uint64{4})
	_, p := e.sum("fresh", delta, 5)
	p.SetStartTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Hour)))
	if n, message := r.take(e.Metrics); n != 4 || !strings.Contains(message, "[too_far_in_future]") {
		t.Errorf("got %d: %s", n, message)
	}
	if got := r.counter(`tocsin_otlp_delta_series`); got != "6" {
		t.Errorf("%s series have a total, want 6", got)
	}
	if n, message := r.sendDelta(start.Add(10 * time.Second)); n != 0 {
		t.Errorf("got %d: %s", n, message)
	}
	r.expect(`requests_total`, `{__name__="requests_total", job="cart", service_name="cart"} 10`)
	r.expect(`histogram_count(x_seconds)`, `{job="cart", service_name="cart"} 8`)
}

func TestDelta_RefusedBeforeAStoredOne_IsNoReset(t *testing.T) {
	r := newRig(t, nil)
	r.sendDelta(start)
	r.now = start.Add(3 * time.Hour)
	now := newExport(r.now, "service.name", "clock")
	now.gauge("g", 1)
	r.taken(now.Metrics)
	// What a collector held back meanwhile: the oldest of it is not taken any more.
	held := newExport(start.Add(10*time.Second), "service.name", "cart")
	for _, at := range []time.Time{start.Add(10 * time.Second), r.now.Add(-10 * time.Second)} {
		held.at = at
		held.sum("requests", delta, 5)
		held.exponential("x", delta, 3, 0, []uint64{4})
	}
	if n, message := r.take(held.Metrics); n != 1 || !strings.Contains(message, "[too_old]") {
		t.Fatalf("got %d: %s", n, message)
	}
	next := newExport(r.now, "service.name", "cart")
	next.sum("requests", delta, 1)
	next.exponential("x", delta, 3, 0, []uint64{1})
	r.taken(next.Metrics)
	r.expect(`requests_total[1m]`, `{__name__="requests_total", job="cart", service_name="cart"} 15@10790000 16@10800000`)
	r.expect(`resets(requests_total[4h]) + resets(x_seconds[4h])`, `{job="cart", service_name="cart"} 0`)
}

func TestDelta_ManySeries_TheOldestGiveWay(t *testing.T) {
	r := newRig(t, func(o *otlp.Options) { o.Names.MaxDeltaSeries = 10 })
	send := func(i, k int) {
		r.now = start.Add(time.Duration(i) * 10 * time.Second)
		e := newExport(r.now, "service.name", "cart")
		e.sum("requests", delta, 1, "k", fmt.Sprint(k))
		r.taken(e.Metrics)
	}
	for i := range 25 {
		send(i, i)
		send(i, 1000) // always among the newest
	}
	if series, evicted := r.counter(`tocsin_otlp_delta_series`), r.counter(`tocsin_otlp_delta_series_evicted_total`); series != "10" || evicted != "16" {
		t.Errorf("got %s series and %s evicted, want 10 and 16", series, evicted)
	}
	r.expect(`requests_total{k="1000"}`, `{__name__="requests_total", job="cart", k="1000", service_name="cart"} 25`)
	send(25, 0) // forgotten: begins anew, and the counter shows a reset to 0
	r.expect(`requests_total{k="0"}[10m]`, `{__name__="requests_total", job="cart", k="0", service_name="cart"} 0@-9999 1@0 0@240001 1@250000`)
}

func TestDelta_UpAndDown_IsAdded(t *testing.T) {
	r := newRig(t, nil)
	for i, v := range []int64{5, -3, -4} {
		r.now = start.Add(time.Duration(i) * 10 * time.Second)
		e := newExport(r.now, "service.name", "cart")
		s, _ := e.sum("active", delta, v)
		s.SetIsMonotonic(false)
		r.taken(e.Metrics)
	}
	r.expect(`active[1m]`, `{__name__="active", job="cart", service_name="cart"} 5@0 2@10000 -2@20000`)
}

func TestDelta_ManyBuckets_AreBounded(t *testing.T) {
	r := newRig(t, nil)
	for i := range 10 {
		r.now = start.Add(time.Duration(i) * 10 * time.Second)
		e := newExport(r.now, "service.name", "cart")
		counts := make([]uint64, 100)
		for j := range counts {
			counts[j] = 1
		}
		e.exponential("x", delta, 8, int32(100*i), counts)
		r.taken(e.Metrics)
	}
	r.expect(`histogram_count(x_seconds)`, `{job="cart", service_name="cart"} 1000`)
	if got := r.query(`x_seconds`); strings.Count(got, ":") > 330 {
		t.Errorf("got %d buckets, want at most 320", strings.Count(got, ":"))
	}
}

func TestDelta_AtOnce_LosesNothing(t *testing.T) {
	r := newRig(t, nil)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 20 {
				e := newExport(start.Add(time.Duration(i)*time.Second), "service.name", "cart")
				e.sum("requests", delta, 1, "w", fmt.Sprint(w))
				e.gauge("g", 1, "w", fmt.Sprint(w))
				response, f := r.service.Take(context.Background(), pmetricotlp.NewExportRequestFromMetrics(e.Metrics), "test")
				if f != nil || response.PartialSuccess().RejectedDataPoints() != 0 {
					t.Errorf("got %+v %s", f, response.PartialSuccess().ErrorMessage())
				}
			}
		})
	}
	wg.Wait()
	r.now = start.Add(20 * time.Second)
	r.expect(`sum(requests_total)`, `{} 160`)
}

func TestDelta_WithinOneMillisecond_IsAdded(t *testing.T) {
	r := newRig(t, nil)
	send := func(nanos ...time.Duration) (int64, string) {
		e := newExport(start, "service.name", "cart")
		for _, ns := range nanos {
			e.at = start.Add(ns)
			e.sum("requests", delta, 1)
			e.exponential("x", delta, 0, 0, []uint64{1})
		}
		return r.take(e.Metrics)
	}
	if n, message := send(100, 200, 300); n != 0 || message != "" {
		t.Errorf("in one export: got %d: %s", n, message)
	}
	r.expect(`requests_total`, `{__name__="requests_total", job="cart", service_name="cart"} 3`)
	r.expect(`histogram_count(x_seconds)`, `{job="cart", service_name="cart"} 3`)
	if n, message := send(400); n != 0 || message != "" { // in the total, and in the next sample
		t.Errorf("in the next one: got %d: %s", n, message)
	}
	if n, _ := send(400); n != 2 {
		t.Errorf("sent twice: got %d rejected, want 2", n)
	}
	r.now = start.Add(10 * time.Second)
	if n, message := send(10 * time.Second); n != 0 || message != "" {
		t.Errorf("got %d: %s", n, message)
	}
	r.expect(`requests_total`, `{__name__="requests_total", job="cart", service_name="cart"} 5`)
	r.expect(`histogram_count(x_seconds)`, `{job="cart", service_name="cart"} 5`)
}
