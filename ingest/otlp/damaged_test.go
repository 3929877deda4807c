package otlp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/tocsinhq/tocsin/ingest/otlp"
)

// jsonPoint is an export of two gauges, the first of which has a point of these members.
func jsonPoint(members string) string {
	now := strconv.FormatInt(start.UnixNano(), 10)
	return `{"resourceMetrics":[{"resource":{},"scopeMetrics":[{"metrics":[{"name":"g","gauge":{"dataPoints":[{"timeUnixNano":"` + now + `",` + members +
		`}]}},{"name":"h","gauge":{"dataPoints":[{"timeUnixNano":"` + now + `","asDouble":2}]}}]}]}]}`
}

func jsonMetric(text string) string {
	return `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[` + text + `]}]}]}`
}

// damagedJSON returns exports of metrics in JSON that cannot be taken, by what is wrong.
func damagedJSON() map[string]string {
	good := jsonPoint(`"asDouble":1`)
	deep := func(open, end string) string { return strings.Repeat(open, 100_000) + strings.Repeat(end, 100_000) }
	return map[string]string{
		"cut in the middle":       good[:len(good)/2],
		"cut before the last":     good[:len(good)-1],
		"cut in a name":           good[:9],
		"cut behind a number":     good[:strings.Index(good, `"asDouble":1`)+12],
		"text behind":             good + "x",
		"a bracket behind":        good + "}",
		"an export behind":        good + good,
		"an export on a new line": good + "\n" + good,
		"an array":                "[" + good + "]",
		"null":                    "null",
		"a list that is none":     `{"resourceMetrics":{}}`,
		"a list of texts":         `{"resourceMetrics":["x"]}`,
		"a list of lists":         `{"resourceMetrics":[[]]}`,
		"a name of digits":        jsonMetric(`{"name":1,"gauge":{"dataPoints":[]}}`),
		"points in an object":     jsonMetric(`{"name":"g","gauge":{"dataPoints":{}}}`),
		"a value of text":         jsonPoint(`"asDouble":"x"`),
		"a value of an object":    jsonPoint(`"asDouble":{}`),
		"a bare NaN":              jsonPoint(`"asDouble":NaN`),
		"beyond a float":          jsonPoint(`"asDouble":1e400`),
		"long beyond a float":     jsonPoint(`"asDouble":` + strings.Repeat("9", 5000)),
		"long beyond an integer":  jsonPoint(`"asInt":"` + strings.Repeat("9", 5000) + `"`),
		"beyond an integer":       jsonPoint(`"asInt":99999999999999999999`),
		"a fraction":              jsonPoint(`"asInt":"1.5"`),
		"flags below zero":        jsonPoint(`"asDouble":1,"flags":-1`),
		"a time of text":          strings.Replace(good, strconv.FormatInt(start.UnixNano(), 10), "yesterday", 1),
		"a time below zero":       strings.Replace(good, strconv.FormatInt(start.UnixNano(), 10), "-5", 1),
		"a temporality of text":   jsonMetric(`{"name":"s","sum":{"aggregationTemporality":"X","dataPoints":[{"asInt":"1"}]}}`),
		"a count below zero":      jsonMetric(`{"name":"h","histogram":{"aggregationTemporality":2,"dataPoints":[{"count":"-1"}]}}`),
		"a scale beyond all":      jsonMetric(`{"name":"x","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[{"scale":99999999999}]}}`),
		"attributes as an object": jsonPoint(`"asDouble":1,"attributes":{"a":"b"}`),
		"an attribute of text":    jsonPoint(`"asDouble":1,"attributes":[{"key":"a","value":"b"}]`),
		"no base64":               jsonPoint(`"asDouble":1,"attributes":[{"key":"a","value":{"bytesValue":"!!"}}]`),
		"a trace of no digits":    jsonPoint(`"asDouble":1,"exemplars":[{"traceId":"zz","asDouble":1}]`),
		"deep values":             jsonPoint(`"asDouble":1,"attributes":[{"key":"a","value":` + deep(`{"arrayValue":{"values":[`, `]}}`) + `}]`),
		"deep in what is unknown": jsonPoint(`"asDouble":1,"x":` + deep("[", "]")),
		"deep and never closed":   strings.Repeat(`{"resourceMetrics":[`, 100_000),
		"closed without end":      "{" + strings.Repeat("]", 100_000),
		"no comma":                strings.Replace(good, `","`, `" "`, 1),
		"a comma too many":        strings.Replace(good, `]}}`, `,]}}`, 1),
		"single quotes":           strings.ReplaceAll(good, `"`, `'`),
		"a wrong escape":          strings.Replace(good, `"g"`, `"\x"`, 1),
		"no text near a fault":    strings.Replace(good, `"g"`, "\"g\xff\":", 1),
		"a byte order mark":       "\xef\xbb\xbf" + good,
	}
}

// Each is refused for good, in JSON, briefly, and counted; nothing of it is stored.
func TestHandler_DamagedJSON_IsRefused(t *testing.T) {
	r := newRig(t, nil)
	bodies := damagedJSON()
	for name, body := range bodies {
		w := r.post([]byte(body), "Content-Type", "application/json")
		var got struct {
			Code    int
			Message string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: got %q, want a status in JSON: %v", name, w.Body, err)
			continue
		}
		const invalidArgument = 3
		if w.Code != http.StatusBadRequest || got.Code != invalidArgument || len(got.Message) < 20 || len(got.Message) > 700 {
			t.Errorf("%s: got %d %d and %d bytes: %s", name, w.Code, got.Code, len(got.Message), got.Message)
		}
	}
	n := fmt.Sprint(len(bodies))
	for name, want := range map[string]string{
		`tocsin_ingest_requests_total{protocol="otlp",code="400"}`:                 n,
		`tocsin_ingest_refused_requests_total{protocol="otlp",reason="malformed"}`: n,
		`tocsin_ingest_in_flight_bytes{protocol="otlp"}`:                           "0",
	} {
		if got := r.counter(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	r.expect(`count({job!=""})`, ``)
	if w := r.post([]byte(jsonPoint(`"asDouble":1`)+" \r\n"), "Content-Type", "application/json"); w.Code != http.StatusOK || w.Body.String() != `{"partialSuccess":{}}` {
		t.Errorf("the one without a fault: got %d %s", w.Code, w.Body)
	}
	r.expect(`count({job!=""})`, `{} 2`)
}

// The answer says where, as a byte of the body.
func TestHandler_DamagedJSON_IsTold(t *testing.T) {
	r := newRig(t, nil)
	good := jsonPoint(`"asDouble":1`)
	for body, want := range map[string]string{
		good[:100]:                             "byte 100: no JSON: unexpected end of JSON input",
		good + " \n" + good:                    fmt.Sprintf("byte %d: want the end of the body behind the object, got ", len(good)+2),
		strings.Replace(good, `"g"`, `'g'`, 1): fmt.Sprintf("byte %d: no JSON: invalid character '\\'' looking for beginning of value", strings.Index(good, `"g"`)+1),
		jsonPoint(`"asInt":"1.5"`):             `parsing "1.5": invalid syntax`,
	} {
		var got struct{ Message string }
		if err := json.Unmarshal(r.post([]byte(body), "Content-Type", "application/json").Body.Bytes(), &got); err != nil || !strings.Contains(got.Message, want) {
			t.Errorf("got %q, want it to have %q: %v", got.Message, want, err)
		}
	}
}

// Traces come through the same two looks.
func TestTraces_DamagedJSON_IsRefused(t *testing.T) {
	r := newTraceRig()
	text, err := ptraceotlp.NewExportRequestFromTraces(someTraces()).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{
		string(text[:100]):                               "byte 100: no JSON: unexpected end",
		string(text) + string(text):                      "want the end of the body",
		`{"resourceSpans":[` + strings.Repeat("9", 9000): "no JSON",
	} {
		q := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/v1/traces", bytes.NewReader([]byte(body)))
		q.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		otlp.TraceHandler{TraceService: r.service}.ServeHTTP(w, q)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) || w.Body.Len() > 800 {
			t.Errorf("got %d %.300s, want 400 and %q", w.Code, w.Body, want)
		}
	}
	if len(r.log.lines) > 0 {
		t.Errorf("%d spans were taken", len(r.log.lines))
	}
}
