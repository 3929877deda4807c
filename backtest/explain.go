package backtest

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Explanation is a Format that writes nothing but why the rows at one time were
// or were not anomalous.
type Explanation struct {
	t                 int64
	threshold, budget float64

	mu            sync.Mutex
	found         bool
	before, after int64 // nearest times seen, noTime when there is none
}

// Explain returns an Explanation for time t, in milliseconds.
func Explain(t int64, c detector.Config) *Explanation {
	return &Explanation{t: t, threshold: c.Threshold(), budget: c.Budget, before: noTime, after: noTime}
}

// Missed returns an error that names the nearest times when no row had the time
// asked for, nil else. It is for after Run.
func (e *Explanation) Missed() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.found {
		return nil
	}
	var near []string
	for _, t := range [...]int64{e.before, e.after} {
		if t != noTime {
			near = append(near, stamp(t))
		}
	}
	if near == nil {
		return fmt.Errorf("explain: no rows at all")
	}
	are := "nearest is"
	if len(near) > 1 {
		are = "nearest are"
	}
	return fmt.Errorf("explain: no row at %s; the %s at %s", stamp(e.t), are, strings.Join(near, " and "))
}

// Head appends nothing.
func (e *Explanation) Head(b []byte) []byte { return b }

// Append appends the explanation of a row at the time asked for.
func (e *Explanation) Append(b []byte, r *Row) []byte {
	e.note(r.T)
	if r.T != e.t {
		return b
	}
	var s strings.Builder
	fmt.Fprintf(&s, "%s at %s\n", r.Series, r.Stamp)
	e.write(&s, r)
	return append(b, s.String()...)
}

// note remembers the time of a row.
func (e *Explanation) note(t int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case t == e.t:
		e.found = true
	case t < e.t && (e.before == noTime || t > e.before):
		e.before = t
	case t > e.t && (e.after == noTime || t < e.after):
		e.after = t
	}
}

func (e *Explanation) write(s *strings.Builder, r *Row) {
	say := func(name, format string, args ...any) {
		fmt.Fprintf(s, "  %-10s %s\n", name, fmt.Sprintf(format, args...))
	}
	if r.Reason != "" {
		say("not judged", "%s", whys[r.Reason])
		return
	}
	v := r.Verdict
	per := ""
	if v.Rate {
		per = " per second"
	}
	switch {
	case v.Group != nil && r.metrics == nil:
		say("series", "several of the service together: %s", guilt(v.Group, labels.Labels.String))
		say("value", "%s: %s", figure(v.Value), counted(v.Group))
	case v.Group != nil:
		say("metrics", "several of %d together: %s", len(r.metrics), guilt(v.Group, nameOf))
		say("scores", "by themselves: %s", r.oddest())
		say("value", "%s: %s", figure(v.Value), counted(v.Group))
	case r.Metric != "":
		say("metric", "%s, the oddest of %d: %s", r.Metric, len(r.metrics), r.oddest())
		fallthrough
	default:
		say("value", "%s%s", r.level(v.Value), per)
	}
	if v.Group != nil {
		say("needed", "%s of them, which is as seldom as the threshold in what these metrics have shown together", figure(v.Upper))
	} else if math.IsNaN(v.Lower) {
		say("expected", "no band: the series is too young, or what is odd is not in the value")
	} else {
		say("expected", "%s%s, band %s to %s", r.level(v.Expected), per, r.level(v.Lower), r.level(v.Upper))
	}
	say("score", "%s; %s", exact(v.Score), e.needed(r))
	if r.alone > 0 {
		say("", "what several metrics show together, which does not alarm; %s by itself %s", r.Metric, exact(r.alone))
	}
	switch {
	case r.Anomalous:
		say("anomalous", "yes, %s: the score reaches the threshold", strings.ReplaceAll(v.Kind.String(), "_", " "))
	case v.Excused:
		say("anomalous", "no: the score reaches the threshold, but what comes at this time again and again is known")
	default:
		say("anomalous", "no: the score is below the threshold")
	}
	if v.Since == 0 {
		say("episode", "none is open")
	} else {
		say("episode", "%s, since %s, highest score %s", v.Phase, stamp(v.Since), exact(v.Peak))
	}
	if r.why != nil {
		if v.Group != nil {
			fmt.Fprintf(s, "  %s by itself, in detail:\n", r.Metric)
		} else {
			s.WriteString("  in detail:\n")
		}
		for line := range strings.Lines(r.why.String()) {
			s.WriteString("    " + line)
		}
	}
}

// needed says what it takes to be anomalous: the threshold of the budget, moved by
// what has been spent of it when the row came.
func (e *Explanation) needed(r *Row) string {
	budget, threshold := e.budget, e.threshold
	if r.budget > 0 {
		budget, threshold = r.budget, detector.Config{Budget: r.budget}.Threshold()
	}
	moment := r.threshold
	if r.why != nil && r.why.Share != 0 {
		moment = r.why.Threshold
	}
	switch {
	case r.Verdict.Group != nil:
		return fmt.Sprintf("odd when the value reaches what is needed, by a part of %s", budgetOf(budget))
	case moment > 0 && moment != threshold:
		return fmt.Sprintf("odd from %s, which is %s (%s), moved by what has been spent of it and by how many metrics share it", exact(moment), budgetOf(budget), exact(threshold))
	}
	return fmt.Sprintf("odd from %s, which is %s", exact(threshold), budgetOf(budget))
}

func budgetOf(budget float64) string {
	if budget == 1 {
		return "a budget of 1 false alarm a week"
	}
	return fmt.Sprintf("a budget of %g false alarms a week", budget)
}

// counted says which metrics the value of a group counts: of those that are odd and those
// that have just become so the number that is rarer in this service.
func counted(g *detector.Group) string {
	if g.Newly {
		return "metrics that have just become odd, which is rarer here than how many are odd at once"
	}
	return "metrics that are odd at once, some of them perhaps for longer, which is rarer here than how many have just become so"
}

// guilt names the metrics of a group with how seldom each is as odd and its part
// in the evidence.
func guilt(g *detector.Group, name func(labels.Labels) string) string {
	var parts []string
	for _, x := range g.Guilty {
		parts = append(parts, fmt.Sprintf("%s once in 10^%.2f hours (%.0f %%)", name(x.Labels), x.Rarity, 100*x.Share))
	}
	return strings.Join(parts, ", ")
}

// nameOf is what a metric of a file is known by; of series of a store several may have it.
func nameOf(l labels.Labels) string { return l.Get(labels.MetricName) }

// mostNamed is how many metrics of a service an explanation names.
const mostNamed = 5

// oddest names the metrics with the highest scores.
func (r *Row) oddest() string {
	var at []int
	for i, w := range r.words {
		if w.reason == "" {
			at = append(at, i)
		}
	}
	slices.SortStableFunc(at, func(a, b int) int {
		switch x, y := r.words[a].verdict.Score, r.words[b].verdict.Score; {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	var names []string
	for _, i := range at[:min(len(at), mostNamed)] {
		names = append(names, r.metrics[i].Get(labels.MetricName)+" "+exact(r.words[i].verdict.Score))
	}
	return strings.Join(names, ", ")
}

// whys are the reasons of rows that were not judged, in words.
var whys = map[string]string{
	reasonMissing:    "the cell is empty",
	reasonUnreadable: "what stands in the cell, or in its line, cannot be read",
	reasonAhead:      "its time is far ahead of that of the rows behind it, which go on from before it",
	reasonNotWatched: "series of this name are not watched: buckets of histograms, ALERTS, and tocsin_ series",
	reasonLeftOut:    "the series is left out, for there are more than detector.max_series",
	"first":          "the first sample of a counter, with none before it to make a rate from",
	"not_a_number":   "the value is no number, infinite, or larger than 1e30",
	"late":           "a sample before it has the same time or a later one",
	"stale":          "a staleness marker: the source said that the series has ended",
	"counter_reset":  "the counter fell: it has started again, and no rate can be told",
}

// level is figure for what is as large as the values of the row, with as many digits as it
// takes to tell a hundredth of the width of the band.
func (r *Row) level(v float64) string {
	return telemetry.Level(v, r.Verdict.Upper-r.Verdict.Lower, leastDigits)
}

// leastDigits are those of figure.
const leastDigits = 6

func figure(v float64) string { return strconv.FormatFloat(v, 'g', leastDigits, 64) }

// exact is for scores, which differ from 1 by little.
func exact(v float64) string { return strconv.FormatFloat(v, 'g', 12, 64) }
