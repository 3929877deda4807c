package rules

import (
	"context"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/rules/signal"
	"github.com/tocsinhq/tocsin/rules/slo"
)

// excluding puts what objectives count aside while its service is in a
// maintenance window: under another name, so that it is in no sum and can still
// be looked at.
type excluding struct {
	storage.AppendableV2
	in func(l map[string]string, at time.Time) bool // nil: never
}

func (x excluding) AppenderV2(ctx context.Context) storage.AppenderV2 {
	app := x.AppendableV2.AppenderV2(ctx)
	if x.in == nil {
		return app
	}
	return asideAppender{app, x.in}
}

type asideAppender struct {
	storage.AppenderV2
	in func(l map[string]string, at time.Time) bool
}

// sources begin the names of what objectives count.
const sources = signal.Prefix + "slo:source:"

// Append stores a sample under its own name or, in maintenance, under that of what
// is excluded. The end of a series keeps its name.
func (a asideAppender) Append(ref storage.SeriesRef, l labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, o storage.AppendV2Options) (storage.SeriesRef, error) {
	name, counted := strings.CutPrefix(l.Get(labels.MetricName), sources)
	if !counted || value.IsStaleNaN(v) || !a.in(l.Map(), time.UnixMilli(t)) {
		return a.AppenderV2.Append(ref, l, st, t, v, h, fh, o)
	}
	aside := labels.NewBuilder(l).Set(labels.MetricName, slo.ExcludedSeries+name).Labels()
	// The reference is of the other series, so neither is given nor taken.
	_, err := a.AppenderV2.Append(0, aside, st, t, v, h, fh, o)
	return 0, err
}
