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
// a part.
func TestReader_AnswerWithAWarning_IsAnError(t *testing.T) {
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
			fmt.Fprintf(w, `{"status":"success","data":%s,"warnings":["no store matched for this time"]}`, data)
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
			if err := ask(); err == nil || !strings.Contains(err.Error(), "no store matched") || !strings.Contains(err.Error(), s.URL) {
				t.Errorf("%s: got %v, want the warning as an error", name, err)
			}
		}
	}
}
