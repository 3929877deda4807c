package main

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/sync/errgroup"

	"github.com/tocsinhq/tocsin/detector"
)

// aroundGroups are the groups of parameters that around moves: those that a score
// follows from. Of a set of a hundred events one more or less is found, or not, by a
// parameter that is a hundredth larger, so that a figure of one setting says little of
// what it is worth; means over its neighbours do.
var aroundGroups = []string{"Forecast", "Scale", "Power", "Tail", "Charts", "Storms", "Evidence", "Calibration", "Calendar", "Novelty"}

// around runs detection and nab with settings drawn about the chosen one and returns the
// means of their figures, beside those of the setting itself.
func around(args []string, out io.Writer) (figures, error) {
	flags := flag.NewFlagSet("around", flag.ContinueOnError)
	data := flags.String("data", "../shared/data", "folder with detection/ and nab/")
	draws := flags.Int("draws", 24, "settings that are drawn")
	by := flags.Float64("by", 0.06, "deviation of the logarithm of each parameter")
	cfg, err := parametersFlag(flags).parse(flags, args, out)
	if err != nil {
		return nil, err
	}
	if *draws < 2 || !(*by > 0 && *by <= 1) {
		return nil, fmt.Errorf("--draws %d, --by %v: want two draws or more, and a deviation above 0, of 1 at most", *draws, *by)
	}
	all, err := loadDetection(*data, out)
	if err != nil {
		return nil, err
	}
	files, err := loadNAB(filepath.Join(*data, "nab"), io.Discard) // its remarks are said
	if err != nil {
		return nil, err
	}
	chosen := detector.DefaultParameters()
	if cfg.Parameters != nil {
		chosen = *cfg.Parameters
	}
	each := make([]figures, *draws+1) // the first is of the setting itself
	sideBySide(len(each), func(i int) {
		p := chosen
		if i > 0 {
			// Draws 1 and 2 lie on either side of the setting, and so on: slopes cancel out.
			side := float64(1 - 2*((i-1)%2))
			moved(&p, rand.New(rand.NewPCG(uint64((i-1)/2), 60)), side**by)
		}
		each[i] = figuresOf(p, all, files)
	})
	return printAround(out, each)
}

// sideBySide calls do with 0 to n-1, as many at a time as there are processors.
func sideBySide(n int, do func(i int)) {
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		group.Go(func() error {
			do(i)
			return nil
		})
	}
	group.Wait() //nolint:errcheck // do fails in nothing
}

// moved multiplies every parameter of aroundGroups that is no count by the exponential
// of a normal number times by, within its range.
func moved(p *detector.Parameters, random *rand.Rand, by float64) {
	ranges := map[string]detector.Parameter{}
	for _, x := range p.All() {
		ranges[x.Name] = x
	}
	v := reflect.ValueOf(p).Elem()
	for _, group := range aroundGroups {
		g := v.FieldByName(group)
		for j := range g.NumField() {
			name := group + "." + g.Type().Field(j).Name
			if f := g.Field(j); f.Kind() != reflect.Array {
				move(f, ranges[name], random, by)
			} else if !strings.HasSuffix(name, ".Window") { // which are counts, and multiples
				for k := range f.Len() {
					move(f.Index(k), ranges[fmt.Sprintf("%s[%d]", name, k)], random, by)
				}
			}
		}
	}
}

func move(f reflect.Value, x detector.Parameter, random *rand.Rand, by float64) {
	if f.CanFloat() {
		f.SetFloat(min(max(x.Value*math.Exp(by*random.NormFloat64()), x.Low), x.High))
	}
}

// figuresOf returns what detection and nab report of parameters.
func figuresOf(p detector.Parameters, all, files []*labelled) figures {
	cfg := detector.DefaultConfig()
	cfg.Parameters = &p
	found := figures{}
	results, together := compare(all, []method{{ours, ownScores(cfg)}})
	recallFigures(results, found)
	found["recall_1fa_one_threshold"] = together[ours][1]
	falseAlarms(io.Discard, all, cfg, found)
	scores := make([][]float64, len(files))
	for i, l := range files {
		scores[i] = rested(alertScores(cfg, l))
	}
	found["nab_standard"] = nabScores(files, scores)[0].score
	return found
}

// printAround prints each figure of the setting itself, its mean over the settings
// drawn and their deviation, and returns means and deviations.
func printAround(out io.Writer, each []figures) (figures, error) {
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprintf(w, "figure\tsetting\tmean of %d about it\tdeviation\n", len(each)-1)
	found := figures{}
	for _, name := range slices.Sorted(maps.Keys(each[0])) {
		sum, squares, n := 0.0, 0.0, float64(len(each)-1)
		for _, f := range each[1:] {
			sum += f[name]
			squares += f[name] * f[name]
		}
		mean := sum / n
		deviation := math.Sqrt(max(squares/n-mean*mean, 0) * n / (n - 1))
		found[name], found[name+"_deviation"] = mean, deviation
		fmt.Fprintf(w, "%s\t%.3f\t%.3f\t%.3f\n", name, each[0][name], mean, deviation)
	}
	return found, w.Flush()
}
