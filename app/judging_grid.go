package app

import (
	"math"
	"time"

	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/signal"
)

// row is a signal of a service as values per block, the mean over its instances.
type row struct {
	values  []float64
	unit    signal.Unit
	bad     int
	symptom bool
}

// grid are the blocks of a judgement.
type grid struct {
	first time.Time
	step  time.Duration
	n     int
}

func (g grid) end() time.Time { return g.first.Add(time.Duration(g.n) * g.step) }

// signals puts series into blocks. Those of another environment are left out.
func (g grid) signals(list []rules.SignalSeries, environment string, back time.Duration) map[string]row {
	out := map[string]row{}
	counts := map[string][]int{}
	for _, s := range list {
		if environment != "" && s.Environment != "" && s.Environment != environment {
			continue
		}
		r, ok := out[s.Signal]
		if !ok {
			r = row{values: make([]float64, g.n), unit: s.Unit, bad: int(bad(s.Bad)), symptom: s.Symptom}
			out[s.Signal], counts[s.Signal] = r, make([]int, g.n)
		}
		for _, p := range s.Points {
			i := int(time.UnixMilli(p.T).Add(back).Sub(g.first)/g.step) - 1
			if i >= 0 && i < g.n && !math.IsNaN(p.V) && !math.IsInf(p.V, 0) {
				r.values[i] += p.V
				counts[s.Signal][i]++
			}
		}
	}
	for name, r := range out {
		for i, n := range counts[name] {
			if n == 0 {
				r.values[i] = math.NaN()
			} else {
				r.values[i] /= float64(n)
			}
		}
	}
	return out
}
