package remote_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/telemetry"
)

// A part of an answer is no answer: an import would take a time for done of which it has
// a part. Thanos and Prometheus say so by a warning, VictoriaMetrics by a field of its own.
func TestReader_AnswerThatMayBeAPart_IsAnError(t *testing.T) {
	for says, want := range map[string]string{
		`{"status":"success","data":%s,"warnings":["no store matched for this time"]}`: "no store matched",
		`{"status":"success","isPartial":true,"data":%s}`:                              "some of the nodes that it speaks for gave none",
	} {
		part(t, says, want)
	}
}

// part asks in every way a server that says what it says.
func part(t *testing.T, says, want string) {
	t.Helper()
	for _, ways := range []map[string]int{
		{"/api/v1/read": 404},
		{"/api/v1/read": 404, "/api/v1/query": 404},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if status := ways[r.URL.Path]; status != 0 {
				http.Error(w, "no such path", status)
				return
			}
			data := `{"resultType":"matrix","result":[]}`
			if r.URL.Path == "/api/v1/series" || strings.HasPrefix(r.URL.Path, "/api/v1/label/") {
				data = `[]`
			}
			fmt.Fprintf(w, says, data)
		}))
		t.Cleanup(s.Close)
		r := reader(t, s.URL, nil)
		up := []*labels.Matcher{labels.MustNewMatcher(labels.MatchEqual, "__name__", "up")}
		none := func(labels.Labels, []telemetry.Sample, []telemetry.HistogramSample) error { return nil }
		for name, ask := range map[string]func() error{
			"Samples": func() error {
				_, _, err := r.Samples(t.Context(), labels.FromStrings("__name__", "up"), begin, end)
				return err
			},
			"Series": func() error { _, err := r.Series(t.Context(), []string{"up"}, begin, end); return err },
			"Names":  func() error { _, err := r.Names(t.Context(), "up", begin, end); return err },
			"All":    func() error { _, err := r.All(t.Context(), up, begin, end, none); return err },
			"Window": func() error { _, err := r.Window(t.Context(), up, begin, end, none); return err },
		} {
			if err := ask(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), s.URL) {
				t.Errorf("%s: got %v, want %q as an error", name, err, want)
			}
		}
	}
}

// A whole answer of VictoriaMetrics says that it is one.
func TestReader_WholeAnswerOfVictoriaMetrics_IsRead(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/query" {
			http.Error(w, "no such path", http.StatusNotFound)
			return
		}
		fmt.Fprintf(w, `{"status":"success","isPartial":false,"data":{"resultType":"matrix","result":[{"metric":{"__name__":"up","job":"api","data":"\"isPartial\":true"},"values":[[%d,"1"]]}]}}`, begin.Unix())
	}))
	t.Cleanup(s.Close)
	n := 0
	all := []*labels.Matcher{labels.MustNewMatcher(labels.MatchEqual, "__name__", "up")}
	_, err := reader(t, s.URL, nil).Window(t.Context(), all, begin, end, func(_ labels.Labels, samples []telemetry.Sample, _ []telemetry.HistogramSample) error {
		n += len(samples)
		return nil
	})
	if err != nil || n != 1 {
		t.Errorf("got %d samples, %v, want 1", n, err)
	}
}
