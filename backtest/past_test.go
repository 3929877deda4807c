package backtest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/backtest"
	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

const begun = int64(1_700_000_000_000)

// recorded is a series of a past that is held in memory.
type recorded struct {
	labels labels.Labels
	step   int64     // ms, from begun on
	values []float64 // NaN is none
}

// past reads series in the order in which they stand, in parts of 1000 samples, and
// notes what it was asked for.
type past struct {
	series []recorded
	asked  [][2]int64
	room   int // detector.max_series; 0 is the default
}

func (p *past) read(_ context.Context, ms []*labels.Matcher, from, to int64, take backtest.Take) (uint64, error) {
	p.asked = append(p.asked, [2]int64{from, to})
	for _, s := range p.series {
		if slices.ContainsFunc(ms, func(m *labels.Matcher) bool { return !m.Matches(s.labels.Get(m.Name)) }) {
			continue
		}
		var part []telemetry.Sample
		for i, v := range s.values {
			if t := begun + int64(i)*s.step; t >= from && t <= to && !math.IsNaN(v) {
				part = append(part, telemetry.Sample{T: t, V: v})
			}
		}
		for part := range slices.Chunk(part, 1000) {
			if err := take(s.labels, part, nil); err != nil {
				return 0, err
			}
		}
	}
	return 0, nil
}

// observed adds the buckets of a histogram of service pay that takes so many observations a
// minute, even from 0 to 3.
func (p *past) observed(r *rand.Rand, rows, each int) {
	bounds := map[string]float64{"1": 1, "2": 2, "+Inf": math.Inf(1)}
	buckets := map[string][]float64{}
	for _, le := range []string{"1", "2", "+Inf"} {
		buckets[le] = make([]float64, rows)
		p.series = append(p.series, recorded{labels.FromStrings("__name__", "took_bucket", "service", "pay", "le", le), 60_000, buckets[le]})
	}
	for i := range rows {
		for le := range bounds {
			if i > 0 {
				buckets[le][i] = buckets[le][i-1]
			}
		}
		for range each {
			v := 3 * r.Float64()
			for le, bound := range bounds {
				if v <= bound {
					buckets[le][i]++
				}
			}
		}
	}
}

// run judges a past and returns what was written.
func (p *past) run(t *testing.T, workers int, f backtest.Format, match ...string) (string, backtest.Report, error) {
	t.Helper()
	selectors, err := backtest.Selectors(match)
	if err != nil {
		t.Fatal(err)
	}
	settings := detector.DefaultConfig()
	if p.room > 0 {
		settings.MaxSeries = p.room
	}
	var out bytes.Buffer
	report, err := backtest.RunPast(t.Context(), backtest.PastOptions{
		Read: p.read, Selectors: selectors, To: begun + 1000*3_600_000, Owner: func(l labels.Labels) string { return l.Get("service") },
		Detector: settings, Format: f, Out: &out, Workers: workers,
	})
	return out.String(), report, err
}

// Far more samples than a window holds, after decades without any, are read in
// windows that grow and shrink; each is judged once, although two selectors select it,
// and in the order of time.
func TestRunPast_DenseAfterNothing_EachSampleOnceInOrder(t *testing.T) {
	p := new(past)
	for i := range 190 {
		p.series = append(p.series, recorded{labels.FromStrings("__name__", "tocsin_x", "i", fmt.Sprint(189-i)), 1000, make([]float64, 3000)})
	}
	out, report, err := p.run(t, 2, backtest.CSV(backtest.Columns{Series: true}), "tocsin_x", `{i=~".+"}`)
	if err != nil || report.Rows != 190*3000 || report.Units != 190 || report.Unjudged["not_watched"] != report.Rows {
		t.Fatalf("got %+v, %v", report, err)
	}
	if n := len(p.asked); n > 120 {
		t.Errorf("asked %d times", n)
	}
	last := ""
	for i, line := range strings.Split(strings.TrimSpace(out), "\n")[1:] {
		series, rest, _ := strings.Cut(line, `}",`)
		at, _, _ := strings.Cut(rest, ",")
		if key := at + series; key <= last {
			t.Fatalf("row %d, %s, comes after %s", i, line, last)
		} else {
			last = key
		}
	}
}

// Series of one service leave what is usual of them by too little for one to alarm, all
// at once: the service has a row beside theirs, which names it, and an explanation. The
// same series as services of their own have none.
func TestRunPast_Group_RowOfTheService(t *testing.T) {
	const metrics, rows, at = 8, 6000, 5000
	one, apart := new(past), new(past)
	r := rand.New(rand.NewPCG(1, 2))
	for m := range metrics {
		values := make([]float64, rows)
		for i := range values {
			values[i] = 100 + r.NormFloat64()
			if i == at {
				values[i] += 5.5
			}
		}
		one.series = append(one.series, recorded{labels.FromStrings("__name__", fmt.Sprintf("m%d", m), "service", "pay"), 60_000, values})
		apart.series = append(apart.series, recorded{labels.FromStrings("__name__", fmt.Sprintf("m%d", m), "service", fmt.Sprint(m)), 60_000, values})
	}
	out, report, err := one.run(t, 2, backtest.CSV(backtest.Columns{Series: true}))
	if err != nil || !strings.Contains(out, "\npay,2023-11-18T09:33:20Z,") || !strings.Contains(out, ",true,group\n") || report.Alarms == 0 || report.Services != 1 {
		t.Errorf("got no row of the group: %s, %v", report, err)
	}
	if out, report, err := apart.run(t, 2, backtest.CSV(backtest.Columns{Series: true})); err != nil || strings.Contains(out, ",group\n") || report.Services != metrics {
		t.Errorf("apart: got %s, %v", report, err)
	}
	e := backtest.Explain(begun+at*60_000, detector.DefaultConfig())
	out, _, err = one.run(t, 1, e)
	if err := errors.Join(err, e.Missed()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"pay at 2023-11-18T09:33:20Z\n", `several of the service together: {__name__="m`, "yes, group", "which is rarer here than how many ", "{__name__=\"m7\", service=\"pay\"} at 2023", "in detail:\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("the explanation has no %q:\n%s", want, out)
		}
	}
}

// A histogram whose gap is longer than what is added up for a quantile ends the silence of
// that quantile without a value: the silence has one row, and is counted once.
func TestRunPast_HistogramAfterALongGap_SilenceHasOneRow(t *testing.T) {
	const rows, gone, back = 2000, 1500, 1600
	p := new(past)
	r := rand.New(rand.NewPCG(3, 4))
	p.observed(r, rows, 60)
	for _, s := range p.series {
		missed := s.values[back-1] - s.values[gone-1] // nothing was observed meanwhile
		for i := back; i < rows; i++ {
			s.values[i] -= missed
		}
		for i := gone; i < back; i++ {
			s.values[i] = math.NaN()
		}
	}
	out, report, err := p.run(t, 2, backtest.CSV(backtest.Columns{Series: true}))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out, ",missing\n"); n != 2 || report.Silences != 2 {
		t.Errorf("got %d rows and %d silences of two quantiles, want one each", n, report.Silences)
	}
}

// An error of the source ends the run, and is told.
func TestRunPast_ReadFails_ErrorTold(t *testing.T) {
	broken := errors.New("disk on fire")
	var out bytes.Buffer
	_, err := backtest.RunPast(t.Context(), backtest.PastOptions{
		Read: func(context.Context, []*labels.Matcher, int64, int64, backtest.Take) (uint64, error) {
			return 0, broken
		},
		Selectors: [][]*labels.Matcher{{}}, To: 1000, Owner: labels.Labels.String,
		Detector: detector.DefaultConfig(), Format: backtest.CSV(backtest.Columns{}), Out: &out, Workers: 2,
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

// What a quantile of a histogram owes to its service moves its threshold as that of any
// other series: an explanation names the one that the row was held against.
func TestRunPast_ExplainHistogram_ThresholdOfTheMoment(t *testing.T) {
	const rows = 1000
	p := new(past)
	r := rand.New(rand.NewPCG(5, 6))
	queue := recorded{labels.FromStrings("__name__", "queue", "service", "pay"), 60_000, make([]float64, rows)}
	for i := range queue.values {
		queue.values[i] = r.Float64()
	}
	p.series = append(p.series, queue)
	p.observed(r, rows, 600)
	e := backtest.Explain(begun+900*60_000, detector.DefaultConfig())
	out, report, err := p.run(t, 1, e)
	if err := errors.Join(err, e.Missed()); err != nil {
		t.Fatal(err)
	}
	// That of a gauge beside them is worked out with its explanation.
	var got []string
	for line := range strings.Lines(out) {
		if _, needed, ok := strings.Cut(line, "; odd from "); ok {
			got = append(got, needed)
		}
	}
	if len(got) != 3 || got[1] != got[0] || got[2] != got[0] || !strings.Contains(got[0], ", moved by what has been spent of it") {
		t.Errorf("got thresholds %q of a gauge and two quantiles of one service", got)
	}
	if s := report.String(); !strings.Contains(s, " of 1 service, ") {
		t.Errorf("the report says %q", s)
	}
}

// A selector that is misspelt selects nothing, and the report does not say that all went well.
func TestRunPast_NothingSelected_Told(t *testing.T) {
	p := &past{series: []recorded{{labels.FromStrings("__name__", "up"), 60_000, make([]float64, 10)}}}
	if _, report, err := p.run(t, 1, backtest.CSV(backtest.Columns{Series: true}), "upp"); err != nil || report.String() != "no series: none that is selected has a sample in this time" {
		t.Errorf("got %v, %v", report, err)
	}
}

// Native histograms that a server could not give are not nothing.
func TestReport_NothingButUnreadHistograms_Told(t *testing.T) {
	if got := (backtest.Report{Unread: 1500}).String(); !strings.Contains(got, "nothing but 1500 native histograms") || !strings.Contains(got, "remote read does") {
		t.Errorf("got %q", got)
	}
}
