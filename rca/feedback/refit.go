package feedback

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/rca"
)

// RefitKind says what a row of the history of weights is.
type RefitKind string

// Kinds of rows.
const (
	KindRefit RefitKind = "refit" // weights were fitted to labels
	KindUndo  RefitKind = "undo"  // somebody went back to an earlier row
)

// RefitRow is one row of the history of weights. Row 0 is never stored: it stands
// for the weights of the house.
type RefitRow struct {
	ID      int64       `json:"id"`
	Kind    RefitKind   `json:"kind"`
	At      time.Time   `json:"at"`
	Actor   string      `json:"actor"`
	Labels  []int64     `json:"labels"` // ids of the feedback that it rests on
	Before  float64     `json:"before"` // mean log loss with the weights in force then; 0 when there was nothing to measure
	After   float64     `json:"after"`  // the same with the new ones, each label left out in turn
	Taken   bool        `json:"taken"`  // the weights came into force
	Reason  string      `json:"reason"`
	Weights rca.Weights `json:"weights"` // that were found, or gone back to
	To      int64       `json:"to"`      // of an undo: the row that was gone back to
}

// Bounds of a refit.
const (
	// MinLabels is how many labels a refit needs.
	MinLabels = 10
	// maxLabels is how many it rests on, the newest.
	maxLabels = 300
	// leastGain is by how much the mean log loss must fall.
	leastGain = 0.01
)

// Refit fits weights to labels and says whether they are to be taken: when there
// are at least MinLabels and, each label left out in turn, the log loss is lower
// than with the weights in force. From fifty labels on, a free curve of calibration
// takes part and is taken when it does better still. The row has no id. It takes a
// second for 300 labels.
func Refit(labels []Label, now rca.Weights, actor string, at time.Time) RefitRow {
	labels = slices.DeleteFunc(slices.Clone(labels), func(l Label) bool { return !l.usable() })
	slices.SortFunc(labels, func(a, b Label) int { return int(a.Feedback - b.Feedback) })
	labels = labels[max(0, len(labels)-maxLabels):]
	row := RefitRow{Kind: KindRefit, At: at.UTC(), Actor: actor, Weights: now, Labels: []int64{}}
	for _, l := range labels {
		row.Labels = append(row.Labels, l.Feedback)
	}
	if len(labels) == 0 {
		row.Reason = fmt.Sprintf("no labels yet, want at least %d", MinLabels)
		return row
	}
	row.Before = mean(labels, now)
	row.After = row.Before
	if len(labels) < MinLabels {
		row.Reason = fmt.Sprintf("%d labels, want at least %d", len(labels), MinLabels)
		return row
	}
	best := fit(labels, rca.Weights{})
	after, curved := leaveOneOut(labels, best)
	form := "slope and offset"
	if len(labels) >= isotonicFrom && curved < after {
		after, form = curved, "a curve"
		best = isotonic(labels, best)
	}
	row.After, row.Weights = after, best
	if row.Before-after < leastGain {
		row.Reason = fmt.Sprintf("leaving one out, the log loss goes from %.3f to %.3f: not worth it", row.Before, after)
		return row
	}
	row.Taken = true
	row.Reason = fmt.Sprintf("leaving one out, the log loss of %d labels goes from %.3f to %.3f, calibrated by %s", len(labels), row.Before, after, form)
	return row
}

// leaveOneOut returns the mean log loss of each label under a fit to all others,
// with slope and offset and, from isotonicFrom labels on, with a curve.
func leaveOneOut(labels []Label, start rca.Weights) (loss, curved float64) {
	others := make([]Label, 0, len(labels))
	for i, l := range labels {
		others = append(append(others[:0], labels[:i]...), labels[i+1:]...)
		w := fit(others, start)
		loss += Loss(l, w)
		if len(labels) >= isotonicFrom {
			curved += Loss(l, isotonic(others, w))
		}
	}
	n := float64(len(labels))
	return loss / n, curved / n
}

// Undo returns the row that goes back to an earlier one.
func Undo(to RefitRow, actor, reason string, at time.Time) RefitRow {
	w := to.Weights
	w.Multipliers = maps.Clone(w.Multipliers)
	return RefitRow{Kind: KindUndo, At: at.UTC(), Actor: actor, Labels: []int64{}, Taken: true, Weights: w, To: to.ID, Reason: reason}
}
