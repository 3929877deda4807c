package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/faceair/drain"

	"github.com/tocsinhq/tocsin/logs/template"
)

// speedRounds is how often each is timed. They take turns, and the quickest of each
// counts, which is the one that neighbours on the machine disturbed least.
const speedRounds = 15

// logsSpeed times the miner beside another streaming miner in Go on the same lines,
// on one core: both have seen the lines before, as in the long run they have.
func logsSpeed(f logsFlags, found figures, out io.Writer) error {
	all, err := loadLabelledLogs(f.dir)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "log\tlines/s\tns a line\tDrain lines/s\ttimes as fast\tDrain GA\tGA")
	var ours, theirs, gas []float64
	var oursAll, theirsAll time.Duration
	lines := 0
	for _, l := range all {
		if f.set != "" && f.set != l.name {
			continue
		}
		texts := make([]string, len(l.content))
		for i, c := range l.content {
			texts[i] = string(c)
		}
		m := template.New(template.DefaultConfig())
		d := drain.New(drain.DefaultConfig())
		var match template.Match
		a, b := make([]time.Duration, 0, speedRounds), make([]time.Duration, 0, speedRounds)
		groups := make([]uint64, 0, len(texts))
		for round := range speedRounds + 1 {
			start := time.Now()
			for i, c := range l.content {
				m.Mine("service", 0, nil, c, int64(i), &match)
			}
			half := time.Now()
			for _, t := range texts {
				d.Train(t)
			}
			if round > 0 {
				a, b = append(a, half.Sub(start)), append(b, time.Since(half))
			}
		}
		names := map[*drain.LogCluster]uint64{}
		for _, t := range texts {
			c := d.Train(t)
			if _, ok := names[c]; !ok {
				names[c] = uint64(len(names))
			}
			groups = append(groups, names[c])
		}
		slices.Sort(a)
		slices.Sort(b)
		x, y := a[0], b[0]
		n := float64(len(texts))
		ga := scoreGrouping(groups, l.event, nil, nil).ga
		fmt.Fprintf(w, "%s\t%.2f M\t%.0f\t%.2f M\t%.2f\t%.3f\t%.3f\n", l.name, n/x.Seconds()/1e6, float64(x.Nanoseconds())/n, n/y.Seconds()/1e6,
			float64(y)/float64(x), ga, scoreGrouping(mineLog(l.content).ids, l.event, nil, nil).ga)
		ours, theirs, gas = append(ours, n/x.Seconds()), append(theirs, n/y.Seconds()), append(gas, ga)
		oursAll, theirsAll = oursAll+x, theirsAll+y
		lines += len(texts)
	}
	if lines == 0 {
		return fmt.Errorf("%w: no labelled log %q in %s", errLacking, f.set, f.dir)
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	drainGA := 0.0
	for _, g := range gas {
		drainGA += g / float64(len(gas))
	}
	found["lines_per_s"], found["lines_ratio_drain"] = float64(lines)/oursAll.Seconds(), float64(theirsAll)/float64(oursAll)
	found["drain_ga"] = drainGA
	fmt.Fprintf(w, "all\t%.2f M\t%.0f\t%.2f M\t%.2f\t%.3f\n", float64(lines)/oursAll.Seconds()/1e6, float64(oursAll.Nanoseconds())/float64(lines),
		float64(lines)/theirsAll.Seconds()/1e6, float64(theirsAll)/float64(oursAll), drainGA)
	runtime.GC()
	return w.Flush()
}
