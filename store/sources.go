package store

import (
	"fmt"
	"sync"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunks"

	"github.com/tocsinhq/tocsin/store/head"
	"github.com/tocsinhq/tocsin/telemetry"
)

// maxSources bounds how many sources are told apart; all others are one.
const maxSources = 10_000

// otherSources is the name of those that are not told apart.
const otherSources = "others"

// sources counts the series in memory by the source that first sent them to this
// process. A nil *sources counts nothing. It is safe for concurrent use.
type sources struct {
	limit int

	mu     sync.Mutex
	number map[string]uint16
	names  []string
	series []int             // by number
	of     map[uint64]uint16 // by sourceKey
}

// newSources returns nil for limit 0, which is none.
func newSources(limit int) *sources {
	if limit == 0 {
		return nil
	}
	return &sources{limit: limit, number: map[string]uint16{}, of: map[uint64]uint16{}}
}

// find returns the number of a source. The caller holds the lock.
func (s *sources) find(name string) uint16 {
	if n, ok := s.number[name]; ok {
		return n
	}
	if len(s.names) >= maxSources && name != otherSources {
		return s.find(otherSources)
	}
	n := uint16(len(s.names))
	s.number[name] = n
	s.names, s.series = append(s.names, name), append(s.series, 0)
	return n
}

// mayCreate returns a fault when a source has as many series as it may.
func (s *sources) mayCreate(source string) *fault {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.find(source)
	if s.series[n] < s.limit {
		return nil
	}
	return &fault{telemetry.ReasonSourceLimit,
		fmt.Sprintf("source %q has %d series, want at most %d (storage.limits.max_series_per_source), so no new one is made; its existing series and other sources are unaffected",
			s.names[n], s.series[n], s.limit)}
}

// add counts a series for a source unless it is counted already.
func (s *sources) add(source string, key uint64) {
	if s == nil || key == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.of[key]; known {
		return
	}
	n := s.find(source)
	s.of[key] = n
	s.series[n]++
}

// len returns the number of sources that have series.
func (s *sources) len() int {
	if s == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, have := range s.series {
		if have > 0 {
			n++
		}
	}
	return n
}

// sourceKey is how sources know a series of the cache: by what the head calls it, or
// else the base. 0 is none.
func sourceKey(s *series) uint64 {
	if s.head != 0 {
		return headKey(head.ID(s.head))
	}
	return s.ref
}

func headKey(id head.ID) uint64 { return 1<<63 | uint64(id) }

// dropped counts series no more that the base has dropped from memory.
func (s *sources) dropped(gone map[chunks.HeadSeriesRef]labels.Labels) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for ref := range gone {
		s.drop(uint64(ref))
	}
}

// droppedFromHead does so for those of the head.
func (s *sources) droppedFromHead(gone []head.ID) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range gone {
		s.drop(headKey(id))
	}
}

func (s *sources) drop(key uint64) {
	if n, known := s.of[key]; known {
		s.series[n]--
		delete(s.of, key)
	}
}

// forget begins anew: another opening of the store may give the names of its series
// to others. They are counted again as their samples come.
func (s *sources) forget() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.series)
	clear(s.of)
}
