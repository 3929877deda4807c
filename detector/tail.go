package detector

import "math"

// tail learns how rare a large value of a non-negative number is, in 12 bytes:
// a running 98 % quantile, and above it a power law whose exponent is Hill's
// estimate 1/h over the excesses. Both start from a prior and need no memory
// of past values, so the cost per sample is one comparison, and one logarithm
// for two samples in a hundred.
type tail struct {
	Q float32 // 98 % quantile
	H float32 // mean of log(u/Q) over excesses
	N uint16  // samples seen, saturating
	K uint16  // excesses seen, saturating
}

// Constants of the tail. The prior shape 0.3 is that of residuals of service
// metrics, heavier than Gaussian (0.13 at this quantile) and lighter than a
// cubic tail; it weighs as much as four observed excesses.
const (
	tailShare     = 0.02
	tailPrior     = 0.3
	tailWeight    = 4
	chartWeight   = 20
	tailMinShape  = 0.1
	tailMaxShape  = 4
	tailMemory    = 100  // excesses remembered by the shape
	quantileFloor = 1e-3 // slowest learning rate of the quantile
)

var tailDecades = -math.Log10(tailShare) // 1.7

func newTail(q float64) tail { return tail{Q: float32(q), H: tailPrior} }

// decades returns -log10 of the probability that an ordinary value is at least
// u: 0 for u = 0, 1.7 at the quantile, and beyond it growing with log u.
func (a *tail) decades(u float64) float64 {
	q := float64(a.Q)
	if u <= q {
		return tailDecades * (u / q) * (u / q)
	}
	return tailDecades + math.Log10(u/q)/float64(a.H)
}

// reach is the inverse of decades: the u at which the probability is 10^-d.
func (a *tail) reach(d float64) float64 {
	if d <= tailDecades {
		return float64(a.Q) * math.Sqrt(max(d, 0)/tailDecades)
	}
	return float64(a.Q) * math.Pow(10, (d-tailDecades)*float64(a.H))
}

// learn takes in one ordinary or odd value. Excesses are clipped so that one
// incident does not set the shape. low is the smallest the quantile may become.
func (a *tail) learn(u, low, prior float64) {
	if a.N < math.MaxUint16 {
		a.N++
	}
	q, rate := float64(a.Q), max(1/(float64(a.N)+20), quantileFloor)
	if u > q {
		if a.K < math.MaxUint16 {
			a.K++
		}
		h := float64(a.H)
		e := min(math.Log(u/q), 4*h+0.5)
		h += (e - h) / (min(float64(a.K), tailMemory) + prior)
		a.H = float32(min(max(h, tailMinShape), tailMaxShape))
		q *= 1 + 6*rate*(1-tailShare)
	} else {
		q *= 1 - 6*rate*tailShare
	}
	a.Q = float32(max(q, low))
}
