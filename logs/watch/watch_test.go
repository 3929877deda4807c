package watch_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/logs/template"
	"github.com/tocsinhq/tocsin/logs/watch"
	"github.com/tocsinhq/tocsin/telemetry"
)

var start = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// desk is a miner and a watcher whose time is driven by the lines.
type desk struct {
	t      *testing.T
	miner  *template.Miner
	watch  *watch.Watcher
	random *rand.Rand
	match  template.Match
	now    time.Time
	found  []watch.Finding
	place  string // environment of the lines
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	m := template.New(template.DefaultConfig())
	w, err := watch.New(watch.DefaultConfig(), m)
	if err != nil {
		t.Fatal(err)
	}
	return &desk{t: t, miner: m, watch: w, random: rand.New(rand.NewPCG(5, 6)), now: start}
}

func (d *desk) line(sev telemetry.Severity, text string) {
	at := d.now.UnixNano() + d.random.Int64N(int64(59*time.Second))
	d.miner.Mine("pay", sev, nil, []byte(text), at, &d.match)
	d.watch.Observe("pay", []byte(d.place), sev, &d.match, at, []byte(text))
}

// poisson draws a count.
func (d *desk) poisson(mean float64) int {
	n, p := 0, d.random.ExpFloat64()
	for p < mean {
		n++
		p += d.random.ExpFloat64()
	}
	return n
}

// minutes lets n minutes of ordinary lines go by, with what more comes in each.
func (d *desk) minutes(n int, more func(i int)) {
	for i := range n {
		for range d.poisson(40) {
			d.line(telemetry.SeverityInfo, fmt.Sprintf("order %d paid in %d ms", d.random.IntN(1e6), 10+d.random.IntN(30)))
		}
		for range d.poisson(8) {
			d.line(telemetry.SeverityInfo, fmt.Sprintf("cache hit=%t", d.random.IntN(2) == 0))
		}
		for range d.poisson(0.2) {
			d.line(telemetry.SeverityWarn, "card declined by the bank")
		}
		d.line(telemetry.SeverityInfo, "heartbeat")
		if more != nil {
			more(i)
		}
		d.now = d.now.Add(time.Minute)
		d.found = append(d.found, d.watch.Step(d.now.Add(31*time.Second))...)
	}
}

// kinds are those of the parts of all findings, each once, and the phases in order.
func kinds(all []watch.Finding) (of []watch.Kind, phases []watch.Phase) {
	for _, f := range all {
		phases = append(phases, f.Phase)
		for _, p := range f.Parts {
			if !slices.Contains(of, p.Kind) {
				of = append(of, p.Kind)
			}
		}
	}
	return of, phases
}

func TestWatch_OrdinaryDaysAreQuiet(t *testing.T) {
	d := newDesk(t)
	d.minutes(3*24*60, nil)
	if len(d.found) > 1 { // three days at a share of 0.001
		for _, f := range d.found {
			t.Logf("%s: %s", f.At.Format(time.TimeOnly), f.Summary())
		}
		t.Errorf("%d findings in three ordinary days, want at most one", len(d.found))
	}
}

func TestWatch_FindsEachKind(t *testing.T) {
	for name, c := range map[string]struct {
		want   watch.Kind
		grave  bool
		during func(d *desk, i int)
	}{
		"new error": {watch.KindNew, true, func(d *desk, i int) {
			d.line(telemetry.SeverityError, fmt.Sprintf("no route to ledger after %d tries", i+3))
		}},
		"burst": {watch.KindBurst, false, func(d *desk, _ int) {
			for range 25 {
				d.line(telemetry.SeverityWarn, "card declined by the bank")
			}
		}},
		"mix": {watch.KindMix, false, func(d *desk, _ int) {
			for range 200 {
				d.line(telemetry.SeverityInfo, fmt.Sprintf("retrying call %d of the ledger", d.random.IntN(9)))
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.minutes(200, nil)
			d.found = nil
			d.minutes(15, func(i int) { c.during(d, i) })
			got, phases := kinds(d.found)
			if !slices.Contains(got, c.want) || len(phases) == 0 || phases[0] != watch.Opened {
				t.Fatalf("got kinds %v, phases %v; want %s", got, phases, c.want)
			}
			f := d.found[0]
			if f.Errors != c.grave {
				t.Errorf("errors is %v: %+v", f.Errors, f)
			}
			if c.want != watch.KindMix && (f.Parts[0].Example == "" || !strings.Contains(f.Summary(), "normal") && !strings.Contains(f.Summary(), "new")) {
				t.Errorf("got %q with example %q", f.Summary(), f.Parts[0].Example)
			}
			if d.found[len(d.found)-1].At.Sub(f.At) > 20*time.Minute {
				t.Errorf("one disturbance made findings at %s and %s", f.At, d.found[len(d.found)-1].At)
			}
		})
	}
}

func TestWatch_SilenceOfAHeartbeat(t *testing.T) {
	d := newDesk(t)
	d.minutes(200, nil)
	d.found = nil
	for range 12 { // all goes on but the heartbeat
		for range d.poisson(40) {
			d.line(telemetry.SeverityInfo, fmt.Sprintf("order %d paid in %d ms", d.random.IntN(1e6), 10+d.random.IntN(30)))
		}
		d.now = d.now.Add(time.Minute)
		d.found = append(d.found, d.watch.Step(d.now.Add(31*time.Second))...)
	}
	for _, f := range d.found {
		for _, p := range f.Parts {
			if p.Kind == watch.KindSilence && p.Text == "heartbeat" {
				return
			}
		}
	}
	t.Errorf("the silence was not told: %+v", d.found)
}

func TestWatch_SimultaneousOnesAreOneFindingThatEnds(t *testing.T) {
	d := newDesk(t)
	d.minutes(200, nil)
	d.found = nil
	d.minutes(5, func(int) {
		for range 20 {
			d.line(telemetry.SeverityError, "ledger timed out")
			d.line(telemetry.SeverityError, "order could not be stored")
			d.line(telemetry.SeverityWarn, "card declined by the bank")
		}
	})
	d.minutes(30, nil)
	opened, closed := 0, 0
	for _, f := range d.found {
		switch f.Phase {
		case watch.Opened:
			opened++
		case watch.Closed:
			closed++
			if len(f.Parts) < 3 {
				t.Errorf("closed with %d parts, want the three at least", len(f.Parts))
			}
		}
	}
	if opened != 1 || closed != 1 {
		t.Errorf("opened %d times and closed %d times: %+v", opened, closed, d.found)
	}
}

func TestWatch_RareOneReturns(t *testing.T) {
	d := newDesk(t)
	d.line(telemetry.SeverityError, "disk is full")
	d.minutes(120, nil)
	d.found = nil
	d.now = d.now.Add(8 * 24 * time.Hour)
	d.watch.Step(d.now)
	d.minutes(3, func(i int) {
		if i == 1 {
			d.line(telemetry.SeverityError, "disk is full")
		}
	})
	got, _ := kinds(d.found)
	if !slices.Contains(got, watch.KindReturned) {
		t.Errorf("got %v: %+v", got, d.found)
	}
}

func TestNewSince_IsAFactAboutAChange(t *testing.T) {
	d := newDesk(t)
	d.minutes(120, nil)
	change := d.now
	d.minutes(5, func(i int) { d.line(telemetry.SeverityError, fmt.Sprintf("cannot parse field %q", "amount")) })
	got, learnt := d.watch.NewSince("pay", change, d.now)
	if !learnt || len(got) != 1 || got[0].Text != `cannot parse field "amount"` || got[0].Severity != telemetry.SeverityError {
		t.Errorf("got %+v, %v", got, learnt)
	}
	if before, _ := d.watch.NewSince("pay", change.Add(-time.Hour), change.Add(-time.Minute)); len(before) != 0 {
		t.Errorf("before the change: %+v", before)
	}
	if _, learnt := d.watch.NewSince("pay", start.Add(time.Minute), d.now); learnt {
		t.Error("what came while the service was being learnt is called new")
	}
}

func TestSeries_AreBoundedAndCountEveryLine(t *testing.T) {
	d := newDesk(t)
	lines := 0
	for i := range 90 {
		for k := range 40 {
			for range 1 + k%3 {
				d.line(telemetry.SeverityInfo, fmt.Sprintf("%s happened in %d ms", strings.Repeat("very ", k), 5+i%7))
				lines++
			}
		}
		d.now = d.now.Add(time.Minute)
		d.watch.Step(d.now.Add(31 * time.Second))
	}
	var b telemetry.Batch
	d.watch.Series(&b, d.now)
	counts, values, total := 0, map[string]float64{}, 0.0
	for _, s := range b.Series {
		l := map[string]string{}
		for _, p := range s.Labels {
			l[string(p.Name)] = string(p.Value)
		}
		switch l["__name__"] {
		case watch.LinesMetric:
			counts++
			total += s.Samples[0].V
			if l["service"] != "pay" || l["level"] != "info" || l["template"] == "" {
				t.Errorf("got labels %v", l)
			}
		case watch.ValueMetric:
			values[l["variable"]+" "+l["quantile"]] = s.Samples[0].V
		}
	}
	if counts != 11 {
		t.Errorf("%d series of counts, want 10 and the rest", counts)
	}
	if total != float64(lines) {
		t.Errorf("%v lines counted, want %d", total, lines)
	}
	if v := values["in_seconds 0.5"]; v < 0.005 || v > 0.012 {
		t.Errorf("got values %v, want a median of some milliseconds", values)
	}
}

func TestObserve_LateAndFutureLinesAreCountedAndLeftOut(t *testing.T) {
	d := newDesk(t)
	d.minutes(5, nil)
	for _, at := range []time.Time{start, start.Add(100 * 24 * time.Hour)} {
		d.miner.Mine("pay", 9, nil, []byte("odd time"), at.UnixNano(), &d.match)
		d.watch.Observe("pay", nil, 9, &d.match, at.UnixNano(), []byte("odd time"))
	}
	var b strings.Builder
	d.watch.WriteMetrics(&b)
	if !strings.Contains(b.String(), `{reason="late"} 1`) || !strings.Contains(b.String(), `{reason="future"} 1`) {
		t.Errorf("got\n%s", b.String())
	}
}

func TestObserve_KnownTemplateAllocatesNothing(t *testing.T) {
	d := newDesk(t)
	d.minutes(3, nil)
	line := []byte("order 7 paid in 12 ms")
	at := d.now.UnixNano()
	d.miner.Mine("pay", 9, nil, line, at, &d.match)
	d.watch.Observe("pay", nil, 9, &d.match, at, line)
	if n := testing.AllocsPerRun(1000, func() { d.watch.Observe("pay", nil, 9, &d.match, at, line) }); n > 0.1 {
		t.Errorf("a line allocates %v times", n)
	}
}

func TestSave_RestartKeepsWhatIsNormal(t *testing.T) {
	d := newDesk(t)
	d.minutes(150, nil)
	var b bytes.Buffer
	if err := d.watch.Save(&b); err != nil {
		t.Fatal(err)
	}
	again, err := watch.New(watch.DefaultConfig(), d.miner)
	if err != nil {
		t.Fatal(err)
	}
	d.now = d.now.Add(20 * time.Minute) // it was down
	if err := again.Load(&b, d.now.UnixNano()); err != nil {
		t.Fatal(err)
	}
	d.watch, d.found = again, nil
	d.minutes(10, nil)
	if len(d.found) != 0 {
		t.Errorf("the time it was down is called odd: %+v", d.found)
	}
	d.minutes(3, func(int) {
		for range 30 {
			d.line(telemetry.SeverityError, "ledger timed out")
		}
	})
	if got, _ := kinds(d.found); !slices.Contains(got, watch.KindNew) {
		t.Errorf("got %v, want a new line at once", got)
	}
	if err := again.Load(strings.NewReader("{"), 0); err == nil {
		t.Error("half a file was taken")
	}
}

func TestWatch_PatternsAreBounded(t *testing.T) {
	d := newDesk(t)
	var match template.Match
	for i := range 20000 {
		match.ID, match.New = uint64(i+1), true
		if i%2000 == 0 {
			d.now = d.now.Add(time.Minute)
			d.watch.Step(d.now.Add(31 * time.Second))
		}
		d.watch.Observe("pay", nil, 9, &match, d.now.Add(time.Minute).UnixNano(), []byte("x"))
	}
	d.watch.Step(d.now.Add(5 * time.Minute))
	var b strings.Builder
	d.watch.WriteMetrics(&b)
	var n int
	for _, line := range strings.Split(b.String(), "\n") {
		fmt.Sscanf(line, "tocsin_log_watched_templates %d", &n)
	}
	if n == 0 || n > 5000 {
		t.Errorf("%d patterns are kept, want at most 5000", n)
	}
}

func TestWatcher_Findings_CarryTheEnvironmentOfMostLines(t *testing.T) {
	for _, c := range []struct{ burst, want string }{{"staging", "staging"}, {"", ""}} {
		d := newDesk(t)
		turn := 0
		both := func(int) { // ordinary errors come from both
			for range 6 {
				turn++
				d.place = []string{"prod", "staging"}[turn%2]
				d.line(telemetry.SeverityError, "no connection to the bank")
			}
			d.place = "prod"
		}
		d.place = "prod"
		d.minutes(26*60, both)
		d.found = nil
		d.minutes(4, func(i int) {
			both(i)
			if i == 1 {
				for range 300 {
					if d.place = c.burst; c.burst == "" {
						d.place = []string{"prod", "staging"}[d.random.IntN(2)]
					}
					d.line(telemetry.SeverityError, "no connection to the bank")
				}
				d.place = "prod"
			}
		})
		if len(d.found) == 0 || d.found[0].Environment != c.want || d.found[0].Parts[0].Kind != watch.KindBurst {
			t.Errorf("a burst of %q: got %+v", c.burst, d.found)
			continue
		}
		var kept bytes.Buffer
		if err := d.watch.Save(&kept); err != nil {
			t.Fatal(err)
		}
		again, err := watch.New(watch.DefaultConfig(), d.miner)
		if err != nil {
			t.Fatal(err)
		}
		if err := again.Load(&kept, d.now.UnixNano()); err != nil {
			t.Fatal(err)
		}
		for i := range 120 { // over a restart the episode ends as it began
			for _, f := range again.Step(d.now.Add(time.Duration(i) * time.Minute)) {
				if f.Phase == watch.Closed && f.Environment != c.want {
					t.Errorf("the end of a burst of %q is of %q", c.burst, f.Environment)
				}
			}
		}
	}
}
