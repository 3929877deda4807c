package rules

import (
	"context"
	"slices"
	"testing"
	"time"
	"unsafe"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// mapped is a block whose names lie in memory that is gone once it is closed.
type mapped struct {
	storage.LabelQuerier
	memory []byte
}

func (m mapped) Querier(int64, int64) (storage.Querier, error) { return m, nil }

func (m mapped) Select(context.Context, bool, *storage.SelectHints, ...*labels.Matcher) storage.SeriesSet {
	return storage.EmptySeriesSet()
}

func (m mapped) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return []string{unsafe.String(&m.memory[0], len(m.memory))}, nil, nil
}

func (m mapped) Close() error {
	for i := range m.memory {
		m.memory[i] = 'x'
	}
	return nil
}

// Names of metrics are kept for the life of the engine, and blocks are not.
func TestStoredMetrics_NamesOutliveTheBlock(t *testing.T) {
	e := &Engine{opts: EngineOptions{Queryable: mapped{LabelQuerier: storage.NoopQuerier(), memory: []byte("up")}}}
	names, err := e.storedMetrics(t.Context(), []string{"up"}, time.Time{}, time.Now())
	if err != nil || !slices.Equal(names, []string{"up"}) {
		t.Errorf("got %q, %v", names, err)
	}
}
