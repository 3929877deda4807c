package incident_test

import (
	"math"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/telemetry"
)

func TestFromAlert(t *testing.T) {
	a := rules.Alert{Fingerprint: "f1", Name: "high_error_rate", Service: "checkout", Severity: "critical", State: rules.AlertFiring,
		Since: after(190 * time.Second), At: after(5 * time.Minute), Value: 0.312, Threshold: 0.05, Signal: "error_rate", Unit: "ratio", Query: "q", Channels: []string{"slack"}}
	o, ok := incident.FromAlert(a)
	if !ok || o.Key != "alert:f1" || !o.Strong || o.Severity != incident.SeverityCritical || o.Condition != incident.ConditionFiring || o.Query != "q" {
		t.Errorf("got %+v", o)
	}
	if want := "error_rate 31.2% against a threshold of 5%, since 12:03:10 UTC"; o.Summary != want {
		t.Errorf("got %q, want %q", o.Summary, want)
	}
	for state, want := range map[rules.AlertState]incident.Condition{rules.AlertHeld: incident.ConditionHeld, rules.AlertResolved: incident.ConditionCleared} {
		a.State = state
		if o, ok := incident.FromAlert(a); !ok || o.Condition != want {
			t.Errorf("%s: got %s", state, o.Condition)
		}
	}
	a.State = rules.AlertPending
	if _, ok := incident.FromAlert(a); ok {
		t.Error("a pending alert is an occurrence")
	}
	a = rules.Alert{Fingerprint: "f2", Name: "deployment_failed", Severity: "", State: rules.AlertFiring, Since: noon, At: noon, Value: nan, Threshold: nan}
	if o, _ := incident.FromAlert(a); o.Severity != incident.SeverityWarning || o.Summary != "deployment_failed, since 12:00:00 UTC" {
		t.Errorf("got %s, %q", o.Severity, o.Summary)
	}
	a.Summary, a.Severity = "said by the rule", "info"
	if o, _ := incident.FromAlert(a); o.Strong || o.Summary != "said by the rule" {
		t.Errorf("got strong %v, %q", o.Strong, o.Summary)
	}
}

func verdict() incident.VerdictContext {
	return incident.VerdictContext{
		Verdict: detector.Verdict{Time: after(4 * time.Minute).UnixMilli(), Since: after(190 * time.Second).UnixMilli(), Value: 0.312, Expected: 0.005,
			Lower: 0.001, Upper: 0.012, Score: 0.99999, Peak: 0.99999, Kind: detector.KindLevelShift, Phase: detector.PhaseOpened},
		Labels:  labels.FromStrings("__name__", "tocsin:error_rate", "service", "checkout"),
		Service: "checkout", Signal: "error_rate", Unit: "ratio", Bad: 1, Symptom: true, Config: incident.DefaultConfig(),
	}
}

func TestFromVerdict_Words(t *testing.T) {
	o, ok := incident.FromVerdict(verdict())
	if want := "error_rate 31.2% against an expected 0.5% (band 0.1% to 1.2%), since 12:03:10 UTC"; !ok || o.Summary != want {
		t.Errorf("got %q, want %q", o.Summary, want)
	}
	if o.Name != "error_rate" || o.Kind != "level_shift" || o.Labels["service"] != "checkout" || len(o.Labels) != 1 ||
		o.Query != `{__name__="tocsin:error_rate", service="checkout"}` || !o.At.Equal(after(4*time.Minute)) || !math.IsNaN(float64(o.Threshold)) {
		t.Errorf("got %+v", o)
	}
	c := verdict()
	c.Signal, c.Unit, c.Verdict.Rate, c.Verdict.Expected, c.Verdict.Upper = "", "", true, math.NaN(), math.NaN()
	o, _ = incident.FromVerdict(c)
	if want := "tocsin:error_rate 0.312/s, since 12:03:10 UTC"; o.Summary != want || o.Unit != telemetry.UnitPerSecond {
		t.Errorf("got %q, want %q", o.Summary, want)
	}
	for name, want := range map[string]string{"process_resident_memory_bytes": telemetry.UnitBytes, "process_start_time_seconds": "", "queue_depth": ""} {
		c = verdict()
		c.Signal, c.Unit, c.Labels = "", "", labels.FromStrings("__name__", name)
		if o, _ := incident.FromVerdict(c); o.Unit != want {
			t.Errorf("%s: got unit %q, want %q", name, o.Unit, want)
		}
	}
	c = verdict()
	c.Signal, c.Verdict.Value, c.Verdict.Expected, c.Verdict.Lower, c.Verdict.Upper = "availability", 0.9995, 0.9999, 0.99975, 1
	o, _ = incident.FromVerdict(c)
	if want := "availability 99.95% against an expected 99.99% (band 99.98% to 100%), since 12:03:10 UTC"; o.Summary != want {
		t.Errorf("near the most: got %q, want %q", o.Summary, want)
	}
	c = verdict()
	c.Signal, c.Unit, c.Verdict.Rate, c.Verdict.Expected, c.Verdict.Lower, c.Verdict.Upper = "", "", true, 0, 0, 3e-45
	o, _ = incident.FromVerdict(c)
	if want := "tocsin:error_rate 0.312/s against an expected 0/s (band 0/s to 0/s), since 12:03:10 UTC"; o.Summary != want {
		t.Errorf("after zeros: got %q, want %q", o.Summary, want)
	}
	c.Labels = labels.FromStrings("job", "x")
	if o, _ := incident.FromVerdict(c); o.Name != `{job="x"}` {
		t.Errorf("nameless: got %q", o.Name)
	}
}

func TestFromVerdict_Strength(t *testing.T) {
	for name, c := range map[string]struct {
		edit            func(*incident.VerdictContext)
		strong, symptom bool
		cond            incident.Condition
	}{
		"symptom":            {func(*incident.VerdictContext) {}, true, true, "firing"},
		"no symptom":         {func(c *incident.VerdictContext) { c.Symptom = false }, true, false, "firing"},
		"low score":          {func(c *incident.VerdictContext) { c.Verdict.Score, c.Verdict.Peak = 0.99, 0.99 }, false, false, "firing"},
		"peak was high":      {func(c *incident.VerdictContext) { c.Verdict.Score = 0.5 }, true, true, "firing"},
		"good direction":     {func(c *incident.VerdictContext) { c.Bad = -1 }, false, false, "firing"},
		"down is bad":        {func(c *incident.VerdictContext) { c.Bad, c.Verdict.Value = -1, 0 }, true, true, "firing"},
		"no bad direction":   {func(c *incident.VerdictContext) { c.Bad = 0 }, false, false, "firing"},
		"no expectation":     {func(c *incident.VerdictContext) { c.Verdict.Expected = math.NaN() }, false, false, "firing"},
		"no score":           {func(c *incident.VerdictContext) { c.Verdict.Score, c.Verdict.Peak = math.NaN(), math.NaN() }, false, false, "firing"},
		"missing":            {func(c *incident.VerdictContext) { c.Verdict.Kind = detector.KindMissing }, false, false, "firing"},
		"raw":                {func(c *incident.VerdictContext) { c.Signal = "" }, true, false, "firing"},
		"raw, not so strong": {func(c *incident.VerdictContext) { c.Signal, c.Verdict.Score, c.Verdict.Peak = "", 0.9999, 0.9999 }, false, false, "firing"},
		"changed":            {func(c *incident.VerdictContext) { c.Verdict.Phase = detector.PhaseChanged }, true, true, "firing"},
		"closed":             {func(c *incident.VerdictContext) { c.Verdict.Phase, c.Verdict.Value = detector.PhaseClosed, 0.004 }, true, true, "cleared"},
		"lost":               {func(c *incident.VerdictContext) { c.Verdict.Phase, c.Verdict.Value = detector.PhaseLost, math.NaN() }, true, true, "held"},
	} {
		v := verdict()
		c.edit(&v)
		o, ok := incident.FromVerdict(v)
		if !ok || o.Strong != c.strong || o.Symptom != c.symptom || o.Condition != c.cond {
			t.Errorf("%s: got %v strong %v symptom %v %s", name, ok, o.Strong, o.Symptom, o.Condition)
		}
	}
	v := verdict()
	v.Verdict.Phase = detector.PhaseQuiet
	if _, ok := incident.FromVerdict(v); ok {
		t.Error("a quiet verdict is an occurrence")
	}
}

func TestToAlert_KeepsTheSideOnWhichItFires(t *testing.T) {
	o, _ := incident.FromAlert(rules.Alert{Fingerprint: "f", Name: "quiet", State: rules.AlertFiring, Since: noon, At: noon, Value: 1, Threshold: nan, Below: true})
	if a, ok := incident.ToAlert(o); !ok || !o.Below || !a.Below {
		t.Errorf("got %v, occurrence %v, alert %v", ok, o.Below, a.Below)
	}
}
