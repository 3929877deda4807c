package similar

import "math"

// Prepared is a print made ready to be compared with many. It is not changed once it
// is made.
type Prepared struct {
	own, class vector
}

// vector is a print with what every comparison needs of it.
type vector struct {
	weights Print
	keys    []string // the heaviest first, so that sums are made in one order
	squares float64
}

// Prepare makes a print ready. It takes O(n log n) for n weights.
func Prepare(p Print) *Prepared { return &Prepared{own: newVector(p), class: newVector(p.Class())} }

func newVector(p Print) vector {
	v := vector{weights: p, keys: p.keys()}
	for _, k := range v.keys {
		v.squares += p[k] * p[k]
	}
	return v
}

// To returns how alike two prints are, in [0, 1], by instances or by classes, whichever
// says more; see Similarity. It takes O(n).
func (a *Prepared) To(b *Prepared) (float64, Level) {
	s := alike(a.own, b.own)
	if c := classPart * alike(a.class, b.class); c > s {
		return c, ByClass
	}
	return s, Instance
}

func alike(a, b vector) float64 {
	if a.squares == 0 || b.squares == 0 {
		return 0
	}
	if len(b.keys) < len(a.keys) {
		a, b = b, a // both ways give the same
	}
	dot := 0.0
	both := 0
	for _, k := range a.keys {
		y, ok := b.weights[k]
		if !ok {
			continue
		}
		x := a.weights[k]
		dot += x * y
		if (x < 0) == (y < 0) {
			both++
		}
	}
	either := len(a.keys) + len(b.keys) - both
	cosine := max(dot/math.Sqrt(a.squares*b.squares), 0)
	return min(partCosine*cosine+partJaccard*float64(both)/float64(either), 1)
}

// Ready returns the record's print made ready to be compared; of records that a Store
// gave this was done before.
func (r Record) Ready() *Prepared {
	if r.ready != nil {
		return r.ready
	}
	return Prepare(r.Print)
}
