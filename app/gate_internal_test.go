package app

import (
	"errors"
	"testing"
)

// Whoever stores waits while a gate is opened: what it had stored could be missed by who
// reads the store, and would not be shown either. An error leaves the gate shut.
func TestGate_Open_WritersWait(t *testing.T) {
	var g gate
	if !g.passes() {
		t.Error("want a new gate open")
	}
	g.shut.Store(true)
	wrong := errors.New("wrong")
	for _, want := range []error{wrong, nil} {
		got := g.open(func() error {
			if g.mu.TryRLock() {
				g.mu.RUnlock()
				t.Error("a writer would not wait")
			}
			return want
		})
		if !errors.Is(got, want) || g.passes() != (want == nil) {
			t.Errorf("got %v and open %t, want %v", got, g.passes(), want)
		}
	}
}
