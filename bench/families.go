package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// families measures what the series of a name teach those that come after them, as
// the pods of a deployment do: alarms of the first hour and day of made-up series in
// which nothing happens, and whether a spike in the first hour is told, with and
// without forerunners. One threshold over all kinds is set by the hours without spikes.
func families(args []string, out io.Writer) (figures, error) {
	flags := flag.NewFlagSet("families", flag.ContinueOnError)
	forerunners := flags.Int("forerunners", 50, "series that teach, of a week each")
	series := flags.Int("series", 200, "series of a day that are born after them")
	cfg, err := parametersFlag(flags).parse(flags, args, out)
	if err != nil {
		return nil, err
	}
	if *forerunners < 1 || *series < 1 {
		return nil, fmt.Errorf("--forerunners and --series: want at least 1, got %d and %d", *forerunners, *series)
	}
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "step\tstart\tfirst hour, of the budget\talarms on the first day\tspikes told\trecall at 1 a week\tat 1 a day\talarms of first hours, by kind")
	found := figures{}
	for _, step := range []int{60, 15} {
		alone, taught := &births{}, &births{}
		for _, k := range familyKinds {
			start, err := learned(cfg, k, step, *forerunners)
			if err != nil {
				return nil, err
			}
			for i := range *series {
				alone.add(cfg, k, step, i)
				with := cfg
				with.Start = start
				taught.add(with, k, step, i)
			}
			alone.endKind(k)
			taught.endKind(k)
		}
		alone.print(w, step, "that of all", cfg)
		taught.print(w, step, "of the family", cfg)
		name := fmt.Sprintf("_%ds", step)
		found["first_hour_over_budget"+name], found["first_hour_over_budget_alone"+name] = taught.overBudget(cfg), alone.overBudget(cfg)
		found["first_hour_recall_1fa"+name], found["first_hour_recall_1fa_alone"+name] = taught.recall(1), alone.recall(1)
	}
	return found, w.Flush()
}

// learned returns what a series starts from whose forerunners have been watched for a
// week.
func learned(cfg detector.Config, k familyKind, step, n int) (detector.Start, error) {
	bank, err := detector.NewBank(cfg, detector.WithServices(func(l labels.Labels) string { return l.Get("pod") }))
	if err != nil {
		return detector.Start{}, err
	}
	rows := 7 * 86400 / step
	pod := func(i string) labels.Labels { return labels.FromStrings(labels.MetricName, k.name, "pod", i) }
	for i := range n {
		slot, next := bank.Register(pod(strconv.Itoa(i))), k.make(rand.New(rand.NewPCG(uint64(i), 77)))
		for row := range rows {
			bank.Observe(slot, familyTime(row, step), next(row*step))
		}
	}
	bank.Sweep(familyTime(rows, step), func(detector.Verdict) {})
	return bank.Start(bank.Register(pod("new"))), nil
}

func familyTime(row, step int) int64 { return 1_700_000_000_000 + int64(row*step)*1000 }

// births is what happened to new series.
type births struct {
	series, hour, day, told int
	quiet, spiked           []float64 // highest score of each first hour; that of the spike in it
	kinds                   string
	before                  int
}

// add watches the i-th new series of a kind for a day, and for an hour with a spike.
func (b *births) add(cfg detector.Config, k familyKind, step, i int) {
	samples := make([]telemetry.Sample, 86400/step)
	values := make([]float64, len(samples))
	next := k.make(rand.New(rand.NewPCG(uint64(i), 1077)))
	for row := range samples {
		samples[row] = telemetry.Sample{T: familyTime(row, step), V: next(row * step)}
		values[row] = samples[row].V
	}
	hour, row, most := 3600/step, 0, 0.0
	l := labels.FromStrings(labels.MetricName, k.name)
	detector.Replay(cfg, l, samples, func(v detector.Verdict) {
		if v.Phase == detector.PhaseOpened {
			b.day++
			if row < hour {
				b.hour++
			}
		}
		if row < hour {
			most = max(most, v.Score)
		}
		row++
	})
	slices.Sort(values)
	middle := values[len(values)/2]
	at := hour/2 + rand.New(rand.NewPCG(uint64(i), 3)).IntN(hour/2-1)
	samples[at].V = middle + 1.3*(values[len(values)-1]-middle)
	row = 0
	detector.Replay(cfg, l, samples[:at+1], func(v detector.Verdict) {
		if row == at {
			b.spiked = append(b.spiked, v.Score)
			if v.Score >= cfg.Threshold() {
				b.told++
			}
		}
		row++
	})
	b.quiet = append(b.quiet, most)
	b.series++
}

// endKind notes the first hours of the kind that was added last.
func (b *births) endKind(k familyKind) {
	b.kinds += fmt.Sprintf(" %s %d", k.name, b.hour-b.before)
	b.before = b.hour
}

// overBudget returns the alarms of first hours of what a budget allows.
func (b *births) overBudget(cfg detector.Config) float64 {
	return float64(b.hour) / float64(b.series) * 168 / cfg.Budget
}

// recall returns the share of spikes above the threshold at which hours without one
// alarm so many times a week.
func (b *births) recall(perWeek float64) float64 {
	slices.SortFunc(b.quiet, func(a, b float64) int { return cmp.Compare(b, a) })
	threshold, found := b.quiet[int(float64(len(b.quiet))*perWeek/168)], 0
	for _, x := range b.spiked {
		if x > threshold {
			found++
		}
	}
	return float64(found) / float64(len(b.spiked))
}

func (b *births) print(w io.Writer, step int, start string, cfg detector.Config) {
	n := float64(b.series)
	fmt.Fprintf(w, "%d s\t%s\t%.1f\t%.2f\t%.2f\t%.2f\t%.2f\t%s\n", step, start, b.overBudget(cfg), float64(b.day)/n, float64(b.told)/n, b.recall(1), b.recall(7), b.kinds)
}

// familyKind makes series in which nothing happens, from the seconds since they began.
type familyKind struct {
	name string
	make func(random *rand.Rand) func(second int) float64
}

var familyKinds = []familyKind{
	{"normal", independent(func(r *rand.Rand) float64 { return 1 + 0.1*r.NormFloat64() })},
	{"laplace", independent(func(r *rand.Rand) float64 { return 10 + math.Copysign(r.ExpFloat64(), r.Float64()-0.5) })},
	{"log_normal_.5", logNormal(0.5)}, {"log_normal_1", logNormal(1)}, {"log_normal_1.5", logNormal(1.5)},
	{"student_3", independent(func(r *rand.Rand) float64 { return 50 + student3(r) })},
	{"poisson_.3", func(r *rand.Rand) func(int) float64 { return func(int) float64 { return poisson(r, 0.3) } }},
	{"poisson_5", func(r *rand.Rand) func(int) float64 { return func(int) float64 { return poisson(r, 5) } }},
	{"wanders_.9", wanders(0.9)}, {"wanders_.99", wanders(0.99)}, {"wanders_.999", wanders(0.999)},
	{"log_wanders", func(r *rand.Rand) func(int) float64 {
		y, level := 0.0, 50*math.Exp(0.7*r.NormFloat64())
		return func(int) float64 { y = 0.9*y + 0.3*r.NormFloat64(); return level * math.Exp(y) }
	}},
	{"blips", func(r *rand.Rand) func(int) float64 {
		left := 0
		return func(int) float64 {
			x := 100 + r.NormFloat64()
			if left--; left <= 0 && r.Float64() < 0.01 {
				left = 1 + r.IntN(3)
			}
			if left > 0 {
				x += 20 * (0.5 + r.ExpFloat64())
			}
			return x
		}
	}},
	{"day", func(r *rand.Rand) func(int) float64 {
		level := 100 * math.Exp(0.5*r.NormFloat64())
		return func(second int) float64 {
			return level * (1 + 0.5*math.Sin(2*math.Pi*float64(second)/86400)) * (1 + 0.05*r.NormFloat64())
		}
	}},
}

// independent is a level of its own for each series, times independent values.
func independent(value func(r *rand.Rand) float64) func(r *rand.Rand) func(int) float64 {
	return func(r *rand.Rand) func(int) float64 {
		level := 50 * math.Exp(0.7*r.NormFloat64())
		return func(int) float64 { return level * value(r) }
	}
}

func logNormal(spread float64) func(r *rand.Rand) func(int) float64 {
	return independent(func(r *rand.Rand) float64 { return math.Exp(spread * r.NormFloat64()) })
}

// wanders is normal noise, correlated with the row before.
func wanders(with float64) func(r *rand.Rand) func(int) float64 {
	return func(r *rand.Rand) func(int) float64 {
		y := r.NormFloat64()
		return func(int) float64 {
			y = with*y + math.Sqrt(1-with*with)*r.NormFloat64()
			return 100 + 10*y
		}
	}
}
