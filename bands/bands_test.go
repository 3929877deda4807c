package bands_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tocsinhq/tocsin/bands"
	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	step  = 15 * time.Second
	share = 0.25
)

// rig is a store, a bank that saw the same samples, and the bands over both.
type rig struct {
	t      testing.TB
	db     *tsdb.DB
	bank   *detector.Bank
	engine *store.QueryEngine
	bands  *bands.Queryable
	config detector.Config
	given  map[string][]telemetry.Sample // by labels
}

func newRig(t testing.TB, change func(*bands.Options)) *rig {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	opts := tsdb.DefaultOptions()
	opts.OutOfOrderTimeWindow = (24 * time.Hour).Milliseconds() // series are written one after the other
	db, err := tsdb.Open(t.TempDir(), log, nil, opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	r := &rig{t: t, db: db, config: detector.DefaultConfig(), given: map[string][]telemetry.Sample{}}
	if r.bank, err = detector.NewBank(r.config); err != nil {
		t.Fatal(err)
	}
	r.engine = store.NewQueryEngine(store.QueryEngineOptions{Config: store.DefaultConfig().Query, Logger: log})
	t.Cleanup(func() { r.engine.Close() })
	o := bands.Options{
		Stored: db, Config: bands.DefaultConfig(), Detector: r.config, Lookback: 5 * time.Minute,
		Share: func(labels.Labels) float64 { return share },
		Now:   func() time.Time { return now },
	}
	if change != nil {
		change(&o)
	}
	r.bands = bands.New(o)
	return r
}

// write stores samples at a step that ends now and shows them to the bank.
func (r *rig) write(l labels.Labels, values ...float64) {
	r.t.Helper()
	r.store(l, values...)
	slot := r.bank.Register(l)
	for _, s := range r.given[l.String()] {
		r.bank.Feed(slot, s.T, s.V, func(detector.Verdict) {})
	}
}

// store stores samples at a step that ends now.
func (r *rig) store(l labels.Labels, values ...float64) {
	r.t.Helper()
	a := r.db.Appender(context.Background())
	for i, v := range values {
		at := now.Add(-time.Duration(len(values)-1-i) * step).UnixMilli()
		if _, err := a.Append(0, l, at, v); err != nil {
			r.t.Fatal(err)
		}
		r.given[l.String()] = append(r.given[l.String()], telemetry.Sample{T: at, V: v})
	}
	if err := a.Commit(); err != nil {
		r.t.Fatal(err)
	}
}

// noise is a level with some noise that ends with a spike.
func noise(n int, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]float64, n)
	for i := range out {
		out[i] = 100 + 5*r.NormFloat64()
	}
	out[n-1] = 400
	return out
}

// counter is what counts at the rate of noise.
func counter(n int) []float64 {
	out := noise(n, 9)
	for i := 1; i < n; i++ {
		out[i] = out[i-1] + out[i]*step.Seconds()
	}
	return out
}

// over runs a range query over the whole of a time with the samples' own step.
func (r *rig) over(query string, from time.Time) promql.Matrix {
	r.t.Helper()
	q, err := r.engine.NewRangeQuery(context.Background(), r.bands, nil, query, from, now, step)
	if err != nil {
		r.t.Fatal(err)
	}
	defer q.Close()
	res := q.Exec(context.Background())
	m, err := res.Matrix()
	if err != nil {
		r.t.Fatalf("%s: %v", query, err)
	}
	out := make(promql.Matrix, len(m)) // the engine takes its own back
	for i, s := range m {
		out[i] = promql.Series{Metric: s.Metric, Floats: append([]promql.FPoint(nil), s.Floats...)}
	}
	return out
}

// at runs an instant query and returns its samples by labels.
func (r *rig) at(query string, t time.Time) (map[string]float64, error) {
	q, err := r.engine.NewInstantQuery(context.Background(), r.bands, nil, query, t)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	v, err := q.Exec(context.Background()).Vector()
	out := map[string]float64{}
	for _, s := range v {
		out[s.Metric.String()] = s.F
	}
	return out, err
}

func part(v detector.Verdict, name string) float64 {
	return map[string]float64{"value": v.Value, "expected": v.Expected, "lower": v.Lower, "upper": v.Upper, "score": v.Score, "anomaly": oddness(v)}[name]
}

// oddness is what the part anomaly says, in other words than the code's.
func oddness(v detector.Verdict) float64 {
	inside := v.Phase == detector.PhaseOpened || v.Phase == detector.PhaseChanged || v.Phase == detector.PhaseOngoing
	side := 1.0
	if v.Value < v.Expected {
		side = -1
	}
	if !inside {
		return side * v.Score
	}
	if v.Side != 0 {
		side = float64(v.Side)
	}
	return side * math.Max(v.Score, v.Peak)
}

func TestBands_RangeQuery_EqualsReplay(t *testing.T) {
	r := newRig(t, nil)
	gauge := labels.FromStrings("__name__", "queue_length", "job", "shop")
	count := labels.FromStrings("__name__", "requests_total", "job", "shop", "zone", "a")
	r.write(gauge, noise(400, 1)...)
	r.write(count, counter(400)...)
	from := now.Add(-20 * time.Minute)
	for _, l := range []labels.Labels{gauge, count} {
		want := map[int64]detector.Verdict{}
		detector.ReplayShare(r.config, share, l, r.given[l.String()], func(v detector.Verdict) { want[v.Time] = v })
		for _, p := range telemetry.BandParts() {
			m := r.over(fmt.Sprintf(`{__name__=%q, tocsin_band=%q}`, l.Get("__name__"), p), from)
			if len(m) != 1 || m[0].Metric.Get("tocsin_band") != p || m[0].Metric.Get("job") != "shop" || m[0].Metric.Get("__name__") != l.Get("__name__") {
				t.Fatalf("%s %s: got %v", l, p, m)
			}
			if n := len(m[0].Floats); n != 81 {
				t.Errorf("%s %s: got %d samples, want 81", l, p, n)
			}
			for _, f := range m[0].Floats {
				if w := part(want[f.T], p); f.F != w {
					t.Errorf("%s %s at %d: got %v, want %v", l, p, f.T, f.F, w)
				}
			}
			if last := m[0].Floats[len(m[0].Floats)-1]; p == "score" && last.F < 0.99 {
				t.Errorf("%s: the spike has score %v", l, last.F)
			}
		}
	}
	// A counter's band is that of its rate per second.
	if got, err := r.at(`requests_total{tocsin_band="value"} / ignoring(tocsin_band) rate(requests_total[15s:15s])`, now); err != nil {
		t.Error(err, got)
	}
	if m := r.over(`requests_total{tocsin_band="expected"}`, from); math.Abs(m[0].Floats[40].F-100) > 10 {
		t.Errorf("expected rate: got %v, want about 100 per second", m[0].Floats[40].F)
	}
}

func TestBands_InExpressions_MatchTheirSeries(t *testing.T) {
	r := newRig(t, nil)
	for i := range 3 {
		v := noise(300, uint64(i))
		if i != 1 {
			v[299] = 101
		}
		r.write(labels.FromStrings("__name__", "queue_length", "i", fmt.Sprint(i)), v...)
	}
	for query, want := range map[string]string{
		`queue_length > ignoring(tocsin_band) queue_length{tocsin_band="upper"}`:        `{__name__="queue_length", i="1"}`,
		`max_over_time(queue_length{tocsin_band="score"}[1m]) > 0.99`:                   `{i="1", tocsin_band="score"}`,
		`topk(1, queue_length{tocsin_band="score"})`:                                    `{__name__="queue_length", i="1", tocsin_band="score"}`,
		`count by (tocsin_band) (queue_length{i="0", tocsin_band=~"low.*"})`:            `{tocsin_band="lower"}`,
		`count(queue_length{tocsin_band!=""}) == 18`:                                    `{}`,
		`count(queue_length{tocsin_band!="upper"}) == 3`:                                `{}`, // also matches the lack of the label
		`count(queue_length{tocsin_band=""}) == 3`:                                      `{}`,
		`max_over_time(queue_length{i="1", tocsin_band="upper"}[5m:15s] offset 1m) > 0`: `{i="1", tocsin_band="upper"}`,
		`queue_length{tocsin_band="middle"}`:                                            ``,
	} {
		got, err := r.at(query, now)
		if want == "" && len(got) == 0 && err == nil {
			continue
		}
		if _, ok := got[want]; !ok || len(got) != 1 || err != nil {
			t.Errorf("%s: got %v, %v, want %s", query, got, err, want)
		}
	}
}

func TestBands_Present_IsTheLiveDetectors(t *testing.T) {
	asked := 0
	r := newRig(t, nil)
	owed := func(labels.Labels) float64 {
		s, _ := r.bank.Service("", now.UnixMilli())
		return s.Share
	}
	live := bands.New(bands.Options{
		Stored: r.db, Config: bands.Config{History: bands.DefaultConfig().History, MaxSeries: 1, MaxSamples: 1_000_000}, Detector: r.config, Lookback: 5 * time.Minute,
		Share: owed, Now: func() time.Time { return now.Add(10 * time.Second) },
		Live: func(l labels.Labels) (detector.Verdict, bool) { asked++; return r.bank.Last(r.bank.Lookup(l)) },
	})
	replayed := bands.New(bands.Options{Stored: r.db, Config: bands.DefaultConfig(), Detector: r.config, Share: owed, Now: func() time.Time { return now }})
	all := []labels.Labels{}
	for i := range 5 {
		l := labels.FromStrings("__name__", "queue_length", "i", fmt.Sprint(i))
		all = append(all, l)
		r.write(l, noise(300, uint64(i))...)
	}
	r.bands = live
	for _, p := range telemetry.BandParts() {
		got, err := r.at(`queue_length{tocsin_band="`+p+`"}`, now)
		if err != nil || len(got) != 5 {
			t.Fatalf("%s: got %v, %v", p, got, err)
		}
		for _, l := range all {
			v, _ := r.bank.Last(r.bank.Lookup(l))
			key := labels.NewBuilder(l).Set("tocsin_band", p).Labels().String()
			if w := part(v, p); got[key] != w {
				t.Errorf("%s: got %v, want %v", key, got[key], w)
			}
		}
	}
	if asked != 30 {
		t.Errorf("the live detector was asked %d times, want 30", asked)
	}
	// What it says is what a replay of the same samples says, but for what the
	// service owed at that moment, which moves the ends of the range.
	for p, most := range map[string]float64{"value": 0, "expected": 0.01, "lower": 0.15, "upper": 0.15, "score": 0.001} {
		r.bands = live
		got, err := r.at(`queue_length{i="2", tocsin_band="`+p+`"}`, now)
		if err != nil {
			t.Fatal(err)
		}
		r.bands = replayed
		past := r.over(`queue_length{i="2", tocsin_band="`+p+`"}`, now.Add(-step))
		for k, v := range got {
			if w := past[0].Floats[1].F; math.Abs(v-w) > most*100 {
				t.Errorf("%s: live %v, replayed %v", k, v, w)
			}
		}
	}
	r.agrees(t)
	// A moment of the past, and a range, are replayed, and bounded.
	r.bands = live
	before := asked
	for _, query := range []string{`queue_length{tocsin_band="upper"} offset 30m`, `max_over_time(queue_length{tocsin_band="upper"}[5m])`} {
		if _, err := r.at(query, now); err == nil || !strings.Contains(err.Error(), "bands.max_series") {
			t.Errorf("%s: got %v", query, err)
		}
	}
	if asked != before {
		t.Error("the live detector was asked for the past")
	}
	// A series that has been silent for longer than the look-back has no present.
	if got, err := r.at(`queue_length{tocsin_band="upper"}`, now.Add(6*time.Minute)); err == nil && len(got) > 0 {
		t.Errorf("six minutes after the last sample: got %v", got)
	}
}

func TestBands_Bounds_AreErrorsThatSayWhatToDo(t *testing.T) {
	r := newRig(t, func(o *bands.Options) { o.Config.MaxSeries, o.Config.MaxSamples = 2, 1000 })
	for i := range 3 {
		r.write(labels.FromStrings("__name__", "queue_length", "i", fmt.Sprint(i)), noise(400, uint64(i))...)
	}
	past := now.Add(-time.Hour)
	if got, err := r.at(`queue_length{i=~"0|1", tocsin_band=~".+"}`, past); err != nil || len(got) == 0 {
		t.Errorf("two series: got %v, %v", got, err)
	}
	// Several parts of the same series are replayed once.
	if _, err := r.at(`queue_length{i=~"0|1", tocsin_band="upper"} - ignoring(tocsin_band) queue_length{i=~"0|1", tocsin_band="lower"}`, past); err != nil {
		t.Error(err)
	}
	for query, want := range map[string]string{
		`queue_length{tocsin_band="upper"}`: "bands.max_series",
		`queue_length{i="0", tocsin_band="upper"} or queue_length{i=~"1|2", tocsin_band="upper"}`: "bands.max_series",
		`{tocsin_band="upper"}`: "bands.max_series",
	} {
		if _, err := r.at(query, past); err == nil || !errors.Is(err, bands.ErrTooMuch) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", query, err, want)
		}
	}
	if _, err := r.at(`queue_length{i=~"0|1|2", tocsin_band="upper"}`, now); err == nil || !strings.Contains(err.Error(), "bands.max_s") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	q, err := r.bands.Querier(past.UnixMilli(), now.UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	set := q.Select(ctx, true, nil, labels.MustNewMatcher(labels.MatchEqual, "i", "0"), labels.MustNewMatcher(labels.MatchEqual, "tocsin_band", "upper"))
	if set.Next() || !errors.Is(set.Err(), context.Canceled) {
		t.Errorf("after its caller had left: got %v", set.Err())
	}
}

func TestBands_WhatIsNotWatched_HasNone(t *testing.T) {
	r := newRig(t, nil)
	for _, l := range []labels.Labels{
		labels.FromStrings("__name__", "ALERTS", "alertname", "x"),
		labels.FromStrings("__name__", "tocsin_detector_series"),
		labels.FromStrings("__name__", "queue_length", "tocsin_band", "upper"), // of another daemon
		labels.FromStrings("__name__", "latency_bucket", "le", "1"),
	} {
		r.write(l, noise(100, 1)...)
		if r.bank.Lookup(l) != 0 {
			t.Errorf("%s is watched", l)
		}
	}
	if got, err := r.at(`{__name__=~".+", tocsin_band=~".+"}`, now.Add(-5*time.Minute)); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestBands_Gaps_EndTheSeries(t *testing.T) {
	r := newRig(t, nil)
	l := labels.FromStrings("__name__", "queue_length")
	v := noise(200, 3)
	for i := 100; i < 140; i++ {
		v[i] = math.Float64frombits(value.StaleNaN)
	}
	r.write(l, v...)
	at := func(i int) time.Time { return now.Add(-time.Duration(199-i) * step) }
	for i, want := range map[int]int{99: 1, 101: 0, 139: 0, 141: 1} {
		if got, err := r.at(`queue_length{tocsin_band="value"}`, at(i)); err != nil || len(got) != want {
			t.Errorf("sample %d: got %v, %v, want %d", i, got, err, want)
		}
	}
	// A young series has a score and no band.
	for query, want := range map[string]int{`queue_length{tocsin_band="upper"}`: 0, `queue_length{tocsin_band="score"}`: 1, `queue_length{tocsin_band="value"}`: 1} {
		if got, err := r.at(query, at(3)); err != nil || len(got) != want {
			t.Errorf("%s of the fourth sample: got %v, %v", query, got, err)
		}
	}
}

func TestBands_SeriesAndLabels_AreListed(t *testing.T) {
	r := newRig(t, nil)
	r.write(labels.FromStrings("__name__", "queue_length", "zone", "b"), noise(50, 1)...)
	r.write(labels.FromStrings("__name__", "queue_length", "azone", "a"), noise(50, 1)...)
	q, err := r.bands.Querier(now.Add(-time.Hour).UnixMilli(), now.UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	ctx := context.Background()
	ms, err := parser.NewParser(parser.Options{}).ParseMetricSelector(`queue_length{tocsin_band=~"lower|upper"}`)
	if err != nil {
		t.Fatal(err)
	}
	set := q.Select(ctx, true, &storage.SelectHints{Start: now.Add(-time.Hour).UnixMilli(), End: now.UnixMilli(), Func: "series"}, ms...)
	var got []string
	for set.Next() {
		got = append(got, set.At().Labels().String())
		if set.At().Iterator(nil).Next() != chunkenc.ValNone {
			t.Error("a list of series has samples")
		}
	}
	want := []string{
		`{__name__="queue_length", azone="a", tocsin_band="lower"}`, `{__name__="queue_length", azone="a", tocsin_band="upper"}`,
		`{__name__="queue_length", tocsin_band="lower", zone="b"}`, `{__name__="queue_length", tocsin_band="upper", zone="b"}`,
	}
	if set.Err() != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, tc := range []struct {
		name string
		ms   []*labels.Matcher
		want string
	}{
		{"tocsin_band", nil, "anomaly expected lower score upper value"},
		{"tocsin_band", ms, "lower upper"},
		{"zone", ms, "b"},
		{"zone", nil, "b"},
	} {
		got, _, err := q.LabelValues(ctx, tc.name, nil, tc.ms...)
		if err != nil || strings.Join(got, " ") != tc.want {
			t.Errorf("values of %s: got %v, %v, want %s", tc.name, got, err, tc.want)
		}
	}
	if got, _, err := q.LabelNames(ctx, &storage.LabelHints{Limit: 3}, ms...); err != nil || strings.Join(got, " ") != "__name__ azone tocsin_band" {
		t.Errorf("names with bands: got %v, %v", got, err)
	}
	none := labels.MustNewMatcher(labels.MatchEqual, "tocsin_band", "x")
	if got, notes, err := q.LabelNames(ctx, nil, none); err != nil || len(got) != 0 || len(notes) != 1 {
		t.Errorf("labels of a band that there is not: %v, %v, %v", got, notes, err)
	}
	if got, notes, err := q.LabelValues(ctx, "zone", nil, none); err != nil || len(got) != 0 || len(notes) != 1 {
		t.Errorf("values of a band that there is not: %v, %v, %v", got, notes, err)
	}
	if got, _, err := q.LabelNames(ctx, nil); err != nil || strings.Join(got, " ") != "__name__ azone zone" {
		t.Errorf("names: got %v, %v", got, err)
	}
}

func TestBands_Chunks_HoldTheSame(t *testing.T) {
	r := newRig(t, nil)
	r.write(labels.FromStrings("__name__", "queue_length"), noise(300, 1)...)
	from := now.Add(-30 * time.Minute)
	want := r.over(`queue_length{tocsin_band="upper"}`, from)[0].Floats
	q, err := r.bands.ChunkQuerier(from.UnixMilli(), now.UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	hints := &storage.SelectHints{Start: from.UnixMilli(), End: now.UnixMilli()}
	set := storage.NewSeriesSetFromChunkSeriesSet(q.Select(context.Background(), true, hints,
		labels.MustNewMatcher(labels.MatchEqual, "__name__", "queue_length"), labels.MustNewMatcher(labels.MatchEqual, "tocsin_band", "upper")))
	n := 0
	for set.Next() {
		it := set.At().Iterator(nil)
		for ; it.Next() != chunkenc.ValNone; n++ {
			if at, v := it.At(); at != want[n].T || v != want[n].F {
				t.Fatalf("sample %d: got %d %v, want %v", n, at, v, want[n])
			}
		}
	}
	if set.Err() != nil || n != len(want) {
		t.Errorf("got %d samples, %v, want %d", n, set.Err(), len(want))
	}
	stored := storage.NewSeriesSetFromChunkSeriesSet(q.Select(context.Background(), true, hints, labels.MustNewMatcher(labels.MatchEqual, "__name__", "queue_length")))
	if !stored.Next() || stored.Next() {
		t.Error("stored series do not come through")
	}
}

// A series that was born into a family has the band by replay that it has live, if
// the bands are told what it started from.
func TestBands_SeriesOfAFamily_ReplayedFromWhatItStartedFrom(t *testing.T) {
	one := newRig(t, nil)
	r := rand.New(rand.NewPCG(9, 9))
	for i := range 5 {
		slot := one.bank.Register(labels.FromStrings("__name__", "latency", "pod", strconv.Itoa(i)))
		for k := range 1500 {
			one.bank.Observe(slot, now.Add(-2*24*time.Hour+time.Duration(k)*step).UnixMilli(), math.Exp(r.NormFloat64()))
		}
	}
	one.bank.Sweep(now.Add(-24*time.Hour).UnixMilli(), func(detector.Verdict) {})
	l := labels.FromStrings("__name__", "latency", "pod", "new")
	values := make([]float64, 100)
	for i := range values {
		values[i] = 100 + 5*r.NormFloat64()
	}
	values[99] = 101
	one.write(l, values...)
	v, ok := one.bank.Last(one.bank.Lookup(l))
	if !ok {
		t.Fatal("the bank does not know the series")
	}
	s, _ := one.bank.Service("", now.UnixMilli())
	upper := func(start func(labels.Labels) detector.Start) float64 {
		one.bands = bands.New(bands.Options{
			Stored: one.db, Config: bands.DefaultConfig(), Detector: one.config, Now: func() time.Time { return now },
			Share: func(labels.Labels) float64 { return s.Share }, Start: start,
		})
		return one.over(`latency{tocsin_band="upper"}`, now.Add(-step))[0].Floats[1].F
	}
	told := upper(func(l labels.Labels) detector.Start { return one.bank.Start(one.bank.Lookup(l)) })
	// The live band is already that of the next sample.
	if math.Abs(told-v.Upper) > 3 {
		t.Errorf("replayed %v, live %v", told, v.Upper)
	}
	if untold := upper(nil); untold > told-10 {
		t.Errorf("replayed %v without a start and %v with one: the test shows nothing", untold, told)
	}
}

// agrees compares the live word on a quiet series, whose service owes the same all
// the time, with its replay.
func (r *rig) agrees(t *testing.T) {
	quiet := noise(300, 77)
	quiet[299] = 103
	one := newRig(t, nil)
	l := labels.FromStrings("__name__", "quiet")
	one.write(l, quiet...)
	v, ok := one.bank.Last(one.bank.Lookup(l))
	if !ok {
		t.Fatal("the bank does not know the series")
	}
	s, _ := one.bank.Service("", now.UnixMilli())
	one.bands = bands.New(bands.Options{
		Stored: one.db, Config: bands.DefaultConfig(), Detector: one.config, Now: func() time.Time { return now },
		Share: func(labels.Labels) float64 { return s.Share },
	})
	// The live band is already that of the next sample.
	for p, most := range map[string]float64{"value": 0, "expected": 2, "lower": 2, "upper": 2, "score": 1e-6} {
		m := one.over(`quiet{tocsin_band="`+p+`"}`, now.Add(-step))
		if got, want := m[0].Floats[1].F, part(v, p); math.Abs(got-want) > most {
			t.Errorf("%s: replayed %v, live %v", p, got, want)
		}
	}
}

func TestBands_Anomaly_OfWhatIsOrdinary_IsZeroOnBothSides(t *testing.T) {
	r := newRig(t, nil)
	r.write(labels.FromStrings("__name__", "queue_length"), noise(600, 4)...)
	below := 0
	for _, s := range r.over(`queue_length{tocsin_band="anomaly"}`, now.Add(-100*step)) {
		for _, p := range s.Floats {
			if p.F == 0 && math.Signbit(p.F) {
				below++
			}
		}
	}
	if below > 0 {
		t.Errorf("%d samples are -0, which is shown as it stands", below)
	}
}

// TestBands_Anomaly_LastsAsLongAsTheEpisode raises a level for ten minutes. Its
// single samples are soon expected; the episode goes on until it comes back.
func TestBands_Anomaly_LastsAsLongAsTheEpisode(t *testing.T) {
	r := newRig(t, nil)
	values := noise(480, 3)
	for i := 400; i < 440; i++ {
		values[i] += 200
	}
	for i := 460; i < 480; i++ {
		values[i] -= 200
	}
	l := labels.FromStrings("__name__", "queue_length", "job", "shop")
	r.write(l, values...)
	at := func(i int) float64 {
		got, err := r.at(`max without (tocsin_band) (queue_length{tocsin_band="anomaly"})`, time.UnixMilli(r.given[l.String()][i].T))
		if err != nil || len(got) != 1 {
			t.Fatalf("got %v, %v", got, err)
		}
		for _, v := range got {
			return v
		}
		return math.NaN()
	}
	for i := 401; i < 440; i++ {
		if got := at(i); got < 0.99 {
			t.Errorf("%d samples after the rise: got %v, want more than 0.99", i-400, got)
		}
	}
	if got := at(390); math.Abs(got) > 0.99 {
		t.Errorf("before it: got %v", got)
	}
	if got := at(465); got > -0.99 {
		t.Errorf("after the fall: got %v, want less than -0.99", got)
	}
}
