package main

import (
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"hash"
	"io"
	"math"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// digest prints a hash of all that the detector says of all series, and of the
// state that it ends in. Two versions of the code that print the same are the
// same, bit for bit, as far as these data go: what is meant for speed alone can
// be held against that. Each series is judged alone on every row (as backtest
// does), and by a bank that is asked for news only, with sweeps, forecasts and a
// checkpoint; what is in groups also row by row together.
func digest(args []string, out io.Writer) (figures, error) {
	flags := flag.NewFlagSet("digest", flag.ContinueOnError)
	data := flags.String("data", "../shared/data", "folder with detection/ and nab/")
	perSeries := flags.Bool("each", false, "print the hash of each series")
	cfg, err := parametersFlag(flags).parse(flags, args, out)
	if err != nil {
		return nil, err
	}
	all, err := loadDetection(*data, out)
	if err != nil {
		return nil, err
	}
	for _, u := range uneventful {
		all = append(all, u.series(0))
	}
	all = append(all, scraped(all[0]))
	whole, rows := sha256.New(), 0
	for _, l := range all {
		one := digester{sha256.New()}
		if err := one.series(cfg, l); err != nil {
			return nil, err
		}
		sum := one.Sum(nil)
		if whole.Write(sum); *perSeries {
			fmt.Fprintf(out, "%x %s %s\n", sum[:8], l.set, l.name)
		}
		rows += len(l.samples)
	}
	if grouped, err := loadGroups(*data, out); err != nil {
		fmt.Fprintf(out, "groups are left out: %v\n", err)
	} else {
		for _, g := range grouped {
			one := digester{sha256.New()}
			one.group(cfg, g)
			sum := one.Sum(nil)
			if whole.Write(sum); *perSeries {
				fmt.Fprintf(out, "%x %s %s\n", sum[:8], g.set, g.name)
			}
			rows += len(g.samples) * len(g.metrics)
		}
	}
	fmt.Fprintf(out, "digest of %d samples: %x\n", rows, whole.Sum(nil))
	return figures{"samples": float64(rows)}, nil
}

// scraped returns the rows of a series as the increases of a counter that is
// scraped each 15 seconds and starts again now and then.
func scraped(l *labelled) *labelled {
	out := &labelled{set: "counter", name: "digest_total", step: 15}
	sum := 0.0
	for i, s := range l.samples {
		if sum += math.Abs(s.V); i%5000 == 4999 {
			sum = 0
		}
		out.samples = append(out.samples, telemetry.Sample{T: l.samples[0].T + int64(i)*15_000, V: sum})
	}
	return out
}

// digester hashes what is said.
type digester struct{ hash.Hash }

func (d digester) numbers(all ...float64) {
	var b [8]byte
	for _, v := range all {
		binary.LittleEndian.PutUint64(b[:], math.Float64bits(v))
		d.Write(b[:])
	}
}

func (d digester) verdict(v detector.Verdict) {
	d.numbers(float64(v.Time), v.Value, v.Score, v.Expected, v.Lower, v.Upper, float64(v.Kind), float64(v.Phase),
		float64(v.Since), v.Peak, float64(v.Side))
}

func (d digester) series(cfg detector.Config, l *labelled) error {
	name := labels.FromStrings(labels.MetricName, l.name)
	detector.Replay(cfg, name, l.samples, d.verdict)
	if n := len(l.samples); n > 0 {
		x, _ := detector.ReplayExplain(cfg, 0, name, l.samples, l.samples[n*3/4].T)
		fmt.Fprintf(d, "%v", x)
	}
	bank, err := detector.NewBank(cfg, detector.WithGroups(d.verdict))
	if err != nil {
		return err
	}
	slot := bank.Register(name)
	day := int64(0)
	for i := 0; i < len(l.samples); {
		to := min(i+100, len(l.samples))
		batch := make([]telemetry.Observation, 0, 100)
		for _, s := range l.samples[i:to] {
			batch = append(batch, telemetry.Observation{Slot: uint64(slot), T: s.T, V: s.V})
		}
		bank.ObserveAll(batch, 0, len(batch), d.verdict)
		i = to
		last := l.samples[i-1].T
		bank.Sweep(last+int64(l.step*2500), d.verdict)
		if v, ok := bank.Last(slot); ok {
			d.verdict(v)
		}
		if now := last / 86_400_000; now != day {
			day = now
			for _, hours := range []int64{1, 6, 30, 72, 200} {
				f, ok := bank.Forecast(slot, last+hours*3_600_000, 0.9)
				d.numbers(f.Value, f.Lower, f.Upper, float64(f.Tried))
				if hours == 30 && ok {
					c, _ := bank.Until(slot, f.Upper, true, 10*24*time.Hour)
					d.numbers(float64(c.Likely), float64(c.Earliest), float64(c.Latest))
				}
			}
		}
	}
	return bank.Checkpoint(d)
}

func (d digester) group(cfg detector.Config, g *group) {
	metrics := make([]labels.Labels, len(g.metrics))
	for i := range metrics {
		metrics[i] = labels.FromStrings(labels.MetricName, fmt.Sprintf("m%02d", i))
	}
	times := make([]int64, len(g.samples))
	for i, s := range g.samples {
		times[i] = s.T
	}
	row := make([]float64, len(metrics))
	values := func(i int) []float64 {
		for m := range row {
			row[m] = g.metrics[m][i].V
		}
		return row
	}
	detector.ReplayGroup(cfg, metrics, times, values, func(r detector.GroupRow) {
		d.numbers(float64(r.Time), r.Score, r.Alone, float64(r.Phase), float64(r.Opened))
		for _, x := range r.Guilty {
			d.numbers(float64(x.Slot), x.Rarity, x.Share)
		}
	})
}
