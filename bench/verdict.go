package main

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/tocsinhq/tocsin/change/verdict"
)

// verdictBench measures how often changes that did nothing are called faulty, on
// real series at times without a marked event, and how often and how soon a change
// that moved its signal is found.
func verdictBench(args []string, out io.Writer) (figures, error) {
	fs := flag.NewFlagSet("verdict", flag.ContinueOnError)
	data := fs.String("data", "../shared/data", "folder with detection/ and nab/")
	trials := fs.Int("trials", 60, "times of each series that are taken at random as those of a change")
	part := fs.String("part", "", "only the comparison with the time before (before) or of canaries (canaries)")
	fs.SetOutput(out)
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	all, err := loadDetection(*data, out)
	if err != nil {
		return nil, err
	}
	switch *part {
	case "canaries":
		return armsBench(all, *trials, out)
	case "", "before":
	default:
		return nil, fmt.Errorf("part: want before or canaries, got %q", *part)
	}
	sets := map[string]*verdictScore{}
	total := &verdictScore{}
	for n, l := range all {
		s := sets[l.set]
		if s == nil {
			s = &verdictScore{}
			sets[l.set] = s
		}
		random := rand.New(rand.NewPCG(11, uint64(n)))
		b := newBlocks(l)
		for range *trials {
			at, ok := b.quietTime(random)
			if !ok {
				continue
			}
			for _, size := range verdictSizes {
				x := b.trial(at, size)
				s.count(size, x)
				total.count(size, x)
			}
		}
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "set\tchanges\tno effect: faulty\thealthy\tshift of 4: faulty\tblocks\tof 8: faulty\tblocks\tof 16: faulty\tblocks\t")
	rows(w, sets, total)
	if err := w.Flush(); err != nil {
		return nil, err
	}
	fmt.Fprintln(out, "A shift is in robust standard deviations of the 60 blocks before. Blocks are from the end of the change to the word, the median of those found; a daemon's have two minutes.")
	found := figures{}
	if *part == "" {
		if found, err = armsBench(all, *trials, out); err != nil {
			return nil, err
		}
	}
	for name, v := range (figures{
		"false_faulty_share": total.share(0, verdict.Faulty), "healthy_share": total.share(0, verdict.Healthy),
		"found_share_8": total.share(8, verdict.Faulty), "delay_blocks_8": total.delay(8),
	}) {
		found[name] = v
	}
	return found, nil
}

// verdictSizes are the shifts, in robust standard deviations of the blocks before; 0 is a change without effect.
var verdictSizes = []float64{0, 4, 8, 16}

// outcome is the last word on a change and after how many blocks.
type outcome struct {
	state verdict.State
	after float64
}

type verdictScore struct {
	outcomes map[float64][]outcome
}

func (s *verdictScore) count(size float64, o outcome) {
	if s.outcomes == nil {
		s.outcomes = map[float64][]outcome{}
	}
	s.outcomes[size] = append(s.outcomes[size], o)
}

func (s *verdictScore) share(size float64, state verdict.State) float64 {
	n := 0
	for _, o := range s.outcomes[size] {
		if o.state == state {
			n++
		}
	}
	return float64(n) / float64(max(1, len(s.outcomes[size])))
}

func (s *verdictScore) delay(size float64) float64 {
	var d []float64
	for _, o := range s.outcomes[size] {
		if o.state == verdict.Faulty {
			d = append(d, o.after)
		}
	}
	if len(d) == 0 {
		return math.NaN()
	}
	slices.Sort(d)
	return d[len(d)/2]
}

// rows writes the score of each set, by their names, and of all together.
func rows(w io.Writer, sets map[string]*verdictScore, total *verdictScore) {
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		sets[name].row(w, name)
	}
	total.row(w, "all")
}

func (s *verdictScore) row(w io.Writer, name string) {
	fmt.Fprintf(w, "%s\t%d\t%.4f\t%.3f\t", name, len(s.outcomes[0]), s.share(0, verdict.Faulty), s.share(0, verdict.Healthy))
	for _, size := range verdictSizes[1:] {
		fmt.Fprintf(w, "%.3f\t%.0f\t", s.share(size, verdict.Faulty), s.delay(size))
	}
	fmt.Fprintln(w)
}

// blocks is a series as means of equal blocks of time.
type blocks struct {
	l      *labelled
	first  time.Time
	step   time.Duration
	values []float64
	event  []bool
}

func newBlocks(l *labelled) *blocks {
	b := &blocks{l: l, step: max(2*time.Minute, time.Duration(l.step*float64(time.Second)))}
	b.first = time.UnixMilli(l.samples[0].T).Truncate(b.step)
	n := int(time.UnixMilli(l.samples[len(l.samples)-1].T).Sub(b.first)/b.step) + 1
	b.values, b.event = make([]float64, n), make([]bool, n)
	counts := make([]int, n)
	for i, s := range l.samples {
		at := int(time.UnixMilli(s.T).Sub(b.first) / b.step)
		if at < 0 || at >= n {
			continue
		}
		b.values[at] += s.V
		counts[at]++
		b.event[at] = b.event[at] || l.inEvent(i, 0)
	}
	for i, c := range counts {
		if c == 0 {
			b.values[i] = math.NaN()
		} else {
			b.values[i] /= float64(c)
		}
	}
	return b
}

// perDay is how many blocks a day has.
func (b *blocks) perDay() int { return int(24 * time.Hour / b.step) }

// config is the default with times in proportion to the blocks, so that series of
// long blocks are looked at as often as those that a daemon has.
func (b *blocks) config() verdict.Config {
	c := verdict.DefaultConfig()
	scale := b.step / (2 * time.Minute)
	c.Before, c.Settle, c.Horizon, c.MinWatch = c.Before*scale, c.Settle*scale, c.Horizon*scale, c.MinWatch*scale
	return c
}

// quietTime draws a block after the first day, or 360 blocks of history, without a marked event in the hours around it.
func (b *blocks) quietTime(random *rand.Rand) (int, bool) {
	c := b.config()
	before, after := int(c.Before/b.step)+1, int((c.Settle+c.Horizon)/b.step)+2
	first, last := max(b.perDay(), 360)+before, len(b.values)-after
	if last <= first {
		return 0, false
	}
	for range 50 {
		at := first + random.IntN(last-first)
		if !slices.Contains(b.event[at-before:at+after], true) {
			return at, true
		}
	}
	return 0, false
}

// trial judges a change at a block, after every block until a final word. The
// values since are raised by so many robust standard deviations of those before.
func (b *blocks) trial(at int, size float64) outcome {
	c := b.config()
	history := min(at, 8*b.perDay())
	end := min(len(b.values), at+int((c.Settle+c.Horizon)/b.step)+2)
	values := slices.Clone(b.values[at-history : end])
	bad := 1
	recent := slices.DeleteFunc(slices.Clone(values[history-int(c.Before/b.step):history]), math.IsNaN)
	if size > 0 && len(recent) > 0 {
		slices.Sort(recent)
		scale := (recent[len(recent)*3/4] - recent[len(recent)/4]) / 1.349
		for i := history; i < len(values); i++ {
			values[i] += size * max(scale, math.Abs(recent[len(recent)/2])*0.05)
		}
	}
	s := verdict.Signal{Name: "value", Bad: bad, Values: values}
	for _, days := range []int{1, 7} {
		if back := days * b.perDay(); at-history-back >= -history {
			control := make([]float64, len(values))
			for i := range control {
				control[i] = math.NaN()
				if from := at - history + i - back; from >= 0 {
					control[i] = b.values[from]
				}
			}
			s.Past = append(s.Past, control)
		}
	}
	in := verdict.Input{
		First: b.first.Add(time.Duration(at-history) * b.step), Step: b.step, Signals: []verdict.Signal{s},
		Began: b.first.Add(time.Duration(at) * b.step), Ended: b.first.Add(time.Duration(at) * b.step),
	}
	for in.At = in.Ended.Add(c.Settle); ; in.At = in.At.Add(b.step) {
		v := verdict.Judge(c, in)
		if v.Final || in.At.Sub(in.Ended) > c.Settle+c.Horizon+b.step {
			return outcome{v.State, float64(in.At.Sub(in.Ended) / b.step)}
		}
	}
}
