package detector

import (
	"fmt"
	"math"
)

// A series that nearly always shows the same few values gives tails little to learn
// from: all its excesses are alike, and how far beyond them a value lies says less than
// that nothing like it has been there before. Of n values in any order the last is the
// largest or the smallest of all once in n/2 times, whatever they are distributed like
// (A. Rényi, "Théorie des éléments saillants d'une suite d'observations", 1962). Here n
// is the number of changes, a sample changes in so many of N, and a value beyond all by
// so many times the range is as much rarer, as under a power law of exponent 1, which is
// heavier than what tails mostly find; and as much less rare when it lies beyond by a
// part of the range, for a level that wanders sets records all the time, and small ones.
//
// The range remembers about a thousand changes. It is what the forecast and the normal
// value at this time lie in too, so that an hour of the day that is usual is no record.
// After a gap nothing is said.

// record is what the sample comes to as a record.
type record struct {
	hi, lo, span float64 // range and its width, with what a forecast may err by
	far          float64 // by how many widths the sample lies beyond, below 0 within
	base         float64 // evidence of a record that lies beyond by one width; see rank
}

// look looks at the sample as a record. It is false, and leaves r alone, while the
// series has shown too little or after a gap.
func (r *record) look(p *params, s *series, k *look) bool {
	if k.gap || s.Changes < p.Evidence.RecordChanges {
		return false
	}
	r.hi, r.lo = max(float64(s.Hi), k.high, k.anchor), min(float64(s.Lo), k.low, k.anchor)
	r.span = r.hi - r.lo + p.Evidence.RecordScales*k.scale
	r.far = max(k.x-r.hi, r.lo-k.x) / r.span
	return true
}

// rank works out what a record of the series is worth. Most samples are none, and do
// not need it.
func (s *series) rank(p *params, r *record) {
	n := min(float64(s.Changes), p.rangeMemory)
	r.base = math.Log10((float64(s.N)+2)/(float64(s.Changes)+2)) + math.Log10(n/2+1)
}

// decades is the evidence, 0 for a sample within the range.
func (r *record) decades() float64 {
	if r.far <= 0 {
		return 0
	}
	return max(r.base+math.Log10(r.far), 0)
}

// reach returns how far beyond the range the evidence is enough.
func (r *record) reach(need float64) float64 {
	return r.span * math.Pow(10, need-r.base)
}

// judgeRecord weighs the sample as a record.
func (s *series) judgeRecord(p *params, k *look) {
	if k.x >= k.low && k.x <= k.high || k.x >= float64(s.Lo) && k.x <= float64(s.Hi) {
		return
	}
	var r record
	if !r.look(p, s, k) || r.far <= 0 {
		return
	}
	s.rank(p, &r)
	if d := r.decades(); d > 0 && d > k.decades {
		k.decades, k.kind = d, KindSpike
		if k.x < k.low {
			k.kind = KindDip
		}
	}
}

// narrowByRecord moves the bounds to where a record would be enough.
func (s *series) narrowByRecord(p *params, k *look) {
	var r record
	if !r.look(p, s, k) || s.recordIsFar(p, &r, k) {
		return
	}
	s.rank(p, &r)
	at := r.reach(k.need)
	k.upper, k.lower = min(k.upper, r.hi+at), max(k.lower, r.lo-at)
}

// recordIsFar reports whether a record is enough only where the bounds are already, or
// beyond, which two logarithms and a power would come to: it reckons with the power of two
// above what the power of ten must reach.
func (s *series) recordIsFar(p *params, r *record, k *look) bool {
	n := min(float64(s.Changes), p.rangeMemory)
	times := max(k.upper-r.hi, r.lo-k.lower) / r.span * (float64(s.N) + 2) / (float64(s.Changes) + 2) * (n/2 + 1)
	_, power := math.Frexp(times)
	return times <= math.MaxFloat64 && k.need >= float64(power)*(math.Ln2/math.Ln10)+rounding
}

// recordEvidence is that of the sample as a record.
func (s *series) recordEvidence(p *params, k *look) Evidence {
	x := Evidence{Channel: "record", Times: 1, Most: math.Inf(1)}
	var r record
	ok := r.look(p, s, k)
	s.rank(p, &r)
	switch {
	case k.gap:
		x.Silent = "a gap lies before"
	case !ok:
		x.Silent = fmt.Sprintf("fewer than %d changes seen", p.Evidence.RecordChanges)
	case r.decades() == 0:
		x.Silent = fmt.Sprintf("not beyond %s to %s, or by too little", number(r.lo), number(r.hi))
	default:
		x.Size, x.Bonus, x.Decades, x.Seen, x.Excesses = r.far, r.base, r.decades(), int(s.N), int(s.Changes)
	}
	return x
}
