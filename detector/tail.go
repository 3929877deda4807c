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

// Constants of the tail. The prior shape is that of residuals of service
// metrics: heavier than Gaussian (0.13 at this quantile), lighter than a cubic
// tail (0.33). It weighs as much as a few observed excesses.
const (
	tailShare   = 0.02
	tailDecades = 1.6989700043360187 // -log10 tailShare
	tailPrior   = 0.25
	tailWeight  = 4
	chartWeight = 20 // a chart's excesses come in flocks
	tailMin     = 0.1
	tailMax     = 4
	tailMemory  = 1000 // excesses remembered by the shape
	tailRate    = 3e-4 // slowest learning rate of the quantile
	tailYoung   = 3313 // values until which the quantile learns by 1/n
	tailGain    = 6    // size of a quantile step, in shares of the quantile
	// tailPooled is the part of the shape that stays that of the prior: what all
	// series share speaks in the far tail, where one series has shown nothing.
	tailPooled = 0.1
)

func newTail(q float64) tail { return tail{Q: float32(q), H: tailPrior} }

// shape returns the exponent's inverse: what was learned, shrunk to the prior.
func (a *tail) shape() float64 {
	return tailPrior * math.Exp((1-tailPooled)*math.Log(float64(a.H)/tailPrior))
}

// decades returns -log10 of the probability that an ordinary value is at least
// u: 0 for u = 0, 1.7 at the quantile, and beyond it growing with log u.
func (a *tail) decades(u float64) float64 {
	q := float64(a.Q)
	if u <= q {
		return tailDecades * (u / q) * (u / q)
	}
	return tailDecades + math.Log(u/q)/(math.Ln10*a.shape())
}

// reach is the inverse of decades: the u at which the probability is 10^-d.
func (a *tail) reach(d float64) float64 {
	if d <= tailDecades {
		return float64(a.Q) * math.Sqrt(max(d, 0)/tailDecades)
	}
	return float64(a.Q) * math.Exp((d-tailDecades)*a.shape()*math.Ln10)
}

// learn takes in one value. An excess counts for at most twice what is usual
// and a bit, and the first few for more, so that one incident does not set the
// shape. low is the smallest the quantile may become, prior the weight of the
// prior shape in excesses.
func (a *tail) learn(u, low, prior float32) {
	if a.N < math.MaxUint16 {
		a.N++
	}
	rate := float32(tailGain * tailRate)
	if a.N < tailYoung {
		rate = tailGain / (float32(a.N) + 20)
	}
	if u <= a.Q {
		a.Q = max(a.Q*(1-rate*tailShare), low)
		return
	}
	if a.K < math.MaxUint16 {
		a.K++
	}
	h := float64(a.H)
	e := min(math.Log(float64(u/a.Q)), 2*h+0.3+1/float64(a.K))
	h += (e - h) / (min(float64(a.K), tailMemory) + float64(prior))
	a.H = float32(min(max(h, tailMin), tailMax))
	a.Q = max(a.Q*(1+rate*(1-tailShare)), low)
}

// below is learn for a value that is known to lie below the quantile.
func (a *tail) below(low float32) {
	if a.N < tailYoung {
		a.learn(0, low, tailWeight)
		return
	}
	if a.N < math.MaxUint16 {
		a.N++
	}
	a.Q = max(a.Q*(1-tailGain*tailRate*tailShare), low)
}

// recall lets the tail remember no more than so many values and excesses, so
// that what comes next counts for more.
func (a *tail) recall(values, excesses uint16) { a.N, a.K = min(a.N, values), min(a.K, excesses) }
