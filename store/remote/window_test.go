package remote_test

import (
	"errors"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Windows that follow one another, the ends of each included, bring every sample of
// all series once, by whatever way the server knows, with one question for each window.
func TestWindow_EachWay_EverySampleOnce(t *testing.T) {
	db := history(t)
	ms := []*labels.Matcher{labels.MustNewMatcher(labels.MatchEqual, "__name__", "up")}
	for _, tt := range []struct {
		way     string
		without map[string]int
		asked   string
	}{
		{"remote read", nil, "/api/v1/read"},
		{"range selectors", map[string]int{"/api/v1/read": 404}, "/api/v1/query"},
		{"query_range", map[string]int{"/api/v1/read": 404, "/api/v1/query": 404}, "/api/v1/query_range"},
	} {
		t.Run(tt.way, func(t *testing.T) {
			s := newServer(t, db, tt.without)
			r := reader(t, s.URL, nil)
			got := map[string][]telemetry.Sample{}
			const windows = 5
			for i := range windows {
				from := begin.Add(time.Duration(i) * 7 * time.Hour)
				missed, err := r.Window(t.Context(), ms, from, from.Add(7*time.Hour-time.Millisecond),
					func(l labels.Labels, f []telemetry.Sample, _ []telemetry.HistogramSample) error {
						got[l.Get("zone")] = append(got[l.Get("zone")], f...)
						return nil
					})
				if err != nil || missed > 0 || r.Way() != tt.way {
					t.Fatalf("by %s: %d missed, %v", r.Way(), missed, err)
				}
			}
			// The first question by a way that the server does not know is one more.
			if n := s.asked[tt.asked]; n != windows {
				t.Errorf("asked %v, want %d times %s", s.asked, windows, tt.asked)
			}
			var want, flat []telemetry.Sample
			for i := range windows * 7 * 60 {
				at := begin.Add(time.Duration(i) * time.Minute).UnixMilli()
				if v := level(i); tt.way == "remote read" || !value.IsStaleNaN(v) {
					want = append(want, telemetry.Sample{T: at, V: v})
				}
				flat = append(flat, telemetry.Sample{T: at, V: -1})
			}
			if s := difference(got[""], want); s != "" {
				t.Error(s)
			}
			if s := difference(got["a"], flat); s != "" {
				t.Error(s)
			}
			full := errors.New("full")
			if _, err := r.Window(t.Context(), ms, begin, begin.Add(time.Hour), func(labels.Labels, []telemetry.Sample, []telemetry.HistogramSample) error { return full }); !errors.Is(err, full) {
				t.Errorf("a taker that fails: got %v", err)
			}
		})
	}
	broken := newServer(t, db, map[string]int{"/api/v1/read": 404, "/api/v1/query": 500})
	if _, err := reader(t, broken.URL, nil).Window(t.Context(), ms, begin, begin.Add(time.Hour), nil); err == nil {
		t.Error("a server that is broken: got no error")
	}
}
