package main

import (
	"cmp"
	"math"
	"slices"
)

// nabProfile weighs what an alarm is worth in the scoring rule of the Numenta
// Anomaly Benchmark ("Evaluating Real-time Anomaly Detection Algorithms", A.
// Lavin, S. Ahmad, ICMLA 2015, arXiv:1510.03336): tp for a window found, fn for
// one missed, fp for each row flagged outside of windows.
type nabProfile struct {
	name       string
	tp, fn, fp float64
}

var nabProfiles = []nabProfile{
	{"standard", 1, 1, 0.11},
	{"low_fp", 1, 1, 0.22},
	{"low_fn", 1, 2, 0.11},
}

// nabResult is the best score of one profile and what its threshold does.
type nabResult struct {
	score, threshold float64
	found, windows   int // windows with an alarm, and all
	falseRows        int // flagged rows outside of windows
}

// nabRow is one scored row: what flagging it is worth, and to which window that
// goes; window is -1 outside of all.
type nabRow struct {
	score, worth float64
	window       int
}

// nabScale makes the first row of a window worth 1.
var nabScale = nabSigmoid(-1)

// nabSigmoid returns what an alarm at relative position p is worth: p is -1 at
// the first row of a window, near 0 at its end, and counts lengths of the
// window after it. Beyond three lengths it is flat.
func nabSigmoid(p float64) float64 {
	if p > 3 {
		return -1
	}
	return 2/(1+math.Exp(5*p)) - 1
}

// nabProbation returns how many rows at the start of a file are not scored.
func nabProbation(rows int) int {
	return min(rows*15/100, 750)
}

// nabRows lays out the scored rows of a corpus and counts its windows. Windows
// that hold no row are left out, as are rows without a score.
func nabRows(set []*labelled, scores [][]float64) (rows []nabRow, windows int) {
	for i, l := range set {
		spans := slices.Clone(l.windows)
		slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
		first, at := windows, 0 // spans[at] is the first that ends at or after row j
		windows += len(spans)
		for j := nabProbation(len(l.samples)); j < len(l.samples); j++ {
			for at < len(spans) && spans[at].to < j {
				at++
			}
			if math.IsNaN(scores[i][j]) {
				continue
			}
			r := nabRow{score: scores[i][j], window: -1, worth: -1}
			if at < len(spans) && spans[at].from <= j {
				r.window = first + at
				r.worth = nabSigmoid(-float64(spans[at].to-j+1)/float64(spans[at].to-spans[at].from+1)) / nabScale
			} else if at > 0 && spans[at-1].to > spans[at-1].from {
				past := spans[at-1]
				r.worth = nabSigmoid(float64(j-past.to) / float64(past.to-past.from))
			}
			rows = append(rows, r)
		}
	}
	return rows, windows
}

// nabScores returns the best result of each profile in the order of
// nabProfiles. One threshold holds for the whole corpus; every distinct score is
// tried, and silence too, so no result is below 0. A window counts its best
// flagged row once. Cost: one sort of all rows.
func nabScores(set []*labelled, scores [][]float64) []nabResult {
	rows, windows := nabRows(set, scores)
	slices.SortFunc(rows, func(a, b nabRow) int { return cmp.Compare(b.score, a.score) })
	best := make([]nabResult, len(nabProfiles))
	for i := range best {
		best[i] = nabResult{threshold: math.Inf(1), windows: windows}
	}
	worth := make([]float64, windows) // of the best flagged row
	seen := make([]bool, windows)
	gained, lost, found, falseRows := 0.0, 0.0, 0, 0
	for i, r := range rows {
		switch {
		case r.window < 0:
			lost += r.worth
			falseRows++
		case !seen[r.window]:
			seen[r.window], worth[r.window] = true, r.worth
			found++
			gained += r.worth
		case r.worth > worth[r.window]:
			gained += r.worth - worth[r.window]
			worth[r.window] = r.worth
		}
		if i+1 < len(rows) && rows[i+1].score == r.score {
			continue
		}
		for k, p := range nabProfiles {
			silent := -p.fn * float64(windows)
			total := p.tp*gained - p.fn*float64(windows-found) + p.fp*lost
			score := 100 * (total - silent) / (p.tp*float64(windows) - silent)
			if score > best[k].score {
				best[k] = nabResult{score: score, threshold: r.score, found: found, windows: windows, falseRows: falseRows}
			}
		}
	}
	return best
}
