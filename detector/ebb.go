package detector

import "math"

// Traffic that falls to a tenth is no large deviation where its noise is half of its level
// and weekends have half of it: charts have learned what a weekend is off by, and no level
// can fall by more than all of itself. By how many times it is less it is far beyond all
// that has been. So a page keeps how many times the mean of the last samples has fitted into
// normal, at most, as a record; what fits in by much more is odd, a level that ebbs.
//
// The largest of a window is learned when the next one has ended, for a fall takes as long
// as the mean to become what it is, and would raise the record as it goes. Odd samples
// teach it nothing, and windows that end in an open episode none of what they held, but in
// the first days all do. Day by day it comes back to what there is of late.
//
// A series that is about as large as its noise, as a count of two or three is, is zero every
// now and then, whatever its record. Where values go below zero nothing is said.
//
// Four bytes of the page. A sample that glides costs a comparison, one that is weighed two
// divisions, and a logarithm once the mean fits in often enough to be learned.

// ebb is what a page knows of how many times the mean has fitted into normal, as logarithms
// to the base of two in 1/ebbSteps.
type ebb struct {
	Known  uint8 // record
	Before uint8 // largest of the window before this one
	Now    uint8 // largest of this one
	Window uint8 // that this one is, as a number that wraps around
}

const (
	ebbSteps = 16
	ebbMost  = 6 // powers of two that are told apart
)

// unknownEbb is that of a page which has not kept one: it comes back as a record does.
var unknownEbb = ebb{Known: ebbMost * ebbSteps}

// ebbMean is the mean of the last samples with x as the next: of 17, or of 3 where 17 take
// long.
func (s *series) ebbMean(p *params, x float64) float64 {
	mean, rate := s.ebbOf(p)
	return mean + rate*(x-mean)
}

// ebbOf returns which mean that is, and the rate by which it follows.
func (s *series) ebbOf(p *params) (mean, rate float64) {
	if s.Step > p.ebbShort {
		return s.Fast, p.rates.fast
	}
	return s.Mid, p.rates.mid
}

// ebbSilent says why nothing is said of how small a part of normal the mean is, "" if
// something is.
func (s *series) ebbSilent(p *params, k *look, d *page) string {
	switch {
	case d == nil || s.has(flagFirst):
		return "this time of day is not known yet"
	case s.has(flagNegative):
		return "values go below zero"
	case s.Step > p.Ebb.Step:
		return "the step is too long"
	case k.gap:
		return "a gap lies before"
	case s.otherUnit(p, k.t):
		return "another unit has been taken as normal"
	}
	return ""
}

// record returns the powers of two by which normal is at least as much as the mean when that
// is more than has been.
func (e *ebb) record(p *params) float64 { return max(float64(e.Known)/ebbSteps, p.Ebb.Least) }

// ebbBonus returns the evidence of a mean that is Margin beyond the record: no hour has had
// such a one.
func (s *series) ebbBonus(p *params, k *look, d *page) float64 {
	return float64(s.Looks) + math.Log10(d.ebbHours(p, k.t))
}

// ebbHours returns for how many hours the record counts.
func (d *page) ebbHours(p *params, t int64) float64 {
	return min(max(float64(since(d.Since, t))/(1000*secondsHour), 1), p.Ebb.Hours)
}

// ebbSpeaks reports whether the record is old enough and normal large enough beside its
// noise.
func (s *series) ebbSpeaks(p *params, k *look, d *page) bool {
	return d.Ages >= p.Ebb.After && k.anchor >= p.Ebb.Noise*k.scale
}

// ebbs returns the powers of two by which the mean with the sample is less than normal, 0 where
// it is hardly.
func (s *series) ebbs(p *params, k *look) float64 {
	mean := max(s.ebbMean(p, k.x), k.x)
	switch {
	case k.anchor <= mean*p.ebbLeast:
		return 0
	case mean > k.anchor*p.ebbFloor:
		return math.Log2(k.anchor / mean)
	}
	return ebbMost
}

// judgeEbb weighs by how many times the mean is less than normal.
func (s *series) judgeEbb(p *params, k *look, d *page) {
	if k.ebb = 0; !(k.dev < 0) || s.ebbSilent(p, k, d) != "" {
		return
	}
	k.ebb = s.ebbs(p, k)
	if record := d.Ebb.record(p); k.ebb > record && s.ebbSpeaks(p, k, d) {
		if e := s.ebbBonus(p, k, d) + p.Ebb.Slope*(k.ebb-record-p.Ebb.Margin); e > k.decades {
			k.decades, k.kind = e, KindLevelShift
		}
	}
}

// narrowByEbb moves the lower bound to where the evidence would be enough: where both the
// value and the mean with it are so small.
func (s *series) narrowByEbb(p *params, k *look, d *page) {
	if s.ebbSilent(p, k, d) != "" || !s.ebbSpeaks(p, k, d) {
		return
	}
	record := d.Ebb.record(p)
	need := max(record+p.Ebb.Margin+(k.need-s.ebbBonus(p, k, d))/p.Ebb.Slope, record)
	if need > ebbMost {
		return
	}
	at := k.anchor * math.Exp2(-need)
	mean, rate := s.ebbOf(p)
	k.lower = max(k.lower, min(at, mean+(at-mean)/rate, k.anchor-k.edge.below))
}

// learnEbb takes in a sample; taught says whether it teaches.
func (d *page) learnEbb(p *params, s *series, k *look, taught bool) {
	e, young := &d.Ebb, d.Ages < p.Ebb.After
	if k.ebb > 0 && (taught || young) {
		e.Now = max(e.Now, uint8(math.Ceil(k.ebb*ebbSteps)))
	}
	window := uint64(max(k.t, 0)) / uint64(p.ebbWindow)
	if e.Window == uint8(window) {
		return
	}
	switch e.Window = uint8(window); {
	case s.has(flagOpen) && !young:
		e.Before, e.Now = 0, 0
		return
	case e.Before >= e.Known:
		e.Known = e.Before
	case window%uint64(p.ebbWindows) == 0:
		e.Known -= uint8(math.Ceil(float64(e.Known-e.Before) / p.Ebb.Days))
	}
	e.Before, e.Now = e.Now, 0
}

// ebbEvidence is that of the mean.
func (s *series) ebbEvidence(p *params, k *look, d *page) Evidence {
	x := Evidence{Channel: "ebb", Times: 1, Most: math.Inf(1)}
	switch x.Silent = s.ebbSilent(p, k, d); {
	case x.Silent != "":
		return x
	case !(k.dev < 0):
		x.Silent = "not below normal"
		return x
	case d.Ages < p.Ebb.After:
		x.Silent = "too few days seen"
		return x
	case !s.ebbSpeaks(p, k, d):
		x.Silent = "normal is hardly more than its noise"
		return x
	}
	ebb, record := s.ebbs(p, k), d.Ebb.record(p)
	if ebb <= record {
		x.Silent = "the mean has been as small a part of normal before"
		return x
	}
	x.Size, x.Quantile, x.Shape = math.Exp2(ebb), math.Exp2(record+p.Ebb.Margin), p.Ebb.Slope
	x.Seen, x.Bonus = int(d.ebbHours(p, k.t)), s.ebbBonus(p, k, d)
	x.Decades = x.Bonus + x.Shape*math.Log2(x.Size/x.Quantile)
	return x
}
