package app

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The collector lets memory grow by a share of what lives before it looks for
// garbage; by default the share is all of it, which doubles what a daemon with
// millions of series holds resident. Samples leave little garbage, a dozen bytes
// each, so looking for it far earlier costs a few percent: the daemon lets grow by
// garbageLeast percent, or by garbageRoom where that is more. Memory can double within
// garbageEvery and be kept at that until the collector runs again, hours later: a million
// series are made in some seconds.
const (
	garbageLeast = 15
	garbageMost  = 100
	garbageRoom  = 64 << 20
	garbageEvery = 2 * time.Second
)

// garbagePercent returns by how many percent memory may grow beyond so many bytes
// that live.
func garbagePercent(live uint64) int {
	return int(min(max(garbageRoom*100/max(live, 1), garbageLeast), garbageMost))
}

// tendGarbage keeps the collector's share right as memory grows and shrinks, until
// ctx ends. An operator who has set GOGC knows better. It returns nil.
func tendGarbage(ctx context.Context) error {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	before := debug.SetGCPercent(garbageMost)
	defer debug.SetGCPercent(before)
	tick := time.NewTicker(garbageEvery)
	defer tick.Stop()
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	now := garbageMost
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		metrics.Read(live)
		if next := garbagePercent(live[0].Value.Uint64()); next != now {
			debug.SetGCPercent(next)
			now = next
		}
	}
}
