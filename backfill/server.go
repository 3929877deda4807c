package backfill

import (
	"context"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/store/remote"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Server is a Source of a server that speaks Prometheus' API.
type Server struct {
	reader   *remote.Reader
	from, to time.Time
	skipped  map[string]int64
}

// NewServer returns a source of what a server has between two times. The reader is
// closed with it.
func NewServer(r *remote.Reader, from, to time.Time) *Server {
	return &Server{reader: r, from: from, to: to, skipped: map[string]int64{}}
}

// Name is the address, without user and password.
func (s *Server) Name() string { return s.reader.Address() }

// Span is what was asked for.
func (s *Server) Span() (from, to int64, ok bool) { return s.from.UnixMilli(), s.to.UnixMilli(), true }

// Skipped counts native histograms of a server that has no remote read.
func (s *Server) Skipped() map[string]int64 { return s.skipped }

// Close closes idle connections.
func (s *Server) Close() error { return s.reader.Close() }

// askSpan is how much time one question is about.
const askSpan = 2 * time.Hour

// Read asks for some time of all series at once where the server has remote read,
// and else for each series.
func (s *Server) Read(ctx context.Context, q Query, take func(Stretch) error) error {
	selectors := q.Selectors
	if len(selectors) == 0 {
		selectors = [][]*labels.Matcher{{labels.MustNewMatcher(labels.MatchRegexp, labels.MetricName, ".+")}}
	}
	for start := q.From; start <= q.To; start += askSpan.Milliseconds() {
		end := min(q.To, start+askSpan.Milliseconds()-1)
		for i, ms := range selectors {
			before := Query{Selectors: selectors[:i]}
			missed, err := s.reader.All(ctx, ms, time.UnixMilli(start), time.UnixMilli(end), func(l labels.Labels, floats []telemetry.Sample, histograms []telemetry.HistogramSample) error {
				if i > 0 && before.matches(l) {
					return nil // was among those of an earlier selector
				}
				return take(Stretch{Labels: l, Floats: floats, Histograms: histograms})
			})
			s.skipped["native histograms"] += int64(missed)
			if err != nil {
				return err
			}
		}
	}
	return nil
}
