package demo_test

import (
	"math"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/prompb"

	"github.com/tocsinhq/tocsin/demo"
	"github.com/tocsinhq/tocsin/telemetry"
)

// noon is a Wednesday, so that no test depends on the day it runs.
var noon = time.Date(2026, 3, 11, 12, 0, 0, 0, time.UTC)

func newShop(t *testing.T, seed uint64, start time.Time) *demo.Shop {
	t.Helper()
	s, err := demo.NewShop(demo.Options{Seed: seed, Start: start})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sample takes n samples from start on, step apart.
func sample(t *testing.T, s *demo.Shop, start time.Time, n int, step time.Duration) *demo.Block {
	t.Helper()
	var b demo.Block
	for i := range n {
		if err := s.Sample(start.Add(time.Duration(i)*step), &b); err != nil {
			t.Fatal(err)
		}
	}
	return &b
}

func label(ts prompb.TimeSeries, name string) string {
	for _, l := range ts.Labels {
		if l.Name == name {
			return l.Value
		}
	}
	return ""
}

// key is the series as text, without the given label.
func key(ts prompb.TimeSeries, without string) string {
	var b strings.Builder
	for _, l := range ts.Labels {
		if l.Name != without {
			b.WriteString(l.Name + "=" + strconv.Quote(l.Value) + ",")
		}
	}
	return b.String()
}

func TestShop_SameSeed_SameBytes(t *testing.T) {
	body := func(seed uint64) string {
		s := newShop(t, seed, noon)
		s.Earlier(noon.Add(2 * time.Hour))
		if _, err := s.Break("payment", noon.Add(10*time.Minute)); err != nil {
			t.Fatal(err)
		}
		got, err := sample(t, s, noon, 200, 30*time.Second).Encode()
		if err != nil {
			t.Fatal(err)
		}
		return string(got)
	}
	if body(7) != body(7) {
		t.Error("the same seed gave different bytes")
	}
	if body(7) == body(8) {
		t.Error("different seeds gave the same bytes")
	}
}

func TestShop_Series_AreWhatClientLibrariesExpose(t *testing.T) {
	s := newShop(t, 1, noon)
	req := sample(t, s, noon, 2, time.Minute).Request()
	if n := len(req.Timeseries); n < 150 || n > 250 || n != s.Series() {
		t.Errorf("series=%d, Series()=%d, want equal and 150 to 250", n, s.Series())
	}
	name := regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)
	gauges := map[string]bool{
		"process_resident_memory_bytes": true, "process_start_time_seconds": true, "go_goroutines": true,
		"node_memory_MemTotal_bytes": true, "node_memory_MemAvailable_bytes": true, "node_load1": true,
	}
	seen := make(map[string]bool)
	for _, ts := range req.Timeseries {
		if !sort.SliceIsSorted(ts.Labels, func(i, j int) bool { return ts.Labels[i].Name < ts.Labels[j].Name }) {
			t.Errorf("%s: labels are not sorted", key(ts, ""))
		}
		if k := key(ts, ""); seen[k] {
			t.Errorf("%s: twice", k)
		} else {
			seen[k] = true
		}
		metric := label(ts, "__name__")
		for _, l := range ts.Labels {
			if l.Value == "" || l.Name != "__name__" && !name.MatchString(l.Name) {
				t.Errorf("%s: label %q=%q", metric, l.Name, l.Value)
			}
		}
		counter := strings.HasSuffix(metric, "_total") || strings.HasSuffix(metric, "_bucket") ||
			strings.HasSuffix(metric, "_sum") || strings.HasSuffix(metric, "_count")
		if counter == gauges[metric] {
			t.Errorf("%s: counter=%v, gauge=%v; want exactly one", metric, counter, gauges[metric])
		}
		if label(ts, "instance") == "" || label(ts, "service") == "" && label(ts, "job") == "" {
			t.Errorf("%s: want an instance and a service or job", key(ts, ""))
		}
	}
}

func TestShop_Counters_FallOnlyAtRestarts(t *testing.T) {
	s := newShop(t, 3, noon)
	earlier := s.Earlier(noon.Add(2 * time.Hour)) // catalog restarts 30 minutes in
	if got, want := earlier[0].Title(), "deployment catalog v130 -> v131"; got != want {
		t.Errorf("first earlier change=%q, want %q", got, want)
	}
	for _, ts := range sample(t, s, noon, 240, 30*time.Second).Request().Timeseries {
		metric := label(ts, "__name__")
		if strings.HasSuffix(metric, "_bytes") || metric == "node_load1" || metric == "go_goroutines" {
			continue
		}
		falls := 0
		for i := 1; i < len(ts.Samples); i++ {
			if ts.Samples[i].Value < ts.Samples[i-1].Value {
				falls++
			}
			if at := ts.Samples[i].Timestamp - noon.UnixMilli(); falls > 0 && at < (30*time.Minute).Milliseconds() {
				t.Fatalf("%s: fell %d ms after the start", key(ts, ""), at)
			}
		}
		if label(ts, "service") != "catalog" && falls > 0 || falls > 1 {
			t.Errorf("%s: fell %d times", key(ts, ""), falls)
		}
		if metric == "http_requests_total" && label(ts, "service") == "catalog" && label(ts, "code") == "200" && falls != 1 {
			t.Errorf("%s: fell %d times, want 1 at the deployment", key(ts, ""), falls)
		}
	}
}

func TestShop_Histograms_AreCumulativeAndCountEveryRequest(t *testing.T) {
	s := newShop(t, 5, noon)
	if _, err := s.Break("payment", noon.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	type point struct{ le, v float64 }
	buckets := make(map[string][]point)
	counts, requests, sums := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for _, ts := range sample(t, s, noon, 40, 15*time.Second).Request().Timeseries {
		last := ts.Samples[len(ts.Samples)-1].Value
		instance := label(ts, "instance")
		switch label(ts, "__name__") {
		case "http_request_duration_seconds_bucket":
			le, err := strconv.ParseFloat(label(ts, "le"), 64)
			if err != nil {
				t.Fatal(err)
			}
			buckets[instance] = append(buckets[instance], point{le, last})
		case "http_request_duration_seconds_count":
			counts[instance] = last
		case "http_request_duration_seconds_sum":
			sums[instance] = last
		case "http_requests_total":
			requests[instance] += last
		}
	}
	if len(buckets) != 10 {
		t.Fatalf("instances with a histogram=%d, want 10", len(buckets))
	}
	for instance, ps := range buckets {
		sort.Slice(ps, func(i, j int) bool { return ps[i].le < ps[j].le })
		for i := 1; i < len(ps); i++ {
			if ps[i].v < ps[i-1].v {
				t.Errorf("%s: bucket %g holds %g, less than bucket %g with %g", instance, ps[i].le, ps[i].v, ps[i-1].le, ps[i-1].v)
			}
		}
		if inf := ps[len(ps)-1]; !math.IsInf(inf.le, 1) || inf.v != counts[instance] || inf.v != requests[instance] {
			t.Errorf("%s: bucket %g=%g, count=%g, requests=%g; want +Inf and all equal", instance, inf.le, inf.v, counts[instance], requests[instance])
		}
		if mean := sums[instance] / counts[instance]; mean < 0.005 || mean > 0.5 {
			t.Errorf("%s: mean latency %g s is not believable", instance, mean)
		}
	}
}

func TestShop_SampleOutOfTime_IsRefused(t *testing.T) {
	s := newShop(t, 1, noon)
	b := sample(t, s, noon, 1, time.Minute)
	for _, at := range []time.Time{noon.Add(-time.Hour), noon} {
		if err := s.Sample(at, b); err == nil || !strings.Contains(err.Error(), "want a time after 2026-03-11T12:00:00Z") {
			t.Errorf("Sample(%s) error=%v, want one that names the last time", at, err)
		}
	}
	if b.Len() != s.Series() {
		t.Errorf("samples=%d, want %d: a refused sample must add none", b.Len(), s.Series())
	}
	if _, err := demo.NewShop(demo.Options{}); err == nil {
		t.Error("NewShop without a start: want an error")
	}
}

func TestShop_BreakAndRollback_ReturnTheirChanges(t *testing.T) {
	s := newShop(t, 1, noon)
	bad, err := s.Break("payment", noon.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	want := telemetry.Change{
		ID: "deploy-payment-v42-1773230460", Kind: telemetry.KindDeployment, Service: "payment", Environment: "production",
		VersionFrom: "v41", VersionTo: "v42", Started: noon.Add(time.Minute), Status: telemetry.StatusStarted,
		Author: "pipeline", Link: "https://ci.shop.example/payment/v42", Summary: "Ask the card network in parallel.",
	}
	if diff := cmp.Diff(want, bad); diff != "" {
		t.Errorf("change of Break (-want +got):\n%s", diff)
	}
	done := demo.Finish(bad, noon.Add(2*time.Minute))
	if done.ID != bad.ID || done.Status != telemetry.StatusSucceeded || !done.Finished.Equal(noon.Add(2*time.Minute)) {
		t.Errorf("Finish=%+v, want the same change, succeeded at 12:02", done)
	}
	if _, err := s.Break("payment", noon.Add(2*time.Minute)); err == nil || !strings.Contains(err.Error(), "broken already") {
		t.Errorf("second Break error=%v, want one that says so", err)
	}
	if _, err := s.Break("billing", noon); err == nil || !strings.Contains(err.Error(), "web, checkout, payment") {
		t.Errorf("Break of an unknown service: error=%v, want the names", err)
	}
	back, err := s.Rollback("payment", noon.Add(5*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := back.Title(), "deployment payment v42 -> v41"; got != want || back.Labels["rollback"] != "true" {
		t.Errorf("rollback=%q %v, want %q, rollback=true", got, back.Labels, want)
	}
	for _, name := range []string{"payment", "web", "billing"} {
		if _, err := s.Rollback(name, noon.Add(6*time.Minute)); err == nil {
			t.Errorf("Rollback(%q) of a healthy service: want an error", name)
		}
	}
}

func TestShop_EarlierChanges_AreHarmlessAndInOrder(t *testing.T) {
	s := newShop(t, 1, noon)
	end := noon.Add(3 * time.Hour)
	var got []string
	last := time.Time{}
	for _, c := range s.Earlier(end) {
		if !c.Started.After(last) || c.Status != telemetry.StatusSucceeded || c.Finished.Before(c.Started) {
			t.Errorf("%s: started %s, finished %s, %s; want in order and succeeded", c.Title(), c.Started, c.Finished, c.Status)
		}
		last = c.Started
		got = append(got, string(c.Kind)+" "+c.Service+" "+end.Sub(c.Started).String())
	}
	want := []string{"deployment catalog 1h30m0s", "flag web 50m0s", "config search 25m0s"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("earlier changes (-want +got):\n%s", diff)
	}
}
