package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

// following counts what falseAlarms counts with thresholds that follow from what
// was spent, each series a service of its own. Every doubtful alarm is charged,
// those in events too, for nobody confirms them here.
func following(out io.Writer, all []*labelled, cfg detector.Config, found figures) {
	alarms, weeks := map[string]float64{}, map[string]float64{}
	for _, l := range all {
		i := 0
		detector.Replay(cfg, labels.FromStrings("__name__", "watched"), l.samples, func(v detector.Verdict) {
			if v.Phase == detector.PhaseOpened && i >= l.skip && l.inEvent(i, slackRows) < 0 {
				alarms[l.set]++
				alarms["all"]++
			}
			i++
		})
		weeks[l.set] += l.quietWeeks()
		weeks["all"] += l.quietWeeks()
	}
	for _, set := range append(slices.Clone(detectionSets), "all") {
		if weeks[set] > 0 {
			fmt.Fprintf(out, "%s: %.2f with thresholds that follow what was spent\n", set, alarms[set]/weeks[set])
		}
	}
	found["fa_over_budget_following"] = alarms["all"] / weeks["all"] / cfg.Budget
}

// falseAlarms counts the detector's own episodes, at its default threshold, that
// open outside of events, per week outside of events: what users feel.
func falseAlarms(out io.Writer, all []*labelled, cfg detector.Config, found figures) {
	type sum struct {
		alarms, weeks float64
		each          []float64
	}
	var total sum
	bySet := map[string]*sum{}
	for _, l := range all {
		_, opened := tocsinScores(cfg, l)
		n := 0.0
		for _, i := range opened {
			if i >= l.skip && l.inEvent(i, slackRows) < 0 {
				n++
			}
		}
		if bySet[l.set] == nil {
			bySet[l.set] = &sum{}
		}
		for _, s := range []*sum{bySet[l.set], &total} {
			s.alarms += n
			s.weeks += l.quietWeeks()
			s.each = append(s.each, n/l.quietWeeks())
		}
	}
	for _, set := range append(detectionSets, "all") {
		s := bySet[set]
		if set == "all" {
			s = &total
		}
		if s == nil {
			continue
		}
		mean := s.alarms / s.weeks
		fmt.Fprintf(out, "%s: %.2f false alarms per series-week without events at the default threshold, %.2f of the budget; over series p50 %.2f, p95 %.2f (%.1f times the mean)\n",
			set, mean, mean/cfg.Budget, quantile(s.each, 0.5), quantile(s.each, 0.95), quantile(s.each, 0.95)/mean)
		name := "fa_over_budget"
		if set != "all" {
			name += "_" + strings.ToLower(set)
		}
		found[name] = mean / cfg.Budget
	}
	found["fa_p95_over_mean"] = quantile(total.each, 0.95) * total.weeks / total.alarms
}
