package main

import (
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

// budgetBench measures how many alarms a service in which nothing is wrong raises of
// those that its budget allows, by week of its life.
func budgetBench(args []string, out io.Writer) (figures, error) {
	flags := flag.NewFlagSet("budget", flag.ContinueOnError)
	var (
		series  = flags.String("series", "1,3,10,30", "numbers of series of a service")
		steps   = flags.String("steps", "60", "seconds between samples")
		budgets = flags.String("budgets", "1", "false alarms allowed per week")
		weeks   = flags.Int("weeks", 10, "weeks of each service's life")
		rows    = flags.Int("samples", 10_000_000, "samples of all services of a line, at least one service")
		natures = flags.String("natures", "", "names of natures, all if empty")
	)
	cfg, err := parametersFlag(flags).parse(flags, args, out)
	if err != nil {
		return nil, err
	}
	var cells []*budgetCell
	for _, n := range budgetNatures {
		if *natures != "" && !strings.Contains(","+*natures+",", ","+n.name+",") {
			continue
		}
		for _, step := range strings.Split(*steps, ",") {
			for _, size := range strings.Split(*series, ",") {
				for _, budget := range strings.Split(*budgets, ",") {
					c := &budgetCell{nature: n, weeks: *weeks}
					if c.step, err = strconv.Atoi(step); err != nil || c.step < 1 {
						return nil, fmt.Errorf("--steps: want whole numbers of seconds, got %q", step)
					}
					if c.series, err = strconv.Atoi(size); err != nil || c.series < 1 {
						return nil, fmt.Errorf("--series: want whole numbers, got %q", size)
					}
					if c.budget, err = strconv.ParseFloat(budget, 64); err != nil {
						return nil, fmt.Errorf("--budgets: want numbers, got %q", budget)
					}
					if c.config, err = budgeted(cfg, c.budget); err != nil {
						return nil, fmt.Errorf("--budgets: %w", err)
					}
					c.services = min(max(*rows/(c.series**weeks*7*86400/c.step), 1), 400)
					cells = append(cells, c)
				}
			}
		}
	}
	if len(cells) == 0 || *weeks < 4 {
		return nil, fmt.Errorf("--natures, --weeks: want a nature that is known and four weeks at least, got %q and %d", *natures, *weeks)
	}
	sideBySide(len(cells), func(i int) { cells[i].watch() })
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "nature\tseries\tstep\tbudget\tservices\tweek 1\t2\t3\t4 to 6\tlater\tall\talarms\tcharged\tby the group\twhat\t")
	for _, c := range cells {
		c.print(w)
	}
	return budgetFigures(cells), w.Flush()
}

// budgetCell is services of one nature, size, step and budget.
type budgetCell struct {
	nature           budgetNature
	series, step     int
	budget           float64
	config           detector.Config
	services, weeks  int
	alarms           []int // by week of life
	charged, grouped int
}

// budgeted returns a configuration with another budget, which a replay would take for
// none if it is out of range.
func budgeted(cfg detector.Config, budget float64) (detector.Config, error) {
	var err error
	cfg.Budget = budget
	cfg.Validate(func(path, format string, args ...any) {
		err = fmt.Errorf("%s: "+format, append([]any{path}, args...)...)
	})
	return cfg, err
}

func (c *budgetCell) watch() {
	c.alarms = make([]int, c.weeks)
	metrics := make([]labels.Labels, c.series)
	for i := range metrics {
		metrics[i] = labels.FromStrings(labels.MetricName, "m"+strconv.Itoa(i))
		if c.nature.counter {
			metrics[i] = labels.FromStrings(labels.MetricName, "m"+strconv.Itoa(i)+"_total")
		}
	}
	times := make([]int64, c.weeks*7*86400/c.step)
	for i := range times {
		times[i] = budgetStart + int64(i*c.step)*1000
	}
	for n := range c.services {
		r := rand.New(rand.NewPCG(uint64(n), uint64(c.series*100_000+c.step)))
		next := make([]func(int, float64) float64, c.series)
		for i := range next {
			next[i] = c.nature.make(r, i)
		}
		values, common := make([]float64, c.series), 0.0
		detector.ReplayGroup(c.config, metrics, times, func(row int) []float64 {
			common = 0.7*common + 0.71*r.NormFloat64()
			for i := range values {
				values[i] = next[i](row*c.step, common)
			}
			return values
		}, func(row detector.GroupRow) {
			if !row.Alarm {
				return
			}
			c.alarms[(row.Time-budgetStart)/(7*86_400_000)]++
			if row.Charged {
				c.charged++
			}
			if row.Opened == 0 {
				c.grouped++
			}
		})
	}
}

// budgetStart is a Monday, 00:00 UTC.
const budgetStart = 1_700_438_400_000

// of returns alarms and what was allowed in the weeks [from, to) of life.
func (c *budgetCell) of(from, to int) (alarms int, allowed float64) {
	for _, n := range c.alarms[from:min(to, c.weeks)] {
		alarms += n
	}
	return alarms, float64(min(to, c.weeks)-from) * float64(c.services) * c.budget
}

func (c *budgetCell) print(w io.Writer) {
	fmt.Fprintf(w, "%s\t%d\t%d s\t%g\t%d", c.nature.name, c.series, c.step, c.budget, c.services)
	for _, span := range [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 6}, {6, c.weeks}, {0, c.weeks}} {
		if span[0] >= c.weeks {
			fmt.Fprint(w, "\t-")
			continue
		}
		n, allowed := c.of(span[0], span[1])
		fmt.Fprintf(w, "\t%.2f", float64(n)/allowed)
	}
	n, _ := c.of(0, c.weeks)
	fmt.Fprintf(w, "\t%d\t%d\t%d\t%s\t\n", n, c.charged, c.grouped, c.nature.about)
}

// budgetFigures sums up the cells: how far they are from what is allowed, and how many
// by more than 30 % and chance.
func budgetFigures(cells []*budgetCell) figures {
	found := figures{}
	for _, span := range []struct {
		name     string
		from, to int
	}{{"first", 0, 3}, {"then", 3, 6}, {"later", 3, 1 << 30}} {
		outside, off, all, want := 0.0, 0.0, 0.0, 0.0
		for _, c := range cells {
			n, allowed := c.of(span.from, span.to)
			all, want = all+float64(n)/allowed, want+1
			if d := math.Abs(float64(n)-allowed) - 0.3*allowed; d > 2*math.Sqrt(allowed) {
				outside++
			}
			off += math.Abs(math.Log(max(float64(n), 0.5) / allowed))
		}
		found["spent_"+span.name] = all / want
		found["outside_"+span.name] = outside / want
		found["off_"+span.name] = off / want
	}
	return found
}
