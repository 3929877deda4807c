package store

import (
	"math"
	"sync/atomic"
	"unsafe"

	"github.com/tocsinhq/tocsin/store/head"
	"github.com/tocsinhq/tocsin/telemetry"
)

// series is what the writer remembers of one series, so that a sample of a known
// series needs neither its labels looked at nor its index searched: one cache line
// and no pointer for the collector. slot and used are read and written without the
// lock of the series (see cache.lock), which guards all else.
type series struct {
	id       identity      // of the first spelling of its labels; zero if the place is free
	slot     atomic.Uint64 // of the observer; 0 is not watched
	ref      uint64        // of the base; may be stale after it dropped the series
	newest   int64         // time of the newest sample accepted here
	value    uint64        // bits of its value; histogramBits for a native histogram
	observed int64         // time of the newest sample the observer saw
	used     atomic.Uint32 // minute of the last use, for the sweep
	head     uint32        // head.ID; 0 is not known
}

// BytesPerSeries is about what a series with ten labels costs the store in memory: what
// the head keeps of it, and of the cache its line and its cells in a table that is half full.
const BytesPerSeries = head.BytesPerSeries + int(unsafe.Sizeof(series{})) + 16

// never is before all times.
const never = math.MinInt64

// histogramBits stand for a native histogram where the value of a float would be. They are
// those of a NaN that no program makes; a float with just these bits would be taken for
// one.
const histogramBits uint64 = 0x7ff8_7469_6273_6f68

// valueAt returns the bits of the value known at a time: of the newest sample
// or of the last one of the run that is being stored. The caller holds the
// lock.
func (s *series) valueAt(t int64, last telemetry.Sample) (bits uint64, ok bool) {
	switch t {
	case last.T:
		return math.Float64bits(last.V), true
	case s.newest:
		return s.value, true
	}
	return 0, false
}

// accept notes a float sample that is part of a transaction. The caller holds the
// lock.
func (s *series) accept(t int64, v float64) { s.acceptBits(t, math.Float64bits(v)) }

// acceptBits is accept for the bits of a float or histogramBits.
func (s *series) acceptBits(t int64, bits uint64) {
	if t > s.newest {
		s.newest, s.value = t, bits
	}
}

func (s *series) touch(minute uint32) {
	if s.used.Load() != minute {
		s.used.Store(minute)
	}
}
