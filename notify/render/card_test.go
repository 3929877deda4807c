package render_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/notifytest"
	"github.com/tocsinhq/tocsin/notify/render"
	"github.com/tocsinhq/tocsin/notify/sample"
	"github.com/tocsinhq/tocsin/telemetry"
)

func TestCardOf_Incident(t *testing.T) {
	m := sample.Message(incident.EventOpened, sample.Options{Onset: notifytest.Onset, BaseURL: "https://t.example.com", Told: []string{"slack", "pagerduty"}})
	c := render.CardOf(m)
	want := render.Card{
		Mood: render.MoodCritical, Title: "checkout: error rate is high", Headline: "opened (critical): checkout: error rate is high",
		Summary: "error rate of checkout is 12.4%, expected 0.8%",
		Fields: []render.Field{
			{"Service", "checkout"}, {"Environment", "production"}, {"State", "critical, open"}, {"Since", "2026-03-02 10:00:00 UTC (4m)"},
			{"Value", "high_error_rate is 12.4%, 15.5 times as much"}, {"Expected", "0.8% (0.3% to 1.9%)"},
		},
		Listed: "What is odd",
		Lines: []string{
			"high_error_rate of checkout: 12.4%, expected 0.8% (0.3% to 1.9%), 15.5 times as much",
			"p95_latency of checkout: 1.5 s, expected 250 ms (200 ms to 310 ms), 6 times as much",
		},
		Spark: c.Spark, Suspects: c.Suspects, Links: c.Links,
		Told: "told: slack, pagerduty; not muted: no silence, no window",
		Foot: "incident sample · as of 2026-03-02 10:04:00 UTC",
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
	if len(c.Suspects) != 2 || len(c.Links) != 3 || !strings.HasSuffix(c.Spark, "to 11.9% in 1h15m, now 11.9%") {
		t.Errorf("card = %+v", c)
	}
}

func TestCardOf_Group(t *testing.T) {
	f := func(reason string, mood render.Mood, headline string, lines ...string) {
		t.Helper()
		c := render.CardOf(sample.Group(reason, sample.Options{Onset: notifytest.Onset}))
		if c.Mood != mood || c.Headline != headline || c.Listed != "Alerts" {
			t.Errorf("%s: mood %s, headline %q", reason, c.Mood, c.Headline)
		}
		if diff := cmp.Diff(lines, c.Lines); diff != "" {
			t.Errorf("%s: %s", reason, diff)
		}
		if len(c.Links) != 2 || c.Links[0].Name != "Runbook" {
			t.Errorf("%s: links %+v", reason, c.Links)
		}
	}
	const gone = "cart-1 answers 10% of requests with errors (pod=cart-1, service=cart), resolved after 8m"
	f("first", render.MoodCritical, "2 firing, 1 resolved: HighErrorRate",
		"checkout-1 answers 12% of requests with errors (pod=checkout-1, service=checkout), since 2026-03-02 10:00:00 UTC",
		"checkout-2 answers 11% of requests with errors (pod=checkout-2, service=checkout), since 2026-03-02 10:01:00 UTC", gone)
	f("repeat", render.MoodCritical, "2 firing, 1 resolved, still: HighErrorRate",
		"checkout-1 answers 12% of requests with errors (pod=checkout-1, service=checkout), since 2026-03-02 10:00:00 UTC",
		"checkout-2 answers 11% of requests with errors (pod=checkout-2, service=checkout), since 2026-03-02 10:01:00 UTC", gone)
	f("resolved", render.MoodResolved, "resolved: HighErrorRate",
		"checkout-1 answers 12% of requests with errors (pod=checkout-1, service=checkout), resolved after 10m",
		"checkout-2 answers 11% of requests with errors (pod=checkout-2, service=checkout), resolved after 9m", gone)
}

func TestCardOf_Group_ManyAlerts_AreBounded(t *testing.T) {
	m := sample.Group("first", sample.Options{Onset: notifytest.Onset})
	for len(m.Group.Alerts) < 5000 {
		m.Group.Alerts = append(m.Group.Alerts, m.Group.Alerts[0])
	}
	m.Group.TruncatedAlerts = 7
	c := render.CardOf(m)
	if len(c.Lines) != 8 || c.Lines[7] != "and 5000 more" {
		t.Errorf("lines = %q", c.Lines)
	}
	if text := render.Text(m); strings.Count(text, "\n") > 30 || !strings.HasPrefix(text, "5006 firing, 1 resolved: HighErrorRate\n") {
		t.Errorf("text = %s", text)
	}
}

func TestMoodOfMessage_Group(t *testing.T) {
	f := func(want render.Mood, severities ...string) {
		t.Helper()
		g := &notify.Group{}
		for _, s := range severities {
			g.Alerts = append(g.Alerts, notify.GroupAlert{Labels: map[string]string{"severity": s}})
		}
		if got := render.MoodOfMessage(notify.Message{Group: g}); got != want {
			t.Errorf("mood of %q = %s, want %s", severities, got, want)
		}
	}
	f(render.MoodResolved)
	f(render.MoodInfo, "info")
	f(render.MoodWarning, "info", "")
	f(render.MoodWarning, "warning", "none")
	f(render.MoodCritical, "warning", "critical")
}

func TestSpark(t *testing.T) {
	f := func(name, want string, values ...float64) {
		t.Helper()
		c := &notify.Chart{Unit: "ratio", From: notifytest.Onset, To: notifytest.Onset.Add(40 * time.Minute)}
		for i, v := range values {
			c.Times = append(c.Times, notifytest.Onset.Add(time.Duration(i)*40*time.Minute/time.Duration(max(len(values)-1, 1))).UnixMilli())
			c.Values = append(c.Values, telemetry.Number(v))
		}
		if got := render.Spark(c); got != want {
			t.Errorf("%s: Spark = %q, want %q", name, got, want)
		}
	}
	f("nothing", "")
	f("one sample", "", 1)
	f("flat", strings.Repeat("▁", 40)+" 50% in 40m, now 50%", 0.5, 0.5)
	f("a step", strings.Repeat("▁", 20)+strings.Repeat("█", 20)+" 0% to 100% in 40m, now 100%", 0, 1, 1)
	rise := make([]float64, 41)
	for i := range rise {
		rise[i] = float64(i) / 40
	}
	f("a rise", "▁▁▁▁▁▁▂▂▂▂▂▂▃▃▃▃▃▃▄▄▄▄▄▅▅▅▅▅▅▆▆▆▆▆▆▇▇▇▇█ 0% to 100% in 40m, now 100%", rise...)
	rise[13], rise[14], rise[15] = nan, nan, nan
	f("a gap", "▁▁▁▁▁▁▂▂▂▂▂▂▃   ▃▃▄▄▄▄▄▅▅▅▅▅▅▆▆▆▆▆▆▇▇▇▇█ 0% to 100% in 40m, now 100%", rise...)
	f("unknown", "", nan, nan)
	f("huge", strings.Repeat("▁", 39)+"█ -1.8e+308 to 1.8e+308 in 40m, now 1.8e+308", -1.7976931348623157e308, 1.7976931348623157e308)
}
