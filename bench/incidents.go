package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// incidentSpan is how long series of a step are watched before the incident, and how long
// it is waited for.
type incidentSpan struct {
	step, days, rows int
}

var incidentSpans = []incidentSpan{{1, 1, 60}, {15, 8, 20}, {60, 12, 10}, {300, 20, 6}, {900, 30, 6}, {3600, 60, 6}}

// incidentLines are those beside the detector.
var incidentLines = referenceLines[:2]

// incidents measures what made-up series of all kinds must show until an incident is told
// at the default threshold, and how often they alarm in the half of the time before it.
// Beside it are two lines of a few lines of code with a threshold of their own for each
// kind and step: the lowest with a false alarm a week.
func incidents(args []string, out io.Writer) (figures, error) {
	flags := flag.NewFlagSet("incidents", flag.ContinueOnError)
	series := flags.Int("series", 10, "series of each kind and step")
	names := flags.String("kinds", "", "kinds whose names hold this, all if empty")
	least := flags.Int("least", 1, "shortest step, in seconds")
	cfg, err := parametersFlag(flags).parse(flags, args, out)
	if err != nil {
		return nil, err
	}
	kinds := slices.DeleteFunc(slices.Clone(incidentNatures), func(n incidentNature) bool { return !strings.Contains(n.name, *names) })
	spans := slices.DeleteFunc(slices.Clone(incidentSpans), func(s incidentSpan) bool { return s.step < *least })
	if *series < 1 || len(kinds) == 0 || len(spans) == 0 {
		return nil, fmt.Errorf("--series, --kinds, --least: want a series at least, a kind that is known and a step of 3600 at most, got %d, %q and %d", *series, *names, *least)
	}
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprint(w, "told of all, and after how many samples")
	for _, s := range spans {
		fmt.Fprintf(w, "\t%d s, within %d", s.step, s.rows)
	}
	fmt.Fprintln(w)
	sums := make([]incidentSum, len(spans))
	for _, k := range kinds {
		fmt.Fprint(w, k.name)
		for i, s := range spans {
			told, err := k.tried(cfg, s, *series)
			if err != nil {
				return nil, err
			}
			sums[i].add(told)
			fmt.Fprintf(w, "\t%s", told[0])
		}
		fmt.Fprintln(w)
	}
	found := figures{}
	for i := range sums[0] {
		name, prefix := "tocsin", ""
		if i > 0 {
			name = incidentLines[i-1].name
			prefix = "_" + strings.ReplaceAll(name, " ", "_")
		}
		fmt.Fprintf(w, "all: %s", name)
		for at, s := range spans {
			x := sums[at][i]
			fmt.Fprintf(w, "\t%s, %.2f false a week", x, x.falseWeekly())
			of := fmt.Sprintf("%s_%ds", prefix, s.step)
			found["told"+of], found["samples"+of], found["false_a_week"+of] = x.share(), x.median(), x.falseWeekly()
		}
		fmt.Fprintln(w)
	}
	return found, w.Flush()
}

// incidentTold is what was told of series.
type incidentTold struct {
	of    int
	after []int   // samples until each that was
	false int     // alarms before
	weeks float64 // in which those were counted
}

func (x incidentTold) share() float64       { return float64(len(x.after)) / float64(x.of) }
func (x incidentTold) falseWeekly() float64 { return float64(x.false) / x.weeks }

// median is NaN if none was told.
func (x incidentTold) median() float64 {
	if len(x.after) == 0 {
		return math.NaN()
	}
	return float64(quantile(x.after, 0.5))
}

func (x incidentTold) String() string {
	if len(x.after) == 0 {
		return "0"
	}
	return fmt.Sprintf("%.2g after %g", x.share(), x.median())
}

// incidentSum is what all methods told: the detector, and the two lines.
type incidentSum [3]incidentTold

func (x *incidentSum) add(y incidentSum) {
	for i := range x {
		x[i].of, x[i].after, x[i].false, x[i].weeks = x[i].of+y[i].of, append(x[i].after, y[i].after...), x[i].false+y[i].false, x[i].weeks+y[i].weeks
	}
}

// tried watches so many series of the kind.
func (k incidentNature) tried(cfg detector.Config, s incidentSpan, series int) (sum incidentSum, err error) {
	scored := make([][]incidentScores, len(incidentLines))
	for i := range series {
		r := rand.New(rand.NewPCG(uint64(i), 77))
		before := (s.days*86400 - r.IntN(8*3600)) / s.step
		samples := make([]telemetry.Sample, before+s.rows)
		next := k.make(r)
		for row := range samples {
			samples[row] = telemetry.Sample{T: 1_767_571_200_000 + int64(row*s.step)*1000, V: next(row*s.step, s.step, row >= before)}
		}
		if err := sum[0].watch(cfg, k.counter, samples, before); err != nil {
			return sum, err
		}
		sum[0].weeks += float64(before-before/2) * float64(s.step) / (7 * 86400)
		if k.counter {
			for row := len(samples) - 1; row > 0; row-- {
				samples[row].V -= samples[row-1].V
			}
		}
		for n, line := range incidentLines {
			scored[n] = append(scored[n], incidentScores{line.score(&labelled{samples: samples}), before})
		}
	}
	for n := range scored {
		x := &sum[n+1]
		x.weeks = sum[0].weeks
		x.judge(scored[n])
	}
	sum[0].of = series
	return sum, nil
}

// watch gives the samples of one series to the detector as it is in the daemon.
func (x *incidentTold) watch(cfg detector.Config, counter bool, samples []telemetry.Sample, before int) error {
	name := "value"
	if counter {
		name = "value_total"
	}
	b, err := detector.NewBank(cfg)
	if err != nil {
		return err
	}
	slot, told := b.Register(labels.FromStrings(labels.MetricName, name)), false
	for row, s := range samples {
		v, tell := b.Observe(slot, s.T, s.V)
		switch {
		case !tell || v.Phase != detector.PhaseOpened:
		case row < before && row >= before/2:
			x.false++
		case row >= before && !told:
			told = true
			x.after = append(x.after, row-before+1)
		}
	}
	return nil
}

// incidentScores are those that a line gives one series.
type incidentScores struct {
	scores []float64
	before int
}

// judge takes the lowest threshold with as many false alarms as weeks at most.
func (x *incidentTold) judge(all []incidentScores) {
	x.of = len(all)
	var quiet []float64
	for _, s := range all {
		quiet = append(quiet, s.scores[s.before/2:s.before]...)
	}
	slices.SortFunc(quiet, func(a, b float64) int { return cmp.Compare(b, a) })
	threshold := math.Nextafter(quiet[0], math.Inf(1))
	for _, t := range slices.Compact(quiet[:min(len(quiet), 500)]) {
		n := 0
		for _, s := range all {
			n += len(episodesAt(s.scores[s.before/2:s.before], t))
		}
		if float64(n) > x.weeks {
			break
		}
		threshold, x.false = t, n
	}
	for _, s := range all {
		// What is odd already when it begins tells nothing.
		for _, at := range episodesAt(s.scores[s.before-5:], threshold) {
			if at >= 5 {
				x.after = append(x.after, at-5+1)
				break
			}
		}
	}
}

// episodesAt returns the rows at which episodes open: they close after five quiet rows.
func episodesAt(scores []float64, threshold float64) (rows []int) {
	last := math.MinInt / 2
	for i, s := range scores {
		if s >= threshold {
			if i-last > 5 {
				rows = append(rows, i)
			}
			last = i
		}
	}
	return rows
}
