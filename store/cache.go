package store

import (
	"math"
	"sync"
	"sync/atomic"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/telemetry"
)

// series is what the writer remembers of one series, so that a sample of a
// known series needs neither its labels built nor its index searched. The
// lock guards all but labels, which never change; slot is written under it.
type series struct {
	labels labels.Labels
	slot   atomic.Uint64 // of the observer; 0 is not watched
	used   atomic.Uint32 // minute of the last use, for the sweep

	mu       sync.Mutex
	ref      storage.SeriesRef // may be stale after the head dropped the series
	newest   int64             // time of the newest sample accepted here
	value    uint64            // bits of its value
	observed int64             // time of the newest sample the observer saw
}

func newSeries(ls labels.Labels, ref storage.SeriesRef, slot uint64) *series {
	s := &series{labels: ls, ref: ref, newest: math.MinInt64, observed: math.MinInt64}
	s.slot.Store(slot)
	return s
}

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

// accept notes a float sample that the TSDB took into a transaction. The
// caller holds the lock.
func (s *series) accept(ref storage.SeriesRef, t int64, v float64) observation {
	s.ref = ref
	if t > s.newest {
		s.newest, s.value = t, math.Float64bits(v)
	}
	return observation{s, t, v}
}

const cacheShards = 64

// cache finds series by identity. A series whose labels come in several
// spellings (another order, empty values) has one identity for each, all
// leading to the same series. It is safe for concurrent use.
type cache struct {
	shards [cacheShards]cacheShard
}

type cacheShard struct {
	mu sync.RWMutex
	m  map[identity]*series
	_  [32]byte // keeps the locks of neighbours on different cache lines
}

func newCache() *cache {
	c := new(cache)
	for i := range c.shards {
		c.shards[i].m = make(map[identity]*series)
	}
	return c
}

func (c *cache) shard(id identity) *cacheShard { return &c.shards[id[0]%cacheShards] }

// get returns the series of an identity and marks it used, or nil.
func (c *cache) get(id identity, minute uint32) *series {
	s := c.shard(id)
	s.mu.RLock()
	e := s.m[id]
	s.mu.RUnlock()
	if e != nil && e.used.Load() != minute {
		e.used.Store(minute)
	}
	return e
}

// add keeps e under id unless another request was quicker, and returns the
// one that is kept.
func (c *cache) add(id identity, e *series, minute uint32) *series {
	e.used.Store(minute)
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if have := s.m[id]; have != nil {
		return have
	}
	s.m[id] = e
	return e
}

// len returns the number of identities kept.
func (c *cache) len() int {
	n := 0
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.RLock()
		n += len(s.m)
		s.mu.RUnlock()
	}
	return n
}

// sweep drops identities whose series was last used before the given minute
// and returns how many. It holds one shard's lock at a time.
func (c *cache) sweep(before uint32) int {
	n := 0
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		had := len(s.m)
		for id, e := range s.m {
			if e.used.Load() < before {
				delete(s.m, id)
			}
		}
		n += had - len(s.m)
		// A map keeps the memory of its largest size, so copy what is left
		// when that is little.
		if had > 1024 && len(s.m) < had/4 {
			left := make(map[identity]*series, len(s.m))
			for id, e := range s.m {
				left[id] = e
			}
			s.m = left
		}
		s.mu.Unlock()
	}
	return n
}
