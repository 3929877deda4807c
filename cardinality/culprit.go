package cardinality

import (
	"cmp"
	"slices"
)

// LabelCount is how many values a label has among series.
type LabelCount struct {
	Name   string
	Values int
}

// expected are labels that tell machines and parts of histograms apart: they are
// many by nature, and nothing is won by taking them off.
var expected = []string{"__name__", "instance", "pod", "job", "le", "quantile"}

// Culprit returns the label that most likely makes series many: of those with at
// least so many values one that fresh says is new, else the one with the most.
// "" is none.
func Culprit(counts []LabelCount, least int, fresh func(name string) bool) string {
	many := slices.DeleteFunc(slices.Clone(counts), func(c LabelCount) bool {
		return c.Values < least || slices.Contains(expected, c.Name)
	})
	if len(many) == 0 {
		return ""
	}
	rank := func(c LabelCount) int {
		if fresh(c.Name) {
			return 1
		}
		return 0
	}
	return slices.MaxFunc(many, func(a, b LabelCount) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Values, b.Values), cmp.Compare(b.Name, a.Name))
	}).Name
}
