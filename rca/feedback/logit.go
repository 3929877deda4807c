package feedback

import "math"

// choice is one label as the fit sees it: the features of each row, and which row
// was chosen, or which one was not.
type choice struct {
	rows   [][]float64 // log odds are the product with the parameters
	base   []float64   // log odds that no parameter touches
	chosen int         // -1 when only the excluded one is known
	not    int
}

// logit fits the parameters of a choice among rows by penalised likelihood, that is
// by ridge regression towards center (le Cessie and van Houwelingen, "Ridge
// Estimators in Logistic Regression", 1992, on the conditional logit of McFadden,
// "Conditional Logit Analysis of Qualitative Choice Behavior", 1973). For labels
// that only exclude a row the Hessian of the convex part is used, so that every
// step goes downhill; steps are halved until they do. It takes
// O(steps * labels * rows * parameters^2).
func logit(all []choice, center []float64, ridge float64, start []float64) []float64 {
	k := len(center)
	x := append([]float64(nil), start...)
	now := penalised(all, x, center, ridge)
	for range 50 {
		g, h := make([]float64, k), make([][]float64, k)
		for i := range h {
			h[i] = make([]float64, k)
			h[i][i] = ridge
			g[i] = ridge * (x[i] - center[i])
		}
		for _, c := range all {
			c.slopes(x, g, h)
		}
		step := solve(h, g)
		best, moved := now, false
		for range 30 {
			next := make([]float64, k)
			for i := range next {
				next[i] = x[i] - step[i]
				step[i] /= 2
			}
			if f := penalised(all, next, center, ridge); f < best-1e-12 {
				x, now, moved = next, f, true
				break
			}
		}
		if !moved || best-now < 1e-10 {
			break
		}
	}
	return x
}

// odds returns the log odds of the rows.
func (c choice) odds(x []float64) []float64 {
	out := make([]float64, len(c.rows))
	for i, r := range c.rows {
		out[i] = c.base[i]
		for k, v := range r {
			out[i] += v * x[k]
		}
	}
	return out
}

// shares are the softmax of odds, with the row not left out if it is not below 0.
func shares(odds []float64, not int) (p []float64, logSum float64) {
	most := math.Inf(-1)
	for i, o := range odds {
		if i != not {
			most = math.Max(most, o)
		}
	}
	p = make([]float64, len(odds))
	sum := 0.0
	for i, o := range odds {
		if i != not {
			p[i] = math.Exp(o - most)
			sum += p[i]
		}
	}
	for i := range p {
		p[i] /= sum
	}
	return p, most + math.Log(sum)
}

func (c choice) loss(x []float64) float64 {
	odds := c.odds(x)
	_, all := shares(odds, -1)
	if c.chosen >= 0 {
		return all - odds[c.chosen]
	}
	_, rest := shares(odds, c.not)
	return all - rest
}

func penalised(all []choice, x, center []float64, ridge float64) float64 {
	sum := 0.0
	for i := range x {
		sum += ridge / 2 * (x[i] - center[i]) * (x[i] - center[i])
	}
	for _, c := range all {
		sum += c.loss(x)
	}
	return sum
}

// slopes adds gradient and Hessian of a label.
func (c choice) slopes(x, g []float64, h [][]float64) {
	odds := c.odds(x)
	p, _ := shares(odds, -1)
	m := mixed(c.rows, p, len(x))
	want := m
	if c.chosen >= 0 {
		want = c.rows[c.chosen]
	} else {
		rest, _ := shares(odds, c.not)
		want = mixed(c.rows, rest, len(x))
	}
	for i := range x {
		g[i] += m[i] - want[i]
	}
	for r, row := range c.rows {
		for i := range x {
			for j := range x {
				h[i][j] += p[r] * (row[i] - m[i]) * (row[j] - m[j])
			}
		}
	}
}

func mixed(rows [][]float64, p []float64, k int) []float64 {
	out := make([]float64, k)
	for r, row := range rows {
		for i, v := range row {
			out[i] += p[r] * v
		}
	}
	return out
}

// solve returns h^-1 g of a positive definite h, by Cholesky's decomposition; h and
// g are overwritten.
func solve(h [][]float64, g []float64) []float64 {
	n := len(g)
	for j := range n {
		for k := range j {
			h[j][j] -= h[j][k] * h[j][k]
		}
		h[j][j] = math.Sqrt(math.Max(h[j][j], 1e-12))
		for i := j + 1; i < n; i++ {
			for k := range j {
				h[i][j] -= h[i][k] * h[j][k]
			}
			h[i][j] /= h[j][j]
		}
	}
	for i := range n {
		for k := range i {
			g[i] -= h[i][k] * g[k]
		}
		g[i] /= h[i][i]
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			g[i] -= h[k][i] * g[k]
		}
		g[i] /= h[i][i]
	}
	return g
}
