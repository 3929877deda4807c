package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/web"
)

// FuzzQuery sends any query string to every route that reads one. Whatever it
// holds, the answer is 200, or a refusal in the form of an error body.
func FuzzQuery(f *testing.F) {
	for _, q := range []string{"", "state=open&limit=5", "limit=-1", "query=up&start=0&end=1e308&step=1ns", "since=2026-03-04T12:00:00Z", "from=9e99&to=NaN", "%zz=;&&=", "step=Inf&query=x", "match=up&horizon=1e400&coverage=2&threshold=Inf"} {
		f.Add(q)
	}
	h := newServer().Handler()
	f.Fuzz(func(t *testing.T, q string) {
		for _, path := range []string{"incidents", "anomalies", "changes", "band", "explain", "forecast", "capacity"} {
			r := httptest.NewRequest("GET", "http://localhost/api/v1/tocsin/"+path, nil)
			r.URL.RawQuery = q
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code == http.StatusOK {
				continue
			}
			var e web.ErrorBody
			if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || e.Error == "" || w.Code >= 500 {
				t.Errorf("%s?%q: got %d %s", path, q, w.Code, w.Body)
			}
		}
	})
}

// FuzzBandPoint reads any text as a point; what could be read must survive
// another writing and reading.
func FuzzBandPoint(f *testing.F) {
	for _, s := range []string{"[1,2,3,4,5,6]", "[1772622000000,0.1,null,null,null,null]", "[]", "[1,2,3,4,5,6,7]", "{}", "null", `["1"]`, "[1e999]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var p, again web.BandPoint
		if json.Unmarshal([]byte(s), &p) != nil {
			return
		}
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &again); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		if d := cmp.Diff(p, again, cmp.Comparer(func(a, b float64) bool { return a == b || a != a && b != b })); d != "" {
			t.Errorf("%q: %s", s, d)
		}
	})
}
