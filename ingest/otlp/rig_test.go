package otlp_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/otlp"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

// start is the time of the rig's clock.
var start = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// rig is a service over a store, with a clock that stands still until it is moved.
type rig struct {
	t       testing.TB
	now     time.Time
	service *otlp.Service
	db      *store.DB
	engine  *store.QueryEngine
	set     *metrics.Set
	fail    error // of the sink
	log     bytes.Buffer
	options otlp.Options // of the service, with a set of their own
}

func newRig(t testing.TB, change func(*otlp.Options)) *rig {
	t.Helper()
	r := &rig{t: t, now: start, set: metrics.NewSet()}
	log := slog.New(slog.NewTextHandler(&r.log, nil))
	cfg := store.DefaultConfig()
	var err error
	if r.db, err = store.OpenTSDB(store.TSDBOptions{Dir: t.TempDir(), Config: cfg, Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.db.Close() })
	r.engine = store.NewQueryEngine(store.QueryEngineOptions{Config: cfg.Query, Logger: log, Registerer: prometheus.NewRegistry()})
	t.Cleanup(func() { r.engine.Close() })
	w := store.NewWriter(store.WriterOptions{DB: r.db, Config: cfg, Now: r.clock, Metrics: r.set, Logger: log})
	o := otlp.Options{
		Options: ingest.Options{Sink: sinkFunc(func(ctx context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
			if r.fail != nil {
				return telemetry.WriteResult{}, r.fail
			}
			return w.Write(ctx, b)
		}), Config: ingest.DefaultConfig(), Logger: log, Metrics: r.set, Now: r.clock},
		Names:  otlp.DefaultConfig(),
		Limits: otlp.Limits{LabelValueBytes: cfg.Limits.MaxLabelValueBytes, Labels: cfg.Limits.MaxLabels},
	}
	if change != nil {
		change(&o)
	}
	r.service = otlp.NewService(o)
	r.options = o
	r.options.Metrics = metrics.NewSet()
	return r
}

type sinkFunc func(ctx context.Context, b *telemetry.Batch) (telemetry.WriteResult, error)

func (f sinkFunc) Write(ctx context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
	return f(ctx, b)
}

func (r *rig) clock() time.Time { return r.now }

// take has the service take an export and returns its partial success.
func (r *rig) take(md pmetric.Metrics) (rejected int64, message string) {
	r.t.Helper()
	response, f := r.service.Take(context.Background(), pmetricotlp.NewExportRequestFromMetrics(md), "test")
	if f != nil {
		r.t.Fatalf("refused: %+v", f)
	}
	return response.PartialSuccess().RejectedDataPoints(), response.PartialSuccess().ErrorMessage()
}

// taken is take for exports without a fault.
func (r *rig) taken(md pmetric.Metrics) {
	r.t.Helper()
	if n, message := r.take(md); n != 0 || message != "" {
		r.t.Fatalf("got %d rejected: %s", n, message)
	}
}

// query returns the result of an instant query at the rig's time, a line for each
// series in order.
func (r *rig) query(expr string) string {
	r.t.Helper()
	q, err := r.engine.NewInstantQuery(context.Background(), r.db, nil, expr, r.now)
	if err != nil {
		r.t.Fatal(err)
	}
	defer q.Close()
	res := q.Exec(context.Background())
	if res.Err != nil {
		r.t.Fatalf("%s: %s", expr, res.Err)
	}
	var lines []string
	switch v := res.Value.(type) {
	case promql.Vector:
		for _, s := range v {
			value := fmt.Sprint(s.F)
			if s.H != nil {
				value = s.H.String()
			}
			lines = append(lines, s.Metric.String()+" "+value)
		}
	case promql.Matrix:
		for _, s := range v {
			line := s.Metric.String()
			for _, p := range s.Floats {
				line += fmt.Sprintf(" %v@%d", p.F, p.T-start.UnixMilli())
			}
			for _, p := range s.Histograms {
				line += fmt.Sprintf(" %v@%d", p.H, p.T-start.UnixMilli())
			}
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// expect fails the test unless a query has this result.
func (r *rig) expect(expr, want string) {
	r.t.Helper()
	if got := r.query(expr); got != strings.TrimSpace(want) {
		r.t.Errorf("%s:\ngot  %s\nwant %s", expr, got, want)
	}
}

// counter returns a metric of the rig's set, empty if there is none.
func (r *rig) counter(name string) string {
	var b bytes.Buffer
	r.set.WritePrometheus(&b)
	for line := range strings.Lines(b.String()) {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func (r *rig) post(body []byte, header ...string) *httptest.ResponseRecorder {
	q := httptest.NewRequest(http.MethodPost, "/v1/metrics", bytes.NewReader(body))
	q.Header.Set("Content-Type", "application/x-protobuf")
	for i := 0; i < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	otlp.Handler{Service: r.service}.ServeHTTP(w, q)
	return w
}

// export builds metrics of one resource.
type export struct {
	pmetric.Metrics
	rm pmetric.ResourceMetrics
	sm pmetric.ScopeMetrics
	at time.Time
}

// newExport begins an export whose points are of the time at.
func newExport(at time.Time, resource ...string) export {
	e := export{Metrics: pmetric.NewMetrics(), at: at}
	e.rm = e.ResourceMetrics().AppendEmpty()
	put(e.rm.Resource().Attributes(), resource)
	e.sm = e.rm.ScopeMetrics().AppendEmpty()
	e.sm.Scope().SetName("shop")
	return e
}

func put(m pcommon.Map, kv []string) {
	for i := 0; i < len(kv); i += 2 {
		m.PutStr(kv[i], kv[i+1])
	}
}

func (e export) metric(name, unit string) pmetric.Metric {
	m := e.sm.Metrics().AppendEmpty()
	m.SetName(name)
	m.SetUnit(unit)
	return m
}

func (e export) gauge(name string, v float64, attributes ...string) pmetric.NumberDataPoint {
	p := e.metric(name, "").SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetDoubleValue(v)
	e.stamp(p, attributes)
	return p
}

// sum adds a monotonic sum over the last ten seconds.
func (e export) sum(name string, t pmetric.AggregationTemporality, v int64, attributes ...string) (pmetric.Sum, pmetric.NumberDataPoint) {
	s := e.metric(name, "").SetEmptySum()
	s.SetIsMonotonic(true)
	s.SetAggregationTemporality(t)
	p := s.DataPoints().AppendEmpty()
	p.SetIntValue(v)
	e.stamp(p, attributes)
	return s, p
}

func (e export) histogram(name string, t pmetric.AggregationTemporality, bounds []float64, counts []uint64, attributes ...string) pmetric.HistogramDataPoint {
	h := e.metric(name, "s").SetEmptyHistogram()
	h.SetAggregationTemporality(t)
	p := h.DataPoints().AppendEmpty()
	p.ExplicitBounds().FromRaw(bounds)
	p.BucketCounts().FromRaw(counts)
	for _, n := range counts {
		p.SetCount(p.Count() + n)
	}
	p.SetSum(float64(p.Count()) / 2)
	e.stamp(p, attributes)
	return p
}

func (e export) exponential(name string, t pmetric.AggregationTemporality, scale, offset int32, counts []uint64, attributes ...string) pmetric.ExponentialHistogramDataPoint {
	h := e.metric(name, "s").SetEmptyExponentialHistogram()
	h.SetAggregationTemporality(t)
	p := h.DataPoints().AppendEmpty()
	p.SetScale(scale)
	p.Positive().SetOffset(offset)
	p.Positive().BucketCounts().FromRaw(counts)
	for _, n := range counts {
		p.SetCount(p.Count() + n)
	}
	p.SetSum(float64(p.Count()) / 2)
	e.stamp(p, attributes)
	return p
}

type stamped interface {
	SetTimestamp(pcommon.Timestamp)
	SetStartTimestamp(pcommon.Timestamp)
	Attributes() pcommon.Map
}

func (e export) stamp(p stamped, attributes []string) {
	p.SetTimestamp(pcommon.NewTimestampFromTime(e.at))
	p.SetStartTimestamp(pcommon.NewTimestampFromTime(e.at.Add(-10 * time.Second)))
	put(p.Attributes(), attributes)
}

// series returns the number of series in the store.
func (r *rig) series() int {
	r.t.Helper()
	q, err := r.db.Querier(0, r.now.Add(time.Hour).UnixMilli())
	if err != nil {
		r.t.Fatal(err)
	}
	defer q.Close()
	n := 0
	set := q.Select(context.Background(), false, nil, labels.MustNewMatcher(labels.MatchRegexp, "__name__", ".+"))
	for set.Next() {
		n++
	}
	return n
}

const (
	cumulative = pmetric.AggregationTemporalityCumulative
	delta      = pmetric.AggregationTemporalityDelta
)
