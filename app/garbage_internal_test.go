package app

import (
	"context"
	"runtime/debug"
	"testing"
	"testing/synctest"
)

func TestGarbagePercent(t *testing.T) {
	for live, want := range map[uint64]int{0: 100, 10 << 20: 100, 64 << 20: 100, 128 << 20: 50, 320 << 20: 20, 2 << 30: 15} {
		if got := garbagePercent(live); got != want {
			t.Errorf("%d bytes live: got %d percent, want %d", live, got, want)
		}
	}
}

func TestTendGarbage_SetsTheShareAndPutsItBack(t *testing.T) {
	t.Setenv("GOGC", "")
	before := debug.SetGCPercent(77)
	defer debug.SetGCPercent(before)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*garbageEvery)
		defer cancel()
		if err := tendGarbage(ctx); err != nil {
			t.Fatal(err)
		}
	})
	if got := debug.SetGCPercent(77); got != 77 {
		t.Errorf("left the share at %d percent, want 77 as before", got)
	}
	t.Setenv("GOGC", "50")
	if err := tendGarbage(t.Context()); err != nil || debug.SetGCPercent(77) != 77 {
		t.Error("an operator's GOGC was overruled")
	}
}
