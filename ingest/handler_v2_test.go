package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/klauspost/compress/snappy"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"

	"github.com/tocsinhq/tocsin/telemetry"
)

// v2Type are the headers of a request of 2.0.
var v2Type = []string{"Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request"}

// requestV2 is a 2.0 request of n series with one sample and one exemplar each.
func requestV2(n int, change ...func(*writev2.Request)) []byte {
	table := writev2.NewSymbolTable()
	r := new(writev2.Request)
	for i := range n {
		r.Timeseries = append(r.Timeseries, writev2.TimeSeries{
			LabelsRefs: []uint32{table.Symbolize("__name__"), table.Symbolize("m"), table.Symbolize("i"), table.Symbolize(fmt.Sprint(i))},
			Samples:    []writev2.Sample{{Value: float64(i), Timestamp: 1772366400000}},
			Exemplars:  []writev2.Exemplar{{LabelsRefs: []uint32{table.Symbolize("trace_id"), table.Symbolize("t")}, Value: 1}},
		})
	}
	r.Symbols = table.Symbols()
	for _, f := range change {
		f(r)
	}
	b, err := r.OptimizedMarshal(nil)
	if err != nil {
		panic(err)
	}
	return b
}

// written are the counts in the headers of an answer: samples, histograms, exemplars.
func written(w *httptest.ResponseRecorder) string {
	var all []string
	for _, kind := range []string{"Samples", "Histograms", "Exemplars"} {
		v := w.Result().Header["X-Prometheus-Remote-Write-"+kind+"-Written"]
		if len(v) == 0 {
			v = []string{"none"}
		}
		all = append(all, strings.Join(v, "+"))
	}
	return strings.Join(all, " ")
}

func TestHandler_V2_StoresAndTellsWhatWasWritten(t *testing.T) {
	var got []string
	r := newRig(func(_ context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
		for _, s := range b.Series {
			got = append(got, fmt.Sprintf("%s=%v %s", s.Labels[1].Value, s.Samples[0].V, s.Exemplars[0].Labels[0].Value))
		}
		return telemetry.WriteResult{Stored: 5, Histograms: 2, Exemplars: 1}, nil
	}, nil)
	for _, headers := range [][]string{
		v2Type,
		{"Content-Type", `application/x-protobuf; charset=utf-8; proto="io.prometheus.write.v2.Request"`, "X-Prometheus-Remote-Write-Version", "2.0.0"},
	} {
		got = nil
		w := r.post(snappy.Encode(nil, requestV2(2)), headers...)
		if w.Code != 204 || written(w) != "3 2 1" || strings.Join(got, ", ") != "0=0 t, 1=1 t" {
			t.Errorf("got %d %q, written %s; the sink saw %v", w.Code, w.Body, written(w), got)
		}
	}
	for name, want := range map[string]string{
		`tocsin_ingest_requests_by_version_total{protocol="remote_write",version="2.0"}`: "2",
		`tocsin_ingest_exemplars_total{protocol="remote_write"}`:                         "2",
		`tocsin_ingest_samples_total{protocol="remote_write"}`:                           "10",
	} {
		if got := r.counter(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestHandler_V2_EveryAnswerTellsWhatWasWritten(t *testing.T) {
	good := snappy.Encode(nil, requestV2(1))
	fail := func(context.Context, *telemetry.Batch) (telemetry.WriteResult, error) {
		return telemetry.WriteResult{}, errors.New("disk full")
	}
	for _, tc := range []struct {
		name    string
		sink    sinkFunc
		body    []byte
		headers []string
		code    int
		want    string
	}{
		{"encoding", storeAll, good, append([]string{"Content-Encoding", "gzip"}, v2Type...), 415, "0 0 0"},
		{"corrupt snappy", storeAll, []byte("0garbage"), v2Type, 400, "0 0 0"},
		{"corrupt protobuf", storeAll, snappy.Encode(nil, []byte("\x22\x80")), v2Type, 400, "0 0 0"},
		{"too large", storeAll, make([]byte, 17<<20), v2Type, 413, "0 0 0"},
		{"nothing in it", storeAll, snappy.Encode(nil, nil), v2Type, 204, "0 0 0"},
		{"store", fail, good, v2Type, 503, "0 0 0"},
		{"panic", func(context.Context, *telemetry.Batch) (telemetry.WriteResult, error) { panic("boom") }, good, v2Type, 500, "0 0 0"},
		{"1.0", storeAll, packed(1), nil, 204, "none none none"},
		{"unknown type", storeAll, good, []string{"Content-Type", "application/json"}, 415, "none none none"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newRig(tc.sink, nil).post(tc.body, tc.headers...)
			if w.Code != tc.code || written(w) != tc.want {
				t.Errorf("got %d %.100q, written %s; want %d and %s", w.Code, w.Body, written(w), tc.code, tc.want)
			}
		})
	}
	r := newRig(storeAll, nil)
	q := httptest.NewRequest(http.MethodGet, "/api/v1/write", nil)
	w := httptest.NewRecorder()
	r.ServeHTTP(w, q)
	if w.Code != 405 || r.counter(`tocsin_ingest_requests_by_version_total{protocol="remote_write",version="unknown"}`) != "1" {
		t.Errorf("GET: got %d", w.Code)
	}
}

func TestHandler_V2_PartlyRefused_StoresTheGoodAndNamesTheBad(t *testing.T) {
	r := newRig(func(_ context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
		res := telemetry.WriteResult{Stored: b.Len() - 1}
		for i, s := range b.Series {
			res.Exemplars += len(s.Exemplars)
			if i == 3 {
				res.Reject(telemetry.Rejection{Series: i, Labels: "{x}", Reason: telemetry.ReasonTooOld, Message: "too old", Samples: 1})
			}
		}
		return res, nil
	}, nil)
	w := r.post(snappy.Encode(nil, requestV2(4, func(r *writev2.Request) {
		r.Timeseries[1].Histograms = []writev2.Histogram{{Timestamp: 5}}
	})), v2Type...)
	first, _, _ := strings.Cut(w.Body.String(), "\n")
	const want = `stored 2 of 5 samples; series 2 "m": want samples or histograms in one series, got 1 samples and 1 histograms [mixed_sample_types]; series 4 {x}: too old [too_old]`
	if w.Code != 400 || written(w) != "2 0 3" || first != want {
		t.Errorf("got  %d written %s: %s\nwant 400 written 2 0 3: %s", w.Code, written(w), first, want)
	}
	if got := r.counter(`tocsin_ingest_rejected_total{protocol="remote_write",reason="mixed_sample_types"}`); got != "2" {
		t.Errorf("counted %s refused samples, want 2", got)
	}
	if got := r.counter(`tocsin_ingest_dropped_exemplars_total{protocol="remote_write",reason="mixed_sample_types"}`); got != "1" {
		t.Errorf("counted %q exemplars that went with them, want 1", got)
	}
}

// Series are numbered as the sender wrote them, whoever refuses them.
func TestHandler_V2_BadReferences_RefuseTheirSeriesAlone(t *testing.T) {
	var stored []string
	r := newRig(func(_ context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
		res := telemetry.WriteResult{Stored: b.Len() - 1}
		for i, s := range b.Series {
			stored = append(stored, string(s.Labels[1].Value))
			res.Exemplars += len(s.Exemplars)
			if i == 1 {
				res.Reject(telemetry.Rejection{Series: i, Reason: telemetry.ReasonTooOld, Message: "too old", Samples: 1})
			}
		}
		return res, nil
	}, nil)
	w := r.post(snappy.Encode(nil, requestV2(6, func(r *writev2.Request) {
		r.Timeseries[0].LabelsRefs[3] = 99
		r.Timeseries[2].Exemplars[0].LabelsRefs[0] = 100
		r.Timeseries[4].LabelsRefs = r.Timeseries[4].LabelsRefs[:3]
		r.Timeseries[4].Samples = nil
	})), v2Type...)
	lines := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
	if w.Code != 400 || written(w) != "2 0 3" || fmt.Sprint(stored) != "[1 3 5]" || !strings.HasPrefix(lines[0], "stored 2 of 5 samples; series 1: byte ") {
		t.Errorf("got %d written %s, the sink saw %v: %s", w.Code, written(w), stored, w.Body)
	}
	for i, want := range []string{"series 1: byte ", "series 3: byte ", "series 4: too old [too_old]", "series 5: byte "} {
		if i+1 >= len(lines) || !strings.HasPrefix(lines[i+1], want) || i != 2 && !strings.HasSuffix(lines[i+1], "[bad_reference]") {
			t.Errorf("line %d: want %s..., got %q", i, want, lines)
		}
	}
	if got := r.counter(`tocsin_ingest_rejected_total{protocol="remote_write",reason="bad_reference"}`); got != "3" {
		t.Errorf("counted %s, want 3", got)
	}
	if got := r.counter(`tocsin_ingest_dropped_exemplars_total{protocol="remote_write",reason="bad_reference"}`); got != "3" {
		t.Errorf("counted %q exemplars that went with them, want 3", got)
	}
	r = newRig(storeAll, nil)
	w = r.post(snappy.Encode(nil, requestV2(1, func(r *writev2.Request) { r.Symbols = r.Symbols[:2] })), v2Type...)
	if w.Code != 400 || written(w) != "0 0 0" || !strings.HasPrefix(w.Body.String(), "stored 0 of 1 samples; series 1: byte ") {
		t.Errorf("with nothing good: got %d written %s: %s", w.Code, written(w), w.Body)
	}
}
