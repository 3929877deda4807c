package render_test

import (
	"math"
	"strings"
	"testing"
	"testing/quick"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/notifytest"
	"github.com/tocsinhq/tocsin/notify/render"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

var nan, inf = math.NaN(), math.Inf(1)

func TestFigure(t *testing.T) {
	f := func(v float64, unit, want string) {
		t.Helper()
		if got := render.Figure(v, unit); got != want {
			t.Errorf("Figure(%v, %q) = %q, want %q", v, unit, got, want)
		}
	}
	f(0.124, "ratio", "12.4%")
	f(0.00012, "ratio", "0.012%")
	f(1, "ratio", "100%")
	f(math.MaxFloat64, "ratio", "1.8e+308")
	f(91.23, "percent", "91.2%")
	f(0, "seconds", "0 s")
	f(0.00000012, "seconds", "120 ns")
	f(0.00025, "seconds", "250 µs")
	f(0.25, "seconds", "250 ms")
	f(0.99949, "seconds", "999 ms")
	f(0.9996, "seconds", "1 s")
	f(1.5, "seconds", "1.5 s")
	f(-1.5, "seconds", "-1.5 s")
	f(7200, "seconds", "2 h")
	f(-7260, "seconds", "-2.02 h")
	f(1e12, "seconds", "11574074 d")
	f(1200, "milliseconds", "1.2 s")
	f(512, "bytes", "512 B")
	f(1<<30, "bytes", "1 GiB")
	f(1.5*(1<<20), "bytes_per_second", "1.5 MiB/s")
	f(12.345, "per_second", "12.3/s")
	f(0, "", "0")
	f(math.Copysign(0, -1), "", "0")
	f(12345.6, "", "12346")
	f(-1234567, "", "-1.23 M")
	f(999.6, "", "1000")
	f(99.96, "", "100")
	f(0.5, "", "0.5")
	f(0.000012345, "", "1.23e-05")
	f(3, "requests", "3 requests")
	f(3, "a\nb", "3 a b")
	f(nan, "ratio", "")
	f(inf, "bytes", "+Inf")
	f(-inf, "", "-Inf")
}

func TestFigure_AnyNumber_IsShortAndNeverNaN(t *testing.T) {
	units := []string{"", "ratio", "percent", "seconds", "milliseconds", "bytes", "bytes_per_second", "per_second"}
	check := func(v float64, u uint8) bool {
		s := render.Figure(v, units[int(u)%len(units)])
		return !strings.Contains(s, "NaN") && utf8.RuneCountInString(s) <= 26 && (s != "" || math.IsNaN(v))
	}
	if err := quick.Check(check, &quick.Config{MaxCount: 20000}); err != nil {
		t.Error(err)
	}
}

func TestDuration(t *testing.T) {
	f := func(d time.Duration, want string) {
		t.Helper()
		if got := render.Duration(d); got != want {
			t.Errorf("Duration(%v) = %q, want %q", d, got, want)
		}
	}
	f(-time.Hour, "0s")
	f(900*time.Millisecond, "0s")
	f(45*time.Second, "45s")
	f(4*time.Minute+30*time.Second, "4m30s")
	f(time.Hour+59*time.Second, "1h")
	f(3*time.Hour+5*time.Minute, "3h5m")
	f(52*time.Hour, "2d4h")
}

func TestFactor(t *testing.T) {
	f := func(v, e float64, want string) {
		t.Helper()
		if got := render.Factor(v, e); got != want {
			t.Errorf("Factor(%v, %v) = %q, want %q", v, e, got, want)
		}
	}
	f(12.4, 0.8, "15.5 times as much")
	f(2, 10, "20% of it")
	f(1.04, 1, "")
	f(1, 0, "")
	f(0, 1, "")
	f(-1, 1, "")
	f(nan, 1, "")
	f(1, nan, "")
	f(1, inf, "")
	f(inf, 1, "")
}

func TestExpected(t *testing.T) {
	f := func(e, l, u float64, want string) {
		t.Helper()
		o := incident.Occurrence{Expected: telemetry.Number(e), Lower: telemetry.Number(l), Upper: telemetry.Number(u), Unit: "ratio"}
		if got := render.Expected(o); got != want {
			t.Errorf("Expected(%v, %v, %v) = %q, want %q", e, l, u, got, want)
		}
	}
	f(0.01, 0, 0.02, "1% (0% to 2%)")
	f(0.01, nan, nan, "1%")
	f(nan, nan, 0.05, "at most 5%")
	f(nan, 0.05, nan, "at least 5%")
	f(nan, nan, nan, "")
}

func TestTitle(t *testing.T) {
	f := func(id, service, title, want string) {
		t.Helper()
		if got := render.Title(notify.Message{Incident: incident.Incident{ID: id, Service: service, Title: title}}); got != want {
			t.Errorf("Title(%q, %q, %q) = %q, want %q", id, service, title, got, want)
		}
	}
	f("i", "checkout", "error rate is high", "checkout: error rate is high")
	f("i", "checkout", "checkout: error rate is high", "checkout: error rate is high")
	f("i", "check", "checkout is down", "check: checkout is down")
	f("i", "", "down", "down")
	f("i", "checkout", "", "checkout: incident")
	f("i", "", "", "incident i")
	f("", "", "", "incident")
	f("", "a\nb", "c\x1b[31m", "a b: c [31m")
}

func TestHeadline(t *testing.T) {
	f := func(k incident.EventKind, want string) {
		t.Helper()
		if got := render.Headline(notifytest.Message(1, k)); got != want {
			t.Errorf("Headline(%s) = %q, want %q", k, got, want)
		}
	}
	f(incident.EventOpened, "opened (critical): checkout: error rate is high")
	f(incident.EventAttached, "opened (critical): checkout: error rate is high")
	f(incident.EventResolved, "resolved after 4m: checkout: error rate is high")
	f(incident.EventAcked, "acknowledged by release-bot: checkout: error rate is high")
	f(incident.EventSuspects, "suspects changed: checkout: error rate is high")
	f(incident.EventHeld, "updated: checkout: error rate is high")
}

func TestText_Resolved_SaysWorstAndDuration(t *testing.T) {
	want := `resolved after 4m, worst error_rate 30%: checkout: error rate is high
  event     error rate of checkout is 12.4%, expected 0.8%
  since     2026-03-02 10:00:00 UTC (4m)
  severity  critical
  state     resolved
  where     production
  worst     error_rate 30%, expected 0.25% (0.1% to 1%), 120 times as much, at 2026-03-02 10:03:00 UTC
  what      error_rate of checkout (recovered): worst 30%, expected 0.25% (0.1% to 1%), 120 times as much; now 0.9%
            p95_latency of checkout (recovered): 1.5 s, expected 250 ms (200 ms to 310 ms), 6 times as much
`
	got, _, _ := strings.Cut(render.Text(notifytest.Recovered(1)), "  suspects\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWorst(t *testing.T) {
	w := func(v float64) *incident.Reading {
		return &incident.Reading{Value: telemetry.Number(v), Expected: telemetry.Number(nan)}
	}
	o := incident.Occurrence{Name: "high", Signal: "error_rate", Unit: "ratio", Condition: incident.ConditionFiring, Value: 0.12, Expected: 0.01,
		Lower: telemetry.Number(nan), Upper: telemetry.Number(nan), Worst: w(0.3)}
	if got := render.Occurrence(o); got != "high: 12%, expected 1%, 12 times as much; worst 30%" {
		t.Errorf("firing: got %q", got)
	}
	none := incident.Occurrence{Name: "odd", Symptom: true, Value: 1}
	for name, c := range map[string]struct {
		occ  []incident.Occurrence
		want string
	}{
		"none":         {nil, ""},
		"not known":    {[]incident.Occurrence{none, {Name: "y", Worst: w(nan)}}, ""},
		"of the known": {[]incident.Occurrence{none, o}, "error_rate 30%"},
		"the leading":  {[]incident.Occurrence{o, {Name: "lat", Unit: "seconds", Symptom: true, Condition: incident.ConditionFiring, Worst: w(2)}}, "lat 2 s"},
	} {
		if got, _ := render.Worst(incident.Incident{Occurrences: c.occ}); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	alert, anomaly := o, o
	alert.Expected, alert.Severity = telemetry.Number(nan), incident.SeverityCritical
	anomaly.Worst = &incident.Reading{Value: 0.2, Expected: 0.005, Lower: 0.001, Upper: 0.012}
	if _, got := render.Worst(incident.Incident{Occurrences: []incident.Occurrence{alert, anomaly}}); got != "error_rate 30%, expected 0.5% (0.1% to 1.2%), 60 times as much" {
		t.Errorf("an alert borrows what was normal: got %q", got)
	}
	same := o
	same.Value = 0.3
	if got := render.WorstValue(o) + render.WorstValue(same) + render.WorstValue(none); got != "30%" {
		t.Errorf("got %q", got)
	}
}

func TestLead(t *testing.T) {
	o := func(name string, alter func(*incident.Occurrence)) incident.Occurrence {
		x := incident.Occurrence{Name: name, Condition: incident.ConditionFiring, Severity: incident.SeverityWarning, Since: notifytest.Onset, Expected: 1}
		alter(&x)
		return x
	}
	plain := o("plain", func(*incident.Occurrence) {})
	order := []incident.Occurrence{
		o("symptom", func(x *incident.Occurrence) { x.Symptom = true }),
		o("critical", func(x *incident.Occurrence) { x.Severity = incident.SeverityCritical }),
		o("earlier", func(x *incident.Occurrence) { x.Since = x.Since.Add(-time.Minute) }),
		plain,
		o("no baseline", func(x *incident.Occurrence) { x.Expected = telemetry.Number(nan) }),
		o("held", func(x *incident.Occurrence) { x.Condition = incident.ConditionHeld; x.Symptom = true }),
		o("cleared", func(x *incident.Occurrence) { x.Condition = incident.ConditionCleared; x.Symptom = true }),
	}
	for i := range order {
		rest := append([]incident.Occurrence{order[len(order)-1]}, order[i:]...)
		if got, ok := render.Lead(incident.Incident{Occurrences: rest}); !ok || got.Name != order[i].Name {
			t.Errorf("Lead = %q, want %q", got.Name, order[i].Name)
		}
	}
	if _, ok := render.Lead(incident.Incident{}); ok {
		t.Error("Lead of nothing: want false")
	}
}

// A gauge that is still odd when the alert has recovered is not what the incident
// is about.
func TestLead_EvidenceGoesOn_AlertStays(t *testing.T) {
	alert := incident.Occurrence{Name: "high_error_rate", Source: incident.SourceAlert, Signal: "error_rate", Unit: "ratio", Severity: incident.SeverityCritical,
		Symptom: true, Strong: true, Condition: incident.ConditionCleared, Since: notifytest.Onset.Add(time.Minute), Value: 0.002, Expected: telemetry.Number(nan),
		Worst: &incident.Reading{Value: 0.323, Expected: telemetry.Number(nan)}}
	gauge := incident.Occurrence{Name: "process_resident_memory_bytes", Source: incident.SourceAnomaly, Unit: "bytes", Severity: incident.SeverityWarning,
		Condition: incident.ConditionFiring, Since: notifytest.Onset, Value: 169e6, Expected: 194e6, Worst: &incident.Reading{Value: 169e6, Expected: 194e6}}
	for _, strong := range []bool{false, true} {
		gauge.Strong = strong
		i := incident.Incident{Occurrences: []incident.Occurrence{gauge, alert}}
		if o, _ := render.Lead(i); o.Name != alert.Name {
			t.Errorf("gauge strong %v: got lead %q, want the alert", strong, o.Name)
		}
		if got, _ := render.Worst(i); got != "error_rate 32.3%" {
			t.Errorf("gauge strong %v: got worst %q, want the alert's", strong, got)
		}
	}
}

// Of two alerts the one that still fires leads while the incident goes on; what was
// worst is the weightier's.
func TestWorst_OneRecoveredFirst_WeightierStays(t *testing.T) {
	reading := func(v float64) *incident.Reading {
		return &incident.Reading{Value: telemetry.Number(v), Expected: telemetry.Number(nan)}
	}
	critical := incident.Occurrence{Name: "errors", Source: incident.SourceAlert, Strong: true, Severity: incident.SeverityCritical, Condition: incident.ConditionCleared, Unit: "ratio", Worst: reading(0.3)}
	slow := incident.Occurrence{Name: "slow", Source: incident.SourceAlert, Strong: true, Severity: incident.SeverityWarning, Condition: incident.ConditionFiring, Unit: "seconds", Worst: reading(2)}
	i := incident.Incident{Occurrences: []incident.Occurrence{slow, critical}}
	if o, _ := render.Lead(i); o.Name != "slow" {
		t.Errorf("got lead %q, want the one that fires", o.Name)
	}
	if got, _ := render.Worst(i); got != "errors 30%" {
		t.Errorf("got worst %q, want that of the critical one", got)
	}
}

func TestAffected_SameNameTwice_NamesTheInstance(t *testing.T) {
	o := func(key, name, instance string) incident.Occurrence {
		return incident.Occurrence{Key: key, Name: name, Service: "pay", Unit: "bytes", Value: 1024, Expected: telemetry.Number(nan), Lower: telemetry.Number(nan), Upper: telemetry.Number(nan),
			Labels: map[string]string{"instance": instance}}
	}
	got := render.Affected(incident.Incident{Occurrences: []incident.Occurrence{o("1", "memory", "a:1"), o("2", "memory", "b:1"), o("3", "heap", "a:1")}}, 5)
	if diff := cmp.Diff([]string{"memory of pay on a:1: 1 KiB", "memory of pay on b:1: 1 KiB", "heap of pay: 1 KiB"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestMoodOf(t *testing.T) {
	f := func(s incident.State, v incident.Severity, want render.Mood) {
		t.Helper()
		if got := render.MoodOf(incident.Incident{State: s, Severity: v}); got != want {
			t.Errorf("MoodOf(%s, %s) = %s, want %s", s, v, got, want)
		}
	}
	f(incident.StateOpen, incident.SeverityCritical, render.MoodCritical)
	f(incident.StateOpen, incident.SeverityInfo, render.MoodInfo)
	f(incident.StateOpen, "", render.MoodWarning)
	f(incident.StateAcknowledged, incident.SeverityCritical, render.MoodAcknowledged)
	f(incident.StateResolved, incident.SeverityCritical, render.MoodResolved)
}

func TestSuspects(t *testing.T) {
	m := notifytest.Message(1, incident.EventOpened)
	none := m.Ranking.Findings[1]
	m.Ranking.Findings = []rca.Finding{m.Ranking.Findings[0], m.Ranking.Findings[0], none}
	got := render.Suspects(m, 1)
	want := []render.Suspect{
		{
			Percent: "92%", Title: "deployment checkout v41 -> v42", When: "started 2m before the onset, by release-bot", Link: "https://ci.example.test/42",
			Terms: []string{"time +2.1: started 2m before the onset", "effect +3.0: error_rate 0.8% to 12.4%"},
		},
		{Percent: "8%", Title: "no recent change fits", Terms: []string{"prior +0.7: one incident in three has no change"}, None: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := render.Suspects(notify.Message{}, 3); got != nil {
		t.Errorf("without a ranking: %v", got)
	}
}

func TestSuspects_Words(t *testing.T) {
	f := func(p float64, c telemetry.Change, points float64, wantPercent, wantWhen, wantTerm string) {
		t.Helper()
		m := notify.Message{Ranking: rca.Ranking{Onset: notifytest.Onset, Findings: []rca.Finding{
			{Change: &c, Probability: p, Terms: []rca.Term{{Name: "time", Points: points}}},
		}}}
		s := render.Suspects(m, 1)[0]
		if s.Percent != wantPercent || s.When != wantWhen || s.Terms[0] != wantTerm || s.Link != "" {
			t.Errorf("got %+v, want %q, %q, %q", s, wantPercent, wantWhen, wantTerm)
		}
	}
	at := notifytest.Onset
	f(0.004, telemetry.Change{Started: at.Add(90 * time.Second), Link: "javascript:x"}, -1.25, "<1%", "started 1m30s after the onset", "time -1.2")
	f(0.996, telemetry.Change{Started: at, Status: telemetry.StatusRolledBack}, 0.01, ">99%", "started at the onset, rolled back", "time 0")
	f(0, telemetry.Change{Status: telemetry.StatusStarted}, inf, "0%", "under way", "time")
	f(nan, telemetry.Change{Author: "ops", Status: telemetry.StatusFailed}, nan, "?", "failed, by ops", "time")
	f(1, telemetry.Change{}, 1, "100%", "", "time +1.0")
	m := notify.Message{Ranking: rca.Ranking{Findings: []rca.Finding{{Change: &telemetry.Change{Started: at}}}}}
	if got := render.Suspects(m, 1)[0].When; got != "started 2026-03-02 10:00:00 UTC" {
		t.Errorf("without an onset: %q", got)
	}
}

func TestText_Golden(t *testing.T) {
	want := `opened (critical): checkout: error rate is high
  event     error rate of checkout is 12.4%, expected 0.8%
  since     2026-03-02 10:00:00 UTC (4m)
  severity  critical
  state     open
  where     production
  what      error_rate of checkout: 12.4%, expected 0.8% (0.3% to 1.9%), 15.5 times as much
            p95_latency of checkout: 1.5 s, expected 250 ms (200 ms to 310 ms), 6 times as much
  suspects
    92%  deployment checkout v41 -> v42 (started 2m before the onset, by release-bot)
         time +2.1: started 2m before the onset
         effect +3.0: error_rate 0.8% to 12.4%
    8%   no recent change fits
         prior +0.7: one incident in three has no change
  Incident  http://127.0.0.1:9099/incidents/inc-1
`
	if diff := cmp.Diff(want, render.Text(notifytest.Message(1, incident.EventOpened))); diff != "" {
		t.Error(diff)
	}
}

func TestText_Hostile_HasNoNaNAndOneFactPerLine(t *testing.T) {
	for name, m := range notifytest.Hostile() {
		s := render.Text(m)
		if strings.Contains(s, "NaN") || strings.ContainsAny(s, "\x00\x1b\r\u202e\u2028") || !utf8.ValidString(s) || s == "" {
			t.Errorf("%s: %q", name, s[:min(len(s), 300)])
		}
	}
}

func TestSafeURL(t *testing.T) {
	f := func(u string, want bool) {
		t.Helper()
		if got := render.SafeURL(u); got != want {
			t.Errorf("SafeURL(%q) = %v, want %v", u, got, want)
		}
	}
	f("http://127.0.0.1:9099/incidents/1", true)
	f("https://example.test/?a=b&c=d#e", true)
	f("", false)
	f("javascript:alert(1)", false)
	f("//example.test", false)
	f("https://", false)
	f("https://u:p@example.test", false)
	f("https://example.test/a|b", false)
	f("https://example.test/ a", false)
	f("https://example.test/\n", false)
	f("https://example.test/"+strings.Repeat("a", 2000), false)
}

func TestAffected_SaysHowManyMore(t *testing.T) {
	i := notifytest.Message(1, incident.EventOpened).Incident
	i.Dropped = 3
	got := render.Affected(i, 1)
	if len(got) != 2 || got[1] != "and 4 more" {
		t.Errorf("Affected = %q", got)
	}
	i.Occurrences[0].Condition, i.Occurrences[1].Condition = incident.ConditionHeld, incident.ConditionCleared
	i.Occurrences[1].Value, i.Occurrences[1].Summary = telemetry.Number(nan), "was slow"
	want := []string{
		"error_rate of checkout (no data, held): 12.4%, expected 0.8% (0.3% to 1.9%), 15.5 times as much",
		"p95_latency of checkout (recovered): was slow", "and 3 more",
	}
	if diff := cmp.Diff(want, render.Affected(i, 5)); diff != "" {
		t.Error(diff)
	}
}

func TestChanges_NewestFirst(t *testing.T) {
	m := notifytest.Message(1, incident.EventOpened)
	newer := *m.Ranking.Findings[0].Change
	newer.Started, newer.Kind, newer.Summary = newer.Started.Add(time.Minute), telemetry.KindFlag, "turn it on"
	m.Ranking.Findings = append(m.Ranking.Findings, rca.Finding{Change: &newer})
	want := []string{
		"flag checkout v41 -> v42, started 1m before the onset, by release-bot: turn it on",
		"deployment checkout v41 -> v42, started 2m before the onset, by release-bot",
	}
	if diff := cmp.Diff(want, render.Changes(m, 5)); diff != "" {
		t.Error(diff)
	}
	if got := render.Changes(m, -1); got != nil {
		t.Errorf("Changes(-1) = %q", got)
	}
}

func TestCut(t *testing.T) {
	f := func(s string, n int, want string) {
		t.Helper()
		if got := render.Cut(s, n); got != want {
			t.Errorf("Cut(%q, %d) = %q, want %q", s, n, got, want)
		}
	}
	f("abc", 3, "abc")
	f("abcd", 3, "ab…")
	f("éééé", 3, "éé…")
	f("ab", 1, "…")
	f("ab", 0, "")
	f("", 5, "")
}

func FuzzText(f *testing.F) {
	f.Add("a", "b", 0.5, int64(5), uint8(1))
	f.Add("\xff", "\u202e<", math.NaN(), int64(-1), uint8(9))
	f.Fuzz(func(t *testing.T, a, b string, v float64, seconds int64, n uint8) {
		m := notifytest.Message(1, incident.EventKind(a))
		m.Incident.Title, m.Incident.Service, m.Event.Text = a, b, a
		o := &m.Incident.Occurrences[0]
		o.Value, o.Expected, o.Lower, o.Unit = telemetry.Number(v), telemetry.Number(-v), telemetry.Number(v*2), b
		m.Incident.Onset = time.Unix(seconds, 0)
		m.Ranking.Findings[0].Probability, m.Ranking.Findings[0].Terms[0].Points = v, v
		m.Incident.Occurrences = append(m.Incident.Occurrences, make([]incident.Occurrence, n)...)
		s := render.Text(m)
		if strings.Contains(s, "NaN") && !strings.Contains(a+b, "NaN") {
			t.Errorf("NaN in %q", s)
		}
		if !utf8.ValidString(s) || !strings.HasSuffix(s, "\n") || strings.Contains(s, "\n\n") {
			t.Errorf("odd text %q", s)
		}
	})
}
