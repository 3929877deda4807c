package incident_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/telemetry"
)

// report is a later report of an episode, with the band of its own moment.
func report(o incident.Occurrence, t time.Time, value, score, expected telemetry.Number) incident.Occurrence {
	o.At, o.Value, o.Score = t, value, score
	o.Expected, o.Lower, o.Upper = expected, expected*0.8, expected*1.2
	return o
}

func reading(o *incident.Reading) string {
	if o == nil {
		return "none"
	}
	return o.At.Format("15:04") + " " + telemetry.Figure(float64(o.Value), "ratio") + " of " + telemetry.Figure(float64(o.Expected), "ratio") +
		", " + telemetry.Figure(float64(o.Lower), "ratio") + " to " + telemetry.Figure(float64(o.Upper), "ratio")
}

const first = "12:00 31.2% of 0.5%, 0.1% to 1.2%"

func TestWorst_Anomaly(t *testing.T) {
	type row struct {
		value, score, expected telemetry.Number
		weak                   bool
	}
	for name, c := range map[string]struct {
		edit func(*incident.Occurrence)
		rows []row
		want string
	}{
		"first":               {want: first},
		"nearer, score up":    {rows: []row{{0.2, 0.99995, 0.02, false}}, want: first},
		"farther, score down": {rows: []row{{0.4, 0.998, 0.02, false}}, want: "12:01 40% of 0.5%, 0.1% to 1.2%"},
		"saturated, far":      {rows: []row{{0.3, 0.999999, 0.02, false}, {0.4, 0.999995, 0.02, false}, {0.35, 0.9999999, 0.02, false}}, want: "12:02 40% of 0.5%, 0.1% to 1.2%"},
		"back, band stays":    {rows: []row{{0.02, 0.9999999, 0.3, true}}, want: first},
		"turns bad": {edit: func(o *incident.Occurrence) { o.Value, o.Strong, o.Lower, o.Symptom = 0, false, 0.004, false },
			rows: []row{{0.2, 0.9998, 0.006, false}}, want: "12:01 20% of 0.5%, 0.4% to 1.2%"},
		"no band at first": {edit: func(o *incident.Occurrence) { o.Expected, o.Lower, o.Upper = nan, nan, nan },
			rows: []row{{0.4, 0.99995, 0.02, false}}, want: "12:01 40% of 2%, 1.6% to 2.4%"},
		"no value": {rows: []row{{nan, 0.99995, 0.02, false}}, want: first},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			log := incident.NewAnomalyLog(b.db, nil)
			o := symptom("error_rate", "pay", noon)
			if c.edit != nil {
				c.edit(&o)
			}
			b.apply(alert("al", "pay", noon)) // opens it, whatever the anomaly is
			put := func(o incident.Occurrence, p detector.Phase) {
				t.Helper()
				if err := log.Record(ctx, o, p); err != nil {
					t.Fatal(err)
				}
				b.apply(o)
			}
			put(o, detector.PhaseOpened)
			o.Strong = true
			for i, r := range c.rows {
				x := report(o, after(time.Duration(i+1)*time.Minute), r.value, r.score, r.expected)
				x.Strong = !r.weak
				put(x, detector.PhaseChanged)
			}
			b.restart()
			put(cleared(o, after(9*time.Minute)), detector.PhaseClosed)
			i, events := b.get("inc-001")
			all, err := log.List(ctx, incident.AnomalyFilter{})
			if err != nil || len(all) != 1 {
				t.Fatal(all, err)
			}
			for where, got := range map[string]*incident.Reading{"incident": i.Occurrences[1].Worst, "log": all[0].Worst} {
				if d := cmp.Diff(c.want, reading(got)); d != "" {
					t.Errorf("%s -want +got:\n%s", where, d)
				}
			}
			worst := strings.Fields(c.want)[1]
			if want := "error_rate recovered (now 0.4%, worst " + worst + ")"; events[len(events)-1].Text != want {
				t.Errorf("got %q, want %q", events[len(events)-1].Text, want)
			}
			for _, s := range []string{i.Occurrences[1].Summary, all[0].Summary} {
				if !strings.HasPrefix(s, "error_rate recovered: worst "+worst+" against an expected ") || !strings.HasSuffix(s, "now 0.4%, since 12:00:00 UTC") {
					t.Errorf("summary %q", s)
				}
			}
		})
	}
}

func TestWorst_Alert(t *testing.T) {
	for name, c := range map[string]struct {
		edit   func(*incident.Occurrence)
		values []telemetry.Number
		want   telemetry.Number
	}{
		"above":                    {func(o *incident.Occurrence) {}, []telemetry.Number{0.2, 0.4, 0.3}, 0.4},
		"below the threshold":      {func(o *incident.Occurrence) { o.Threshold = 0.9 }, []telemetry.Number{0.5, 0.1, 0.3}, 0.1},
		"below, without threshold": {func(o *incident.Occurrence) { o.Threshold, o.Below = nan, true }, []telemetry.Number{0.5, 0.1, 0.3}, 0.1},
		"above, without threshold": {func(o *incident.Occurrence) { o.Threshold = nan }, []telemetry.Number{0.2, 0.4, 0.3}, 0.4},
		"no value":                 {func(o *incident.Occurrence) {}, []telemetry.Number{nan}, 0.312},
	} {
		b := newBench(t)
		o := alert("high", "pay", noon)
		c.edit(&o)
		b.apply(o)
		for i, v := range c.values {
			o.At, o.Value = after(time.Duration(i+1)*time.Minute), v
			b.apply(o)
		}
		b.restart() // the refreshes are in memory only until the next minute's write
		b.apply(cleared(o, after(9*time.Minute)))
		if i, _ := b.get("inc-001"); i.Occurrences[0].Worst == nil || i.Occurrences[0].Worst.Value != c.want || i.Occurrences[0].Value != 0.004 {
			t.Errorf("%s: got %s, want %v", name, reading(i.Occurrences[0].Worst), c.want)
		}
	}
}

func TestWorst_OtherSignalOfTheSameAlert_StartsAnew(t *testing.T) {
	b := newBench(t)
	o := alert("high", "pay", noon)
	b.apply(o)
	o.At, o.Signal, o.Unit, o.Value = after(time.Minute), "request_rate", "per_second", 0.1
	b.apply(o)
	if i, _ := b.get("inc-001"); i.Occurrences[0].Worst.Value != 0.1 {
		t.Errorf("got %s: figures of two signals do not compare", reading(i.Occurrences[0].Worst))
	}
}

func TestWorst_NewEpisode_StartsAnew(t *testing.T) {
	b := newBench(t)
	a := alert("high", "pay", noon)
	b.apply(a)
	b.apply(cleared(a, after(time.Minute)))
	small := again(a, after(2*time.Minute))
	small.Value = 0.07
	b.apply(small)
	if i, _ := b.get("inc-001"); i.Occurrences[0].Worst.Value != 0.07 || !strings.Contains(i.Title, "31.2%") {
		t.Errorf("within the incident: got %s, title %q", reading(i.Occurrences[0].Worst), i.Title)
	}
}

func TestWorst_ReopenedIncident_StartsAnew(t *testing.T) {
	b := newBench(t)
	a := alert("high", "pay", noon)
	b.apply(a)
	b.apply(cleared(a, after(time.Minute)))
	b.tick(after(9 * time.Minute))
	small := again(a, after(10*time.Minute))
	small.Value = 0.06
	b.apply(small)
	i, _ := b.get("inc-001")
	if i.Reopened != 1 || i.Occurrences[0].Worst.Value != 0.06 {
		t.Errorf("reopened %d: got %s", i.Reopened, reading(i.Occurrences[0].Worst))
	}
	if _, err := b.m.Resolve(ctx, i.ID, "release-bot", "", after(11*time.Minute)); err != nil {
		t.Fatal(err)
	}
	small = again(a, after(12*time.Minute)) // the end of its predecessor was not seen
	small.Value = 0.055
	b.apply(small)
	if i, _ := b.get("inc-001"); i.Reopened != 2 || i.Occurrences[0].Worst.Value != 0.055 {
		t.Errorf("reopened %d after a person's word: got %s", i.Reopened, reading(i.Occurrences[0].Worst))
	}
}

func TestWorst_ParkedReports_Count(t *testing.T) {
	b := newBench(t)
	x := strong("cpu", "pay", noon)
	b.apply(x)
	b.apply(report(x, after(time.Minute), 0.5, 0.99999, 0.02))
	b.restart()
	b.apply(report(x, after(2*time.Minute), 0.4, 0.9999, 0.02))
	b.apply(alert("high", "pay", after(2*time.Minute)))
	i, _ := b.get("inc-001")
	if got := reading(i.Occurrences[1].Worst); got != "12:01 50% of 0.5%, 0.1% to 1.2%" {
		t.Errorf("got %s", got)
	}
}

func TestWorst_HeldThatCameBack_IsNoReading(t *testing.T) {
	b := newBench(t)
	x := symptom("error_rate", "pay", noon)
	b.apply(x)
	settled := cleared(x, after(time.Hour))
	settled.Value = 0.3
	b.apply(settled)
	back := report(again(x, after(2*time.Hour)), after(2*time.Hour), 0.02, 0.999999, 0.3)
	back.Strong = false
	b.apply(back)
	i, events := b.get("inc-001")
	if got := reading(i.Occurrences[0].Worst); got != first || i.Occurrences[0].Condition != incident.ConditionCleared {
		t.Errorf("got %s, %s", got, i.Occurrences[0].Condition)
	}
	if got := events[len(events)-1].Text; got != "error_rate recovered (now 2%, worst 31.2%)" {
		t.Errorf("got %q", got)
	}
}

func TestTitle_FollowsTheWorstWhenMoreJoins(t *testing.T) {
	b := newBench(t)
	title := func(want string) {
		t.Helper()
		if i, _ := b.get("inc-001"); i.Title != want {
			t.Errorf("got %q, want %q", i.Title, want)
		}
	}
	x := symptom("error_rate", "pay", noon)
	b.apply(x)
	title("pay: error_rate 31.2% (expected 0.5%)")
	b.apply(report(x, after(time.Minute), 0.5, 0.99999, 0.02))
	title("pay: error_rate 31.2% (expected 0.5%)") // stays until something is told
	b.restart()
	b.apply(report(x, after(2*time.Minute), 0.1, 0.999, 0.02))
	b.apply(alert("high", "pay", after(2*time.Minute)))
	title("pay: error_rate 50% (expected 0.5%)") // the same occurrence, though the alert would lead
	critical := alert("high", "pay", after(3*time.Minute))
	critical.Severity, critical.Value = incident.SeverityCritical, 0.06
	b.apply(critical)
	title("pay: high, error_rate 31.2% (expected 0.5%)") // the alert's worst, not its value at the raising
}
