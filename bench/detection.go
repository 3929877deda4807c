package main

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

// detection measures the detector by the protocol described at labelled.count,
// beside the reference lines, on every set with one configuration; then its
// false alarms as users feel them, what disturbed data do to it, and its cost.
func detection(args []string, out io.Writer) (figures, error) {
	flags := flag.NewFlagSet("detection", flag.ContinueOnError)
	data := flags.String("data", "../shared/data", "folder with detection/ and nab/")
	series := flags.Int("series", 1_000_000, "series in the cost block; 0 leaves it out")
	only := flags.String("method", "", "run only the method of this name")
	perSeries := flags.Bool("each", false, "print each series")
	short := flags.Bool("recall", false, "leave out the robustness and cost blocks")
	cfg, err := parametersFlag(flags).parse(flags, args, out)
	if err != nil {
		return nil, err
	}
	all, err := loadDetection(*data, out)
	if err != nil {
		return nil, err
	}
	methods := append(slices.Clone(referenceLines),
		method{ours, ownScores(cfg)})
	if *only != "" {
		methods = slices.DeleteFunc(methods, func(m method) bool { return m.name != *only })
	}
	if len(methods) == 0 {
		return nil, fmt.Errorf("method %q is not among those of the table", *only)
	}
	found := figures{}
	for _, set := range detectionSets {
		if !slices.ContainsFunc(all, func(l *labelled) bool { return l.set == set }) {
			fmt.Fprintf(out, "no series of set %s in %s: it is left out\n", set, *data)
		}
	}
	for _, set := range otherSets(*data) {
		fmt.Fprintf(out, "manifest.csv lists series of set %q, which no bench knows: they are left out\n", set)
	}
	results, together := compare(all, methods)
	printResults(out, methods, results, together)
	recallFigures(results, found)
	if own := results[ours]; len(own) == len(detectionSets) && !slices.ContainsFunc(own, func(r result) bool { return r.curve.eventless() }) {
		found["recall_1fa_one_threshold"] = together[ours][1]
	}
	if *perSeries {
		for _, r := range results[ours] {
			printEach(out, r)
		}
	}
	falseAlarms(out, all, cfg, found)
	following(out, all, cfg, found)
	if *short {
		return found, nil
	}
	if err := robustness(out, all, cfg, found); err != nil {
		return nil, err
	}
	if *series == 0 {
		return found, nil
	}
	return found, cost(out, cfg, *series, found)
}

var detectionSets = []string{"KPI", "MSCloud", "NAB"}

// setsOf lists the sets of series by name.
func setsOf(all []*labelled) []string {
	sets := map[string]bool{}
	for _, l := range all {
		sets[l.set] = true
	}
	return slices.Sorted(maps.Keys(sets))
}

const ours = "tocsin"

// method is a detector that scores the rows of one series.
type method struct {
	name  string
	score func(*labelled) []float64
}

// result is what a method does to one set.
type result struct {
	name    string // of the set
	curve   curve
	best    []point // at falseAlarmRates
	area    float64
	delayF1 float64 // NaN where the set has no halves
}

// compare runs all methods over the sets that are there; results are by method
// and then in the order of setsOf. The second map holds what each method
// reaches with one threshold for all sets (see curve.together).
func compare(all []*labelled, methods []method) (results map[string][]result, together map[string][]float64) {
	results, together = map[string][]result{}, map[string][]float64{}
	pool, pooled := []*labelled{}, map[string][][]float64{}
	for _, set := range setsOf(all) {
		of := slices.DeleteFunc(slices.Clone(all), func(l *labelled) bool { return l.set != set })
		pool = append(pool, of...)
		for _, m := range methods {
			scores := make([][]float64, len(of))
			for i, l := range of {
				scores[i] = m.score(l)
			}
			r := result{name: set, curve: sweep(of, scores), delayF1: math.NaN()}
			r.best, r.area = r.curve.best(), r.curve.area()
			if set == "KPI" {
				r.delayF1 = restedDelayF1(of, scores)
			}
			results[m.name] = append(results[m.name], r)
			pooled[m.name] = append(pooled[m.name], scores...)
		}
	}
	for _, m := range methods {
		together[m.name] = sweep(pool, pooled[m.name]).together()
	}
	return results, together
}

// restedDelayF1 is trainedDelayF1 of rows as people are told of them, over the
// series that have a train and a test half; NaN when none has, or no events in both.
func restedDelayF1(set []*labelled, scores [][]float64) float64 {
	var halved []*labelled
	var told [][]float64
	for i, l := range set {
		if l.split > l.skip {
			halved, told = append(halved, l), append(told, rested(scores[i]))
		}
	}
	train, test := false, false
	for _, l := range halved {
		for _, e := range l.events {
			train = train || e.from < l.split
			test = test || e.to >= l.split
		}
	}
	if !train || !test {
		return math.NaN()
	}
	return trainedDelayF1(halved, told)
}

// printResults prints a block per set, then the means over sets and how sure the
// distance to the best reference line is.
func printResults(out io.Writer, methods []method, results map[string][]result, together map[string][]float64) {
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "set\tmethod\trecall at .5/1/2/7 false alarms per series-week\tarea\tby family at 1\tdelay rows p50/p90\tseconds\tgreedy series\tdelay-F1")
	for i := range results[methods[0].name] {
		for _, m := range methods {
			r := results[m.name][i]
			one, f1 := r.best[1], "-"
			if !math.IsNaN(r.delayF1) {
				f1 = fmt.Sprintf("%.3f", r.delayF1)
			}
			if r.curve.eventless() {
				fmt.Fprintf(w, "%s\t%s\tno events\t-\t-\t-\t-\t-\t%s\n", r.name, m.name, f1)
				continue
			}
			fmt.Fprintf(w, "%s\t%s\t%.2f / %.2f / %.2f / %.2f\t%.3f\t%.2f\t%d / %d\t%.0f / %.0f\t%.2f\t%s\n", r.name, m.name,
				r.best[0].recall, one.recall, r.best[2].recall, r.best[3].recall, r.area, one.familyRecall,
				quantile(one.delays, 0.5), quantile(one.delays, 0.9),
				quantile(one.delaySeconds, 0.5), quantile(one.delaySeconds, 0.9), one.greedy, f1)
		}
	}
	if slices.ContainsFunc(results[methods[0].name], func(r result) bool { return !r.curve.eventless() }) {
		printMeans(w, methods, results, together)
	}
	w.Flush()
	for i := range results[ours] {
		if own, rival := rivals(results, i); rival != "" && !own.curve.eventless() {
			low, high := bootstrap(own.curve, results[rival][i].curve, bootstrapDraws)
			fmt.Fprintf(out, "%s: recall at 1 against the best line, %s: %+.2f, 95 %% of %d draws of families within %+.2f and %+.2f\n",
				own.name, rival, own.best[1].recall-results[rival][i].best[1].recall, bootstrapDraws, low, high)
		}
	}
}

// printMeans prints the means over sets, and what one threshold for all reaches.
func printMeans(w io.Writer, methods []method, results map[string][]result, together map[string][]float64) {
	for _, m := range methods {
		mean := func(of func(result) float64) float64 { return meanOverSets(results[m.name], of) }
		at := func(i int) float64 { return mean(func(r result) float64 { return r.best[i].recall }) }
		fmt.Fprintf(w, "mean\t%s\t%.2f / %.2f / %.2f / %.2f\t%.3f\t%.2f\t\t\t\t\n", m.name, at(0), at(1), at(2), at(3),
			mean(func(r result) float64 { return r.area }), mean(func(r result) float64 { return r.best[1].familyRecall }))
	}
	for _, m := range methods {
		at := together[m.name]
		fmt.Fprintf(w, "one threshold\t%s\t%.2f / %.2f / %.2f / %.2f\t\t\t\t\t\t\n", m.name, at[0], at[1], at[2], at[3])
	}
}

// rivals returns our result on the i-th set and the name of the reference line
// with the best recall at one false alarm a week there; empty if either is not
// in the run.
func rivals(results map[string][]result, i int) (own result, rival string) {
	if len(results[ours]) == 0 {
		return own, ""
	}
	best := -1.0
	for _, m := range referenceLines {
		if of := results[m.name]; len(of) > 0 && of[i].best[1].recall > best {
			best, rival = of[i].best[1].recall, m.name
		}
	}
	return results[ours][i], rival
}

// meanOverSets returns the mean over the sets that have events, NaN when none has.
func meanOverSets(of []result, value func(result) float64) float64 {
	sum, n := 0.0, 0.0
	for _, r := range of {
		if !r.curve.eventless() {
			sum, n = sum+value(r), n+1
		}
	}
	return sum / n
}

// recallFigures fills in what the recall part of the bench reports.
func recallFigures(results map[string][]result, found figures) {
	own := results[ours]
	if len(own) == 0 {
		return
	}
	var delays []int
	told := 0
	for i, r := range own {
		set := strings.ToLower(r.name)
		if r.curve.eventless() {
			found["recall_1fa_"+set], found["recall_area_"+set] = math.NaN(), math.NaN()
			continue
		}
		told++
		found["recall_1fa_"+set] = r.best[1].recall
		found["recall_area_"+set] = r.area
		if !math.IsNaN(r.delayF1) {
			found["kpi_delay_f1"] = r.delayF1
		}
		if r.name != "NAB" { // its windows begin long before what they mark
			delays = append(delays, r.best[1].delays...)
		}
		if _, rival := rivals(results, i); rival != "" {
			found["gain_low_"+set], found["gain_high_"+set] = bootstrap(r.curve, results[rival][i].curve, bootstrapDraws)
		}
	}
	if len(delays) > 0 {
		found["delay_samples"] = float64(quantile(delays, 0.5))
	}
	if told < len(detectionSets) {
		return // a mean over fewer sets is not the same figure
	}
	found["recall_1fa_mean"] = meanOverSets(own, func(r result) float64 { return r.best[1].recall })
	found["recall_1fa_families"] = meanOverSets(own, func(r result) float64 { return r.best[1].familyRecall })
	found["recall_area_mean"] = meanOverSets(own, func(r result) float64 { return r.area })
}

// printEach prints what the threshold of one false alarm a week does to each
// series of a set.
func printEach(out io.Writer, r result) {
	k := slices.Index(r.curve.thresholds, r.best[1].threshold)
	if k < 0 {
		return
	}
	for i, l := range r.curve.set {
		t := r.curve.tallies[k][i]
		fmt.Fprintf(out, "%-60s step %5.0f weeks %5.1f events %3d found %3d false %3d\n",
			l.set+"/"+l.name, l.step, l.weeks(), len(l.events), t.found(), t.falseAlarms)
	}
}

// ownScores scores series by the detector, as a method does.
func ownScores(cfg detector.Config) func(*labelled) []float64 {
	return func(l *labelled) []float64 { s, _ := tocsinScores(cfg, l); return s }
}

// tocsinScores replays a series and returns the score of each row and the rows
// at which an episode opened.
func tocsinScores(cfg detector.Config, l *labelled) (scores []float64, opened []int) {
	scores = make([]float64, 0, len(l.samples))
	detector.ReplayShare(cfg, 0, labels.FromStrings("__name__", "watched"), l.samples, func(v detector.Verdict) {
		if v.Phase == detector.PhaseOpened {
			opened = append(opened, len(scores))
		}
		scores = append(scores, v.Score)
	})
	return scores, opened
}
