package otlp_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"

	"github.com/tocsinhq/tocsin/ingest/otlp"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

func TestService_AllKindsOfMetric(t *testing.T) {
	r := newRig(t, nil)
	e := newExport(start, "service.namespace", "shop", "service.name", "cart", "service.instance.id", "i1", "os.type", "linux")
	e.gauge("queue.length", 7, "queue", "orders")
	sum, _ := e.sum("http.requests", cumulative, 41, "http.route", "/pay")
	up := sum.DataPoints().AppendEmpty()
	up.SetIntValue(2)
	e.stamp(up, []string{"http.route", "/cart"})
	e.histogram("http.duration", cumulative, []float64{0.1, 1}, []uint64{3, 2, 1})
	e.exponential("db.duration", cumulative, 0, 0, []uint64{1, 2})
	s := e.metric("gc.pause", "s").SetEmptySummary().DataPoints().AppendEmpty()
	s.SetCount(4)
	s.SetSum(0.5)
	q := s.QuantileValues().AppendEmpty()
	q.SetQuantile(0.99)
	q.SetValue(0.3)
	e.stamp(s, nil)
	r.taken(e.Metrics)

	const target = `instance="i1", job="shop/cart"`
	r.expect(`{queue="orders"}`, `{__name__="queue_length", `+target+`, queue="orders", service_name="cart"} 7`)
	r.expect(`http_requests_total`, `
{__name__="http_requests_total", http_route="/cart", `+target+`, service_name="cart"} 2
{__name__="http_requests_total", http_route="/pay", `+target+`, service_name="cart"} 41`)
	r.expect(`sum by (le) (http_duration_seconds_bucket)`, "{le=\"+Inf\"} 6\n{le=\"0.1\"} 3\n{le=\"1\"} 5")
	r.expect(`http_duration_seconds_count + http_duration_seconds_sum`, `{`+target+`, service_name="cart"} 9`)
	r.expect(`histogram_count(db_duration_seconds) + histogram_sum(db_duration_seconds)`, `{`+target+`, service_name="cart"} 4.5`)
	r.expect(`gc_pause_seconds{quantile="0.99"}`, `{__name__="gc_pause_seconds", `+target+`, quantile="0.99", service_name="cart"} 0.3`)
	r.expect(`gc_pause_seconds_count`, `{__name__="gc_pause_seconds_count", `+target+`, service_name="cart"} 4`)
	r.expect(`target_info`, `{__name__="target_info", `+target+`, os_type="linux"} 1`)
	if got := r.counter(`tocsin_ingest_samples_total{protocol="otlp"}`); got != "13" {
		t.Errorf("counted %s samples, want 13", got)
	}
}

func TestService_Batch_HasExemplarsMetadataAndStartTimes(t *testing.T) {
	var got *telemetry.Batch
	r := newRig(t, func(o *otlp.Options) {
		o.Sink = sinkFunc(func(_ context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
			copied := *b
			got = &copied
			if b.Series[0].Samples[0].ST != start.Add(-10*time.Second).UnixMilli() {
				t.Errorf("got start time %d", b.Series[0].Samples[0].ST)
			}
			x := b.Series[0].Exemplars
			if len(x) != 1 || string(x[0].Labels[0].Name)+string(x[0].Labels[0].Value) != "trace_id0102030405060708090a0b0c0d0e0f10" || x[0].V != 3 || x[0].T != start.UnixMilli() {
				t.Errorf("got exemplars %v", x)
			}
			m := b.Metadata
			if len(m) != 1 || string(m[0].Family) != "jobs_total" || m[0].Type != "counter" || string(m[0].Help) != "Jobs done." {
				t.Errorf("got metadata %v", m)
			}
			return telemetry.WriteResult{Stored: b.Len()}, nil
		})
	})
	e := newExport(start, "service.name", "cart")
	sum, p := e.sum("jobs", cumulative, 5)
	e.sm.Metrics().At(0).SetDescription("Jobs done.")
	x := p.Exemplars().AppendEmpty()
	x.SetIntValue(3)
	x.SetTimestamp(pcommon.NewTimestampFromTime(start))
	x.SetTraceID(pcommon.TraceID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
	p.Exemplars().AppendEmpty() // without a value: left out
	_ = sum
	r.taken(e.Metrics)
	if got == nil {
		t.Error("the sink was not asked")
	}
	if n := r.counter(`tocsin_otlp_repaired_total{kind="exemplar_without_value"}`); n != "1" {
		t.Errorf("counted %q, want 1", n)
	}
}

// TestService_BadPoints_AreNamedAndTheRestIsStored has one bad point in each export,
// beside a good one of the same metric and a good metric.
func TestService_BadPoints_AreNamedAndTheRestIsStored(t *testing.T) {
	nan := math.NaN()
	r := newRig(t, nil)
	for i, tt := range []struct {
		name string
		add  func(e export)
		want string
	}{
		{"no name", func(e export) { e.gauge("", 1) }, `metric "": want a name, got none [missing_metric_name]`},
		{"no value", func(e export) {
			e.stamp(e.metric("empty", "").SetEmptyGauge().DataPoints().AppendEmpty(), nil)
		}, `metric "empty" point 1: want a value, got none [bad_value]`},
		{"no temporality", func(e export) { e.sum("u", pmetric.AggregationTemporalityUnspecified, 1) }, `metric "u": want cumulative or delta temporality, got Unspecified [bad_temporality]`},
		{"unknown temporality", func(e export) { e.sum("u", 7, 1) }, `[bad_temporality]`},
		{"bounds do not fit", func(e export) { e.histogram("h", cumulative, []float64{1, 2}, []uint64{1, 2}) }, `metric "h" point 1: want one bucket count more than bounds, got 2 counts and 2 bounds [bad_histogram]`},
		{"bounds do not rise", func(e export) { e.histogram("h", cumulative, []float64{2, 1}, []uint64{1, 2, 3}) }, `got bound 2 of 1 after 2 [bad_histogram]`},
		{"bound is no number", func(e export) { e.histogram("h", cumulative, []float64{nan}, []uint64{1, 2}) }, `got bound 1 of NaN after -Inf [bad_histogram]`},
		{"count too low", func(e export) { e.histogram("h", cumulative, []float64{1}, []uint64{1, 2}).SetCount(2) }, `want a count of at least the sum of its buckets, got 2 and 3 [bad_histogram]`},
		{"counts overflow", func(e export) {
			e.histogram("h", cumulative, []float64{1}, []uint64{math.MaxUint64, 2}).SetCount(math.MaxUint64)
		}, `got 18446744073709551615 and more than 2^64 [bad_histogram]`},
		{"scale too fine", func(e export) { e.exponential("x", cumulative, 100, 0, []uint64{1}) }, `want a scale from -4 to 20, got 100 [bad_histogram]`},
		{"scale too coarse", func(e export) { e.exponential("x", cumulative, -5, 0, []uint64{1}) }, `want a scale from -4 to 20, got -5 [bad_histogram]`},
		{"offset out of range", func(e export) { e.exponential("x", cumulative, 3, math.MaxInt32, []uint64{1, 1}) }, `lie beyond what a float64 can hold [bad_histogram]`},
		{"offset below range", func(e export) { e.exponential("x", cumulative, -4, math.MinInt32, []uint64{1, 1}) }, `lie beyond what a float64 can hold [bad_histogram]`},
		{"exponential count too low", func(e export) { e.exponential("x", cumulative, 3, 0, []uint64{1, 1}).SetZeroCount(9) }, `got 2 and 11 [bad_histogram]`},
		{"time of another age", func(e export) { e.gauge("g", 1).SetTimestamp(math.MaxUint64) }, `want a time before 2262-04-11, got 18446744073709551615 ns [bad_timestamp]`},
		{"far ahead", func(e export) { e.gauge("g", 1).SetTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Hour))) }, `[too_far_in_future]`},
		{"long ago", func(e export) { e.gauge("g", 1).SetTimestamp(pcommon.NewTimestampFromTime(start.Add(-24 * time.Hour))) }, `[too_old]`},
		{"as old as it gets", func(e export) { e.gauge("g", 1).SetTimestamp(1_000_000) }, `{__name__="g"`},
		{"too many buckets", func(e export) { e.exponential("x", cumulative, 20, 0, make([]uint64, 5000)) }, `want at most 4096 buckets, got 5000 [bad_histogram]`},
		{"too many bounds", func(e export) { e.histogram("h", cumulative, make([]float64, 5000), make([]uint64, 5001)) }, `want at most 4096 buckets, got 5001 [bad_histogram]`},
		{"quantile", func(e export) {
			p := e.metric("s", "").SetEmptySummary().DataPoints().AppendEmpty()
			p.QuantileValues().AppendEmpty().SetQuantile(2)
			e.stamp(p, nil)
		}, `want quantiles from 0 to 1, got 2 [bad_value]`},
		{"negative delta", func(e export) { e.sum("d", delta, -1) }, `want a delta of at least 0 for a monotonic sum, got -1 [bad_value]`},
		{"endless delta", func(e export) { _, p := e.sum("d", delta, 0); p.SetDoubleValue(math.Inf(1)) }, `want a finite delta, got +Inf [bad_value]`},
		{"endless sum", func(e export) { e.histogram("d", delta, []float64{1}, []uint64{1, 2}).SetSum(nan) }, `want a finite sum, got NaN [bad_histogram]`},
		{"text that is none", func(e export) { e.gauge("g", 1, "a", "\xff\xfe") }, `[invalid_label]`},
		{"too many attributes", func(e export) {
			p := e.gauge("g", 1)
			for i := range 200 {
				p.Attributes().PutStr(fmt.Sprint("a", i), "x")
			}
		}, `labels, got 203 [too_many_labels]`},
		{"name too long", func(e export) { e.gauge("g", 1, strings.Repeat("k", 10_000), "x") }, `[label_too_long]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r.t = t
			job := fmt.Sprint("cart", i)
			e := newExport(start, "service.name", job)
			e.gauge("before", 1)
			tt.add(e)
			e.gauge("after", 2)
			n, message := r.take(e.Metrics)
			if n != 1 || !strings.Contains(message, tt.want) || !strings.HasPrefix(message, "stored 2 of 3 data points; ") {
				t.Errorf("got %d rejected: %s\nwant 1: %s", n, message, tt.want)
			}
			r.expect(`before{job="`+job+`"} + on(job) after`, `{job="`+job+`"} 3`)
			r.expect(`count({job="`+job+`"})`, `{} 2`)
		})
	}
}

func TestService_EmptyMetrics_AreWarnedOf(t *testing.T) {
	r := newRig(t, nil)
	e := newExport(start, "service.name", "cart")
	e.metric("nothing", "")
	e.metric("pointless", "").SetEmptyGauge()
	if n, message := r.take(e.Metrics); n != 0 || !strings.Contains(message, `metric "nothing": want a gauge, sum,`) || !strings.Contains(message, `metric "pointless" has no data points`) {
		t.Errorf("got %d: %s", n, message)
	}
	r.taken(pmetric.NewMetrics())
	if r.series() != 0 {
		t.Errorf("made %d series of nothing", r.series())
	}
}

func TestService_ManyBadPoints_AreCountedExactlyAndToldInBounds(t *testing.T) {
	r := newRig(t, nil)
	e := newExport(start, "service.name", "cart")
	for i := range 300 {
		e.gauge(fmt.Sprint("bad", i), 1, "a", strings.Repeat("\xff", 100))
		e.histogram(fmt.Sprint("ahead", i), cumulative, []float64{1, 2}, []uint64{1, 1, 1}).SetTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Hour)))
		e.gauge("", 1)
		e.gauge(fmt.Sprint("good", i), 1)
	}
	n, message := r.take(e.Metrics)
	if n != 900 || !strings.HasPrefix(message, "stored 300 of 1200 data points; ") || len(message) > 2000 {
		t.Errorf("got %d rejected of 900, %d bytes: %s", n, len(message), message)
	}
	if got := r.counter(`tocsin_ingest_rejected_total{protocol="otlp",reason="missing_metric_name"}`); got != "300" {
		t.Errorf("counted %s", got)
	}
}

func TestService_Repairs(t *testing.T) {
	r := newRig(t, nil)
	r.now = start
	e := newExport(start.Add(-time.Minute), "host.name", "h1")
	e.gauge("timeless", 1).SetTimestamp(0)
	p := e.gauge("reversed", 2)
	p.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
	e.gauge("long", 3, "text", strings.Repeat("ü", 30_000))
	m := e.gauge("shaped", 4).Attributes()
	m.PutEmptySlice("list").AppendEmpty().SetStr("x")
	m.PutEmptyMap("map").PutInt("a", 1)
	m.PutEmptyBytes("bytes").FromRaw([]byte{1, 2})
	m.PutBool("yes", true)
	m.PutStr("", "nameless")
	e.gauge("clash", 5, "a.b", "1", "a_b", "2")
	r.taken(e.Metrics)
	r.expect(`timestamp(timeless) - time()`, `{instance="h1", job="unknown_service", service_name="unknown_service"} 0`)
	r.expect(`reversed`, `{__name__="reversed", instance="h1", job="unknown_service", service_name="unknown_service"} 2`)
	if got := r.query(`long`); !strings.Contains(got, "ü...[truncated]\"") || len(got) > store.DefaultLimits().MaxLabelValueBytes+200 {
		t.Errorf("got %d bytes: %s", len(got), got)
	}
	r.expect(`shaped`, `{__name__="shaped", bytes="AQI=", instance="h1", job="unknown_service", list="[\"x\"]", map="{\"a\":1}", service_name="unknown_service", yes="true"} 4`)
	r.expect(`clash`, `{__name__="clash", a_b="1;2", instance="h1", job="unknown_service", service_name="unknown_service"} 5`)
	for _, kind := range []string{"no_timestamp", "start_after_end", "value_truncated", "attribute_without_name", "label_name_collision", "no_service_name"} {
		if got := r.counter(`tocsin_otlp_repaired_total{kind="` + kind + `"}`); got != "1" {
			t.Errorf("%s: counted %q, want 1", kind, got)
		}
	}
}

func TestService_DuplicateAttributes_LastWins(t *testing.T) {
	r := newRig(t, nil)
	// The builder of maps does not make what a sender can send.
	body := []byte(`{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"g","gauge":{"dataPoints":[{"timeUnixNano":"` + fmt.Sprint(start.UnixNano()) +
		`","asInt":"3","attributes":[{"key":"a","value":{"stringValue":"1"}},{"key":"b","value":{"intValue":2}},{"key":"a","value":{"stringValue":"3"}}]}]}}]}]}]}`)
	if w := r.post(body, "Content-Type", "application/json"); w.Code != 200 || w.Body.String() != `{"partialSuccess":{}}` {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	r.expect(`g`, `{__name__="g", a="3", b="2", job="unknown_service", service_name="unknown_service"} 3`)
	if got := r.counter(`tocsin_otlp_repaired_total{kind="duplicate_attribute"}`); got != "1" {
		t.Errorf("counted %q", got)
	}
}

func TestService_WideResource_KeepsTargetInfo(t *testing.T) {
	r := newRig(t, nil)
	e := newExport(start)
	for i := range 200 {
		e.rm.Resource().Attributes().PutStr(fmt.Sprint("r", i), "x")
	}
	put(e.rm.Resource().Attributes(), []string{"service.name", "cart", "service.instance.id", "i"})
	e.gauge("g", 1)
	r.taken(e.Metrics)
	r.expect(`g`, `{__name__="g", instance="i", job="cart", service_name="cart"} 1`)
	r.expect(`count(target_info{job="cart", r0="x"})`, `{} 1`)
}

func TestService_PointsFarApart_DoNotMakeMillionsOfTargetInfo(t *testing.T) {
	r := newRig(t, nil)
	e := newExport(start, "service.name", "cart", "k", "v")
	e.gauge("g", 1).SetTimestamp(1) // 1970
	e.gauge("h", 1)
	if n, _ := r.take(e.Metrics); n != 1 {
		t.Errorf("got %d rejected, want 1", n)
	}
	if n := r.counter(`tocsin_ingest_rejected_total{protocol="otlp",reason="bad_timestamp"}`); n == "" && r.counter(`tocsin_ingest_rejected_total{protocol="otlp",reason="too_old"}`) == "" {
		t.Errorf("nothing was refused")
	}
	r.expect(`count_over_time(target_info[1h])`, `{job="cart", k="v"} 1`)
}

func TestService_NoRecordedValue_IsAStalenessMarker(t *testing.T) {
	r := newRig(t, nil)
	send := func(at time.Time, stale bool) {
		r.now = at
		e := newExport(at, "service.name", "cart")
		flags := pmetric.DefaultDataPointFlags.WithNoRecordedValue(stale)
		e.gauge("g", 1).SetFlags(flags)
		e.histogram("h", cumulative, []float64{1}, []uint64{1, 1}).SetFlags(flags)
		e.exponential("x", cumulative, 0, 0, []uint64{1}).SetFlags(flags)
		_, p := e.sum("d", delta, 3)
		p.SetFlags(flags)
		r.taken(e.Metrics)
	}
	send(start, false)
	r.expect(`count({job="cart"})`, `{} 7`)
	send(start.Add(10*time.Second), true)
	r.expect(`count({job="cart"})`, ``)
}

func TestService_Strategies(t *testing.T) {
	for strategy, want := range map[string]string{
		"UnderscoreEscapingWithSuffixes":    `{__name__="http_requests_total", http_route="/", job="cart", service_name="cart"} 1`,
		"UnderscoreEscapingWithoutSuffixes": `{__name__="http_requests", http_route="/", job="cart", service_name="cart"} 1`,
		"NoUTF8EscapingWithSuffixes":        `{__name__="http.requests_total", "http.route"="/", job="cart", "service.name"="cart"} 1`,
		"NoTranslation":                     `{__name__="http.requests", "http.route"="/", job="cart", "service.name"="cart"} 1`,
	} {
		r := newRig(t, func(o *otlp.Options) { o.Names.TranslationStrategy = strategy })
		e := newExport(start, "service.name", "cart")
		e.sum("http.requests", cumulative, 1, "http.route", "/")
		r.taken(e.Metrics)
		r.expect(`{job="cart"}`, want)
	}
}

func TestService_Promotion(t *testing.T) {
	resource := []string{"service.name", "cart", "k8s.pod.name", "p", "host.arch", "arm"}
	for name, tt := range map[string]struct {
		change func(*otlp.Config)
		want   string
	}{
		"named": {func(c *otlp.Config) { c.PromoteResourceAttributes = []string{"k8s.pod.name"} }, `{__name__="g", job="cart", k8s_pod_name="p"} 1`},
		"all but": {func(c *otlp.Config) {
			c.PromoteAllResourceAttributes, c.IgnoreResourceAttributes = true, []string{"host.arch"}
		}, `{__name__="g", job="cart", k8s_pod_name="p", service_name="cart"} 1`},
		"scope":    {func(c *otlp.Config) { c.PromoteScopeMetadata = true }, `{__name__="g", job="cart", otel_scope_name="shop", service_name="cart"} 1`},
		"instance": {func(c *otlp.Config) { c.InstanceAttributes = []string{"none", "k8s.pod.name"} }, `{__name__="g", instance="p", job="cart", service_name="cart"} 1`},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(o *otlp.Options) { tt.change(&o.Names) })
			e := newExport(start, resource...)
			e.gauge("g", 1)
			r.taken(e.Metrics)
			r.expect(`g`, tt.want)
		})
	}
	t.Run("identity on target_info", func(t *testing.T) {
		r := newRig(t, func(o *otlp.Options) { o.Names.KeepIdentifyingResourceAttributes = true })
		e := newExport(start, resource...)
		e.gauge("g", 1)
		r.taken(e.Metrics)
		r.expect(`target_info`, `{__name__="target_info", host_arch="arm", job="cart", k8s_pod_name="p", service_name="cart"} 1`)
	})
	t.Run("custom buckets", func(t *testing.T) {
		r := newRig(t, func(o *otlp.Options) { o.Names.ConvertHistogramsToNHCB = true })
		e := newExport(start, resource...)
		e.histogram("h", cumulative, []float64{0.5, 1}, []uint64{1, 2, 3})
		r.taken(e.Metrics)
		r.expect(`histogram_count(h_seconds)`, `{job="cart", service_name="cart"} 6`)
	})
}

func TestService_SinkFails_NothingIsAcknowledged(t *testing.T) {
	r := newRig(t, nil)
	r.fail = errors.New("store is read-only: disk full")
	e := newExport(start, "service.name", "cart")
	e.gauge("g", 1)
	_, f := r.service.Take(context.Background(), pmetricotlp.NewExportRequestFromMetrics(e.Metrics), "test")
	if f == nil || f.Code != 503 || f.RetryAfter == 0 || !strings.Contains(f.Text, "disk full") {
		t.Errorf("got %+v", f)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r.fail = nil
	e = newExport(start, "service.name", "cart")
	e.gauge("g", 1)
	if _, f := r.service.Take(ctx, pmetricotlp.NewExportRequestFromMetrics(e.Metrics), "test"); f == nil || f.Code != 503 {
		t.Errorf("sender gone: got %+v", f)
	}
}

func TestService_PointsWithinOneMillisecond_KeepTheirExemplars(t *testing.T) {
	exemplars := 0
	r := newRig(t, func(o *otlp.Options) {
		o.Sink = sinkFunc(func(_ context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
			for i := range b.Series {
				exemplars += len(b.Series[i].Exemplars)
			}
			return telemetry.WriteResult{Stored: b.Len()}, nil
		})
	})
	e := newExport(start, "service.name", "cart")
	for i := range 3 {
		e.at = start.Add(time.Duration(i) * time.Microsecond)
		_, p := e.sum("jobs", cumulative, int64(i))
		p.Exemplars().AppendEmpty().SetIntValue(1)
		_, p = e.sum("deltas", delta, 1)
		p.Exemplars().AppendEmpty().SetIntValue(1)
	}
	r.taken(e.Metrics)
	if exemplars != 6 {
		t.Errorf("got %d exemplars, want 6", exemplars)
	}
}

func TestService_PointsWithinOneMillisecond_TheLastStays(t *testing.T) {
	r := newRig(t, nil)
	e := newExport(start, "service.name", "cart")
	for i := range 3 {
		e.at = start.Add(time.Duration(i) * time.Microsecond)
		e.gauge("g", float64(i))
		e.gauge("g", float64(10+i), "k", "v")
		e.histogram("h", cumulative, []float64{1}, []uint64{uint64(i), 1})
		e.exponential("x", cumulative, 0, 0, []uint64{uint64(i)})
	}
	r.taken(e.Metrics)
	r.expect(`g`, `
{__name__="g", job="cart", k="v", service_name="cart"} 12
{__name__="g", job="cart", service_name="cart"} 2`)
	r.expect(`sum by (le) (h_seconds_bucket)`, "{le=\"+Inf\"} 3\n{le=\"1\"} 2")
	r.expect(`histogram_count(x_seconds)`, `{job="cart", service_name="cart"} 2`)
	// Two values at the very same time are still told.
	e = newExport(start.Add(-time.Second), "service.name", "cart")
	e.gauge("twice", 1)
	e.gauge("twice", 2)
	e.at = e.at.Add(time.Microsecond)
	e.gauge("other", 1)
	if n, message := r.take(e.Metrics); n != 1 || !strings.Contains(message, "[duplicate_timestamp]") {
		t.Errorf("got %d: %s", n, message)
	}
}

func BenchmarkService_Take(b *testing.B) {
	r := newRig(b, func(o *otlp.Options) {
		o.Sink = sinkFunc(func(_ context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
			return telemetry.WriteResult{Stored: b.Len()}, nil
		})
	})
	e := newExport(start, "service.name", "cart", "service.instance.id", "i1", "k8s.pod.name", "p")
	for i := range 500 {
		e.gauge(fmt.Sprint("queue.length.", i%50), 1, "http.route", fmt.Sprint("/r/", i), "http.request.method", "GET", "region", "eu")
		e.sum(fmt.Sprint("http.requests.", i%50), cumulative, 1, "http.route", fmt.Sprint("/r/", i), "http.request.method", "GET", "region", "eu")
	}
	body := protobufOf(b, e.Metrics)
	b.ReportAllocs()
	for b.Loop() {
		if w := r.post(body); w.Code != 200 {
			b.Fatalf("got %d", w.Code)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(1000*b.N), "ns/point")
}
