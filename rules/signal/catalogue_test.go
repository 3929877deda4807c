package signal_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/promqltest"

	"github.com/tocsinhq/tocsin/rules/signal"
)

func catalogue(t testing.TB) *signal.Catalogue {
	t.Helper()
	c, err := signal.Default()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDefault_SignalsThatOthersName_AreThere(t *testing.T) {
	c := catalogue(t)
	for name, want := range map[string]struct {
		unit    signal.Unit
		bad     signal.Direction
		symptom bool
	}{
		"error_rate":        {signal.Ratio, signal.Up, true},
		"request_rate":      {signal.PerSecond, signal.None, false},
		"p50_latency":       {signal.Seconds, signal.Up, true},
		"p95_latency":       {signal.Seconds, signal.Up, true},
		"p99_latency":       {signal.Seconds, signal.Up, true},
		"response_time_p95": {signal.Seconds, signal.Up, true},
		"memory_percent":    {signal.Percent, signal.Up, false},
		"cpu_usage":         {signal.Percent, signal.Up, false},
		"memory_usage":      {signal.Bytes, signal.Up, false},
		"disk_percent":      {signal.Percent, signal.Up, false},
		"query_time_p95":    {signal.Seconds, signal.Up, false},
	} {
		s, ok := c.Lookup(name)
		if !ok || s.Unit != want.unit || s.Bad != want.bad || s.Symptom != want.symptom || s.Help == "" {
			t.Errorf("%s: got %+v (present: %v)", name, s, ok)
		}
	}
	if _, ok := c.Lookup("no_such"); ok {
		t.Error("no_such is there")
	}
}

// values evaluates one signal at five minutes over series in promqltest's
// notation.
func values(t *testing.T, c *signal.Catalogue, load, name string) map[string]float64 {
	t.Helper()
	compiled, err := c.Compile(resolution, 2*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for series, v := range evaluate(t, promqltest.LoadedStorage(t, load), compiled) {
		if rest, ok := strings.CutPrefix(series, name+"{"); ok {
			out["{"+rest] = v
		}
	}
	return out
}

func TestResolution_FirstLabelWithValueWins(t *testing.T) {
	got := values(t, catalogue(t), `load 15s
	http_requests_total{service="a",service_name="x",app="x",job="x",code="200"} 0+15x20
	http_requests_total{service_name="b",app="x",job="x",code="200"} 0+30x20
	http_requests_total{app="c",job="x",code="200"} 0+45x20
	http_requests_total{job="d",code="200",env="prod"} 0+60x20
	http_requests_total{job="d",code="200",deployment_environment="test"} 0+75x20
`, "request_rate")
	want := map[string]float64{
		`{service="a"}`: 1, `{service="b"}`: 2, `{service="c"}`: 3,
		`{environment="prod", service="d"}`: 4, `{environment="test", service="d"}`: 5,
	}
	if len(got) != len(want) {
		t.Errorf("got %v", got)
	}
	for series, v := range want {
		if math.Abs(got[series]-v) > 1e-9 {
			t.Errorf("%s: got %v, want %v", series, got[series], v)
		}
	}
}

// Overwriting the label service in place would make these two series equal,
// which PromQL refuses.
func TestResolution_SeriesThatDifferOnlyInService_AreAdded(t *testing.T) {
	got := values(t, catalogue(t), `load 15s
	http_requests_total{service="a",service_name="a",code="200"} 0+15x20
	http_requests_total{service_name="a",code="200"} 0+30x20
`, "request_rate")
	if len(got) != 1 || math.Abs(got[`{service="a"}`]-3) > 1e-9 {
		t.Errorf("got %v", got)
	}
}

func TestVariants_FirstWithDataWinsForEachService(t *testing.T) {
	got := values(t, catalogue(t), `load 15s
	http_requests_total{job="a",code="200"} 0+15x20
	grpc_server_handled_total{job="a",grpc_code="OK"} 0+150x20
	grpc_server_handled_total{job="b",grpc_code="OK"} 0+30x20
`, "request_rate")
	if len(got) != 2 || math.Abs(got[`{service="a"}`]-1) > 1e-9 || math.Abs(got[`{service="b"}`]-2) > 1e-9 {
		t.Errorf("got %v", got)
	}
}

func TestLatency_NativeHistogram(t *testing.T) {
	got := values(t, catalogue(t), `load 15s
	http_request_duration_seconds{job="a"} {{schema:0 sum:0 count:0 buckets:[0]}}+{{schema:0 sum:8 count:10 buckets:[10]}}x20
`, "p50_latency")
	if v := got[`{service="a"}`]; len(got) != 1 || v < 0.5 || v > 1 {
		t.Errorf("got %v, want one value between 0.5 and 1", got)
	}
}

func TestExtend_KnownName_VariantsAskedFirst(t *testing.T) {
	c, errs := catalogue(t).Extend("own.yml", []byte(`
signals:
  - name: request_rate
    variants:
      - library: ours
        rate: shop_requests_total
  - name: orders
    unit: per_second
    bad: down
    symptom: true
    help: Orders per second.
    variants:
      - library: ours
        expr: sum by (service) (rate(orders_total[$window]))
`))
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	const load = `load 15s
	http_requests_total{job="a",code="200"} 0+15x20
	http_requests_total{job="b",code="200"} 0+15x20
	shop_requests_total{job="a"} 0+30x20
	orders_total{job="a"} 0+3x20
`
	if got := values(t, c, load, "request_rate"); math.Abs(got[`{service="a"}`]-2) > 1e-9 || math.Abs(got[`{service="b"}`]-1) > 1e-9 {
		t.Errorf("got %v", got)
	}
	if got := values(t, c, load, "orders"); math.Abs(got[`{service="a"}`]-0.2) > 1e-9 {
		t.Errorf("got %v", got)
	}
	if s, _ := c.Lookup("request_rate"); s.Unit != signal.PerSecond || s.Help == "" {
		t.Errorf("what the file does not give was lost: %+v", s)
	}
}

func TestExtend_Replace_OnlyTheFileCounts(t *testing.T) {
	c, errs := catalogue(t).Extend("own.yml", []byte(`
signals:
  - name: request_rate
    replace: true
    variants: [{library: ours, rate: shop_requests_total}]
`))
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	if s, _ := c.Lookup("request_rate"); len(s.Variants) != 1 {
		t.Errorf("got %d variants, want 1", len(s.Variants))
	}
}

func TestExtend_Mistakes_AllToldWithLine(t *testing.T) {
	_, errs := catalogue(t).Extend("own.yml", []byte(`signals:
  - name: Bad-Name
    variants: [{rate: a}]
  - name: deployment_status
    variants: [{rate: a}]
  - name: two_forms
    variants: [{rate: a, gauge: b}]
  - name: no_variants
    unit: furlongs
    bad: sideways
  - name: broken
    variants:
      - rate: a{
  - name: half
    variants: [{part: a}]
  - name: matrix
    variants: [{expr: "a[5m]"}]
  - name: top
    variants: [{expr: "topk by (service) (3, a)"}]
  - name: quantile
    quantile: 95
    variants: [{histogram: a_bucket}]
  - name: borrowed
    same_as: p95_latencie
  - name: response_time_p95
    variants: [{rate: a}]
  - name: mine
    aliases: [error_rate]
    variants: [{rate: a}]
  - name: twice
    variants: [{rate: a}]
  - name: twice
    variants: [{rate: a}]
  - name: lonely_of
    variants: [{of: b, rate: a}]
    colour: red
  - name: banded
    variants: [{gauge: "a{tocsin_band=\"score\"}"}]
`))
	text := errs.Error()
	for _, want := range []string{
		`own.yml:2: signal "Bad-Name": name: want lower case`,
		`own.yml:4: signal "deployment_status": name: the name "deployment_status" has a meaning of its own`,
		`own.yml:7: signal "two_forms": variants[0]: want exactly one of rate, part and whole, histogram, gauge or expr, got rate and gauge`,
		`own.yml:9: signal "no_variants": unit: want ratio`,
		`own.yml:10: signal "no_variants": bad: want up, down or none, got "sideways"`,
		`signal "no_variants": variants: want at least one variant`,
		`own.yml:13: signal "broken": variants[0]: parse`,
		`own.yml:15: signal "half": variants[0]: want part and whole together, got part "a" and whole ""`,
		`own.yml:17: signal "matrix": variants[0]: "a[5m]": want an instant vector`,
		`own.yml:19: signal "top": variants[0]: topk by (service): only aggregations without a parameter`,
		`own.yml:21: signal "quantile": quantile: want a number between 0 and 1, got 95`,
		`own.yml:24: signal "borrowed": same_as: no signal "p95_latencie" before this one; did you mean "p95_latency"?`,
		`own.yml:25: signal "response_time_p95": name: "response_time_p95" is another name of the signal "p95_latency"`,
		`signal "mine": name: the name "error_rate" belongs to the signal "error_rate" already`,
		`own.yml:32: signal "twice": name: signal "twice" is defined twice in this file`,
		`signal "lonely_of": variants[0].of: want a gauge with it`,
		`own.yml:36:`,
		`own.yml:38: signal "banded": variants[0]: "sum by (service) (a{tocsin_band=\"score\"})": what the detector expects is computed`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no error %q in:\n%s", want, text)
		}
	}
}

func TestCompiled_Group_OnlyVariantsWhoseMetricsExist(t *testing.T) {
	c := compiled(t)
	g := c.Group("signals", func(m string) bool { return m == "grpc_server_handled_total" })
	if len(g.Rules) != 2 {
		t.Fatalf("got %d rules, want error_rate and request_rate", len(g.Rules))
	}
	for _, r := range g.Rules {
		if strings.Contains(r.Expr, "http_requests_total") {
			t.Errorf("%s reads what does not exist", r.Record)
		}
	}
	// Node's runtime or Python's: either is enough beside the CPU counter.
	have := map[string]bool{"process_cpu_seconds_total": true, "python_info": true}
	if e := c.Expr("cpu_usage", func(m string) bool { return have[m] }); !strings.Contains(e, "python_info") {
		t.Errorf("got %q", e)
	}
	if e := c.Expr("cpu_usage", func(m string) bool { return m == "python_info" }); e != "" {
		t.Errorf("got %q, want nothing", e)
	}
	if c.Expr("no_such", nil) != "" || c.MetricsOf("no_such") != nil {
		t.Error("an unknown signal has an expression")
	}
	if m := c.MetricsOf("saturation"); len(m) != 12 || m[0] != "hikaricp_connections_active" {
		t.Errorf("got %v", m)
	}
}

func TestCompile_NoServiceLabels_Refused(t *testing.T) {
	if _, err := catalogue(t).Compile(signal.Resolution{}, time.Minute); err == nil {
		t.Error("got no error")
	}
}

func TestUnit_Format(t *testing.T) {
	for _, c := range []struct {
		unit signal.Unit
		v    float64
		want string
	}{
		{signal.Ratio, 0.0523, "5.23%"}, {signal.Percent, 85, "85%"}, {signal.Seconds, 1.5, "1.5 s"},
		{signal.Seconds, 0.25, "250 ms"}, {signal.Seconds, 2e-5, "20 µs"}, {signal.Seconds, 3e-9, "3 ns"},
		{signal.Seconds, 600, "10 min"}, {signal.Seconds, 0, "0 s"}, {signal.Seconds, math.Inf(1), "+Inf"},
		{signal.Bytes, 1 << 29, "512 MiB"}, {signal.Bytes, 10, "10 B"}, {signal.PerSecond, 12.34, "12.3/s"},
		{signal.Plain, 123456, "123456"}, {signal.Plain, math.NaN(), "unknown"},
	} {
		if got := c.unit.Format(c.v); got != c.want {
			t.Errorf("%s %v: got %q, want %q", c.unit, c.v, got, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"error_rate", "p95_latency", "request_rate"}
	for word, want := range map[string]string{
		"eror_rate": "error_rate", "latency_p95": "p95_latency", "requests_rate": "request_rate",
		"colour": "", strings.Repeat("x", 100): "", "": "",
	} {
		if got := signal.Nearest(word, names); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

func FuzzExtend(f *testing.F) {
	c := catalogue(f)
	f.Add("signals:\n  - name: a\n    variants: [{rate: b}]\n")
	f.Add("signals:\n  - name: request_rate\n    replace: true\n    variants:\n      - {part: b, whole: c, service_labels: [x]}\n")
	f.Fuzz(func(t *testing.T, text string) {
		next, errs := c.Extend("fuzz.yml", []byte(text))
		if (next == nil) != (len(errs) > 0) {
			t.Fatal("want a catalogue or errors, got both or neither")
		}
		if next == nil {
			return
		}
		if _, err := next.Compile(resolution, time.Minute); err != nil {
			t.Fatalf("accepted and does not compile: %v", err)
		}
	})
}
