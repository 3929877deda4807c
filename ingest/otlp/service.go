package otlp

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/otlptranslator"
	promconfig "github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage/remote/otlptranslator/prometheusremotewrite"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Options are what a Service is made of.
type Options struct {
	ingest.Options
	Names  Config // see Config.Validate
	Limits Limits
}

// Service takes exports of metrics, whichever way they came. It is safe for
// concurrent use.
type Service struct {
	*ingest.Receiver
	sink     ingest.Sink
	config   Config
	limits   Limits
	settings prometheusremotewrite.Settings
	set      *metrics.Set
	totals   *totals
	works    sync.Pool // of *work
}

// NewService returns a service. It starts nothing.
func NewService(o Options) *Service {
	strategy := otlptranslator.TranslationStrategyOption(o.Names.TranslationStrategy)
	return &Service{
		Receiver: ingest.NewReceiver("otlp", o.Options),
		sink:     o.Sink, config: o.Names, limits: o.Limits, set: o.Metrics,
		totals: newTotals(o.Names.MaxDeltaSeries, o.Metrics),
		settings: prometheusremotewrite.Settings{
			AddMetricSuffixes: strategy.ShouldAddSuffixes(),
			AllowUTF8:         !strategy.ShouldEscape(),
			PromoteResourceAttributes: prometheusremotewrite.NewPromoteResourceAttributes(promconfig.OTLPConfig{
				PromoteAllResourceAttributes: o.Names.PromoteAllResourceAttributes,
				PromoteResourceAttributes:    o.Names.PromoteResourceAttributes,
				IgnoreResourceAttributes:     o.Names.IgnoreResourceAttributes,
			}),
			KeepIdentifyingResourceAttributes:    o.Names.KeepIdentifyingResourceAttributes,
			ConvertHistogramsToNHCB:              o.Names.ConvertHistogramsToNHCB,
			PromoteScopeMetadata:                 o.Names.PromoteScopeMetadata,
			LabelNameUnderscoreSanitization:      o.Names.LabelNameUnderscoreSanitization,
			LabelNamePreserveMultipleUnderscores: o.Names.LabelNamePreserveMultipleUnderscores,
		},
	}
}

// work is the memory of one export under way.
type work struct {
	batch     telemetry.Batch
	owners    []int
	points    []point
	converter *prometheusremotewrite.PrometheusConverter
}

// Above these sizes memory is not kept for the next export.
const (
	maxKeptRows   = 1 << 16
	maxKeptPoints = 1 << 16
)

func (s *Service) acquire() *work {
	if w, ok := s.works.Get().(*work); ok {
		return w
	}
	return &work{converter: prometheusremotewrite.NewPrometheusConverter(nil)}
}

func (s *Service) giveBack(w *work) {
	w.converter.Reset(nil)
	if cap(w.batch.Series) > maxKeptRows || cap(w.points) > maxKeptPoints {
		return
	}
	w.batch.Reset()
	w.owners, w.points = w.owners[:0], w.points[:0]
	s.works.Put(w)
}

// Take stores what is good of an export and returns the response, whose partial
// success names the rest. from says whom it is from, for the limits of one source. The request is changed and must not be used again. A
// refusal means that nothing was stored, for a reason that is not the sender's.
func (s *Service) Take(ctx context.Context, request pmetricotlp.ExportRequest, from string) (pmetricotlp.ExportResponse, *ingest.Refusal) {
	w := s.acquire()
	response, refusal := s.take(ctx, w, request.Metrics(), from)
	s.giveBack(w) // not after a panic: then it may still be in use
	return response, refusal
}

func (s *Service) take(ctx context.Context, w *work, md pmetric.Metrics, from string) (pmetricotlp.ExportResponse, *ingest.Refusal) {
	r := newReport()
	r.points = md.DataPointCount()
	c := s.checker(r)
	c.points = w.points
	lefts := make([]int, md.ResourceMetrics().Len())
	spans := make([]time.Duration, len(lefts))
	for i, rm := range md.ResourceMetrics().All() {
		if lefts[i] = c.resource(rm); lefts[i] > 0 {
			spans[i] = c.latest.AsTime().Sub(c.earliest.AsTime())
		}
	}
	w.points = c.points
	result := telemetry.WriteResult{}
	if len(c.points) > 0 {
		failed := true
		if c.delta {
			s.totals.begin()
			defer func() { s.totals.settle(failed, result.RefusedSeries) }()
		}
		if err := s.convert(ctx, w, c, md, lefts, spans); err != nil {
			return pmetricotlp.ExportResponse{}, ingest.Unavailable(err)
		}
		w.batch.Source = from
		var err error
		if result, err = s.sink.Write(ctx, &w.batch); err != nil {
			return pmetricotlp.ExportResponse{}, ingest.Unavailable(err)
		}
		failed = false
	}
	s.Stored(&result)
	account(r, w, &result)
	s.count(r)
	return s.respond(r, from), nil
}

// checker returns one for an export that has just come.
func (s *Service) checker(r *report) *checker {
	return &checker{
		now:    pcommon.NewTimestampFromTime(s.Now()),
		config: &s.config,
		limits: s.limits,
		metric: otlptranslator.MetricNamer{WithMetricSuffixes: s.settings.AddMetricSuffixes, UTF8Allowed: s.settings.AllowUTF8},
		label: otlptranslator.LabelNamer{
			UTF8Allowed:                 s.settings.AllowUTF8,
			UnderscoreLabelSanitization: s.settings.LabelNameUnderscoreSanitization, //nolint:staticcheck // as the converter sets it
			PreserveMultipleUnderscores: s.settings.LabelNamePreserveMultipleUnderscores,
		},
		labels: make(map[string]bool),
		times:  make(map[int64]pcommon.Timestamp),
		report: r,
	}
}

// convert fills the batch with the points that are left, a resource at a time.
func (s *Service) convert(ctx context.Context, w *work, c *checker, md pmetric.Metrics, lefts []int, spans []time.Duration) error {
	r := c.report
	to := &collector{batch: &w.batch, owners: w.owners, all: w.points, totals: s.totals, repaired: r.repaired}
	if c.crowded {
		to.rows = make(map[rowKey]int)
	}
	to.onLate = func(ls labels.Labels, t int64) {
		r.reject(1, telemetry.ReasonOutOfOrder, fmt.Sprintf("%s: delta that ends at %s is not newer than what was added to its total",
			ls, time.UnixMilli(t).UTC().Format(time.RFC3339Nano)))
	}
	defer func() { w.owners = to.owners }()
	w.converter.Reset(to)
	points := w.points
	for i, rm := range md.ResourceMetrics().All() {
		if lefts[i] == 0 {
			to.begin(nil)
			continue
		}
		to.begin(points[:lefts[i]])
		points = points[lefts[i]:]
		rows, metadata, changes := len(w.batch.Series), len(w.batch.Metadata), s.totals.mark()
		one := pmetric.NewMetrics()
		rm.MoveTo(one.ResourceMetrics().AppendEmpty())
		settings := s.settings
		settings.LookbackDelta = lookback(spans[i])
		warnings, err := w.converter.FromMetrics(ctx, one, settings)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for category, n := range prometheusremotewrite.CountWarningsByCategory(warnings) {
			r.repaired[string(category)] += n
		}
		if err == nil && !to.complete() {
			err = errTooMany
		}
		if err != nil { // the checker let something pass: no sample may be taken for another
			w.batch.Truncate(rows)
			w.batch.Metadata, to.owners = w.batch.Metadata[:metadata], to.owners[:rows]
			maps.DeleteFunc(to.rows, func(_ rowKey, row int) bool { return row >= rows })
			s.totals.undo(changes)
			r.reject(lefts[i], reasonConversion, fmt.Sprintf("resource %d: %s", i+1, err))
		}
	}
	return nil
}

// lookback is the lookback of queries for which a resource's target_info must be
// there over the time of its points. It is longer for points that lie far apart,
// which would otherwise make millions of samples.
func lookback(span time.Duration) time.Duration {
	const usual, most = 5 * time.Minute, 50
	return max(usual, 2*(span/most+1))
}

// account finds the data points of the samples that the store refused.
func account(r *report, w *work, result *telemetry.WriteResult) {
	seen := make(map[int]bool)
	for _, row := range result.RefusedSeries {
		if owner := w.owners[row]; owner != noPoint && !seen[owner] {
			seen[owner] = true
			r.rejected++
		}
	}
	clear(seen)
	for _, x := range result.Rejected {
		// The first word on a point is enough: a histogram has many series.
		if owner := w.owners[x.Series]; owner != noPoint && !seen[owner] {
			seen[owner] = true
			r.detail(fmt.Sprintf("%s: %s [%s]", x.Labels, x.Message, x.Reason))
		}
	}
}

// count adds what the report says to the receiver's own metrics.
func (s *Service) count(r *report) {
	for reason, n := range r.reasons {
		s.Rejected(reason, n)
	}
	for reason, n := range r.dropped {
		s.DroppedExemplars(reason, n)
	}
	for kind, n := range r.repaired {
		s.set.GetOrCreateCounter(`tocsin_otlp_repaired_total{kind="` + kind + `"}`).Add(n)
	}
}

// respond makes the answer to an export of which the good part is stored.
func (s *Service) respond(r *report, from string) pmetricotlp.ExportResponse {
	response := pmetricotlp.NewExportResponse()
	message := r.message()
	if message == "" {
		return response
	}
	response.PartialSuccess().SetRejectedDataPoints(int64(r.rejected))
	response.PartialSuccess().SetErrorMessage(message)
	s.Warn(message, from)
	return response
}
