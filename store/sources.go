package store

import (
	"fmt"
	"sync"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunks"

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
	series []int // by number
	of     map[storage.SeriesRef]uint16
}

// newSources returns nil for limit 0, which is none.
func newSources(limit int) *sources {
	if limit == 0 {
		return nil
	}
	return &sources{limit: limit, number: map[string]uint16{}, of: map[storage.SeriesRef]uint16{}}
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
func (s *sources) add(source string, ref storage.SeriesRef) {
	if s == nil || ref == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.of[ref]; known {
		return
	}
	n := s.find(source)
	s.of[ref] = n
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

// lifecycle tells the sources, and whoever else is to be told, what becomes of series.
type lifecycle struct {
	*sources
	other tsdb.SeriesLifecycleCallback // may be nil
}

// PreCreation lets the other say whether a series may be made; the limits of
// sources were asked before.
func (l lifecycle) PreCreation(ls labels.Labels) error {
	if l.other == nil {
		return nil
	}
	return l.other.PreCreation(ls)
}

// PostCreation tells the other; of which source a series is only the request knows.
func (l lifecycle) PostCreation(ls labels.Labels) {
	if l.other != nil {
		l.other.PostCreation(ls)
	}
}

// PostDeletion tells both.
func (l lifecycle) PostDeletion(gone map[chunks.HeadSeriesRef]labels.Labels) {
	l.dropped(gone)
	if l.other != nil {
		l.other.PostDeletion(gone)
	}
}

// dropped counts series no more that the TSDB has dropped from memory.
func (s *sources) dropped(gone map[chunks.HeadSeriesRef]labels.Labels) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ref := range gone {
		if n, known := s.of[storage.SeriesRef(ref)]; known {
			s.series[n]--
			delete(s.of, storage.SeriesRef(ref))
		}
	}
}
