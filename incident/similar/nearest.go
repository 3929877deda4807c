package similar

import (
	"cmp"
	"slices"
)

// Of the similarity, and of what is shown.
const (
	partCosine  = 0.7
	partJaccard = 0.3
	// classPart is what a likeness of classes counts beside one of the services
	// themselves.
	classPart = 0.9
	// Cut is the similarity below which a past incident is not called similar.
	Cut = 0.5
	// Most is how many are shown.
	Most = 3
	// maxShared is how much of the evidence in common is named.
	maxShared = 8
)

// Level says what two incidents have in common.
type Level string

// Levels of likeness.
const (
	Instance Level = "instance" // the same services did the same
	ByClass  Level = "class"    // services of the same kind did
)

// Shared is a piece of evidence that two incidents have in common, with its weight
// in the one that is looked at and in the past one.
type Shared struct {
	What string  `json:"what"`
	Now  float64 `json:"now"`
	Then float64 `json:"then"`
}

// Match is a past incident that is similar to the one that is looked at.
type Match struct {
	Record     Record   `json:"record"`
	Similarity float64  `json:"similarity"` // in [0, 1]
	Level      Level    `json:"level"`
	Shared     []Shared `json:"shared"` // the heaviest first
}

// Similarity returns how alike two prints are, in [0, 1], by instances or by
// classes, whichever says more: 0.7 of the cosine of the weights and 0.3 of the
// Jaccard index of what they are about, where opposite directions are different
// things. Empty prints are like nothing. It takes O(n log n) for n weights.
//
// That units of the same class are compared is after Li et al., "Actionable and
// Interpretable Fault Localization for Recurring Failures in Online Service
// Systems", ESEC/FSE 2022 (DejaVu).
func Similarity(a, b Print) (float64, Level) { return Prepare(a).To(Prepare(b)) }

// Nearest returns the past incidents most similar to p, at most n of those with at
// least the similarity cut; ties fall to the later one. None is an empty list.
func Nearest(p Print, past []Record, n int, least float64) []Match {
	out := []Match{}
	ready := Prepare(p)
	for _, r := range past {
		s, level := ready.To(r.Ready())
		if s < least || s == 0 {
			continue
		}
		out = append(out, Match{Record: r, Similarity: s, Level: level})
	}
	slices.SortFunc(out, func(a, b Match) int {
		return cmp.Or(cmp.Compare(b.Similarity, a.Similarity), b.Record.Opened.Compare(a.Record.Opened), cmp.Compare(a.Record.Incident, b.Record.Incident))
	})
	out = out[:min(len(out), n)]
	for i := range out {
		out[i].Shared = shared(p, out[i].Record.Print, out[i].Level)
	}
	return out
}

func shared(now, then Print, level Level) []Shared {
	if level == ByClass {
		now, then = now.Class(), then.Class()
	}
	out := []Shared{}
	for _, k := range now.keys() {
		y, ok := then[k]
		if !ok || (now[k] < 0) != (y < 0) {
			continue
		}
		if out = append(out, Shared{What: k, Now: now[k], Then: y}); len(out) == maxShared {
			break
		}
	}
	return out
}
