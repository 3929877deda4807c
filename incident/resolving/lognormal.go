package resolving

import "math"

// lognormal is the distribution of a duration whose logarithm is normal.
type lognormal struct{ mu, sigma float64 }

// Where nothing is known: half of the incidents that companies publish end within
// two hours ("The VOID Report 2022", Verica); those that are found by machines are
// shorter. It counts as much as priorFirst incidents.
const (
	firstMu    = 8.19 // ln of an hour, in seconds
	firstSigma = 1.4
	priorFirst = 2
	// prior is how many incidents the wider level counts for beside a narrower one.
	prior = 8
	// leastSigma keeps equal durations from looking like certainty.
	leastSigma = 0.25
	rounds     = 30
)

// observation is a duration in log seconds with its weight. A censored one lasted
// at least so long.
type observation struct {
	x        float64
	weight   float64
	censored bool
}

// shrunk fits a lognormal to observations, beside n pseudo-observations of the
// distribution of the level above. Censored ones are replaced by what is to be
// expected of them under the fit, until it stands (Dempster, Laird and Rubin,
// "Maximum Likelihood from Incomplete Data via the EM Algorithm", 1977). It takes
// O(rounds * n).
func shrunk(above lognormal, n float64, all []observation) lognormal {
	now := above
	for range rounds {
		sum, weight := n*above.mu, n
		moments := make([][2]float64, len(all))
		for i, o := range all {
			m1, m2 := o.x, o.x*o.x
			if o.censored {
				m1, m2 = now.beyond(o.x)
			}
			moments[i] = [2]float64{m1, m2}
			sum += o.weight * m1
			weight += o.weight
		}
		mu := sum / weight
		spread := n * (above.sigma*above.sigma + (above.mu-mu)*(above.mu-mu))
		for i, o := range all {
			spread += o.weight * (moments[i][1] - 2*mu*moments[i][0] + mu*mu)
		}
		next := lognormal{mu, math.Max(math.Sqrt(math.Max(spread/weight, 0)), leastSigma)}
		done := math.Abs(next.mu-now.mu)+math.Abs(next.sigma-now.sigma) < 1e-9
		now = next
		if done {
			break
		}
	}
	return now
}

// beyond returns the first two moments of a normal that is known to be above x.
func (l lognormal) beyond(x float64) (m1, m2 float64) {
	a := (x - l.mu) / l.sigma
	h := hazard(a)
	m1 = l.mu + l.sigma*h
	v := l.sigma * l.sigma * (1 + a*h - h*h)
	return m1, math.Max(v, 0) + m1*m1
}

// hazard is the density of a standard normal at a over what lies above.
func hazard(a float64) float64 {
	if a > 30 {
		return a + 1/a // what is left of the series far out
	}
	return math.Exp(-a*a/2) / math.Sqrt(2*math.Pi) / upper(a)
}

// upper is the part of a standard normal above a.
func upper(a float64) float64 { return math.Erfc(a/math.Sqrt2) / 2 }

// survival is the probability to last longer than t seconds.
func (l lognormal) survival(t float64) float64 {
	if t <= 0 {
		return 1
	}
	return upper((math.Log(t) - l.mu) / l.sigma)
}
