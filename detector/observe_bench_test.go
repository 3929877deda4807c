package detector_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
)

func BenchmarkObserve_Seasonal(b *testing.B) {
	bank := newBank(b)
	slots := make([]detector.Slot, 1000)
	for i := range slots {
		slots[i] = bank.Register(gauge("s" + strconv.Itoa(i)))
	}
	noise := make([]float64, 1<<12)
	for i := range noise {
		noise[i] = rand.NormFloat64()
	}
	i := 0
	next := func() {
		for _, slot := range slots {
			bank.Observe(slot, start+int64(i)*300_000, 100+10*math.Sin(float64(i)/46)+noise[(int(slot)*7+i)&4095])
		}
		i++
	}
	for range 500 {
		next()
	}
	b.ReportAllocs()
	for b.Loop() {
		next()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(slots)), "ns/sample")
}
