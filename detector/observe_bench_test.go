package detector_test

import (
	"math"
	"math/rand/v2"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
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

// BenchmarkObserve_Scrape hands over batches of samples that are 15 seconds apart,
// of series with all memories, in the order of their slots and at random.
func BenchmarkObserve_Scrape(b *testing.B) {
	const n = 20_000
	bank := newBank(b)
	batch := make([]telemetry.Observation, n)
	for i := range batch {
		batch[i].Slot = uint64(bank.Register(gauge("s" + strconv.Itoa(i))))
	}
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]float64, 1<<12)
	for i := range noise {
		noise[i] = random.NormFloat64()
	}
	t := int64(start)
	round := func(step int64) {
		t += step
		usual := 100 + 10*math.Sin(2*math.Pi*float64(t)/86_400_000)
		for i := range batch {
			batch[i].T, batch[i].V = t, usual+noise[(int(batch[i].Slot)*7+int(t/15_000))&4095]
		}
	}
	for range 200 {
		round(900_000)
		bank.ObserveAll(batch, 0, len(batch), func(detector.Verdict) {})
	}
	for range 600 {
		round(15_000)
		bank.ObserveAll(batch, 0, len(batch), func(detector.Verdict) {})
	}
	for _, order := range []string{"slots", "random"} {
		b.Run("order="+order, func(b *testing.B) {
			if order == "random" {
				random.Shuffle(n, func(i, j int) { batch[i], batch[j] = batch[j], batch[i] })
			}
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			rounds, spent := 0, time.Duration(0)
			for b.Loop() {
				round(15_000)
				begin := threadTime()
				bank.ObserveAll(batch, 0, len(batch), func(detector.Verdict) {})
				spent += threadTime() - begin
				rounds++
			}
			b.ReportMetric(float64(spent.Nanoseconds())/float64(rounds*n), "cpu-ns/sample")
		})
	}
}

// threadTime returns the processor time of this thread, which other work on the
// machine does not change.
func threadTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(1, &u); err != nil { // RUSAGE_THREAD
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
