package store_test

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/value"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/telemetry"
)

// offered is a sample: of floats, of native histograms, or of both in turns.
type offered struct {
	sampleKey
	other int // 1: another value than that of most
}

func (s offered) histogram() bool { return s.i%4 == 2 || s.i%4 == 3 && s.t%3 == 0 }

// bits are those of a float, or the number in a histogram.
func (s offered) bits() uint64 {
	h := (uint64(s.i)<<48 ^ uint64(s.t)) * 0x9e3779b97f4a7c15
	if s.histogram() {
		return 1 + h>>58 + 100*uint64(s.other)
	}
	if s.i%4 == 0 && s.t%17 == 0 && s.other == 0 {
		return value.StaleNaN
	}
	return math.Float64bits(float64(h>>54 + 2000*uint64(s.other)))
}

func (s offered) ofCount() *histogram.Histogram {
	h := oneHistogram()
	h.Count, h.PositiveBuckets = s.bits(), []int64{int64(s.bits())}
	return h
}

// labels: half of the series go after a while and come again, others never come again.
func (s offered) labels() []string {
	ls := []string{"__name__", "together", "i", fmt.Sprint(s.i)}
	if s.i%3 == 1 {
		ls = append(ls, "era", fmt.Sprint(s.t/(25*60_000)))
	}
	return ls
}

func (s offered) entry() sinktest.Entry {
	e := sinktest.Entry{Labels: s.labels()}
	if s.histogram() {
		e.Histograms = []telemetry.HistogramSample{{T: s.t, Int: s.ofCount()}}
	} else {
		e.Samples = []telemetry.Sample{{T: s.t, V: math.Float64frombits(s.bits())}}
		if s.t%5 == 0 && s.bits() != value.StaleNaN {
			e.Exemplars = []telemetry.Exemplar{trace(s.t, 1, fmt.Sprint(s.t))}
		}
	}
	return e
}

// pick makes a sample: new, late, one that was offered before, or another value of it.
func (x *together) pick(r *rand.Rand, recent *[]offered) offered {
	now := x.now.Load()
	if n := len(*recent); n > 0 && r.IntN(5) == 0 {
		s := (*recent)[r.IntN(n)]
		if s.t > now-togetherWindow.Milliseconds()*3/4 {
			x.repeated.Add(1)
			if s.t%otherValues == 0 && r.IntN(2) == 0 {
				s.other = 1 - s.other
			}
			return s
		}
	}
	s := offered{sampleKey: sampleKey{i: r.IntN(togetherSeries), t: now - r.Int64N(20)}}
	switch r.IntN(3) {
	case 0:
		s.sampleKey = sampleKey{i: 2, t: x.now.Add(1)} // newer than all, of one that all write to
	case 1:
		s.t = now - r.Int64N(togetherWindow.Milliseconds()*3/4)
	}
	if s.i%4 == 1 && now/(20*60_000)%3 == 0 { // away
		s.i--
	}
	if *recent = append(*recent, s); len(*recent) > 40 {
		*recent = (*recent)[20:]
	}
	return s
}
