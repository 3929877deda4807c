package backtest

import (
	"context"
	"fmt"
	"io"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tocsinhq/tocsin/telemetry"
)

// everything is the selector for those who name none.
const everything = `{__name__=~".+"}`

// Selectors reads PromQL series selectors such as {job="api"}; none is every
// series. The error names the one that is wrong.
func Selectors(texts []string) ([][]*labels.Matcher, error) {
	if len(texts) == 0 {
		texts = []string{everything}
	}
	p := parser.NewParser(parser.Options{})
	var out [][]*labels.Matcher
	for _, s := range texts {
		ms, err := p.ParseMetricSelector(s)
		if err != nil {
			return nil, fmt.Errorf("series selector %q: %w", s, err)
		}
		out = append(out, ms)
	}
	return out, nil
}

// StoredOptions say which series of a store to read.
type StoredOptions struct {
	Querier   storage.Querier // over the times that are wanted
	Selectors [][]*labels.Matcher
	Close     func() error // is called by Source.Close; may be nil
}

// NewStored returns a source over a store, one unit for each series, selector
// by selector and in the order of labels; a series that several select comes
// once. The querier is used by Next only, which copies the samples of a series,
// because series of a store may not be read by several goroutines.
func NewStored(o StoredOptions) Source {
	return &storedSource{o: o, seen: map[string]bool{}}
}

type storedSource struct {
	o    StoredOptions
	set  storage.SeriesSet // of the first of o.Selectors; nil before
	it   chunkenc.Iterator
	seen map[string]bool // series of earlier selectors, when there are several
	last int             // samples of the series before
}

// Close closes the store.
func (s *storedSource) Close() error {
	if s.o.Close == nil {
		return nil
	}
	return s.o.Close()
}

// Next reads the next series.
func (s *storedSource) Next(ctx context.Context) (Unit, error) {
	for len(s.o.Selectors) > 0 {
		if s.set == nil {
			s.set = s.o.Querier.Select(ctx, true, nil, s.o.Selectors[0]...)
		}
		if !s.set.Next() {
			if err := s.set.Err(); err != nil {
				return Unit{}, fmt.Errorf("read series: %w", err)
			}
			s.set, s.o.Selectors = nil, s.o.Selectors[1:]
			continue
		}
		series := s.set.At()
		name := series.Labels().String()
		if s.seen[name] {
			continue
		}
		s.seen[name] = true
		return s.unit(name, series)
	}
	return Unit{}, io.EOF
}

func (s *storedSource) unit(name string, series storage.Series) (Unit, error) {
	samples := make([]telemetry.Sample, 0, s.last)
	unread := uint64(0)
	s.it = series.Iterator(s.it)
	for vt := s.it.Next(); vt != chunkenc.ValNone; vt = s.it.Next() {
		if vt != chunkenc.ValFloat {
			unread++
			continue
		}
		t, v := s.it.At()
		samples = append(samples, telemetry.Sample{T: t, V: v})
	}
	if err := s.it.Err(); err != nil {
		return Unit{}, fmt.Errorf("read series %s: %w", name, err)
	}
	s.last = len(samples)
	return Unit{Name: name, Metrics: []labels.Labels{series.Labels().Copy()}, Read: func(ctx context.Context, n *uint64, emit func(*Record) error) error {
		*n = unread
		return emitAll(ctx, samples, emit)
	}}, nil
}

// emitAll hands on samples as records.
func emitAll(ctx context.Context, samples []telemetry.Sample, emit func(*Record) error) error {
	r := Record{Values: make([]float64, 1)}
	for i, x := range samples {
		if i&1023 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		r.T, r.Values[0] = x.T, x.V
		if err := emit(&r); err != nil {
			return err
		}
	}
	return nil
}
