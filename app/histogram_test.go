package app_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

var latencyBounds = []string{"0.01", "0.05", "0.1", "0.5", "1", "5", "+Inf"}

// shop is a service that measures its latency in seconds.
type shop struct {
	*house
	r      *rand.Rand
	classi [7]float64
	nativ  map[int32]int64
	total  uint64
	zones  []string
}

func newShop(t *testing.T) *shop {
	return &shop{house: newHouse(t, ""), r: rand.New(rand.NewPCG(4, 4)), nativ: map[int32]int64{}, zones: []string{"a"}}
}

// serve lets the service answer about n requests each 15 s for so many scrapes;
// a share of them takes thirty times as long.
func (s *shop) serve(scrapes int, n int, slow float64) {
	s.t.Helper()
	for i := range scrapes {
		for range n/2 + s.r.IntN(n) {
			x := 0.03 * math.Exp(0.5*s.r.NormFloat64())
			if s.r.Float64() < slow {
				x *= 30
			}
			for j, bound := range []float64{0.01, 0.05, 0.1, 0.5, 1, 5, math.Inf(1)} {
				if x <= bound {
					s.classi[j]++
				}
			}
			s.nativ[int32(math.Ceil(4*math.Log2(x)))]++
			s.total++
		}
		s.now = s.now.Add(15 * time.Second)
		s.scrape()
		if i%4 == 3 {
			s.step()
		}
	}
}

func (s *shop) scrape() {
	s.t.Helper()
	var b telemetry.Batch
	series := func(kv ...string) *telemetry.Series {
		x := b.Next()
		for i := 0; i < len(kv); i += 2 {
			x.Labels = append(x.Labels, telemetry.Pair{Name: []byte(kv[i]), Value: []byte(kv[i+1])})
		}
		return x
	}
	t := s.now.UnixMilli()
	for _, zone := range s.zones {
		for i, le := range latencyBounds {
			x := series("__name__", "classic_seconds_bucket", "le", le, "service", "pay", "zone", zone)
			x.Samples = append(x.Samples, telemetry.Sample{T: t, V: s.classi[i]})
		}
	}
	h := &histogram.Histogram{Schema: 2, Count: s.total}
	before := int64(0)
	for i := int32(-60); i < 20; i++ {
		h.PositiveBuckets = append(h.PositiveBuckets, s.nativ[i]-before)
		before = s.nativ[i]
	}
	h.PositiveSpans = []histogram.Span{{Offset: -60, Length: 80}}
	x := series("__name__", "native_seconds", "service", "pay")
	x.Histograms = append(x.Histograms, telemetry.HistogramSample{T: t, Int: h})
	res, err := s.core.Write(s.t.Context(), &b)
	if err != nil || res.RefusedTotal() > 0 {
		s.t.Fatalf("write at %s: %+v, %v", s.now, res, err)
	}
}

func (s *shop) band(query string) (web.Band, error) {
	s.t.Helper()
	return s.core.Band(s.t.Context(), web.BandRequest{Query: query, Start: s.now.Add(-time.Hour), End: s.now, Step: 15 * time.Second})
}

// shifted wants one open anomaly of the tail of each histogram, and its band.
func (s *shop) shifted() {
	s.t.Helper()
	found := map[string]incident.Anomaly{}
	for _, a := range s.anomalies() {
		if !a.Ended.IsZero() || a.Service != "pay" || a.Labels["quantile"] != "0.99" {
			s.t.Errorf("got anomaly %s %v of %s until %s, want open ones of the 99th percentile", a.Name, a.Labels, a.Service, a.Ended)
		}
		found[a.Name] = a
	}
	if len(found) != 2 || found["classic_seconds"].Labels["zone"] != "a" || found["native_seconds"].Name == "" {
		s.t.Fatalf("got %v, want one anomaly of each histogram", found)
	}
	for name, a := range found {
		b, err := s.band(a.Query)
		if err != nil || len(b.Points) < 100 {
			s.t.Fatalf("band of %s: got %d points, %v", name, len(b.Points), err)
		}
		if b.Series["__name__"] != name || b.Series["quantile"] != "0.99" || b.Series["le"] != "" || b.Series["service"] != "pay" {
			s.t.Errorf("band of %s: got series %v", name, b.Series)
		}
		e, err := s.core.Explain(s.t.Context(), a.Query, a.Since)
		if err != nil || !e.Odd || e.Series["quantile"] != "0.99" || !strings.Contains(e.Text, "odd by") {
			s.t.Errorf("explanation of %s at its onset: %+v, %v; want why it is odd", name, e, err)
		}
		seen := false
		for _, p := range b.Points {
			if p.T == a.Since.UnixMilli() {
				seen = p.Value > p.Upper && p.Upper > 0
			}
		}
		if !seen {
			s.t.Errorf("band of %s: the value at %s is not above the band", name, a.Since)
		}
	}
}

func TestHistogram_TailShifts_OneAnomalyAndItsBand(t *testing.T) {
	s := newShop(t)
	s.open()
	s.serve(400, 400, 0)
	if got := s.anomalies(); len(got) != 0 {
		t.Fatalf("ordinary latency: got %+v", got)
	}
	s.serve(8, 400, 0.05)
	s.shifted()
	count, err := s.band(`native_seconds_count{service="pay"}`)
	if err != nil || len(count.Points) < 200 || count.Unit != "per_second" {
		t.Fatalf("band of the count: got %d points in %q, %v", len(count.Points), count.Unit, err)
	}
	if p := count.Points[len(count.Points)-1]; p.Value < 10 || p.Value > 45 || !(p.Lower <= p.Expected && p.Expected <= p.Upper) {
		t.Errorf("band of the count: got %+v, want a rate of 13 to 40", p)
	}
}

func TestHistogram_Restart_RemembersQuantilesAndRounds(t *testing.T) {
	s := newShop(t)
	s.open()
	s.serve(400, 400, 0)
	s.close()
	s.open()
	s.serve(8, 400, 0)
	if got := s.anomalies(); len(got) != 0 {
		t.Fatalf("ordinary latency after a restart: got %+v", got)
	}
	s.serve(8, 400, 0.05)
	s.shifted()
}

func TestHistogram_NoCheckpoint_RelearnedFromTheStore(t *testing.T) {
	s := newShop(t)
	s.open()
	s.serve(400, 400, 0)
	s.close()
	if err := os.Remove(filepath.Join(s.dir, "detector.checkpoint")); err != nil {
		t.Fatal(err)
	}
	s.open()
	if !strings.Contains(s.log.String(), "msg=\"histograms of the store are warmed\" histograms=2 samples=3200") {
		t.Errorf("log:\n%s", s.log)
	}
	s.serve(8, 400, 0.05)
	s.shifted()
}

func TestHistogram_QuietDay_TellsNobody(t *testing.T) {
	s := newShop(t)
	s.open()
	s.serve(5760, 4, 0.01)
	if got := s.anomalies(); len(got) != 0 {
		t.Errorf("got %+v, want nothing", got)
	}
}

func TestHistogram_BandOfWhatIsNotDerived_SaysSo(t *testing.T) {
	s := newShop(t)
	s.zones = []string{"a", "b"}
	s.open()
	s.serve(8, 400, 0)
	if _, err := s.band(`classic_seconds{quantile="0.99"}`); err == nil || !strings.Contains(err.Error(), "matches several") {
		t.Errorf("two zones: got %v, want that there are several", err)
	}
	if _, err := s.core.Explain(t.Context(), `native_seconds_count{service="pay"}`, s.now); err == nil || !strings.Contains(err.Error(), "no explanation") {
		t.Errorf("explanation of a histogram's rate: got %v, want that there is none", err)
	}
	if b, err := s.band(`classic_seconds{quantile="0.5",zone="b"}`); err != nil || b.Series["zone"] != "b" || len(b.Points) < 6 {
		t.Errorf("one of two zones: got %d points of %v, %v", len(b.Points), b.Series, err)
	}
	for _, query := range []string{
		`classic_seconds{quantile="0.9"}`, `classic_seconds{quantile="0.99",service="search"}`, `other_seconds_count`,
		`{quantile="0.99",service="pay"}`, `native_seconds_count{service="search"}`,
	} {
		var e *web.Error
		if _, err := s.band(query); err == nil || errors.As(err, &e) || !strings.Contains(err.Error(), "no series matches") {
			t.Errorf("%s: got %v, want that there is none", query, err)
		}
	}
}
