package watch

import (
	"math"
	"time"
)

// mixSpan is how many minutes two mixes are compared over.
const mixSpan = 5

// mix compares what a service says now with what it said before: spans of five
// minutes, against the running mix of the hour before.
type mix struct {
	now, usual     map[uint64]float64
	spans          int
	mean, variance float64 // of the divergence
	last           bool    // the span before was odd
}

// step adds a minute; at the end of a span it returns a part if the mix is odd for the
// second time in a row.
func (m *mix) step(s *service, minute int64, learnt bool) *Part {
	if m.now == nil {
		m.now, m.usual = map[uint64]float64{}, map[uint64]float64{}
	}
	for id, p := range s.patterns {
		if n := p.counts[minute%ring]; n > 0 {
			m.now[id] += float64(n)
		}
	}
	if minute%mixSpan != mixSpan-1 {
		return nil
	}
	defer clear(m.now)
	total := 0.0
	for _, n := range m.now {
		total += n
	}
	if total < 50 {
		m.last = false
		return nil
	}
	d := divergence(m.now, m.usual)
	limit := max(0.1, m.mean+6*math.Sqrt(m.variance))
	odd := m.spans >= 12 && d > limit
	var part *Part
	if odd && m.last && learnt {
		part = &Part{
			Kind: KindMix, Count: uint64(1000 * d), Expected: m.mean, Chance: 1e-5,
			Since: time.Unix((minute-2*mixSpan+1)*60, 0).UTC(),
		}
	}
	m.last = odd
	if m.spans++; m.spans > 1 {
		rate := 1 / float64(min(m.spans, 36))
		x := min(d, limit)
		y := x - m.mean
		m.mean += rate * y
		m.variance += rate * (y*y*(1-rate) - m.variance)
	}
	for id := range m.usual {
		if m.usual[id] *= 11.0 / 12; m.usual[id] < 0.01 {
			delete(m.usual, id)
		}
	}
	for id, n := range m.now {
		m.usual[id] += n / 12
	}
	return part
}
