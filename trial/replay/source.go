package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/store/remote"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Source is where the past is read from. It is used by one goroutine at a time.
type Source interface {
	// Load hands over the samples from from to to, both included and in
	// milliseconds, of every series that the matchers select; a series comes in one
	// part or several, in order of time. What take is given belongs to the source.
	Load(ctx context.Context, ms []*labels.Matcher, from, to int64, take func(labels.Labels, []telemetry.Sample, []telemetry.HistogramSample) error) error
	// Names returns the names of the metrics that a matcher of names selects.
	Names(ctx context.Context, m *labels.Matcher, from, to int64) ([]string, error)
	Close() error
}

// Stored is a Source over a store.
type Stored struct {
	Querier storage.Querier // over all times that are wanted
	Done    func() error    // is called by Close; may be nil
}

// Load reads the series one after the other.
func (s Stored) Load(ctx context.Context, ms []*labels.Matcher, from, to int64, take func(labels.Labels, []telemetry.Sample, []telemetry.HistogramSample) error) error {
	return store.Load(ctx, s.Querier, ms, from, to, func(l labels.Labels, floats []telemetry.Sample, histograms []telemetry.HistogramSample) error {
		return take(l.Copy(), floats, histograms)
	})
}

// Names asks the store.
func (s Stored) Names(ctx context.Context, m *labels.Matcher, _, _ int64) ([]string, error) {
	names, _, err := s.Querier.LabelValues(ctx, labels.MetricName, nil, m)
	return names, err
}

// Close closes the store.
func (s Stored) Close() error {
	if s.Done == nil {
		return nil
	}
	return s.Done()
}

// Remote is a Source over a server with Prometheus' API.
type Remote struct{ Reader *remote.Reader }

// Load asks the server for the series of the matchers. By ways of asking in which
// native histograms cannot be had, they are an error: rules over them would say
// something else than they did.
func (r Remote) Load(ctx context.Context, ms []*labels.Matcher, from, to int64, take func(labels.Labels, []telemetry.Sample, []telemetry.HistogramSample) error) error {
	missed, err := r.Reader.All(ctx, ms, time.UnixMilli(from), time.UnixMilli(to), take)
	if err == nil && missed > 0 {
		err = fmt.Errorf("%s gives no native histograms by %s, and %d samples are such", r.Reader.Address(), r.Reader.Way(), missed)
	}
	return err
}

// Names asks the server.
func (r Remote) Names(ctx context.Context, m *labels.Matcher, from, to int64) ([]string, error) {
	return r.Reader.Names(ctx, "{"+m.String()+"}", time.UnixMilli(from), time.UnixMilli(to))
}

// Close closes connections.
func (r Remote) Close() error { return r.Reader.Close() }

// errTooMuch is returned when the rules read more at once than memory is for.
var errTooMuch = errors.New("the rules read too many samples at once; name fewer series, or replay fewer rules")
