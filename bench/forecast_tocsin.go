package main

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

// forecast compares the detector's forecasts with the references over all series
// together and, for the figures with a set's name, over each set.
func forecast(args []string, out io.Writer) (figures, error) {
	flags := flag.NewFlagSet("forecast", flag.ContinueOnError)
	data := flags.String("data", "../shared/data", "folder with detection/ and nab/")
	cfg, err := parametersFlag(flags).parse(flags, args, out)
	if err != nil {
		return nil, err
	}
	all, err := loadDetection(*data, out)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: no series in %s", errLacking, *data)
	}
	own := []forecastMethod{{ours, bankForecasts(cfg)}}
	bySet := map[string][]*labelled{}
	for _, l := range all {
		bySet[l.set] = append(bySet[l.set], l)
	}
	found := figures{}
	for _, set := range slices.Sorted(maps.Keys(bySet)) {
		fmt.Fprintf(out, "%s, %d series\n", set, len(bySet[set]))
		part, err := compareForecasts(bySet[set], own, out)
		if err != nil {
			return nil, err
		}
		for name, v := range part {
			found[name+"_"+strings.ToLower(set)] = v
		}
	}
	fmt.Fprintf(out, "all, %d series\n", len(all))
	whole, err := compareForecasts(all, own, out)
	if err != nil {
		return nil, err
	}
	maps.Copy(found, whole)
	return found, nil
}

// bankForecast foretells by a bank that watches one series, as the daemon's would.
type bankForecast struct {
	bank *detector.Bank
	slot detector.Slot
	last int64 // ms
}

// bankForecasts returns what makes such a forecaster for a series.
func bankForecasts(cfg detector.Config) func(*labelled) forecaster {
	return func(*labelled) forecaster {
		b, err := detector.NewBank(cfg)
		if err != nil {
			panic(err) // the configuration was checked when it was read
		}
		return &bankForecast{bank: b, slot: b.Register(labels.FromStrings(labels.MetricName, "value"))}
	}
}

func (f *bankForecast) observe(t int64, v float64) {
	f.bank.Observe(f.slot, t, v)
	f.last = t
}

func (f *bankForecast) at(seconds, level float64) (value, lower, upper float64) {
	x, ok := f.bank.Forecast(f.slot, f.last+int64(math.Round(1000*seconds)), level)
	if !ok {
		return math.NaN(), math.NaN(), math.NaN()
	}
	return x.Value, x.Lower, x.Upper
}
