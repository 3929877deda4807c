package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

// quiet is how many false alarms series raised in their time outside of events.
type quiet struct {
	alarms, weeks float64
	each          []float64 // a week, by series
	lasted        []float64 // weeks, by series
}

// add takes in a series, of which episodes opened at the given rows. One without a
// time outside of events says nothing.
func (q *quiet) add(l *labelled, opened []int) {
	if !(l.quietWeeks() > 0) {
		return
	}
	n := 0.0
	for _, i := range opened {
		if i >= l.skip && !l.inEvent(i, slackRows) {
			n++
		}
	}
	q.alarms += n
	q.weeks += l.quietWeeks()
	q.each = append(q.each, n/l.quietWeeks())
	q.lasted = append(q.lasted, l.quietWeeks())
}

func (q *quiet) mean() float64 { return q.alarms / q.weeks }

// spread is the 95th percentile over series, of the mean.
func (q *quiet) spread() float64 { return quantile(q.each, 0.95) / q.mean() }

// byChance is what spread is on average where every series raises the same number a
// week and chance alone tells them apart, and in which share of draws it is at most
// what was found: a series of two weeks raises three of a mean of one now and then.
// Draws in which nothing alarms have no spread.
func (q *quiet) byChance() (mean, below float64) {
	const draws = 2000
	rng := rand.New(rand.NewPCG(1, 2))
	drawn, found := 0.0, q.spread()
	for range draws {
		alike := quiet{weeks: q.weeks, each: make([]float64, len(q.each))}
		for i, weeks := range q.lasted {
			n := poisson(rng, q.mean()*weeks)
			alike.alarms += n
			alike.each[i] = n / weeks
		}
		if alike.alarms == 0 {
			continue
		}
		drawn++
		spread := alike.spread()
		mean += spread
		if spread <= found {
			below++
		}
	}
	return mean / drawn, below / max(drawn, 1)
}

// times says how large the spread is and what of it is chance, "" when nothing alarmed.
func (q *quiet) times() string {
	if q.alarms == 0 {
		return ""
	}
	chance, below := q.byChance()
	return fmt.Sprintf(" (%.1f times the mean; by chance alone %.1f, %.0f %% of draws below)", q.spread(), chance, 100*below)
}

// quietOf counts the false alarms of sets that are there, and of "all", by what opens
// in a series.
func quietOf(all []*labelled, opened func(*labelled) []int) map[string]*quiet {
	of := map[string]*quiet{"all": {}}
	for _, l := range all {
		if of[l.set] == nil {
			of[l.set] = &quiet{}
		}
		rows := opened(l)
		of[l.set].add(l, rows)
		of["all"].add(l, rows)
	}
	return of
}

// following counts what falseAlarms counts with thresholds that follow from what
// was spent, each series a service of its own. Every doubtful alarm is charged,
// those in events too, for nobody confirms them here.
func following(out io.Writer, all []*labelled, cfg detector.Config, found figures) {
	of := quietOf(all, func(l *labelled) (opened []int) {
		i := 0
		detector.Replay(cfg, labels.FromStrings("__name__", "watched"), l.samples, func(v detector.Verdict) {
			if v.Phase == detector.PhaseOpened {
				opened = append(opened, i)
			}
			i++
		})
		return opened
	})
	for _, set := range append(setsOf(all), "all") {
		if q := of[set]; q != nil && len(q.each) > 0 {
			fmt.Fprintf(out, "%s: %.2f with thresholds that follow what was spent; over series p95 %.2f%s\n",
				set, q.mean(), quantile(q.each, 0.95), q.times())
		}
	}
	found["fa_over_budget_following"] = of["all"].mean() / cfg.Budget
	found["fa_p95_over_mean_following"] = of["all"].spread()
}

// falseAlarms counts the detector's own episodes, at its default threshold, that
// open outside of events, per week outside of events: what users feel.
func falseAlarms(out io.Writer, all []*labelled, cfg detector.Config, found figures) {
	of := quietOf(all, func(l *labelled) []int {
		_, opened := tocsinScores(cfg, l)
		return opened
	})
	for _, set := range append(setsOf(all), "all") {
		q := of[set]
		if q == nil {
			continue
		}
		name := "fa_over_budget"
		if set != "all" {
			name += "_" + strings.ToLower(set)
		}
		found[name] = q.mean() / cfg.Budget
		if len(q.each) == 0 {
			fmt.Fprintf(out, "%s: there is no time without events in which false alarms could be counted\n", set)
			continue
		}
		fmt.Fprintf(out, "%s: %.2f false alarms per series-week without events at the default threshold, %.2f of the budget; over series p50 %.2f, p95 %.2f%s\n",
			set, q.mean(), q.mean()/cfg.Budget, quantile(q.each, 0.5), quantile(q.each, 0.95), q.times())
	}
	found["fa_p95_over_mean"] = of["all"].spread()
}
