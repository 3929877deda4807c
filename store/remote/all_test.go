package remote_test

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"

	"github.com/tocsinhq/tocsin/telemetry"
)

// With remote read all series come by one question, with histograms and the
// server's labels; without, one by one.
func TestAll_EachWay_EverySeriesOnce(t *testing.T) {
	db := history(t)
	native := labels.FromStrings("__name__", "up", "job", "native")
	app := db.AppenderV2(t.Context())
	for i := range 3 {
		at := end.Add(-time.Duration(3-i) * time.Minute).UnixMilli()
		if _, err := app.Append(0, native, 0, at, 0, tsdbutil.GenerateTestHistogram(int64(i)), nil, storage.AppendV2Options{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	from, to := begin.Add(time.Minute), end.Add(-2*time.Minute)
	for _, tt := range []struct {
		way     string
		without map[string]int
	}{
		{"remote read", nil},
		{"range selectors", map[string]int{"/api/v1/read": 404}},
	} {
		t.Run(tt.way, func(t *testing.T) {
			s := newServer(t, db, tt.without)
			r := reader(t, s.URL, nil)
			floats, histograms := map[string][]telemetry.Sample{}, 0
			most := 0
			_, err := r.All(t.Context(), []*labels.Matcher{labels.MustNewMatcher(labels.MatchEqual, "__name__", "up")}, from, to,
				func(l labels.Labels, f []telemetry.Sample, h []telemetry.HistogramSample) error {
					floats[l.String()] = append(floats[l.String()], f...)
					histograms += len(h)
					most = max(most, len(f))
					return nil
				})
			if err != nil || r.Way() != tt.way {
				t.Fatalf("by %s: %v", r.Way(), err)
			}
			add := func(l labels.Labels) string { return l.String() }
			if tt.without == nil {
				add = func(l labels.Labels) string { return labels.NewBuilder(l).Set("replica", "one").Labels().String() }
				if histograms != 2 {
					t.Errorf("got %d histograms, want 2", histograms)
				}
				if s.asked["/api/v1/read"] != 1 || most > 4096 {
					t.Errorf("asked %v, %d samples at once", s.asked, most)
				}
			}
			for _, l := range []labels.Labels{up, more} {
				got := floats[add(l)]
				if !slices.IsSortedFunc(got, func(a, b telemetry.Sample) int { return int(a.T - b.T) }) || len(got) == 0 ||
					got[0].T != from.UnixMilli() || got[len(got)-1].T != to.UnixMilli() {
					t.Errorf("%s: got %d samples, want those from %s to %s", l, len(got), from, to)
				}
			}
			for _, p := range floats[add(up)] {
				if want := level(int((p.T - begin.UnixMilli()) / 60_000)); math.Float64bits(p.V) != math.Float64bits(want) {
					t.Fatalf("got %v at %d, want %v", p.V, p.T, want)
				}
			}
		})
	}
}

func TestAll_TakerFails_EndsWithItsError(t *testing.T) {
	db := history(t)
	for _, without := range []map[string]int{nil, {"/api/v1/read": 404}} {
		r := reader(t, newServer(t, db, without).URL, nil)
		full := errors.New("full")
		_, err := r.All(t.Context(), []*labels.Matcher{labels.MustNewMatcher(labels.MatchEqual, "__name__", "up")}, begin, end,
			func(labels.Labels, []telemetry.Sample, []telemetry.HistogramSample) error { return full })
		if !errors.Is(err, full) {
			t.Errorf("without %v: got %v", without, err)
		}
	}
	gone := newServer(t, db, map[string]int{"/api/v1/read": 404, "/api/v1/series": 500})
	if _, err := reader(t, gone.URL, nil).All(t.Context(), nil, begin, end, nil); err == nil {
		t.Error("a server that is broken: got no error")
	}
}
