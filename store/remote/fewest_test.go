package remote_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/store"
)

// TestSamples_SeriesWithMoreLabelsInOtherWeeks asks for a series that had more labels
// before a deployment, or has more since: those are other series, also in a week in which
// the one that is asked for has no sample.
func TestSamples_SeriesWithMoreLabelsInOtherWeeks(t *testing.T) {
	other := labels.FromStrings("__name__", "up", "job", "api", "zone", "b")
	day := func(n int) time.Time { return begin.Add(time.Duration(n) * 24 * time.Hour) }
	type run struct {
		of       labels.Labels
		from, to int // days
	}
	for name, tt := range map[string]struct {
		runs []run
		want int
	}{
		"more before":             {[]run{{more, 0, 8}, {up, 8, 10}}, 2},
		"several before":          {[]run{{more, 0, 8}, {other, 0, 8}, {up, 8, 10}}, 2},
		"more since":              {[]run{{up, 0, 6}, {more, 6, 10}}, 6},
		"several with more alone": {[]run{{more, 0, 10}, {other, 0, 10}}, 0},
	} {
		db, err := store.OpenTSDB(store.TSDBOptions{Dir: t.TempDir(), Config: store.DefaultConfig(), Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		a := db.AppenderV2(t.Context())
		for hour := range 240 {
			for i, x := range tt.runs {
				if at := begin.Add(time.Duration(hour) * time.Hour); !at.Before(day(x.from)) && at.Before(day(x.to)) {
					if _, err := a.Append(0, x.of, 0, at.UnixMilli(), float64(i), nil, nil, storage.AppendV2Options{}); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if err := a.Commit(); err != nil {
			t.Fatal(err)
		}
		got, _, err := reader(t, newServer(t, db, nil).URL, nil).Samples(t.Context(), up, begin, end)
		if err != nil || len(got) != 24*tt.want {
			t.Errorf("%s: got %d samples, %v; want %d", name, len(got), err, 24*tt.want)
		}
	}
}
