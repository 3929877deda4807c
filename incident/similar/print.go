package similar

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Move is how far a signal of a service went from what it was before.
type Move struct {
	Service string
	Signal  string
	Z       float64 // in robust standard deviations, positive is up; NaN is left out
}

// Evidence is what is known of one incident. Its slices are only read.
type Evidence struct {
	Moves     []Move
	Templates []string // ids of log templates that were new or far more frequent
	Alerts    []string // names of alerts that fired
	Changes   []string // kinds of the changes that are suspected
	Entry     string   // signal or alert by which the incident was noticed
}

// Print is an incident as sparse weights by what they are about, such as
// "signal checkout latency" or "alert HighErrorRate"; a weight is signed where the
// direction tells something. It is not changed once it is made.
type Print map[string]float64

// Bounds and weights of a print.
const (
	// MaxWeights is how many weights a print keeps, the largest.
	MaxWeights = 200
	// least is the z from which a move says anything.
	least = 2.0
	// mostZ bounds a single move: constant series that move at all go to infinity.
	mostZ = 1e6

	// What counts as much as a move by so many standard deviations.
	weightTemplate = 2.4 // ln(1+10)
	weightAlert    = 2.4
	weightChange   = 1.1 // ln(1+2)
	weightEntry    = 1.6 // ln(1+4)

	// maxName bounds the names that others gave.
	maxName = 200
)

// New makes the print of an incident: signed ln(1+z) of the largest move of each
// family of signals of each service, and a constant for everything else. What does
// not fit into MaxWeights is the least of it; ties fall to the smaller name.
//
// The sparse signed logarithm follows what was measured best on the PetShop and
// Nezha cases; see bench similar. It takes O(n log n) for n pieces of evidence.
func New(e Evidence) Print {
	all := make(Print)
	for _, m := range e.Moves {
		if !(math.Abs(m.Z) >= least) { // NaN too
			continue
		}
		w := math.Copysign(math.Log1p(min(math.Abs(m.Z), mostZ)), m.Z)
		key := signalKey(m.Service, Family(m.Signal))
		if old, ok := all[key]; !ok || math.Abs(w) > math.Abs(old) || math.Abs(w) == math.Abs(old) && w > old {
			all[key] = w
		}
	}
	put := func(kind string, names []string, weight float64) {
		for _, n := range names {
			if n = strings.TrimSpace(n); n != "" {
				all[kind+" "+cut(n)] = weight
			}
		}
	}
	put("template", e.Templates, weightTemplate)
	put("alert", e.Alerts, weightAlert)
	put("change", e.Changes, weightChange)
	put("entry", []string{Family(e.Entry)}, weightEntry)
	return all.largest(MaxWeights)
}

func signalKey(service, family string) string {
	return "signal " + cut(strings.ReplaceAll(service, " ", "_")) + " " + cut(family)
}

func cut(s string) string {
	if len(s) > maxName {
		s = strings.ToValidUTF8(s[:maxName], "")
	}
	return s
}

// largest returns at most n weights.
func (p Print) largest(n int) Print {
	if len(p) <= n {
		return p
	}
	keys := p.keys()
	out := make(Print, n)
	for _, k := range keys[:n] {
		out[k] = p[k]
	}
	return out
}

// keys returns the names of the weights, the heaviest first.
func (p Print) keys() []string {
	keys := make([]string, 0, len(p))
	for k := range p {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(math.Abs(p[b]), math.Abs(p[a])), cmp.Compare(a, b))
	})
	return keys
}

// Class returns a print in which services that are told apart only by a number or a
// hash at the end of their names, such as db-7 and db-3, are one. Of several the
// largest weight counts.
func (p Print) Class() Print {
	out := make(Print, len(p))
	for _, k := range p.keys() { // heaviest first, so that the first one stays
		key := k
		if service, family, ok := signalOf(k); ok {
			key = signalKey(Class(service), family)
		}
		if _, ok := out[key]; !ok {
			out[key] = p[k]
		}
	}
	return out
}

func signalOf(key string) (service, family string, ok bool) {
	rest, ok := strings.CutPrefix(key, "signal ")
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, " ")
}
