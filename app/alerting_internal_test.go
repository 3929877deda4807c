package app

import (
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/rules"
)

// TestCore_Routed_WhatStandsGoesOn: an alert whose data or source went silent has not
// ended; one that is pending or a shadow is for no route.
func TestCore_Routed_WhatStandsGoesOn(t *testing.T) {
	at := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	for state, want := range map[rules.AlertState]string{
		rules.AlertFiring: "goes on", rules.AlertHeld: "goes on", rules.AlertStale: "goes on",
		rules.AlertResolved: "ended", rules.AlertPending: "none",
	} {
		got := "none"
		if r := new(Core).routed(rules.Alert{State: state, At: at}); r != nil {
			got = "goes on"
			if r.EndsAt.Equal(at) {
				got = "ended"
			}
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", state, got, want)
		}
	}
	if r := new(Core).routed(rules.Alert{State: rules.AlertFiring, Shadow: true}); r != nil {
		t.Errorf("a shadow goes to the routes: %v", r)
	}
}
