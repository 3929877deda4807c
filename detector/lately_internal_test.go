package detector

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
)

// noisySeries gives so many samples of noise to a new bank and calls each with the series after every one.
func noisySeries(t *testing.T, seed uint64, step int64, n int, each func(i int, s *series)) (*series, *page) {
	t.Helper()
	b, err := NewBank(DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	r, slot := rand.New(rand.NewPCG(seed, 52)), b.Register(labels.FromStrings(labels.MetricName, "x"))
	s := &b.series.at(int(slot.place()) / chunkSize).series[slot.place()%chunkSize]
	for i := range n {
		b.Observe(slot, 1_767_571_200_000+int64(i)*step*1000, 100+5*r.NormFloat64())
		each(i, s)
	}
	return s, b.days.at(s.Page)
}

// A day of samples each second teaches a quarter of an hour by five lessons: by single samples its offset would be
// half as large as the noise, and charts would be beyond all that they know. The mean of the last minutes is less
// than a tenth of that.
func TestPage_ManySamplesAMinute_LearnsMeansAndNotNoise(t *testing.T) {
	for step, most := range map[int64]float64{1: 0.1, 5: 0.2, 15: 0.35} {
		for seed := range uint64(3) {
			s, d := noisySeries(t, seed, step, int(30*3600/step), func(int, *series) {})
			sum, n := 0.0, 0.0
			for i, o := range d.Day {
				if d.known(uint8(i)) {
					off := (s.Long + d.Unit.value()*float64(o) - 100) / 5 // deviations
					sum, n = sum+off*off, n+1
				}
			}
			if off := math.Sqrt(sum / n); n < 90 || off > most {
				t.Errorf("step %d s, seed %d: quarters are off by %.2f deviations of the noise (%.0f known, %d samples), want %v at most", step, seed, off, n, s.N, most)
			}
		}
	}
}

// A leap is no chance: the page learns what the sample is off by, and not the mean with those before it.
func TestLately_SampleFarFromItsMean_StandsForItself(t *testing.T) {
	p := defaults()
	for _, c := range []struct {
		step, changes float32
		x, want       float64
	}{
		{1, 1, 103, 7},     // the longest mean that lies within three minutes
		{5, 1, 103, 8},     // the one in the middle
		{15, 1, 103, 9},    // the shortest
		{30, 1, 103, 9},    // likewise
		{60, 1, 103, 3},    // none: the sample
		{1, 1, 160, 60},    // a leap
		{1, 0.05, 103, 3},  // it seldom changes
		{15, 1, 70, -30},   // a leap down
		{15, 1, 80, 9},     // not so far
		{300, 1, 108, 8},   // each sample is a lesson
		{1, 1, 107.5, 7},   // near
		{15, 1, 100, 9},    // normal
		{30, 0.05, 100, 0}, // and seldom another
	} {
		s := series{N: 10000, Step: c.step, ChangeRate: c.changes, Slow: 107, Mid: 108, Fast: 109}
		k := look{sight: sight{glance: glance{x: c.x}, anchor: 100}, unit: 10}
		if got := s.lately(p, &k); got != c.want {
			t.Errorf("%+v: got %.3f", c, got)
		}
	}
}
