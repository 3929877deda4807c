package rules_test

import (
	"math"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/rules"
)

func TestBackfill_StoredHistory_GivesTheValuesOfThen(t *testing.T) {
	s := newStory(t, `load 1m
	http_requests_total{job="a",code="200"} 0+60x600
`)
	s.start()
	if n, bad, err := s.engine.Backfill(t.Context(), epoch(0), epoch(time.Hour), time.Minute); n+bad != 0 || err != nil {
		t.Errorf("before the first load: got %d, %d, %v", n, bad, err)
	}
	s.load(rules.RuleSet{})
	n, bad, err := s.engine.Backfill(t.Context(), epoch(0), epoch(10*time.Hour), time.Minute)
	if err != nil || bad != 0 || n != 2*600 {
		t.Errorf("stored %d, refused %d, %v; want 1200 values of two signals", n, bad, err)
	}
	for _, at := range []time.Duration{10 * time.Minute, 6 * time.Hour, 10 * time.Hour} {
		if v := s.value("tocsin:request_rate", at); len(v) != 1 || math.Abs(v[0].F-1) > 1e-9 {
			t.Errorf("at %s: got %v, want 1/s", at, v)
		}
	}
	if _, bad, err := s.engine.Backfill(t.Context(), epoch(0), epoch(time.Hour), time.Minute); err != nil || bad == 0 {
		t.Errorf("a second time over the start: refused %d, %v; want the old values refused", bad, err)
	}
	if _, _, err := s.engine.Backfill(t.Context(), epoch(1), epoch(0), time.Minute); err == nil {
		t.Error("got no error for a span that ends before it begins")
	}
}
