package app_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

const slowAlert = `
alerts:
  - name: Slow
    condition: p95_latency > 500ms
    duration: 30s
    severity: critical
`

// tracedShop sends the spans of five services: web calls cart, search and pay; cart and pay
// use a database each, pay calls bank.
type tracedShop struct {
	h    *house
	rand *rand.Rand
	ids  uint64
	slow map[string]time.Duration // added to the time a service takes itself
	wire time.Duration            // added to the way from pay to bank
}

func (s *tracedShop) second(requests int) {
	var b telemetry.SpanBatch
	var trace [16]byte
	id := func() (out [8]byte) {
		s.ids++
		binary.BigEndian.PutUint64(out[:], s.ids)
		return out
	}
	add := func(service, name string, kind telemetry.SpanKind, parent [8]byte, start, end time.Time) ([8]byte, *telemetry.Span) {
		x := b.Next()
		x.TraceID, x.SpanID, x.ParentID, x.Kind = trace, id(), parent, kind
		x.Service, x.Name, x.Start, x.End = []byte(service), []byte(name), start.UnixNano(), end.UnixNano()
		return x.SpanID, x
	}
	own := func(service string, usual time.Duration) time.Duration {
		return time.Duration(float64(usual)*(0.8+0.4*s.rand.Float64())) + s.slow[service]
	}
	// call makes a service answer a request from at on and returns when it has.
	var call func(service string, parent [8]byte, at time.Time) time.Time
	remote := func(from, to string, parent [8]byte, at time.Time) time.Time {
		way := time.Millisecond
		if to == "bank" {
			way += s.wire
		}
		client, _ := add(from, "GET", telemetry.SpanClient, parent, at, at)
		k := len(b.Spans) - 1
		end := call(to, client, at.Add(way)).Add(way)
		b.Spans[k].End = end.UnixNano()
		return end
	}
	call = func(service string, parent [8]byte, at time.Time) time.Time {
		me, _ := add(service, "GET /"+service, telemetry.SpanServer, parent, at, at)
		k := len(b.Spans) - 1
		at = at.Add(own(service, 20*time.Millisecond))
		switch service {
		case "web":
			for _, to := range []string{"cart", "search", "pay"} {
				at = remote("web", to, me, at)
			}
		case "cart", "pay":
			end := at.Add(own("db", 5*time.Millisecond))
			_, x := add(service, "select", telemetry.SpanClient, me, at, end)
			x.System, x.Target = []byte("postgresql"), []byte(service)
			if at = end; service == "pay" {
				at = remote("pay", "bank", me, at)
			}
		}
		b.Spans[k].End = at.UnixNano()
		return at
	}
	for range requests {
		binary.BigEndian.PutUint64(trace[:], s.rand.Uint64())
		call("web", [8]byte{}, s.h.now.Add(-time.Second))
	}
	var r telemetry.SpanResult
	if s.h.core.TakeSpans(&b, &r); r.RefusedTotal() > 0 {
		s.h.t.Fatalf("got %+v", r)
	}
}

// run lets the shop run for a time.
func (s *tracedShop) run(d time.Duration) {
	s.h.t.Helper()
	for end := s.h.now.Add(d); s.h.now.Before(end); {
		s.h.now = s.h.now.Add(5 * time.Second)
		s.second(4)
		s.h.step()
	}
}

func newTracedShop(t *testing.T) *tracedShop {
	h := newHouse(t, slowAlert).open()
	return &tracedShop{h: h, rand: rand.New(rand.NewPCG(1, 2)), slow: map[string]time.Duration{}}
}

// incident returns the only incident, whichever service was seen to be slow first, which
// must be about a service too.
func (s *tracedShop) incident(service string) incident.Incident {
	s.h.t.Helper()
	list, err := s.h.core.Incidents().List(s.h.t.Context(), incident.Filter{Limit: 10})
	if err != nil || len(list) != 1 {
		s.h.t.Fatalf("got %d incidents, %v", len(list), err)
	}
	if !slices.ContainsFunc(list[0].Occurrences, func(o incident.Occurrence) bool { return o.Service == service }) {
		s.h.t.Fatalf("the incident of %s tells nothing of %s", list[0].Service, service)
	}
	return list[0]
}

func (s *tracedShop) read(services ...string) map[string]rca.Series {
	s.h.t.Helper()
	list, err := s.h.core.EvidenceForTest().SignalSeries(s.h.t.Context(), rca.SeriesQuery{
		Services: services, From: s.h.now.Add(-20 * time.Minute), To: s.h.now, Step: 30 * time.Second})
	if err != nil {
		s.h.t.Fatal(err)
	}
	out := map[string]rca.Series{}
	for _, x := range list {
		out[x.Service+" "+x.Source+" "+x.Signal] = x
	}
	return out
}

func last(s rca.Series) float64 {
	if len(s.Points) == 0 {
		return -1
	}
	return s.Points[len(s.Points)-1].V
}

func TestTopology_FiveServices_GraphAndEvidence(t *testing.T) {
	s := newTracedShop(t)
	s.run(15 * time.Minute)
	edges, _ := s.h.core.Topology().All(s.h.now)
	var got []string
	for _, e := range edges {
		got = append(got, e.From+" "+e.Kind+" "+e.To)
	}
	slices.Sort(got)
	want := "cart uses postgresql:cart\npay calls bank\npay uses postgresql:pay\nweb calls cart\nweb calls pay\nweb calls search"
	if all := strings.Join(got, "\n"); all != want {
		t.Fatalf("got\n%s\nwant\n%s", all, want)
	}
	if got := fmt.Sprint(s.h.core.Related("web", "bank"), s.h.core.Related("cart", "search")); got != "0.8 0.6" {
		t.Errorf("got %s", got)
	}
	before := s.read("web", "cart", "search", "pay", "bank", "postgresql:pay")
	s.slow["pay"], s.wire = 800*time.Millisecond, 300*time.Millisecond
	s.run(5 * time.Minute)
	after := s.read("web", "cart", "search", "pay", "bank", "postgresql:pay")
	for key, want := range map[string][2]float64{
		"web self_time time in the service itself (p90)":       {0.024, 0.024},
		"pay self_time time in the service itself (p90)":       {0.024, 0.824},
		"bank edge_gap time between client and server (p50)":   {0.002, 0.602},
		"pay edge_gap time between client and server (p50)":    {0.002, 0.302}, // the mean of two edges
		"web calls requests for each root request":             {1, 1},
		"postgresql:pay self_time time of calls to it (p50)":   {0.005, 0.005},
		"postgresql:pay metric share of calls to it that fail": {0, 0},
		"pay  error_rate":   {0, 0},
		"pay  request_rate": {0.8, 0.8},
		"pay  p95_latency":  {0.055, 1.48},
	} {
		if b, a := last(before[key]), last(after[key]); !near(b, want[0]) || !near(a, want[1]) {
			t.Errorf("%s: got %.4g, then %.4g, want %v", key, b, a, want)
		}
	}
	if _, ok := after["pay self_time time of calls to it (p50)"]; ok {
		t.Error("what clients see of a service stands beside what it says itself")
	}
}

// near allows for the width of a bucket.
func near(got, want float64) bool { return got >= want*0.8-1e-6 && got <= want*1.2+1e-6 }

func TestTopology_Restart_RemembersTheGraph(t *testing.T) {
	s := newTracedShop(t)
	s.run(time.Minute)
	s.h.close()
	s.h.open()
	if got := s.h.core.Related("web", "bank"); got != 0.8 {
		t.Errorf("got %g", got)
	}
}

// Web is what people feel to be slow, pay is what takes longer itself: the one that is
// named must be pay, whoever calls it and whatever it calls.
func TestTopology_OneServiceSlow_IsThePrimaryCause(t *testing.T) {
	for culprit, make := range map[string]func(*tracedShop){
		"pay":  func(s *tracedShop) { s.slow["pay"] = 900 * time.Millisecond },
		"bank": func(s *tracedShop) { s.slow["bank"] = 900 * time.Millisecond },
		"cart": func(s *tracedShop) { s.slow["cart"] = 900 * time.Millisecond },
	} {
		t.Run(culprit, func(t *testing.T) {
			t.Parallel()
			s := newTracedShop(t)
			s.run(70 * time.Minute)
			make(s)
			s.run(6 * time.Minute)
			r, ok, err := s.h.core.Rankings().Latest(t.Context(), s.incident("web").ID)
			if err != nil || !ok || len(r.Suspects) == 0 {
				t.Fatalf("got %+v %t %v", r, ok, err)
			}
			if got := r.Suspects[0]; got.Service != culprit {
				t.Errorf("got %s (%s)", got.Service, got.Title)
			}
			if r.Analysis == nil || r.Analysis.PrimaryCause == nil || r.Analysis.PrimaryCause.Service != culprit {
				t.Fatalf("got %+v", r.Analysis)
			}
			// There is no rule in this house, which is known and not guessed.
			if !slices.ContainsFunc(r.Analysis.PreventionMeasures, func(m rca.Measure) bool {
				return strings.HasPrefix(m.Title, "alert on ") && m.Basis == rca.Observed
			}) {
				t.Errorf("got %+v", r.Analysis.PreventionMeasures)
			}
		})
	}
}
