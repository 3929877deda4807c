package detector

import "math"

// tail learns how rare a large value of a non-negative number is, in 12 bytes:
// a running 98 % quantile, and above it a power law whose exponent is Hill's
// estimate 1/h over the excesses. Both start from a prior and need no memory
// of past values, so a sample costs one comparison, and one logarithm for two
// samples in a hundred.
type tail struct {
	Q float32 // 98 % quantile
	H float32 // mean of log(u/Q) over excesses
	N uint16  // values seen, saturating
	K uint16  // excesses seen, saturating
}

// newTail returns a tail that starts from a quantile and a shape. What it measures
// decides the shape: a residual, the mean of a chart, a run, a sum.
func newTail(q, prior float64) tail { return tail{Q: float32(q), H: float32(prior)} }

// shape returns the exponent's inverse: what was learned, shrunk to the shape that
// the tail started from.
func (a *tail) shape(p *params, prior float64) float64 {
	if a.H == float32(prior) { // nothing was learned, as of most charts
		return prior
	}
	return prior * math.Exp(p.tailPower*math.Log(float64(a.H)/prior))
}

// keptShape is the shape of a tail once it was worked out, for as long as the tail does not
// change; 0 before. It takes a logarithm and an exponential, and a sample of an episode asks
// for it twice: by its evidence and by its band.
type keptShape float64

func (x *keptShape) of(p *params, a *tail, prior float64) float64 {
	if *x == 0 {
		*x = keptShape(a.shape(p, prior))
	}
	return float64(*x)
}

// decades returns -log10 of the probability that an ordinary value is at least
// u: 0 for u = 0, 1.7 at the quantile, and beyond it growing with log u.
func (a *tail) decades(p *params, prior, u float64) float64 {
	var kept keptShape
	return a.decadesBy(p, prior, u, &kept)
}

// decadesBy is decades, and reachBy reach, for whoever keeps the shape.
func (a *tail) decadesBy(p *params, prior, u float64, kept *keptShape) float64 {
	q := float64(a.Q)
	if u <= q {
		return p.tailDecades * (u / q) * (u / q)
	}
	return p.tailDecades + math.Log(u/q)/(math.Ln10*kept.of(p, a, prior))
}

// reach is the inverse of decades: the u at which the probability is 10^-d.
func (a *tail) reach(p *params, prior, d float64) float64 {
	var kept keptShape
	return a.reachBy(p, prior, d, &kept)
}

func (a *tail) reachBy(p *params, prior, d float64, kept *keptShape) float64 {
	if d <= p.tailDecades {
		return float64(a.Q) * math.Sqrt(max(d, 0)/p.tailDecades)
	}
	return float64(a.Q) * math.Exp((d-p.tailDecades)*kept.of(p, a, prior)*math.Ln10)
}

// young returns the factor by which the shape of a residual's tail is taken to be
// larger while it has seen few values: what else there is has yet to be shown.
func (a *tail) young(p *params, from startShape) float64 {
	if float64(a.N) >= p.Tail.FirstFor {
		return 1
	}
	return 1 + (from.first(p)-1)*(1-float64(a.N)/p.Tail.FirstFor)
}

// reachYoung is the inverse of beyond without a run.
func (a *tail) reachYoung(p *params, from startShape, d float64, kept *keptShape) float64 {
	if d > p.tailDecades {
		d = p.tailDecades + (d-p.tailDecades)*a.young(p, from)
	}
	return a.reachBy(p, from.shape(p), d, kept)
}

// learn takes in one value. An excess counts for at most twice what is usual
// and a bit, and the first few for more, so that one incident does not set the
// shape. low is the smallest the quantile may become, prior the weight of the
// prior shape in excesses. It is learnAt with its count, written out because a lesson
// calls it for each tail.
func (a *tail) learn(p *params, u, low, prior float32) {
	rate := a.count(p)
	if u <= a.Q {
		a.fall(p, rate, low)
		return
	}
	a.exceed(p, rate, u, low, prior)
}

// learnAt is learn of a value that was counted, which moves the quantile by that rate.
func (a *tail) learnAt(p *params, rate, u, low, prior float32) {
	if u <= a.Q {
		a.fall(p, rate, low)
		return
	}
	a.exceed(p, rate, u, low, prior)
}

// fall moves the quantile by a value that does not exceed it.
func (a *tail) fall(p *params, rate, low float32) {
	a.Q = atLeast(a.Q*(1-rate*p.tailShare), low)
}

// exceed moves quantile and shape by a value that exceeds the quantile.
func (a *tail) exceed(p *params, rate, u, low, prior float32) {
	if a.K < math.MaxUint16 {
		a.K++
	}
	h := float64(a.H)
	e := min(math.Log(float64(u/a.Q)), p.Tail.ExcessTimes*h+p.Tail.ExcessPlus+p.Tail.ExcessFirst/float64(a.K))
	h += (e - h) / (min(float64(a.K), p.Tail.Memory) + float64(prior))
	a.H = float32(min(max(h, p.Tail.ShapeLeast), p.Tail.ShapeMost))
	a.Q = max(a.Q*(1+rate*p.tailRest), low)
}

// beyondAgain is learn for a value beyond the quantile that goes on with the one before:
// it moves the quantile by a share of the rate at which an excess does, and is none.
func (a *tail) beyondAgain(p *params, rate float32) { a.Q *= 1 + rate*p.tailRest }

// usual returns a value, or if it is larger one that exceeds the quantile by as much as
// excesses mostly do, which tells the shape nothing new.
func (a *tail) usual(u float32) float32 { return min(u, a.Q*(1+a.H)) }

// count counts one more value and returns how far it moves the quantile.
func (a *tail) count(p *params) float32 { return a.countBy(p, p.Tail.Gain) }

// countBy is count for a quantile whose steps have another size.
func (a *tail) countBy(p *params, gain float32) float32 {
	if a.N < math.MaxUint16 {
		a.N++
	}
	if a.N < p.tailYoung {
		return gain / (float32(a.N) + p.Tail.Young)
	}
	return p.tailSlow
}

// below is learn for a value that is known to lie below the quantile.
func (a *tail) below(p *params, low float32) {
	n := a.N
	if n < math.MaxUint16 {
		n++
		a.N = n
	}
	fall := p.tailFall
	if int(n) < len(p.tailFalls) {
		fall = p.tailFalls[n]
	}
	a.Q = atLeast(a.Q*fall, low)
}

// recall lets the tail remember no more than so many values and excesses, so
// that what comes next counts for more.
func (a *tail) recall(values, excesses uint16) { a.N, a.K = min(a.N, values), min(a.K, excesses) }
