package otlp_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/otlp"
	"github.com/tocsinhq/tocsin/telemetry"
)

func protobufOf(t testing.TB, md pmetric.Metrics) []byte {
	t.Helper()
	b, err := pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func jsonOf(t testing.TB, md pmetric.Metrics) []byte {
	t.Helper()
	b, err := pmetricotlp.NewExportRequestFromMetrics(md).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func oneGauge() pmetric.Metrics {
	e := newExport(start, "service.name", "cart")
	e.gauge("g", 1)
	return e.Metrics
}

func gzipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

func zstded(b []byte) []byte {
	w, _ := zstd.NewWriter(nil)
	return w.EncodeAll(b, nil)
}

func TestHandler_Encodings(t *testing.T) {
	pb, js := protobufOf(t, oneGauge()), jsonOf(t, oneGauge())
	stored := ""
	r := newRig(t, func(o *otlp.Options) { o.Sink = sinkOf(&stored) })
	for _, tt := range []struct {
		name   string
		body   []byte
		header []string
	}{
		{"protobuf", pb, nil},
		{"protobuf gzip", gzipped(pb), []string{"Content-Encoding", "gzip"}},
		{"protobuf zstd", zstded(pb), []string{"Content-Encoding", "zstd"}},
		{"protobuf identity", pb, []string{"Content-Encoding", "identity"}},
		{"json", js, []string{"Content-Type", "application/json"}},
		{"json with charset", js, []string{"Content-Type", "application/json; charset=utf-8"}},
		{"json gzip", gzipped(js), []string{"Content-Type", "application/json", "Content-Encoding", "gzip"}},
		{"snake case and numbers", []byte(`{"resource_metrics":[{"resource":{"attributes":[{"key":"service.name","value":{"string_value":"cart"}}]},"scope_metrics":[{"metrics":[{"name":"g","gauge":{"data_points":[{"time_unix_nano":` + fmt.Sprint(start.UnixNano()) + `,"as_double":1}]}}]}],"unheard":{"of":[1]}}]}`),
			[]string{"Content-Type", "application/json"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stored = ""
			w := r.post(tt.body, tt.header...)
			if w.Code != 200 || w.Header().Get("Content-Type") == "" {
				t.Fatalf("got %d %v %s", w.Code, w.Header(), w.Body)
			}
			response := pmetricotlp.NewExportResponse()
			var err error
			if w.Header().Get("Content-Type") == "application/json" {
				err = response.UnmarshalJSON(w.Body.Bytes())
			} else {
				err = response.UnmarshalProto(w.Body.Bytes())
			}
			if err != nil || response.PartialSuccess().ErrorMessage() != "" {
				t.Errorf("got %q, %v", response.PartialSuccess().ErrorMessage(), err)
			}
			if want := fmt.Sprintf("__name__=g job=cart service_name=cart %v@%d", 1, start.UnixMilli()); stored != want {
				t.Errorf("got %q, want %q", stored, want)
			}
		})
	}
}

// sinkOf returns a sink that writes the last series of a batch as text.
func sinkOf(text *string) sinkFunc {
	return func(_ context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
		s := b.Series[len(b.Series)-1]
		*text = ""
		for _, p := range s.Labels {
			*text += fmt.Sprintf("%s=%s ", p.Name, p.Value)
		}
		*text += fmt.Sprintf("%v@%d", s.Samples[0].V, s.Samples[0].T)
		return telemetry.WriteResult{Stored: b.Len()}, nil
	}
}

func TestHandler_NothingInIt_Gets200(t *testing.T) {
	r := newRig(t, nil)
	if w := r.post(nil); w.Code != 200 {
		t.Errorf("empty protobuf: got %d %s", w.Code, w.Body)
	}
	if w := r.post([]byte(" {} "), "Content-Type", "application/json"); w.Code != 200 {
		t.Errorf("empty object: got %d %s", w.Code, w.Body)
	}
}

// nested returns an export whose attribute at some place holds lists inside lists.
func nested(depth int, place func(e export) pcommon.Map) pmetric.Metrics {
	e := newExport(start, "service.name", "cart")
	v := place(e).PutEmpty("deep")
	for i := range depth {
		if i%2 == 0 {
			v = v.SetEmptySlice().AppendEmpty()
		} else {
			v = v.SetEmptyMap().PutEmpty("m")
		}
	}
	return e.Metrics
}

var places = map[string]func(e export) pcommon.Map{
	"resource":  func(e export) pcommon.Map { e.gauge("g", 1); return e.rm.Resource().Attributes() },
	"scope":     func(e export) pcommon.Map { e.gauge("g", 1); return e.sm.Scope().Attributes() },
	"metadata":  func(e export) pcommon.Map { e.gauge("g", 1); return e.sm.Metrics().At(0).Metadata() },
	"gauge":     func(e export) pcommon.Map { return e.gauge("g", 1).Attributes() },
	"sum":       func(e export) pcommon.Map { _, p := e.sum("s", cumulative, 1); return p.Attributes() },
	"histogram": func(e export) pcommon.Map { return e.histogram("h", cumulative, nil, nil).Attributes() },
	"exponential": func(e export) pcommon.Map {
		return e.exponential("x", cumulative, 0, 0, []uint64{1}).Attributes()
	},
	"summary": func(e export) pcommon.Map {
		p := e.metric("s", "").SetEmptySummary().DataPoints().AppendEmpty()
		e.stamp(p, nil)
		return p.Attributes()
	},
	"exemplar of a gauge": func(e export) pcommon.Map { return value(e.gauge("g", 1).Exemplars().AppendEmpty()) },
	"exemplar of a histogram": func(e export) pcommon.Map {
		return value(e.histogram("h", cumulative, nil, nil).Exemplars().AppendEmpty())
	},
	"exemplar of an exponential": func(e export) pcommon.Map {
		return value(e.exponential("x", cumulative, 0, 0, []uint64{1}).Exemplars().AppendEmpty())
	},
}

func value(x pmetric.Exemplar) pcommon.Map {
	x.SetIntValue(1)
	return x.FilteredAttributes()
}

func TestHandler_DeepValues_Get400WhereverTheyStand(t *testing.T) {
	r := newRig(t, nil)
	for place, f := range places {
		for _, tt := range []struct {
			depth, code int
		}{{10, 200}, {100, 400}, {20_000, 400}} {
			md := nested(tt.depth, f)
			if w := r.post(protobufOf(t, md)); w.Code != tt.code || tt.code == 400 && !strings.Contains(w.Body.String(), "nest deeper than 64 levels") {
				t.Errorf("%s, %d deep: got %d %.300q", place, tt.depth, w.Code, w.Body)
			}
			if w := r.post(jsonOf(t, md), "Content-Type", "application/json"); w.Code != tt.code {
				t.Errorf("%s, %d deep, JSON: got %d %.300q", place, tt.depth, w.Code, w.Body)
			}
		}
	}
}

func TestHandler_Refusals(t *testing.T) {
	pb, js := protobufOf(t, oneGauge()), jsonOf(t, oneGauge())
	asJSON := []string{"Content-Type", "application/json"}
	r := newRig(t, nil)
	requests := map[int]int{}
	for _, tt := range []struct {
		name   string
		body   []byte
		header []string
		code   int
		rpc    int32
		text   string
	}{
		{"JSON sent as protobuf", js, nil, 400, 3, "looks like JSON and Content-Type says protobuf"},
		{"protobuf sent as JSON", pb, asJSON, 400, 3, "want a JSON object"},
		{"no JSON", []byte(`{"resourceMetrics":[`), asJSON, 400, 3, "decode ExportMetricsServiceRequest of 20 bytes"},
		{"JSON array", []byte(`[1]`), asJSON, 400, 3, "want a JSON object, got 3 bytes"},
		{"empty JSON", nil, asJSON, 400, 3, "body is empty"},
		{"deep JSON", []byte(`{"a":` + strings.Repeat("[", 100_000)), asJSON, 400, 3, "byte 132: brackets nest deeper than 128 levels"},
		{"time that is none", []byte(`{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"g","gauge":{"dataPoints":[{"timeUnixNano":"abc"}]}}]}]}]}`), asJSON, 400, 3, "decode ExportMetricsServiceRequest"},
		{"garbage", []byte("garbage"), nil, 400, 3, "decode ExportMetricsServiceRequest of 7 bytes: byte"},
		{"truncated", pb[:len(pb)-3], nil, 400, 3, ": unexpected EOF"},
		{"text", js, []string{"Content-Type", "text/plain"}, 415, 0, `Content-Type "text/plain" is not accepted`},
		{"no type", pb, []string{"Content-Type", ""}, 415, 0, "send application/x-protobuf or application/json"},
		{"brotli", pb, []string{"Content-Encoding", "br"}, 415, 3, "send gzip, zstd, deflate or identity"},
		{"gzip that is none", pb, []string{"Content-Encoding", "gzip"}, 400, 3, "is not whole gzip"},
		{"bomb", gzipped(make([]byte, 40<<20)), []string{"Content-Encoding", "gzip"}, 413, 8, "more than 32MiB after decompression"},
		{"tiny points", tinyPoints(1_000_001), nil, 413, 8, "more than 1000000 points, attributes and values in one export"},
		{"tiny objects", []byte("{\"a\":[" + strings.Repeat("{},", 1_000_001) + "{}]}"), asJSON, 413, 8, "more than 1000000 points"},
		{"large", make([]byte, 17<<20), nil, 413, 8, "body has 17MiB, want at most 16MiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r.t = t
			w := r.post(tt.body, tt.header...)
			requests[tt.code]++
			if w.Code != tt.code {
				t.Errorf("got %d %.300q, want %d", w.Code, w.Body, tt.code)
			}
			got := new(spb.Status)
			var err error
			switch w.Header().Get("Content-Type") {
			case "application/json":
				err = protojson.Unmarshal(w.Body.Bytes(), got)
			case "application/x-protobuf":
				err = proto.Unmarshal(w.Body.Bytes(), got)
			default:
				got.Message = w.Body.String()
			}
			if err != nil || got.Code != tt.rpc || !strings.Contains(got.Message, tt.text) {
				t.Errorf("got %d %.300q, %v\nwant %d %q", got.Code, got.Message, err, tt.rpc, tt.text)
			}
			if r.series() != 0 {
				t.Error("something was stored")
			}
			if n := r.counter(fmt.Sprintf(`tocsin_ingest_requests_total{protocol="otlp",code="%d"}`, tt.code)); n != fmt.Sprint(requests[tt.code]) {
				t.Errorf("counted %q requests", n)
			}
			if n := r.counter(`tocsin_ingest_in_flight_bytes{protocol="otlp"}`); n != "0" {
				t.Errorf("%s bytes are still claimed", n)
			}
		})
	}
}

// tinyPoints is a body of n points without anything, two bytes each.
func tinyPoints(n int) []byte {
	b := bytes.Repeat([]byte{0x0a, 0}, n)
	for _, field := range []protowire.Number{5, 2, 2, 1} { // gauge, metrics, scope, resource
		b = append(protowire.AppendVarint(protowire.AppendTag(nil, field, protowire.BytesType), uint64(len(b))), b...)
	}
	return b
}

func TestHandler_Entries_AreClaimed(t *testing.T) {
	shared := new(ingest.Memory)
	small := func(o *otlp.Options) {
		o.Memory = shared
		o.Config.MaxBody, o.Config.MaxDecoded, o.Config.MaxInFlight = 1<<20, 1<<20, 4<<20
	}
	r := newRig(t, small)
	if w := r.post(tinyPoints(100_000)); w.Code != 200 {
		t.Errorf("alone: got %d %s", w.Code, w.Body)
	}
	var other ingest.Body
	if f := r.service.Reserve(&other, 3<<20); f != nil {
		t.Fatal(f.Text)
	}
	if w := r.post(tinyPoints(100)); w.Code != 200 {
		t.Errorf("100 points beside another request: got %d %s", w.Code, w.Body)
	}
	if w := r.post(tinyPoints(100_000)); w.Code != 503 || !strings.Contains(w.Body.String(), "want at most 4MiB") {
		t.Errorf("100,000 points of 2 bytes beside another request: got %d %s, want it put off", w.Code, w.Body)
	}
}

func TestHandler_PartialSuccess_InBothEncodings(t *testing.T) {
	r := newRig(t, nil)
	bad := func() pmetric.Metrics {
		e := newExport(start, "service.name", "cart")
		e.gauge("g", 1)
		e.gauge("", 1)
		return e.Metrics
	}
	js := r.post(jsonOf(t, bad()), "Content-Type", "application/json")
	if js.Code != 200 || !strings.Contains(js.Body.String(), `"rejectedDataPoints":"1"`) || !strings.Contains(js.Body.String(), "want a name, got none [missing_metric_name]") {
		t.Errorf("got %d %s", js.Code, js.Body)
	}
	response := pmetricotlp.NewExportResponse()
	if err := response.UnmarshalProto(r.post(protobufOf(t, bad())).Body.Bytes()); err != nil || response.PartialSuccess().RejectedDataPoints() != 1 {
		t.Errorf("got %d, %v", response.PartialSuccess().RejectedDataPoints(), err)
	}
}

func TestHandler_Unavailable_SaysWhenToComeAgain(t *testing.T) {
	r := newRig(t, nil)
	r.fail = errors.New("store is read-only")
	w := r.post(protobufOf(t, oneGauge()))
	got := new(spb.Status)
	if err := proto.Unmarshal(w.Body.Bytes(), got); err != nil || w.Code != 503 || w.Header().Get("Retry-After") != "5" || got.Code != 14 {
		t.Errorf("got %d %v %v, %v", w.Code, w.Header(), got, err)
	}
	small := newRig(t, func(o *otlp.Options) { o.Config.MaxInFlight = 10 })
	if w := small.post(protobufOf(t, oneGauge())); w.Code != 503 || w.Header().Get("Retry-After") != "1" {
		t.Errorf("overloaded: got %d %v", w.Code, w.Header())
	}
}

func TestHandler_OtherMethods_Get405(t *testing.T) {
	r := newRig(t, nil)
	w := httptest.NewRecorder()
	otlp.Handler{Service: r.service}.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/metrics", nil))
	if w.Code != 405 || w.Header().Get("Allow") != "POST" {
		t.Errorf("got %d %v", w.Code, w.Header())
	}
}

func FuzzHandler(f *testing.F) {
	e := newExport(start, "service.name", "cart", "k", "v")
	e.gauge("queue.length", 7, "queue", "orders")
	e.sum("http.requests", cumulative, 41)
	e.sum("d", delta, 4)
	e.histogram("h", delta, []float64{0.1, 1}, []uint64{3, 2, 1})
	e.exponential("x", delta, 0, 0, []uint64{1, 2})
	s := e.metric("gc.pause", "s").SetEmptySummary().DataPoints().AppendEmpty()
	s.QuantileValues().AppendEmpty().SetQuantile(0.5)
	f.Add(protobufOf(f, e.Metrics), false)
	f.Add(jsonOf(f, e.Metrics), true)
	for _, body := range damagedJSON() {
		if len(body) < 10_000 {
			f.Add([]byte(body), true)
		}
	}
	f.Add(protobufOf(f, nested(100, places["gauge"])), false)
	// A sink that looks at everything and stores nothing: the store is fuzzed elsewhere.
	r := newRig(f, func(o *otlp.Options) {
		o.Sink = sinkFunc(func(_ context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
			for i := range b.Series {
				if s := &b.Series[i]; len(s.Labels) == 0 || len(s.Samples)+len(s.Histograms) != 1 {
					panic(fmt.Sprintf("row %d has %d labels, %d samples, %d histograms", i, len(s.Labels), len(s.Samples), len(s.Histograms)))
				}
			}
			return telemetry.WriteResult{Stored: b.Len()}, nil
		})
	})
	f.Fuzz(func(t *testing.T, body []byte, js bool) {
		header := []string{"Content-Type", "application/x-protobuf"}
		if js {
			header[1] = "application/json"
		}
		r.log.Reset()
		w := r.post(body, header...)
		if w.Code != 200 && w.Code != 400 {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
		if js && !json.Valid(w.Body.Bytes()) {
			t.Errorf("the answer is no JSON: %s", w.Body)
		}
		if got := r.counter(`tocsin_ingest_rejected_total{protocol="otlp",reason="not_convertible"}`); got != "" {
			t.Errorf("the check let something pass that the converter refuses: %s", r.log.String())
		}
		if n := r.counter(`tocsin_ingest_in_flight_bytes{protocol="otlp"}`); n != "0" {
			t.Errorf("%s bytes are still claimed", n)
		}
	})
}
