package backfill_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"

	"github.com/tocsinhq/tocsin/backfill"
	"github.com/tocsinhq/tocsin/telemetry"
)

// base is where the data of these tests begin: on the edge of a block.
var base = time.Date(2026, time.January, 12, 0, 0, 0, 0, time.UTC)

func ms(after time.Duration) int64 { return base.Add(after).UnixMilli() }

// memory is a source of what a test puts into it.
type memory struct {
	name    string
	parts   []backfill.Stretch
	windows bool
	reads   int
	fail    error // after all parts
}

func (m *memory) Name() string { return m.name }
func (m *memory) Span() (from, to int64, ok bool) {
	from, to = math.MaxInt64, math.MinInt64
	for _, p := range m.parts {
		for _, s := range p.Floats {
			from, to = min(from, s.T), max(to, s.T)
		}
	}
	return from, to, m.windows
}
func (m *memory) Skipped() map[string]int64 { return nil }
func (m *memory) Close() error              { return nil }
func (m *memory) Read(_ context.Context, q backfill.Query, take func(backfill.Stretch) error) error {
	m.reads++
	for _, p := range m.parts {
		p.Floats = slices.DeleteFunc(slices.Clone(p.Floats), func(s telemetry.Sample) bool { return m.windows && (s.T < q.From || s.T > q.To) })
		if err := take(p); err != nil {
			return err
		}
	}
	return m.fail
}

func options(t *testing.T, data string, s backfill.Source) backfill.Options {
	t.Helper()
	return backfill.Options{
		Source: s, Data: data, Query: backfill.Query{From: math.MinInt64, To: math.MaxInt64},
		Oldest: base.Add(-400 * 24 * time.Hour), Newest: base.Add(400 * 24 * time.Hour),
		BlockWidth: backfill.BlockWidth(0), Now: func() time.Time { return base },
	}
}

func run(t *testing.T, o backfill.Options) backfill.Report {
	t.Helper()
	r, err := backfill.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// dump lists every sample of a TSDB.
func dump(t *testing.T, dir string) []string {
	t.Helper()
	opts := tsdb.DefaultOptions()
	opts.RetentionDuration = 0
	db, err := tsdb.Open(dir, slog.New(slog.DiscardHandler), nil, opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	q, err := db.Querier(math.MinInt64, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	return listed(t, q)
}

func listed(t *testing.T, q storage.Querier) []string {
	t.Helper()
	var out []string
	set := q.Select(t.Context(), true, nil, labels.MustNewMatcher(labels.MatchRegexp, labels.MetricName, ".+"))
	for set.Next() {
		it := set.At().Iterator(nil)
		for vt := it.Next(); vt != chunkenc.ValNone; vt = it.Next() {
			switch vt {
			case chunkenc.ValFloat:
				at, v := it.At()
				out = append(out, fmt.Sprintf("%s %d %x", set.At().Labels(), at, math.Float64bits(v)))
			case chunkenc.ValHistogram:
				at, h := it.AtHistogram(nil)
				out = append(out, fmt.Sprintf("%s %d %s", set.At().Labels(), at, h))
			case chunkenc.ValFloatHistogram:
				at, h := it.AtFloatHistogram(nil)
				out = append(out, fmt.Sprintf("%s %d %s", set.At().Labels(), at, h))
			}
		}
		if it.Err() != nil {
			t.Fatal(it.Err())
		}
	}
	if set.Err() != nil {
		t.Fatal(set.Err())
	}
	return out
}

func same(t *testing.T, got, want []string) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("%d samples, want %d; the first that differs: got %s, want %s", len(got), len(want), got[i], want[i])
		}
	}
	t.Fatalf("got %d samples, want %d", len(got), len(want))
}

func line(l labels.Labels, p telemetry.Sample) string {
	return fmt.Sprintf("%s %d %x", l, p.T, math.Float64bits(p.V))
}

func TestRun_EverySortOfSample_ComesOutAsItWentIn(t *testing.T) {
	up := labels.FromStrings("__name__", "up", "job", "a")
	odd := labels.FromStrings("__name__", "odd name", "weiß", "ü\n\"")
	native := labels.FromStrings("__name__", "latency", "job", "a")
	floats := labels.FromStrings("__name__", "latency_float", "job", "a")
	custom := labels.FromStrings("__name__", "latency_custom", "job", "a")
	m := &memory{name: "m"}
	var want []string
	for i := range 1000 {
		at := ms(time.Duration(i) * 30 * time.Second)
		v := float64(i) / 7
		if i == 500 {
			v = math.Float64frombits(value.StaleNaN)
		}
		p := telemetry.Sample{T: at, V: v}
		m.parts = append(m.parts, backfill.Stretch{Labels: up, Floats: []telemetry.Sample{p}})
		want = append(want, line(up, p))
	}
	infinite := telemetry.Sample{T: ms(-time.Hour), V: math.Inf(-1)}
	m.parts = append(m.parts, backfill.Stretch{Labels: odd, Floats: []telemetry.Sample{infinite}})
	want = append(want, line(odd, infinite))
	var ints, flts, cust backfill.Stretch
	ints.Labels, flts.Labels, cust.Labels = native, floats, custom
	for i := range 300 {
		at := ms(time.Duration(i) * time.Minute)
		h := tsdbutil.GenerateTestHistogram(int64(i))
		h.CounterResetHint = histogram.UnknownCounterReset
		f := tsdbutil.GenerateTestFloatHistogram(int64(i))
		f.CounterResetHint = histogram.UnknownCounterReset
		c := tsdbutil.GenerateTestCustomBucketsHistogram(int64(i))
		c.CounterResetHint = histogram.UnknownCounterReset
		ints.Histograms = append(ints.Histograms, telemetry.HistogramSample{T: at, Int: h})
		flts.Histograms = append(flts.Histograms, telemetry.HistogramSample{T: at, Float: f})
		cust.Histograms = append(cust.Histograms, telemetry.HistogramSample{T: at, Int: c})
		want = append(want, fmt.Sprintf("%s %d %s", native, at, h), fmt.Sprintf("%s %d %s", floats, at, f), fmt.Sprintf("%s %d %s", custom, at, c))
	}
	m.parts = append(m.parts, ints, flts, cust)
	data := t.TempDir()
	r := run(t, options(t, data, m))
	if r.Samples != 1901 || r.Histograms != 900 || r.Series != 5 || r.Ranges != 6 || len(r.Blocks) != 6 {
		t.Errorf("got %+v", r)
	}
	if r.First != ms(-time.Hour) || r.Last != ms(999*30*time.Second) {
		t.Errorf("got from %d to %d", r.First, r.Last)
	}
	got := dump(t, filepath.Join(data, "tsdb"))
	slices.Sort(got)
	slices.Sort(want)
	same(t, got, want)
	left, err := fs.Glob(os.DirFS(filepath.Join(data, backfill.Dir)), "*blocks.*")
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// Text may tell of a series backwards, or of all series at one time after the
// other, backwards too.
func TestRun_SamplesInAnyOrder_AreInOrderAfter(t *testing.T) {
	for name, in := range map[string]func(m *memory, a, b labels.Labels, all []telemetry.Sample){
		"one stretch backwards": func(m *memory, a, _ labels.Labels, all []telemetry.Sample) {
			back := slices.Clone(all)
			slices.Reverse(back)
			m.parts = append(m.parts, backfill.Stretch{Labels: a, Floats: back})
		},
		"one time after the other, backwards": func(m *memory, a, b labels.Labels, all []telemetry.Sample) {
			for i := range all {
				p := all[len(all)-1-i : len(all)-i]
				m.parts = append(m.parts, backfill.Stretch{Labels: a, Floats: p}, backfill.Stretch{Labels: b, Floats: p})
			}
		},
		"more series than one block has": func(m *memory, a, b labels.Labels, all []telemetry.Sample) {
			for i := range all {
				for _, l := range []labels.Labels{a, b, labels.FromStrings("__name__", "c"), labels.FromStrings("__name__", "d")} {
					m.parts = append(m.parts, backfill.Stretch{Labels: l, Floats: all[i : i+1]})
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := &memory{name: name}
			var all []telemetry.Sample
			for i := range 200 {
				all = append(all, telemetry.Sample{T: ms(time.Duration(i) * time.Minute), V: float64(i)})
			}
			in(m, labels.FromStrings("__name__", "a"), labels.FromStrings("__name__", "b"), all)
			want := map[string]bool{}
			for _, p := range m.parts {
				for _, s := range p.Floats {
					want[line(p.Labels, s)] = true
				}
			}
			data := t.TempDir()
			o := options(t, data, m)
			o.MaxSeries = 3
			r := run(t, o)
			if most := 3 * r.Ranges; len(r.Blocks) > most {
				t.Errorf("got %d blocks of %d ranges", len(r.Blocks), r.Ranges)
			}
			if r.Conflicts != 0 || int(r.Samples) != len(want) {
				t.Errorf("got %+v, want %d samples", r, len(want))
			}
			got := dump(t, filepath.Join(data, "tsdb"))
			slices.Sort(got)
			same(t, got, slices.Sorted(maps.Keys(want)))
		})
	}
}

func TestRun_Chosen_LabelsTimesAndRetention(t *testing.T) {
	keep, drop := labels.FromStrings("__name__", "x", "job", "a"), labels.FromStrings("__name__", "x", "job", "b")
	m := &memory{name: "m"}
	var all []telemetry.Sample
	for _, at := range []time.Duration{-500 * 24 * time.Hour, -time.Hour, 0, time.Hour, 2 * time.Hour, 500 * 24 * time.Hour} {
		all = append(all, telemetry.Sample{T: ms(at), V: 1})
	}
	again := telemetry.Sample{T: ms(time.Hour), V: 1}
	other := telemetry.Sample{T: ms(time.Hour), V: 2}
	m.parts = []backfill.Stretch{{Labels: keep, Floats: all}, {Labels: drop, Floats: all}, {Labels: keep, Floats: []telemetry.Sample{again}}}
	m.parts = append(m.parts, backfill.Stretch{Labels: labels.FromStrings("__name__", "y", "job", "a"), Floats: []telemetry.Sample{again, again, other}})
	data := t.TempDir()
	o := options(t, data, m)
	selector, err := parser.NewParser(parser.Options{}).ParseMetricSelector(`{job="a"}`)
	if err != nil {
		t.Fatal(err)
	}
	o.Query.Selectors = [][]*labels.Matcher{selector}
	o.Query.From = ms(-1 * time.Hour)
	o.Query.To = ms(time.Hour)
	o.Labels = map[string]string{"job": "z", "site": "old"}
	r := run(t, o)
	if r.Unmatched != 1 || r.Samples != 7 || r.Repeated != 2 || r.Conflicts != 1 || r.Outside != 3 || r.Series != 2 {
		t.Errorf("got %+v", r)
	}
	var want []string
	for _, at := range []time.Duration{-time.Hour, 0, time.Hour} {
		want = append(want, line(labels.FromStrings("__name__", "x", "job", "z", "site", "old"), telemetry.Sample{T: ms(at), V: 1}))
	}
	want = append(want, line(labels.FromStrings("__name__", "y", "job", "z", "site", "old"), again))
	same(t, dump(t, filepath.Join(data, "tsdb")), want)

	o.Query.From, o.Query.To = math.MinInt64, math.MaxInt64
	o.DryRun, o.Data = true, filepath.Join(t.TempDir(), "none")
	if r = run(t, o); r.Expired != 1 || r.Future != 1 || r.Ranges != 3 || len(r.Blocks) != 0 {
		t.Errorf("dry run: got %+v", r)
	}
	if _, err := os.Stat(o.Data); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a dry run made its folder: %v", err)
	}
}

func TestRun_CutOff_IsTakenUpWhereItStopped(t *testing.T) {
	m := &memory{name: "m", windows: true}
	var all []telemetry.Sample
	for i := range 5 * 24 {
		all = append(all, telemetry.Sample{T: ms(time.Duration(i) * time.Hour), V: float64(i)})
	}
	l := labels.FromStrings("__name__", "a")
	m.parts = []backfill.Stretch{{Labels: l, Floats: all}}
	data := t.TempDir()
	o := options(t, data, m)
	o.BlockWidth = backfill.BlockWidth(6 * time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	cut := &cutSource{memory: m, at: 3, do: cancel}
	o.Source = cut
	r, err := backfill.Run(ctx, o)
	if !errors.Is(err, context.Canceled) || r.Ranges != 8 {
		t.Fatalf("got %v and %+v, want two days and an end", err, r)
	}
	if marks, err := backfill.Marks(data); err != nil || len(marks) != 1 || len(marks[0].Blocks) != 8 || marks[0].To != all[47].T {
		t.Errorf("marks: got %+v, %v", marks, err)
	}
	o.Source = m
	if r = run(t, o); r.Known != 2 || r.Ranges != 12 {
		t.Errorf("taken up: got %+v", r)
	}
	var want []string
	for _, p := range all {
		want = append(want, line(l, p))
	}
	same(t, dump(t, filepath.Join(data, "tsdb")), want)
	// The last window is not known to be whole and is read each time.
	if r = run(t, o); r.Known != 4 {
		t.Errorf("once more: got %+v", r)
	}
	o.Again = true
	if r = run(t, o); r.Known != 0 || r.Ranges != 20 {
		t.Errorf("again: got %+v", r)
	}
	same(t, dump(t, filepath.Join(data, "tsdb")), want)
}

// What an import left that was killed is removed by the next one, and what one has
// that is under way is not.
func TestRun_LeftBehind_IsRemovedUnlessInUse(t *testing.T) {
	data := filepath.Join(t.TempDir(), "[a-c]*") // signs that mean something in patterns of files
	killed := filepath.Join(data, backfill.Dir, "blocks.killed")
	if err := os.MkdirAll(killed, 0o750); err != nil {
		t.Fatal(err)
	}
	one := telemetry.Sample{T: ms(0), V: 1}
	m := &memory{name: "m", windows: true, parts: []backfill.Stretch{{Labels: labels.FromStrings("__name__", "a"), Floats: []telemetry.Sample{one}}}}
	inner := options(t, data, &memory{name: "inner", parts: m.parts})
	o := options(t, data, &cutSource{memory: m, at: 1, do: func() { run(t, inner) }})
	run(t, o) // the inner one must not take the outer one's folder away
	left, err := fs.Glob(os.DirFS(filepath.Join(data, backfill.Dir)), "*blocks.*")
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if marks, err := backfill.Marks(data); err != nil || len(marks) != 2 {
		t.Errorf("got %v, %v", marks, err)
	}
}

// cutSource calls do at the begin of one of its readings.
type cutSource struct {
	*memory
	at int
	do func()
}

func (c *cutSource) Read(ctx context.Context, q backfill.Query, take func(backfill.Stretch) error) error {
	if c.reads+1 == c.at {
		c.do()
	}
	return c.memory.Read(ctx, q, take)
}

func TestRun_SourceFails_NothingOfTheWindowIsPlaced(t *testing.T) {
	m := &memory{name: "m", parts: []backfill.Stretch{{Labels: labels.FromStrings("__name__", "a"), Floats: []telemetry.Sample{{T: ms(0), V: 1}}}}, fail: errors.New("torn")}
	data := t.TempDir()
	if _, err := backfill.Run(t.Context(), options(t, data, m)); err == nil || !strings.Contains(err.Error(), "nothing of this was imported: torn") {
		t.Errorf("got %v", err)
	}
	if got := dump(t, filepath.Join(data, "tsdb")); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	if marks, err := backfill.Marks(data); err != nil || len(marks) != 0 {
		t.Errorf("got %v, %v", marks, err)
	}
}

func TestRun_DiskNearlyFull_StopsBeforeItIs(t *testing.T) {
	m := &memory{name: "m", parts: []backfill.Stretch{{Labels: labels.FromStrings("__name__", "a"), Floats: []telemetry.Sample{{T: ms(0), V: 1}}}}}
	o := options(t, t.TempDir(), m)
	o.MinFree = 1 << 62
	if _, err := backfill.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "are to be left; make room") {
		t.Errorf("got %v", err)
	}
}

// What is only in the log of a store must survive an import up to now and two
// starts: blocks would otherwise tell the TSDB that its log is old.
func TestRun_BesideALog_LosesNothingOfIt(t *testing.T) {
	data := t.TempDir()
	dir := filepath.Join(data, "tsdb")
	live := labels.FromStrings("__name__", "live")
	db, err := tsdb.Open(dir, slog.New(slog.DiscardHandler), nil, tsdb.DefaultOptions(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	app := db.AppenderV2(t.Context())
	for i := range 60 {
		p := telemetry.Sample{T: ms(time.Duration(i) * time.Minute), V: float64(i)}
		if _, err := app.Append(0, live, 0, p.T, p.V, nil, nil, storage.AppendV2Options{}); err != nil {
			t.Fatal(err)
		}
		want = append(want, line(live, p))
	}
	if err := errors.Join(app.Commit(), db.Close()); err != nil {
		t.Fatal(err)
	}
	old := labels.FromStrings("__name__", "old")
	m := &memory{name: "m", parts: []backfill.Stretch{{Labels: old}}}
	for i := range 48 {
		p := telemetry.Sample{T: ms(time.Duration(i-24) * 30 * time.Minute), V: 1}
		m.parts[0].Floats = append(m.parts[0].Floats, p)
		want = append(want, line(old, p))
	}
	run(t, options(t, data, m))
	for range 2 {
		same(t, dump(t, dir), want)
	}
}

// promtool checks what we wrote, and writes what we read.
func TestRun_Promtool_ReadsOursAndWeReadIts(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed")
	}
	text := filepath.Join("testdata", "small.om")
	ours, its := t.TempDir(), t.TempDir()
	o := options(t, ours, backfill.NewText(backfill.TextOptions{Paths: []string{text}, Format: backfill.OpenMetrics, Newest: base.Add(time.Hour * 24 * 400)}))
	run(t, o)
	if out, err := exec.Command(promtool, "tsdb", "create-blocks-from", "openmetrics", text, its).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := dump(t, its)
	if len(want) == 0 {
		t.Fatal("promtool wrote nothing")
	}
	same(t, dump(t, filepath.Join(ours, "tsdb")), want)
	out, err := exec.Command(promtool, "tsdb", "list", filepath.Join(ours, "tsdb")).CombinedOutput()
	if err != nil || strings.Count(string(out), "\n") != 1+len(blocksOf(t, filepath.Join(ours, "tsdb"))) {
		t.Errorf("promtool tsdb list: %v\n%s", err, out)
	}
	// From promtool's blocks: a folder of blocks, with the log that dump made, and one.
	for _, dir := range []string{its, blocksOf(t, its)[0]} {
		stored, err := backfill.OpenStored(dir, base, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		third := t.TempDir()
		run(t, options(t, third, stored))
		if err := stored.Close(); err != nil {
			t.Fatal(err)
		}
		got := dump(t, filepath.Join(third, "tsdb"))
		if dir == its {
			same(t, got, want)
		} else if len(got) == 0 || len(got) >= len(want) {
			t.Errorf("one block: got %d of %d samples", len(got), len(want))
		}
	}
}

func blocksOf(t *testing.T, dir string) []string {
	t.Helper()
	metas, err := filepath.Glob(filepath.Join(dir, "*", "meta.json"))
	if err != nil || len(metas) == 0 {
		t.Fatalf("no blocks in %s: %v", dir, err)
	}
	for i := range metas {
		metas[i] = filepath.Dir(metas[i])
	}
	return metas
}
