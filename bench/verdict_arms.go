package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/tocsinhq/tocsin/change/verdict"
)

const (
	// armBlocks is for how many blocks two versions run side by side.
	armBlocks = 40
	// armHost is the standard deviation of how much one machine differs from others.
	armHost = 0.03
)

// armsTrial compares two halves of a real series at a time without a marked event, every
// other block for each, as if they were two versions that do alike: machines differ a
// little, and the canary's values are raised by so many robust standard deviations of
// the differences. It is judged after every block until a final word.
func (b *blocks) armsTrial(at int, size float64, random *rand.Rand) outcome {
	canary, baseline := make([]float64, armBlocks), make([]float64, armBlocks)
	var apart []float64
	host := 1 + armHost*random.NormFloat64()
	for k := range armBlocks {
		canary[k], baseline[k] = host*b.values[at+2*k], b.values[at+2*k+1]
		if d := canary[k] - baseline[k]; !math.IsNaN(d) {
			apart = append(apart, d)
		}
	}
	if size > 0 && len(apart) > 0 {
		slices.Sort(apart)
		scale := (apart[len(apart)*3/4] - apart[len(apart)/4]) / 1.349
		level := math.Abs(b.values[at])
		for k := range canary {
			canary[k] += size * max(scale, level*0.05)
		}
	}
	const step = 2 * time.Minute
	in := verdict.Input{First: b.first, Step: step, Began: b.first, Arms: &verdict.Arms{
		Label: "version", Canary: "new", Baseline: "old",
		Signals: []verdict.ArmSignal{{Name: "value", Bad: 1, Canary: canary, Baseline: baseline}},
	}}
	state := verdict.Collecting
	for k := 1; k <= armBlocks; k++ {
		in.At = in.First.Add(time.Duration(k) * step)
		v := verdict.Judge(verdict.DefaultConfig(), in)
		if state = v.State; state == verdict.Faulty {
			return outcome{state, float64(k)}
		}
	}
	return outcome{state, armBlocks}
}

// armsTime draws the first block of a comparison without a marked event in it.
func (b *blocks) armsTime(random *rand.Rand) (int, bool) {
	last := len(b.values) - 2*armBlocks
	if last <= 0 {
		return 0, false
	}
	for range 50 {
		if at := random.IntN(last); !slices.Contains(b.event[at:at+2*armBlocks], true) {
			return at, true
		}
	}
	return 0, false
}

// armsBench is the part of the bench for canaries. Its random numbers are its own, so
// that the other part draws what it always drew.
func armsBench(all []*labelled, trials int, out io.Writer) (figures, error) {
	sets := map[string]*verdictScore{}
	total := &verdictScore{}
	for n, l := range all {
		s := sets[l.set]
		if s == nil {
			s = &verdictScore{}
			sets[l.set] = s
		}
		random := rand.New(rand.NewPCG(12, uint64(n)))
		b := newBlocks(l)
		for range trials {
			at, ok := b.armsTime(random)
			if !ok {
				continue
			}
			for _, size := range verdictSizes {
				o := b.armsTrial(at, size, random)
				s.count(size, o)
				total.count(size, o)
			}
		}
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "canaries\tpairs\talike: faulty\thealthy\tapart by 4: faulty\tblocks\tby 8: faulty\tblocks\tby 16: faulty\tblocks\t")
	rows(w, sets, total)
	if err := w.Flush(); err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "A pair is every other block of one series for %d blocks, one half as the canary's, with machines that differ by %.0f%%. Apart is in robust standard deviations of the differences.\n", armBlocks, 100*armHost)
	return figures{
		"ab_false_faulty_share": total.share(0, verdict.Faulty), "ab_healthy_share": total.share(0, verdict.Healthy),
		"ab_found_share_8": total.share(8, verdict.Faulty), "ab_delay_blocks_8": total.delay(8),
	}, nil
}
