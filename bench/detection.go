package main

import (
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

// detection measures the detector by the protocol described at labelled.count,
// beside three reference lines, on every set with one configuration.
func detection(args []string, out io.Writer) (figures, error) {
	flags := flag.NewFlagSet("detection", flag.ContinueOnError)
	data := flags.String("data", "../shared/data", "folder with detection/ and nab/")
	series := flags.Int("series", 100_000, "series in the cost block; 0 leaves it out")
	only := flags.String("method", "", "run only the method of this name")
	perSeries := flags.Bool("each", false, "print each series")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	all, err := loadDetection(*data)
	if err != nil {
		return nil, err
	}
	found := figures{}
	cfg := detector.DefaultConfig()
	methods := []struct {
		name  string
		score func(*labelled) []float64
	}{
		{"ewma z", ewmaZ}, {"hour of day z", hourOfDayZ}, {"|dx|/EW|dx|", relativeDifference},
		{ours, func(l *labelled) []float64 { s, _ := tocsinScores(cfg, l); return s }},
	}
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "set\tmethod\trecall at .5/1/2/7 false alarms per series-week\tby family at 1\tdelay rows p50/p90\tseconds\tgreedy series\tdelay-F1")
	var delays []int
	for _, set := range detectionSets {
		of := slices.DeleteFunc(slices.Clone(all), func(l *labelled) bool { return l.set != set })
		if len(of) == 0 {
			return nil, fmt.Errorf("%w: no series of set %s in %s", errLacking, set, *data)
		}
		for _, m := range methods {
			if *only != "" && m.name != *only {
				continue
			}
			scores := make([][]float64, len(of))
			for i, l := range of {
				scores[i] = m.score(l)
			}
			best, f1 := recallAt(of, scores), math.NaN()
			if set == "KPI" {
				f1 = trainedDelayF1(of, scores)
			}
			printMethod(w, set, m.name, best, f1)
			if m.name != ours {
				continue
			}
			found["recall_1fa_"+strings.ToLower(set)] = best[1].recall
			if set == "KPI" {
				found["kpi_delay_f1"] = f1
			}
			if set != "NAB" { // its windows begin long before what they mark
				delays = append(delays, best[1].delays...)
				found["delay_samples"] = float64(quantile(delays, 0.5))
			}
			if *perSeries {
				printEach(out, of, scores, best[1].threshold)
			}
		}
	}
	w.Flush()
	falseAlarms(out, all, cfg, found)
	if err := groups(out, *data, cfg, found); err != nil {
		return nil, err
	}
	if *series == 0 {
		return found, nil
	}
	return found, cost(out, *series, found)
}

var detectionSets = []string{"KPI", "MSCloud", "NAB"}

const ours = "tocsin"

func printMethod(w io.Writer, set, name string, best []point, f1 float64) {
	one := best[1]
	last := "-"
	if !math.IsNaN(f1) {
		last = fmt.Sprintf("%.3f", f1)
	}
	fmt.Fprintf(w, "%s\t%s\t%.2f / %.2f / %.2f / %.2f\t%.2f\t%d / %d\t%.0f / %.0f\t%.2f\t%s\n", set, name,
		best[0].recall, one.recall, best[2].recall, best[3].recall, one.familyRecall,
		quantile(one.delays, 0.5), quantile(one.delays, 0.9),
		quantile(one.delaySeconds, 0.5), quantile(one.delaySeconds, 0.9), one.greedy, last)
}

func printEach(out io.Writer, of []*labelled, scores [][]float64, threshold float64) {
	for i, l := range of {
		t := l.count(scores[i], threshold)
		hits := 0
		for _, d := range t.delays {
			if d >= 0 {
				hits++
			}
		}
		fmt.Fprintf(out, "%-60s step %5.0f weeks %5.1f events %3d found %3d false %3d\n",
			l.set+"/"+l.name, l.step, l.weeks(), len(l.events), hits, t.falseAlarms)
	}
}

// tocsinScores replays a series and returns the score of each row and the rows
// at which an episode opened.
func tocsinScores(cfg detector.Config, l *labelled) (scores []float64, opened []int) {
	scores = make([]float64, 0, len(l.samples))
	detector.Replay(cfg, labels.FromStrings("__name__", "watched"), l.samples, func(v detector.Verdict) {
		if v.Phase == detector.PhaseOpened {
			opened = append(opened, len(scores))
		}
		scores = append(scores, v.Score)
	})
	return scores, opened
}

// falseAlarms counts the detector's own episodes, at its default threshold,
// that open outside of events.
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
			s.weeks += l.weeks()
			s.each = append(s.each, n/l.weeks())
		}
	}
	for _, set := range detectionSets {
		if s := bySet[set]; s != nil {
			mean := s.alarms / s.weeks
			fmt.Fprintf(out, "%s: %.2f false alarms per series-week at the default threshold, p50 %.2f, p95 %.2f (%.1f times the mean)\n",
				set, mean, quantile(s.each, 0.5), quantile(s.each, 0.95), quantile(s.each, 0.95)/mean)
		}
	}
	found["fa_over_budget"] = total.alarms / total.weeks / cfg.Budget
	fmt.Fprintf(out, "all: %.2f per series-week with a budget of %.2f\n", total.alarms/total.weeks, cfg.Budget)
}

// cost measures time and memory per series on synthetic gauges with a daily
// season, in the order of slots and in random order.
func cost(out io.Writer, series int, found figures) error {
	bank, err := detector.NewBank(detector.DefaultConfig())
	if err != nil {
		return err
	}
	slots := make([]detector.Slot, series)
	for i := range slots {
		slots[i] = bank.Register(labels.FromStrings("__name__", "cost", "series", fmt.Sprint(i)))
	}
	noise := make([]float64, 1<<12)
	for i := range noise {
		noise[i] = rand.NormFloat64()
	}
	const rounds = 40
	step := func(round int) int64 { return int64(round) * 1800 * 1000 }
	run := func(from int) float64 {
		began := time.Now()
		for r := from; r < from+rounds; r++ {
			for i, slot := range slots {
				bank.Observe(slot, step(r+1), 100+10*math.Sin(float64(r)/7)+noise[(i*7+r)&(len(noise)-1)])
			}
		}
		return float64(time.Since(began).Nanoseconds()) / float64(rounds*len(slots))
	}
	run(0)
	inOrder := run(rounds)
	rand.Shuffle(len(slots), func(i, j int) { slots[i], slots[j] = slots[j], slots[i] })
	random := run(2 * rounds)
	found["ns_per_sample_random"] = random
	found["ns_per_sample_order"] = inOrder
	found["bytes_per_series"] = float64(bank.Bytes()) / float64(series)
	fmt.Fprintf(out, "cost at %d series with daily profile: %.0f ns per sample in order, %.0f at random, %.0f bytes per series\n",
		series, inOrder, random, found["bytes_per_series"])
	return nil
}
