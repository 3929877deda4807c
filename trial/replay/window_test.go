package replay_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/journal"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/trial/replay"
)

// counted counts how often a source is asked, and may break.
type counted struct {
	replay.Source
	loads int
	fail  error
}

func (c *counted) Load(ctx context.Context, ms []*labels.Matcher, from, to int64, take func(labels.Labels, []telemetry.Sample, []telemetry.HistogramSample) error) error {
	if c.loads++; c.fail != nil && c.loads > 1 {
		return c.fail
	}
	return c.Source.Load(ctx, ms, from, to, take)
}

// shown writes what a querier says of a selector.
func shown(t *testing.T, q storage.Queryable, mint, maxt int64, ms ...*labels.Matcher) string {
	t.Helper()
	querier, err := q.Querier(mint, maxt)
	if err != nil {
		t.Fatal(err)
	}
	defer querier.Close()
	set := querier.Select(t.Context(), true, &storage.SelectHints{Start: mint, End: maxt}, ms...)
	var b strings.Builder
	var it chunkenc.Iterator
	for set.Next() {
		fmt.Fprint(&b, set.At().Labels(), ":")
		it = set.At().Iterator(it)
		n := 0
		for vt := it.Seek(mint); vt != chunkenc.ValNone && it.AtT() <= maxt; vt = it.Next() {
			if vt == chunkenc.ValFloat {
				at, v := it.At()
				fmt.Fprintf(&b, " %d=%g", at, v)
			} else {
				at, h := it.AtFloatHistogram(nil)
				fmt.Fprintf(&b, " %d=%s", at, h)
			}
			n++
		}
		fmt.Fprintln(&b, n)
	}
	if err := set.Err(); err != nil {
		t.Fatal(err)
	}
	// A store may give a series that has nothing in the range.
	var out []string
	for line := range strings.SplitSeq(b.String(), "\n") {
		if line != "" && !strings.HasSuffix(line, "}:0") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

func TestWindow_ClockGoesOn_SaysWhatTheStoreSays(t *testing.T) {
	db := promqltest.LoadedStorage(t, `load 30s
	a{i="1"} 0+1x2880
	a{i="2"} _x500 5x100 _x700 7x1000
	b{i="1"} {{schema:0 sum:1 count:2 buckets:[2]}}x1000 stale _x100 3x500
`)
	end := time.Unix(24*3600, 0)
	q, err := db.Querier(0, end.UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	source := &counted{Source: replay.Stored{Querier: q, Done: q.Close}}
	defer source.Close()
	w := replay.NewWindow(source, end)
	r := rand.New(rand.NewPCG(1, 2))
	matcher := func(name, value string, kind labels.MatchType) *labels.Matcher {
		return labels.MustNewMatcher(kind, name, value)
	}
	selectors := [][]*labels.Matcher{
		{matcher("__name__", "a", labels.MatchEqual)}, {matcher("__name__", "b", labels.MatchEqual)},
		{matcher("__name__", "a|b", labels.MatchRegexp), matcher("i", "1", labels.MatchEqual)}, {matcher("__name__", "nothing", labels.MatchEqual)},
	}
	reaches := []int64{0, 300_000, 3_600_000, 7 * 3_600_000}
	asked := 0
	for at := int64(0); at <= end.UnixMilli(); at += 1 + r.Int64N(200_000) {
		for _, ms := range selectors {
			mint := at - reaches[r.IntN(len(reaches))]
			want, got := shown(t, db, mint, at, ms...), shown(t, w, mint, at, ms...)
			if got != want {
				t.Fatalf("%v from %d to %d:\ngot\n%s\nwant\n%s", ms, mint, at, got, want)
			}
			asked++
		}
	}
	if source.loads*20 > asked {
		t.Errorf("the source was asked %d times for %d questions", source.loads, asked)
	}
}

// A source that breaks on the way ends the run: what rules said after it would be
// about data that nobody read.
func TestRun_SourceBreaks_Ends(t *testing.T) {
	cfg := config.Default()
	f, err := rules.ParseRuleFile("r.yml", []byte("groups: [{name: g, rules: [{alert: A, expr: a > 1}]}]"))
	if err != nil {
		t.Fatal(err)
	}
	db := promqltest.LoadedStorage(t, "load 30s\n\ta 0+1x3000\n")
	q, err := db.Querier(0, 90_000_000)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the disk is on fire")
	source := &counted{Source: replay.Stored{Querier: q, Done: q.Close}, fail: broken}
	defer source.Close()
	_, err = replay.Run(t.Context(), replay.Options{
		Rules: rules.RuleSet{Files: []rules.RuleFile{f}}, Config: cfg, Source: source, From: time.Unix(0, 0), To: time.Unix(86400, 0),
		Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler),
	})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "at 1970-01-01T06:") {
		t.Errorf("got %v", err)
	}
}

// Rules that fail are told, each once, and the others are replayed.
func TestRun_OtherRules_ComparedAndFailuresTold(t *testing.T) {
	parse := func(text string) rules.RuleSet {
		f, err := rules.ParseRuleFile("r.yml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return rules.RuleSet{Files: []rules.RuleFile{f}}
	}
	db := promqltest.LoadedStorage(t, "load 30s\n\ta{job=\"x\"} 0x20 7x20 0x20 9x20 0x20\n\tb{job=\"x\",i=\"1\"} 1x100\n\tb{job=\"x\",i=\"2\"} 1x100\n\told:sum 99x100\n")
	q, err := db.Querier(0, 90_000_000)
	if err != nil {
		t.Fatal(err)
	}
	source := replay.Stored{Querier: q, Done: q.Close}
	defer source.Close()
	running := parse("groups: [{name: g, rules: [{alert: Long, expr: a > 8}, {alert: Old, expr: a > 6}]}]")
	r, err := replay.Run(t.Context(), replay.Options{
		Rules: parse(`groups: [{name: g, rules: [
			{record: old:sum, expr: sum by (job) (a)}, {alert: Long, expr: a > 6}, {alert: Broken, expr: a * on (job) b},
			{alert: Sum, expr: old:sum > 50}]}]`),
		Running: &running, Config: config.Default(), Source: source, From: time.Unix(0, 0), To: time.Unix(3000, 0),
		Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Pages) != 2 || len(r.Running) != 3 || len(r.New) != 1 || r.New[0].Name != "Long" || len(r.Gone) != 2 || r.Gone[0].Name != "Old" {
		t.Errorf("got pages %+v, new %+v, gone %+v", r.Pages, r.New, r.Gone)
	}
	if len(r.Failures) != 1 || !strings.Contains(r.Failures[0], `rule "Broken"`) || !strings.Contains(r.Failures[0], "many-to-many") {
		t.Errorf("got %q", r.Failures)
	}
	var text strings.Builder
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"new pages", "gone pages", "rules that failed", "ALERT"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
}

func TestReport_OneOfEach_IsCountedAsOne(t *testing.T) {
	r := replay.Report{Pages: make([]journal.Page, 1), Rules: 1, Evaluations: 1}
	if got := r.String(); !strings.HasPrefix(got, "1 page; 1 evaluation of 1 rule in ") {
		t.Errorf("got %q", got)
	}
}
