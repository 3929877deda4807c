package incident

import (
	"fmt"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func testEngine() engine {
	n := 0
	return engine{cfg: DefaultConfig(), newID: func(time.Time) string { n++; return fmt.Sprintf("%06d", n) }}
}

func strongAnomaly(key, service string, at time.Time) Occurrence {
	return Occurrence{Key: key, Source: SourceAnomaly, Name: key, Signal: key, Service: service, Severity: SeverityWarning,
		Condition: ConditionFiring, Strong: true, Since: at, At: at, Value: 1, Expected: unknown, Threshold: unknown, Score: 1}
}

// step applies an occurrence to a state as the manager does once it is stored.
func (e engine) step(s *state, o Occurrence) delta {
	d := e.apply(s, o)
	s.commit(d, e.cfg)
	return d
}

func TestApply_ReadsOnly(t *testing.T) {
	e, s := testEngine(), newState()
	o := strongAnomaly("x", "a", noon)
	o.Symptom = true
	e.step(s, o)
	l := s.open[s.byKey[o.Key]]
	before := fmt.Sprintf("%+v", *l)
	o.Condition, o.At = ConditionCleared, noon.Add(time.Minute)
	d := e.apply(s, o) // never committed
	if len(d.events) != 1 || fmt.Sprintf("%+v", *l) != before {
		t.Errorf("apply wrote to the state: %+v", *l)
	}
	if d := e.tick(s, noon.Add(time.Hour)); len(d.events) != 0 {
		t.Errorf("got %v", d.events)
	}
}

func TestParked_IsBounded(t *testing.T) {
	e, s := testEngine(), newState()
	e.cfg.GatherCount = maxParkedPerService
	e.cfg.GatherWindow = 1 // nothing gathers
	for i := range maxParkedPerService + 5 {
		e.step(s, strongAnomaly(fmt.Sprintf("k%d", i), "a", noon.Add(time.Duration(i)*time.Second)))
	}
	p := s.candidates[scope{service: "a"}].Occurrences
	if len(p) != maxParkedPerService || p[0].Key != "k5" {
		t.Errorf("got %d parked, first %s; want the last %d", len(p), p[0].Key, maxParkedPerService)
	}
	full := ""
	for i := range maxParked {
		full = e.step(s, strongAnomaly("k", fmt.Sprintf("s%d", i), noon)).result
	}
	if s.parkedTotal() != maxParked || full != resultFull {
		t.Errorf("got %d parked, last result %s", s.parkedTotal(), full)
	}
	again := strongAnomaly("k20", "a", noon.Add(parkedFor+time.Minute))
	if e.step(s, again); s.parkedTotal() != maxParked {
		t.Errorf("parked anew: %d", s.parkedTotal())
	}
	for range 2 {
		s.commit(e.tick(s, noon.Add(time.Hour)), e.cfg)
	}
	if s.parkedTotal() != 0 || len(s.candidates) != 0 {
		t.Errorf("%d parked for ever", s.parkedTotal())
	}
}

func TestRecent_IsBounded_AndForgotten(t *testing.T) {
	e, s := testEngine(), newState()
	e.cfg.StormIncidents = 1000
	for i := range maxRecent + 3 {
		at := noon.Add(time.Duration(i) * time.Second)
		o := strongAnomaly(fmt.Sprintf("x%d", i), fmt.Sprintf("s%04d", i), at)
		o.Symptom = true
		e.step(s, o)
		lasting := strongAnomaly(fmt.Sprintf("y%d", i), o.Service, at)
		lasting.Signal, lasting.Strong = "", false
		e.step(s, lasting)
		o.Condition = ConditionCleared
		e.step(s, o)
		s.commit(e.tick(s, at.Add(6*time.Minute)), e.cfg)
	}
	if len(s.recent) != maxRecent || len(s.lasting) != maxRecent || s.recent["000001"] != nil || len(s.open) > 400 {
		t.Errorf("got %d recent, %d that went on, %d open", len(s.recent), len(s.lasting), len(s.open))
	}
	s.commit(e.tick(s, noon.Add(24*time.Hour)), e.cfg)
	s.commit(e.tick(s, noon.Add(48*time.Hour)), e.cfg)
	if len(s.recent)+len(s.lasting)+len(s.open) != 0 {
		t.Errorf("%d recent, %d that went on, %d open for ever", len(s.recent), len(s.lasting), len(s.open))
	}
}

func TestOpen_IsBounded(t *testing.T) {
	e, s := testEngine(), newState()
	for i := range maxOpen + 20 {
		o := strongAnomaly(fmt.Sprintf("x%d", i), fmt.Sprintf("s%d", i), noon.Add(time.Duration(i)*time.Hour))
		o.Symptom = true
		e.step(s, o)
	}
	if len(s.open) != maxOpen+1 || s.umbrella() == nil || len(s.umbrella().Occurrences) != 20 {
		t.Errorf("got %d open, storm %+v", len(s.open), s.umbrella())
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		42 * time.Second: "42s", 90 * time.Second: "1m30s", 7 * time.Minute: "7m", 25*time.Minute + 3*time.Second: "25m",
		time.Hour: "1h", 70 * time.Minute: "1h10m", 24 * time.Hour: "1d", 51 * time.Hour: "2d3h", 34 * time.Hour: "1d10h", -time.Minute: "1m",
		10 * time.Hour: "10h", 240 * time.Hour: "10d",
	} {
		if got := span(d); got != want {
			t.Errorf("%s: got %q, want %q", d, got, want)
		}
	}
}

func BenchmarkApply_Refresh_1000Open(b *testing.B) {
	e, s := testEngine(), newState()
	e.cfg.StormIncidents = 1000
	var o Occurrence
	for i := range 1000 {
		o = strongAnomaly(fmt.Sprintf("x%d", i), fmt.Sprintf("s%d", i), noon)
		o.Symptom = true
		e.step(s, o)
	}
	for b.Loop() {
		o.At = o.At.Add(time.Second)
		e.step(s, o)
	}
}
