package backtest

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/store/remote"
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

// Take is given samples of one series, oldest first, which are the source's again
// when it returns; histograms are not overwritten.
type Take func(labels.Labels, []telemetry.Sample, []telemetry.HistogramSample) error

// Read is where the past is read from: it hands the samples from from to to, both
// included and in milliseconds, of every series that the matchers select to take, a
// series in one part or in several that follow each other in time, and returns
// take's error if there is one. Samples that the source has but cannot give are
// counted in missed. It is called by one goroutine, for later and later times but
// where what came was too much at once, and to find where samples end.
type Read func(ctx context.Context, ms []*labels.Matcher, from, to int64, take Take) (missed uint64, err error)

// Stored reads from a store, over the times that are wanted of it.
func Stored(q storage.Querier) Read {
	return func(ctx context.Context, ms []*labels.Matcher, from, to int64, take Take) (uint64, error) {
		return 0, store.Load(ctx, q, ms, from, to, take)
	}
}

// Remote reads from a server, which is asked once for each window.
func Remote(r *remote.Reader) Read {
	return func(ctx context.Context, ms []*labels.Matcher, from, to int64, take Take) (uint64, error) {
		return r.Window(ctx, ms, time.UnixMilli(from), time.UnixMilli(to), take)
	}
}
