package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"text/tabwriter"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// disturbed is what a series turns into: samples, and for each the row of the
// series that it came from.
type disturbed struct {
	samples []telemetry.Sample
	origin  []int
	step    float64 // seconds
	counter bool
}

func (d *disturbed) add(t int64, v float64, row int) {
	d.samples = append(d.samples, telemetry.Sample{T: t, V: v})
	d.origin = append(d.origin, row)
}

// disturbance is one way in which data go wrong, or change without meaning.
type disturbance struct {
	name, about string
	against     string // disturbance to compare with; "clean" else
	apply       func(l *labelled, random *rand.Rand) disturbed
}

var disturbances = []disturbance{
	{"clean", "as recorded", "", func(l *labelled, _ *rand.Rand) disturbed {
		return l.rebuilt(func(d *disturbed, i int, s telemetry.Sample) { d.add(s.T, s.V, i) })
	}},
	{"duplicated", "2 % of rows sent twice", "", func(l *labelled, random *rand.Rand) disturbed {
		return l.rebuilt(func(d *disturbed, i int, s telemetry.Sample) {
			d.add(s.T, s.V, i)
			if random.IntN(50) == 0 {
				d.add(s.T, s.V, i)
			}
		})
	}},
	{"late", "2 % of rows change places with the next", "", func(l *labelled, random *rand.Rand) disturbed {
		d := l.rebuilt(func(d *disturbed, i int, s telemetry.Sample) { d.add(s.T, s.V, i) })
		for i := 0; i+1 < len(d.samples); i++ {
			if random.IntN(50) == 0 {
				d.samples[i], d.samples[i+1] = d.samples[i+1], d.samples[i]
				d.origin[i], d.origin[i+1] = d.origin[i+1], d.origin[i]
				i++
			}
		}
		return d
	}},
	{"missing", "5 % of rows left out", "", func(l *labelled, random *rand.Rand) disturbed {
		return l.rebuilt(func(d *disturbed, i int, s telemetry.Sample) {
			if random.IntN(20) != 0 {
				d.add(s.T, s.V, i)
			}
		})
	}},
	{"unit_x1000", "all values times 1000", "", func(l *labelled, _ *rand.Rand) disturbed {
		return l.rebuilt(func(d *disturbed, i int, s telemetry.Sample) { d.add(s.T, 1000*s.V, i) })
	}},
	{"unit_x1024", "all values times 1024, which rounds none", "", func(l *labelled, _ *rand.Rand) disturbed {
		return l.rebuilt(func(d *disturbed, i int, s telemetry.Sample) { d.add(s.T, 1024*s.V, i) })
	}},
	{"clock_change", "half-way the pattern comes an hour earlier", "", func(l *labelled, _ *rand.Rand) disturbed {
		half := l.samples[len(l.samples)/2].T
		return l.rebuilt(func(d *disturbed, i int, s telemetry.Sample) {
			switch {
			case s.T < half:
				d.add(s.T, s.V, i)
			case s.T >= half+3_600_000:
				d.add(s.T-3_600_000, s.V, i)
			}
		})
	}},
	{"step_1s", "the same rows a second apart", "", func(l *labelled, _ *rand.Rand) disturbed { return l.restepped(1) }},
	{"step_1h", "the same rows an hour apart", "", func(l *labelled, _ *rand.Rand) disturbed { return l.restepped(3600) }},
	{"counter", "summed up to a counter", "", func(l *labelled, _ *rand.Rand) disturbed { return l.summed(math.MaxInt) }},
	{"counter_resets", "that counter, reset every 500 rows", "counter", func(l *labelled, _ *rand.Rand) disturbed { return l.summed(500) }},
}

func (l *labelled) rebuilt(row func(d *disturbed, i int, s telemetry.Sample)) disturbed {
	d := disturbed{step: l.step}
	for i, s := range l.samples {
		row(&d, i, s)
	}
	return d
}

func (l *labelled) restepped(seconds int64) disturbed {
	d := l.rebuilt(func(d *disturbed, i int, s telemetry.Sample) {
		d.add(l.samples[0].T+int64(i)*seconds*1000, s.V, i)
	})
	d.step = float64(seconds)
	return d
}

// summed turns values into the increments of a counter that starts again at 0
// after each so many rows.
func (l *labelled) summed(reset int) disturbed {
	low, total := math.Inf(1), 0.0
	for _, s := range l.samples {
		low = min(low, s.V)
	}
	d := l.rebuilt(func(d *disturbed, i int, s telemetry.Sample) {
		if i%reset == reset-1 {
			total = 0
		}
		total += s.V - min(low, 0)
		d.add(s.T, total, i)
	})
	d.counter = true
	return d
}

// watch replays a disturbed series and returns the scores by row of the series
// it came from, the higher where a row came twice, 0 where it was left out.
func (d disturbed) watch(cfg detector.Config, rows int) []float64 {
	name := "watched"
	if d.counter {
		name = "watched_total"
	}
	scores, i := make([]float64, rows), 0
	detector.Replay(cfg, labels.FromStrings("__name__", name), d.samples, func(v detector.Verdict) {
		row := d.origin[i]
		scores[row] = max(scores[row], v.Score)
		i++
	})
	return scores
}

// effect is what the default threshold does to all series under a disturbance.
type effect struct {
	alarms, weeks, rows float64
	found, events       float64
	scores              [][]float64
}

func (e effect) perWeek() float64 { return e.alarms / e.weeks }
func (e effect) recall() float64  { return e.found / max(e.events, 1) }

func disturb(all []*labelled, cfg detector.Config, how disturbance) effect {
	var e effect
	random := rand.New(rand.NewPCG(5, 6))
	for _, l := range all {
		d := how.apply(l, random)
		scores := d.watch(cfg, len(l.samples))
		t := l.count(l.louds(scores, cfg.Threshold()), cfg.Threshold())
		e.alarms += float64(t.falseAlarms)
		e.weeks += l.weeks() * d.step / l.step
		e.rows += float64(len(l.samples) - l.skip)
		e.found += float64(t.found())
		e.events += float64(len(l.events))
		e.scores = append(e.scores, scores)
	}
	return e
}

// robustness runs the detector at its default threshold over all series under
// each disturbance and over made-up series in which there is nothing to find.
// Change of the unit and a restart must not change a score at all, but for the unit by
// what rounding does: 1,000 times two values that are alike in their last digit need not
// be, and a row at which that decides is scored anew. 1,024 times them are.
func robustness(out io.Writer, all []*labelled, cfg detector.Config, found figures) error {
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "disturbance\twhat\tfalse alarms per series-week\tchange\tper 1000 rows\trecall\tchange\tlargest change of a score")
	effects := map[string]effect{}
	for _, how := range disturbances {
		e := disturb(all, cfg, how)
		effects[how.name] = e
		base := effects["clean"]
		if how.against != "" {
			base = effects[how.against]
		}
		jump := largestChange(base.scores, e.scores)
		fmt.Fprintf(w, "%s\t%s\t%.2f\t%+.2f\t%.2f\t%.3f\t%+.3f\t%.2g\n", how.name, how.about, e.perWeek(),
			e.perWeek()-base.perWeek(), 1000*e.alarms/e.rows, e.recall(), e.recall()-base.recall(), jump)
		found["robustness_"+how.name+"_fa"] = e.perWeek()
		found["robustness_"+how.name+"_recall"] = e.recall()
		switch how.name {
		case "unit_x1000":
			found["robustness_unit_score_change"] = jump
		case "unit_x1024":
			found["robustness_unit_score_change_exact"] = jump
		}
	}
	changed, err := restarts(all, cfg)
	if err != nil {
		return err
	}
	found["robustness_restart_changed"] = float64(changed)
	fmt.Fprintf(w, "restart\tcheckpoint and restore half-way\t\t\t\t\t\t%d rows differ\n", changed)
	for _, kind := range uneventful {
		c := kind.watch(cfg)
		found["uneventful_most"] = max(found["uneventful_most"], c.perWeek()/cfg.Budget)
		found["robustness_"+kind.name+"_fa"] = c.perWeek()
		fmt.Fprintf(w, "%s\t%s, without events\t%.2f\t\t%.2f\t\t\t%d alarms in %.0f series-weeks\n", kind.name, kind.about,
			c.perWeek(), 1000*c.alarms/c.rows, int(c.alarms), c.weeks)
	}
	return w.Flush()
}

func largestChange(a, b [][]float64) float64 {
	most := 0.0
	for i := range a {
		for j := range a[i] {
			most = max(most, math.Abs(a[i][j]-b[i][j]))
		}
	}
	return most
}

// restarts counts the rows whose verdict differs between a bank that runs
// through and one that is written out and read back half-way.
func restarts(all []*labelled, cfg detector.Config) (int, error) {
	through, err := detector.NewBank(cfg)
	if err != nil {
		return 0, err
	}
	first, err := detector.NewBank(cfg)
	if err != nil {
		return 0, err
	}
	slots := make([]detector.Slot, len(all))
	for i, l := range all {
		name := labels.FromStrings("__name__", "watched", "set", l.set, "series", l.name)
		slots[i] = through.Register(name)
		if first.Register(name) != slots[i] {
			return 0, fmt.Errorf("registering %s: two banks give it two slots", l.name)
		}
		for _, s := range l.samples[:len(l.samples)/2] {
			through.Observe(slots[i], s.T, s.V)
			first.Observe(slots[i], s.T, s.V)
		}
	}
	var state bytes.Buffer
	if err := first.Checkpoint(&state); err != nil {
		return 0, fmt.Errorf("writing the checkpoint: %w", err)
	}
	second, err := detector.NewBank(cfg)
	if err != nil {
		return 0, err
	}
	if err := second.Restore(&state); err != nil {
		return 0, fmt.Errorf("reading the checkpoint back: %w", err)
	}
	differ := 0
	for i, l := range all {
		for _, s := range l.samples[len(l.samples)/2:] {
			a, aTold := through.Observe(slots[i], s.T, s.V)
			b, bTold := second.Observe(slots[i], s.T, s.V)
			if aTold != bTold || a.Phase != b.Phase || a.Kind != b.Kind || !same(a.Score, b.Score) ||
				!same(a.Expected, b.Expected) || !same(a.Lower, b.Lower) || !same(a.Upper, b.Upper) {
				differ++
			}
		}
	}
	return differ, nil
}

// same says whether two numbers are the same to the bit, or both not numbers.
func same(a, b float64) bool { return a == b || a != a && b != b }
