package rca_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

// seriesFunc answers from the series of a world.
type seriesFunc func(ctx context.Context, q rca.SeriesQuery) ([]rca.Series, error)

func (f seriesFunc) SignalSeries(ctx context.Context, q rca.SeriesQuery) ([]rca.Series, error) {
	return f(ctx, q)
}

// changeList answers from a slice, as the feed does.
type changeList []telemetry.Change

func (l changeList) List(_ context.Context, f change.Filter) ([]telemetry.Change, error) {
	var out []telemetry.Change
	for _, c := range l {
		if (f.Service == "" || c.Service == f.Service) && !c.Started.Before(f.From) && c.Started.Before(f.To) && len(out) < f.Limit {
			out = append(out, c)
		}
	}
	return out, nil
}

type brokenChanges struct{}

func (brokenChanges) List(context.Context, change.Filter) ([]telemetry.Change, error) {
	return nil, errors.New("disk full")
}

func ranker(t *testing.T, changes rca.Changes, series seriesFunc, set *metrics.Set) *rca.Ranker {
	t.Helper()
	r, err := rca.NewRanker(rca.Options{Changes: changes, Series: series, Config: rca.DefaultConfig(), Metrics: set})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var query = rca.Query{Service: "checkout", Onset: noon, At: noon.Add(10 * time.Minute)}

func TestRanker_GathersWhatRankNeeds(t *testing.T) {
	w := newWorld(1, "checkout")
	w.service("checkout", 20, noon)
	w.change("true", "checkout", time.Minute)
	w.change("ads", "ads", time.Hour)
	w.change("old", "worker", 10*time.Hour)
	w.change("past", "checkout", 50*time.Hour).Status = telemetry.StatusFailed
	w.change("open", "checkout", 51*time.Hour).Status = telemetry.StatusStarted
	var asked []rca.SeriesQuery
	set := metrics.NewSet()
	r, err := ranker(t, changeList(w.in.Changes), func(_ context.Context, q rca.SeriesQuery) ([]rca.Series, error) {
		asked = append(asked, q)
		return w.in.Series, nil
	}, set).Rank(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	sane(t, r)
	if top(r) != "true" || term(t, r.Findings[0], "prior").Text != "1 of 1 earlier changes of this kind to checkout failed or were rolled back: 10%" {
		t.Errorf("got\n%s", show(r))
	}
	want := []rca.SeriesQuery{
		{Services: []string{"checkout", "ads"}, From: noon.Add(-3*time.Hour - 11*time.Minute), To: query.At, Step: 30 * time.Second},
		{Services: []string{"worker"}, From: noon.Add(-25*time.Hour - 21*time.Minute), To: query.At, Step: 5 * time.Minute},
	}
	if d := cmp.Diff(want, asked); d != "" {
		t.Errorf("asked -want +got:\n%s", d)
	}
	if got := set.GetOrCreateCounter(`tocsin_rca_rankings_total{result="made"}`).Get(); got != 1 {
		t.Errorf("made: got %d", got)
	}
}

func TestRanker_SeriesTooSlow_RanksWithoutThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1, "checkout")
		w.change("own", "checkout", time.Minute)
		set := metrics.NewSet()
		r, err := ranker(t, changeList(w.in.Changes), func(ctx context.Context, _ rca.SeriesQuery) ([]rca.Series, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, set).Rank(t.Context(), query)
		if err != nil || !strings.Contains(term(t, row(t, r, "own"), "effect").Text, "not within 3s") {
			t.Errorf("got %v\n%s", err, show(r))
		}
		if got := set.GetOrCreateCounter(`tocsin_rca_dropped_total{reason="series_unread"}`).Get(); got != 1 {
			t.Errorf("unread: got %d", got)
		}
	})
}

func TestRanker_Errors(t *testing.T) {
	w := newWorld(1, "checkout")
	w.change("own", "checkout", time.Minute)
	none := func(context.Context, rca.SeriesQuery) ([]rca.Series, error) { return nil, errors.New("closed") }
	if _, err := ranker(t, brokenChanges{}, none, nil).Rank(context.Background(), query); err == nil || !strings.Contains(err.Error(), `rank causes for "checkout": disk full`) {
		t.Errorf("got %v", err)
	}
	r, err := ranker(t, changeList(w.in.Changes), none, nil).Rank(context.Background(), query)
	if err != nil || !strings.Contains(term(t, row(t, r, "own"), "effect").Text, "the store did not answer") {
		t.Errorf("got %v\n%s", err, show(r))
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := ranker(t, changeList(w.in.Changes), none, nil).Rank(done, query); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want Canceled", err)
	}
	bad := rca.DefaultConfig()
	bad.Window = 0
	if _, err := rca.NewRanker(rca.Options{Config: bad}); err == nil || !strings.Contains(err.Error(), "rca config: window: want a duration from 1m0s") {
		t.Errorf("got %v", err)
	}
}

func TestRanker_ManyServices_AreBounded(t *testing.T) {
	w := newWorld(1, "checkout")
	for i := range 90 {
		w.change(fmt.Sprintf("c%d", i), fmt.Sprintf("s%d", i), time.Minute)
	}
	var n int
	_, err := ranker(t, changeList(w.in.Changes), func(_ context.Context, q rca.SeriesQuery) ([]rca.Series, error) {
		n = len(q.Services)
		return nil, nil
	}, nil).Rank(context.Background(), query)
	if err != nil || n != 50 {
		t.Errorf("asked for %d services, %v; want 50", n, err)
	}
}

func TestStore_SaveAndLatest(t *testing.T) {
	ctx := context.Background()
	db, err := store.OpenState(ctx, filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec("INSERT INTO incidents (id, service, state, opened, body) VALUES ('i1', 'a', 'open', 1, '{}')"); err != nil {
		t.Fatal(err)
	}
	s := rca.NewStore(db)
	if _, found, err := s.Latest(ctx, "i1"); found || err != nil {
		t.Errorf("before: got %v, %v", found, err)
	}
	w := newWorld(1, "checkout")
	w.service("checkout", 20, noon)
	none := w.rank()
	w.change("true", "checkout", time.Minute)
	one := w.rank()
	for i, c := range []struct {
		r       rca.Ranking
		changed bool
	}{{none, true}, {none, false}, {one, true}, {one, false}, {none, true}, {one, true}} {
		if changed, err := s.Save(ctx, "i1", c.r); changed != c.changed || err != nil {
			t.Errorf("save %d: got %v, %v, want %v", i, changed, err, c.changed)
		}
	}
	got, found, err := s.Latest(ctx, "i1")
	if d := cmp.Diff(one, got); d != "" || !found || err != nil {
		t.Errorf("%v %v -saved +read:\n%s", found, err, d)
	}
	if _, err := s.Save(ctx, "i9", one); err == nil || !strings.Contains(err.Error(), "save ranking of incident i9") {
		t.Errorf("unknown incident: got %v", err)
	}
	db.Close()
	if _, _, err := s.Latest(ctx, "i1"); err == nil {
		t.Error("closed store: want an error")
	}
	if _, err := s.Save(ctx, "i1", one); err == nil {
		t.Error("closed store: want an error")
	}
}

func TestConfig(t *testing.T) {
	problems := func(c rca.Config) string {
		var out []string
		c.Validate(func(path, _ string, _ ...any) { out = append(out, path) })
		return strings.Join(out, " ")
	}
	if got := problems(rca.DefaultConfig()); got != "" {
		t.Errorf("defaults: %s", got)
	}
	minus := yamldoc.Duration(-1)
	bad := rca.Config{Window: minus, LeakWindow: -2, Baseline: minus, ClockSkew: minus, Step: minus, Deadline: minus,
		Tau: map[string]yamldoc.Duration{"flag": minus, "deploy": 1}}
	if got, want := problems(bad), "window leak_window baseline clock_skew step deadline tau.deploy tau.flag"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	doc, errs := yamldoc.Parse("x.yml", []byte("window: 1h\ntau:\n  flag: 10m\n"))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	c := rca.DefaultConfig()
	if errs := doc.Decode(&c); len(errs) > 0 {
		t.Fatal(errs)
	}
	if time.Duration(c.Window) != time.Hour || time.Duration(c.Tau["flag"]) != 10*time.Minute || problems(c) != "" {
		t.Errorf("got %+v", c)
	}
}
