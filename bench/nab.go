package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

// nab scores the detector by the rule of the Numenta Anomaly Benchmark beside
// the reference lines, over whichever of its files are there. It is causal: no
// method is told the range of a file, as that benchmark does.
func nab(args []string, out io.Writer) (figures, error) {
	flags := flag.NewFlagSet("nab", flag.ContinueOnError)
	data := flags.String("data", "../shared/data", "folder with nab/")
	perFile := flags.Bool("each", false, "print each file at the standard threshold")
	cfg, err := parametersFlag(flags).parse(flags, args, out)
	if err != nil {
		return nil, err
	}
	all, err := loadNAB(filepath.Join(*data, "nab"), out)
	if errors.Is(err, errLacking) {
		return nil, fmt.Errorf("%w; point --data at a folder with nab/", err)
	}
	if err != nil {
		return nil, err
	}
	methods := append(slices.Clone(referenceLines),
		method{ours + ", every row", ownScores(cfg)},
		method{ours, func(l *labelled) []float64 { return alertScores(cfg, l) }})
	found := figures{}
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "method\tstandard\tlow FP\tlow FN\twindows\tfalse rows\t1 - threshold\ttied at the top\tstandard without a rest")
	for _, m := range methods {
		scores := make([][]float64, len(all))
		for i, l := range all {
			scores[i] = m.score(l)
		}
		raw := nabScores(all, scores)[0].score
		for i := range scores {
			scores[i] = rested(scores[i])
		}
		best := nabScores(all, scores)
		if best[0].windows == 0 { // silence is as good as anything
			fmt.Fprintf(w, "%s\t-\t-\t-\tno windows\t-\t-\t%d\t-\n", m.name, tiedAtTop(all, scores))
		} else {
			fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%.1f\t%d of %d\t%d\t%s\t%d\t%.1f\n", m.name, best[0].score, best[1].score, best[2].score,
				best[0].found, best[0].windows, best[0].falseRows, belowOne(best[0].threshold), tiedAtTop(all, scores), raw)
		}
		if m.name != ours {
			continue
		}
		for i, p := range nabProfiles {
			if found[p.name] = best[i].score; best[i].windows == 0 {
				found[p.name] = math.NaN()
			}
		}
		if *perFile {
			printNABFiles(out, all, scores, best[0].threshold)
		}
	}
	return found, w.Flush()
}

// belowOne says what a threshold is below 1, or that nothing is said at the best one.
func belowOne(threshold float64) string {
	if math.IsInf(threshold, 1) {
		return "silence"
	}
	return fmt.Sprintf("%.3g", 1-threshold)
}

// alertScores gives each row the score of what people are told at it: inside an
// episode that has opened, a row at which nothing new is said scores 0. The rule
// charges every flagged row, but an episode alerts when it opens, and once more
// when it changes its kind or rises; the rows between wake nobody. Rows outside
// of episodes keep their score, so that a lower threshold could be chosen.
func alertScores(cfg detector.Config, l *labelled) []float64 {
	scores := make([]float64, 0, len(l.samples))
	detector.ReplayShare(cfg, 0, labels.FromStrings("__name__", "watched"), l.samples, func(v detector.Verdict) {
		switch v.Phase {
		case detector.PhaseQuiet, detector.PhaseOpened, detector.PhaseChanged:
			scores = append(scores, v.Score)
		default:
			scores = append(scores, 0)
		}
	})
	return scores
}

// rested mutes a row that does not score above each of the againRows rows before
// it: what is no odder than what has just been told is not told again. Rules that
// charge every false row, this one and the delay F1, are applied to rows as people
// are told of them, for all methods alike; the last column shows what a method
// reaches without.
func rested(scores []float64) []float64 {
	out := make([]float64, len(scores))
	for i, s := range scores {
		if i == 0 || s > slices.Max(scores[max(0, i-againRows):i]) {
			out[i] = s
		}
	}
	return out
}

// tiedAtTop counts the rows that share the highest score: many mean that scores
// have run out of digits.
func tiedAtTop(set []*labelled, scores [][]float64) int {
	rows, _ := nabRows(set, scores)
	top, n := math.Inf(-1), 0
	for _, r := range rows {
		if r.score > top {
			top, n = r.score, 0
		}
		if r.score == top {
			n++
		}
	}
	return n
}

// printNABFiles says for each file what the threshold finds and wrongly flags.
func printNABFiles(out io.Writer, set []*labelled, scores [][]float64, threshold float64) {
	for i, l := range set {
		rows, windows := nabRows([]*labelled{l}, scores[i:i+1])
		var hit []int
		falseRows, lost := 0, 0.0
		for _, r := range rows {
			switch {
			case r.score < threshold:
			case r.window < 0:
				falseRows++
				lost -= r.worth
			case !slices.Contains(hit, r.window):
				hit = append(hit, r.window)
			}
		}
		fmt.Fprintf(out, "%-58s rows %6d windows %d found %d false rows %3d cost %.1f\n",
			l.name, len(l.samples), windows, len(hit), falseRows, lost)
	}
}
