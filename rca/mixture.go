package rca

import (
	"math"
	"slices"
	"sort"
)

const (
	mixBase = 120 // times of a baseline at most
	// mixCalm is the share of quiet stretches that stay below what counts. A third
	// of them may hold other trouble.
	mixCalm = 0.67
	// mixLeast is the score that counts for nothing in any case, that of a test
	// statistic three deviations above its mean.
	mixLeast = 1.4
	// defaultExposure is taken for the requests behind a point when nothing is said.
	defaultExposure = 60
	mostExposure    = 1e9
)

// mixture is the counts of a node's templates or calls: a row for each time, a
// column for each series.
type mixture struct {
	rows  [][]float64
	cut   int // the first row since the onset
	width int
}

// mixed says by how much the mix of a node's templates or calls has changed since
// the onset, beyond what it does between quiet stretches of the same length. A mix
// is compared, and not each rate, because traffic moves all rates of a node
// together: what an error does is that lines which followed one another no longer
// do. New and vanished templates, and calls that are missing, are parts of it.
//
// The measure is the likelihood ratio test of homogeneity (G test) of the counts
// since with those before, as (G - df)/sqrt(2 df) under a logarithm. The last half
// of the time since counts alone if it says more, for an onset that is told early.
func (g *gauger) mixed(k kind, list []*Series) float64 {
	m, ok := g.mixtureOf(list)
	if !ok {
		return 0
	}
	n := len(m.rows) - m.cut
	before := m.sum(0, m.cut)
	now := m.against(before, m.cut, len(m.rows))
	found := 0
	for end := m.cut; end-n >= 0 && found < gaugeQuiet; end -= n {
		rest, part := slices.Clone(before), m.sum(end-n, end)
		for i := range rest {
			rest[i] -= part[i]
		}
		g.quiet[found] = m.against(rest, end-n, end)
		found++
	}
	calm := mixLeast
	if found >= gaugeFew {
		g.tmp = append(g.tmp[:0], g.quiet[:found]...)
		calm = max(calm, pickQuantile(g.tmp, mixCalm))
	}
	g.note(k, g.quiet[:found], calm)
	return max(now-calm, 0)
}

// mixtureOf turns rates per request into counts. ok is false when there is nothing
// to compare.
func (g *gauger) mixtureOf(list []*Series) (m mixture, ok bool) {
	if len(list) < 2 {
		return m, false
	}
	var times []int64
	for _, s := range list {
		for _, p := range s.Points {
			if p.T <= g.hi {
				times = append(times, p.T)
			}
		}
	}
	slices.Sort(times)
	times = slices.Compact(times)
	cut := sort.Search(len(times), func(i int) bool { return times[i] >= g.lo })
	first, last := max(cut-mixBase, 0), min(len(times), cut+gaugeSince)
	if cut-first < 2 || last == cut {
		return m, false
	}
	times = times[first:last]
	m = mixture{rows: make([][]float64, len(times)), cut: cut - first, width: len(list)}
	cells := make([]float64, len(times)*m.width)
	for i := range m.rows {
		m.rows[i] = cells[i*m.width : (i+1)*m.width]
	}
	for k, s := range list {
		row := 0
		for j, p := range s.Points {
			for row < len(times) && times[row] < p.T {
				row++
			}
			if row == len(times) {
				break
			}
			if times[row] != p.T || !finite(p.V) || p.V <= 0 {
				continue
			}
			e := float64(defaultExposure)
			if j < len(s.Exposure) && s.Exposure[j] >= 0 {
				e = s.Exposure[j]
			}
			m.rows[row][k] = min(p.V, mostExposure) * min(e, mostExposure)
		}
	}
	return m, true
}

// sum adds up the rows from a to b, without b.
func (m mixture) sum(a, b int) []float64 {
	out := make([]float64, m.width)
	for _, row := range m.rows[a:b] {
		for k, v := range row {
			out[k] += v
		}
	}
	return out
}

// against compares the rows from a to b, or the last half of them, with other counts.
func (m mixture) against(other []float64, a, b int) float64 {
	score := homogeneity(other, m.sum(a, b))
	if b-a > 1 {
		score = max(score, homogeneity(other, m.sum((a+b)/2, b)))
	}
	return score
}

// homogeneity is ln(1 + (G - df)/sqrt(2 df)) of two rows of counts, 0 when one is
// empty or both have only one entry.
func homogeneity(a, b []float64) float64 {
	sumA, sumB := 0.0, 0.0
	for i := range a {
		sumA += max(a[i], 0)
		sumB += max(b[i], 0)
	}
	if sumA <= 0 || sumB <= 0 {
		return 0
	}
	stat, df := 0.0, -1.0
	for i := range a {
		x, y := max(a[i], 0), max(b[i], 0)
		if x+y <= 0 {
			continue
		}
		df++
		share := (x + y) / (sumA + sumB)
		if x > 0 {
			stat += 2 * x * math.Log(x/(share*sumA))
		}
		if y > 0 {
			stat += 2 * y * math.Log(y/(share*sumB))
		}
	}
	if df < 1 || !finite(stat) {
		return 0
	}
	return math.Log1p(max((stat-df)/math.Sqrt(2*df), 0))
}
