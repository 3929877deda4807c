package backtest

import (
	"context"
	"io"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/store/remote"
)

// RemoteOptions say which history of a server to read.
type RemoteOptions struct {
	Reader    *remote.Reader
	Selectors []string // see Selectors; none is every series
	From, To  time.Time
}

// NewRemote asks the server which series there are and returns a source with one
// unit for each, in the order of labels, and their number. Several units are read
// at once, each with requests of its own.
func NewRemote(ctx context.Context, o RemoteOptions) (Source, int, error) {
	if len(o.Selectors) == 0 {
		o.Selectors = []string{everything}
	}
	series, err := o.Reader.Series(ctx, o.Selectors, o.From, o.To)
	if err != nil {
		return nil, 0, err
	}
	return &remoteSource{o: o, series: series}, len(series), nil
}

type remoteSource struct {
	o      RemoteOptions
	series []labels.Labels // not yet given
}

// Close closes the reader.
func (s *remoteSource) Close() error { return s.o.Reader.Close() }

// Next returns the next series; its samples are read by Unit.Read.
func (s *remoteSource) Next(context.Context) (Unit, error) {
	if len(s.series) == 0 {
		return Unit{}, io.EOF
	}
	l := s.series[0]
	s.series = s.series[1:]
	u := Unit{Name: l.String(), Metrics: []labels.Labels{l}}
	u.Read = func(ctx context.Context, unread *uint64, emit func(*Record) error) error {
		samples, histograms, err := s.o.Reader.Samples(ctx, l, s.o.From, s.o.To)
		if err != nil {
			return err
		}
		*unread = histograms
		return emitAll(ctx, samples, emit)
	}
	return u, nil
}
