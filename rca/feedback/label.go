package feedback

import (
	"math"
	"slices"

	"github.com/tocsinhq/tocsin/rca"
)

// Label is a ranking of which people have said which row was right, or that one was
// wrong.
type Label struct {
	Feedback int64         `json:"feedback"` // id of the row that says so
	Incident string        `json:"incident"`
	Rows     []rca.Finding `json:"rows"`
	Right    int           `json:"right"` // index into Rows; -1 when not known
	Wrong    int           `json:"wrong"` // index into Rows, when Right is not known; else -1
}

// None names the row "no recent change fits" where others are named by the id of
// their change.
const None = "none"

// NameOf returns how a row of a ranking is named in feedback.
func NameOf(f rca.Finding) string {
	if f.Change == nil {
		return None
	}
	return f.Change.ID
}

// find returns the row of that name, -1 when there is none.
func find(rows []rca.Finding, name string) int {
	return slices.IndexFunc(rows, func(f rca.Finding) bool { return NameOf(f) == name })
}

// usable says whether a label tells one row from another.
func (l Label) usable() bool {
	in := func(i int) bool { return i >= 0 && i < len(l.Rows) }
	return len(l.Rows) > 1 && (in(l.Right) || in(l.Wrong))
}

// Loss is the log loss of the probabilities that weights give to a label: minus the
// logarithm of that of the right row, or of all but the wrong one.
func Loss(l Label, w rca.Weights) float64 {
	name, wrong := "", false
	if l.Right >= 0 {
		name = NameOf(l.Rows[l.Right])
	} else {
		name, wrong = NameOf(l.Rows[l.Wrong]), true
	}
	for _, f := range rca.Reweigh(l.Rows, w) {
		if NameOf(f) == name {
			p := f.Probability
			if wrong {
				p = 1 - p
			}
			return -math.Log(math.Max(p, leastProbability))
		}
	}
	return -math.Log(leastProbability)
}

// leastProbability bounds the loss of a single label.
const leastProbability = 1e-6

func mean(labels []Label, w rca.Weights) float64 {
	sum := 0.0
	for _, l := range labels {
		sum += Loss(l, w)
	}
	return sum / float64(len(labels))
}
