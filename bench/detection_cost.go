package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// costStep is the distance of samples, in ms.
const costStep = 15_000

// costRounds is how many samples of each series are timed: an hour, within which each
// series learns twenty times, and once by what it foretold.
const costRounds = 3_600_000 / costStep

// costBlock is how many samples are handed over and timed at once: a write request
// brings from 500 on.
const costBlock = 500

// pace is the processor time that samples took, in nanoseconds each: what else the
// machine does meanwhile costs a sample its place in the cache, but is not counted.
type pace struct{ mean, p50, p99 float64 }

func (p pace) String() string {
	return fmt.Sprintf("%.0f ns of processor time per sample (p50 %.0f, p99 %.0f)", p.mean, p.p50, p.p99)
}

// costRun feeds a bank with made-up gauges that have a daily season.
type costRun struct {
	bank  *detector.Bank
	slots []detector.Slot
	noise []float64
	batch [costBlock]telemetry.Observation
	t     int64 // ms, of the newest samples
	step  int64 // ms
}

// feed hands every series of the run its next sample, rounds times over.
func (c *costRun) feed(rounds int) pace {
	blocks := make([]float64, 0, rounds*(len(c.slots)/costBlock+1))
	began := cpuTime()
	for range rounds {
		c.t += c.step
		t, usual := c.t, 100+10*math.Sin(2*math.Pi*float64(c.t)/86_400_000)
		for from := 0; from < len(c.slots); from += costBlock {
			block := c.slots[from:min(from+costBlock, len(c.slots))]
			start := cpuTime()
			for i, slot := range block {
				c.batch[i] = telemetry.Observation{Slot: uint64(slot), T: t, V: usual + c.noise[((from+i)*7+int(t/c.step))&(len(c.noise)-1)]}
			}
			c.bank.ObserveAll(c.batch[:len(block)], 0, len(block), func(detector.Verdict) {})
			blocks = append(blocks, float64((cpuTime()-start).Nanoseconds())/float64(len(block)))
		}
	}
	total := float64((cpuTime() - began).Nanoseconds())
	slices.Sort(blocks)
	return pace{total / float64(rounds*len(c.slots)), blocks[len(blocks)/2], blocks[len(blocks)*99/100]}
}

// cost measures processor time, memory and allocations per sample and series on one core,
// in the order of slots and in random order, young and with a daily profile.
func cost(out io.Writer, cfg detector.Config, series int, found figures) error {
	bank, err := detector.NewBank(cfg)
	if err != nil {
		return err
	}
	run := &costRun{bank: bank, step: costStep, slots: make([]detector.Slot, series), noise: make([]float64, 1<<12)}
	random := rand.New(rand.NewPCG(3, 4))
	for i := range run.noise {
		run.noise[i] = random.NormFloat64()
	}
	for i := range run.slots {
		run.slots[i] = bank.Register(labels.FromStrings("__name__", "cost", "series", strconv.Itoa(i)))
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))

	run.feed(8)
	perSeries := func() float64 { return float64(bank.Bytes()) / float64(series) }
	young := perSeries()
	youngOrder := run.feed(2)
	// On to a time of the second day that is known, in large steps, and back to those
	// of a scrape, for half an hour: until then noise is learned anew.
	run.step = 900_000
	run.feed(128)
	run.step = costStep
	run.feed(140)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	order := run.feed(costRounds)
	runtime.ReadMemStats(&after)
	allocations := max(0, float64(after.Mallocs-before.Mallocs)-costAllocations) / float64(costRounds*series)
	random.Shuffle(series, func(i, j int) { run.slots[i], run.slots[j] = run.slots[j], run.slots[i] })
	shuffled := run.feed(costRounds)

	found["ns_per_sample_order"], found["ns_per_sample_random"] = order.mean, shuffled.mean
	found["ns_p99_order"], found["ns_p99_random"] = order.p99, shuffled.p99
	found["bytes_per_series_young"], found["bytes_per_series"] = young, perSeries()
	found["allocations_per_sample"] = allocations
	fmt.Fprintf(out, "cost at %d series, young: %v in order, %.0f bytes per series\n", series, youngOrder, young)
	fmt.Fprintf(out, "cost with daily profile: %v in order, %v at random, %.0f bytes per series, %.6f allocations per sample\n",
		order, shuffled, perSeries(), allocations)
	if peak := peakMemory(); peak > 0 {
		fmt.Fprintf(out, "peak memory of the bench: %.2f GB\n", peak/1e9)
	}
	return nil
}

// costAllocations is what feed itself allocates.
const costAllocations = 2

var peakLine = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peakMemory returns the largest resident size of this process in bytes, 0 where
// the system does not say.
func peakMemory() float64 {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	m := peakLine.FindSubmatch(raw)
	if m == nil {
		return 0
	}
	kb, _ := strconv.ParseFloat(string(m[1]), 64)
	return kb * 1024
}
