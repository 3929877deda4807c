package slo_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tocsinhq/tocsin/rules/signal"
	"github.com/tocsinhq/tocsin/rules/slo"
)

func catalogue(t testing.TB) *signal.Catalogue {
	t.Helper()
	c, err := signal.Default()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestParse_Everything(t *testing.T) {
	f, errs := slo.Parse("s.yml", []byte(`
slos:
  - name: checkout-fast
    description: Checkout answers within 300 ms.
    service: [checkout, shop-*]
    objective: 99.5%
    window: 28d
    signal: latency
    threshold: 300ms
    burn_rates:
      - {rate: 10, long: 1h, short: 5m, severity: critical, for: 1m}
      - {rate: 2, long: 1d, short: 2h, severity: warning}
    low_traffic: {min_bad_events: 5, confidence: 99.9%}
    channels: [pagerduty]
    labels: {team: shop}
    annotations: {dashboard: https://grafana.example/d/1}
    runbook: https://runbooks.example/fast
    shadow: true
`), catalogue(t))
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	o := f.Objectives[0]
	if o.Target != 0.995 || o.Window != 28*24*time.Hour || len(o.Burns) != 2 || o.Burns[0].For != time.Minute || o.LowTraffic != (slo.LowTraffic{MinBad: 5, Confidence: 0.999}) ||
		!o.Shadow || o.Annotations["runbook_url"] == "" || o.Origin() != "s.yml:3" || o.Counts != "Share of the requests that take longer than 300 ms." {
		t.Errorf("got %+v", o)
	}
	r, ok := o.Alert("critical")
	if !ok || r.Labels["team"] != "shop" || r.Alert != "checkout-fast" || time.Duration(r.For) != time.Minute {
		t.Errorf("got %+v", r)
	}
	if _, ok := o.Alert("info"); ok {
		t.Error("there is an alert that nobody asked for")
	}
}

func TestParse_EveryRule_IsPromQL(t *testing.T) {
	f, errs := slo.Parse("s.yml", []byte(`
slos:
  - {name: a, objective: 99.9%, signal: error_rate}
  - {name: b, service: "x-*", objective: 90%, window: 7d, signal: p99_latency, threshold: 1s}
  - {name: c, service: "it's", objective: 0.95, total: "sum(rate(x_total[$window]))", bad: "sum(rate(y_total[$window]))"}
`), catalogue(t))
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	steps := slo.StepsFor(15 * time.Second)
	p := parser.NewParser(parser.Options{})
	n := 0
	for _, g := range append(f.Groups(steps), slo.Sums([]slo.File{f}, steps)) {
		for _, r := range g.Rules {
			n++
			if _, err := p.ParseExpr(r.Expr); err != nil {
				t.Errorf("%s%s: %v", r.Record, r.Alert, err)
			}
		}
	}
	if n < 50 {
		t.Errorf("got %d rules", n)
	}
	with, err := catalogue(t).With(slo.Sources([]slo.File{f})...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := with.Compile(signal.Resolution{Service: []string{"service", "job"}, Environment: []string{"env"}}, 2*time.Minute); err != nil {
		t.Error(err)
	}
}

func TestParse_Mistakes_ToldWithLine(t *testing.T) {
	for text, want := range map[string]string{
		"objective: 99.9%":                                               `s.yml:2: objective "x": signal: want a signal such as error_rate, or total with good or bad as PromQL, got none`,
		"signal: error_rate":                                             `objective: want the share of good events, such as 99.9%, got none`,
		"objective: 100%\n    signal: error_rate":                        `s.yml:3: objective "x": objective: want a share from 1% to below 100%, got "100%"; 100% leaves no budget for anything`,
		"objective: high\n    signal: error_rate":                        `objective: want the share of good events, such as 99.9% or 0.999, got "high"`,
		"objective: 99.9%\n    signal: eror_rate":                        `s.yml:4: objective "x": signal: unknown signal "eror_rate"; did you mean "error_rate"?`,
		"objective: 99.9%\n    signal: memory_percent":                   `signal: the signal memory_percent does not tell how many of its events are bad; want a share such as error_rate, a latency with a threshold`,
		"objective: 99.9%\n    signal: latency":                          `threshold: want how long a good request may take, such as 300ms, got none`,
		"objective: 99.9%\n    signal: latency\n    threshold: 5%":       `s.yml:5: objective "x": threshold: "5%": column 1: want a duration such as 250ms`,
		"objective: 99.9%\n    signal: error_rate\n    threshold: 300ms": `threshold: error_rate is not made of histograms and has no threshold`,
		"objective: 99.9%\n    signal: error_rate\n    total: up":        `signal: want a signal, or total with good or bad, got both`,
		"objective: 99.9%\n    good: up":                                 `total: want PromQL for the rate of all events`,
		"objective: 99.9%\n    total: up":                                `total: want one of good and bad beside total, got none`,
		"objective: 99.9%\n    total: up\n    good: up\n    bad: up":     `total: want one of good and bad beside total, got both`,
		"objective: 99.9%\n    total: up(\n    good: up":                 `total: parse "up("`,
		"objective: 99.9%\n    total: up\n    good: 5":                   `good: "5": want an instant vector, got a scalar`,
		"objective: 99.9%\n    signal: error_rate\n    window: 5m":       `window: want a window from 1h to 400d, got 5m`,
		"objective: 99.9%\n    signal: error_rate\n    window: 7d\n    burn_rates: [{rate: 0.5, long: 1h, short: 5m}]":  `burn_rates[0].rate: want a rate from 1 to below 1000, at which every event is bad, got 0.5`,
		"objective: 90%\n    signal: error_rate\n    burn_rates: [{rate: 14.4, long: 1h, short: 5m}]":                   `burn_rates[0].rate: want a rate from 1 to below 10, at which every event is bad, got 14.4`,
		"objective: 99.9%\n    signal: error_rate\n    burn_rates: [{rate: 14.4, long: 5m, short: 1h}]":                 `burn_rates[0].long: want a short window of 1m or more, a longer one`,
		"objective: 99.9%\n    signal: error_rate\n    burn_rates: [{rate: 14.4, long: 1h, short: 5m, severity: loud}]": `burn_rates[0].severity: want info, warning or critical, got "loud"`,
		"objective: 99.9%\n    signal: error_rate\n    low_traffic: {min_bad_events: -1}":                               `low_traffic.min_bad_events: want 0 or more, got -1`,
		"objective: 99.9%\n    signal: error_rate\n    low_traffic: {confidence: 110%}":                                 `low_traffic.confidence: want a share from 0% to below 100%, such as 99.99%, got "110%"`,
		"objective: 99.9%\n    signal: error_rate\n    labels: {slo: y}":                                                `labels.slo: the label slo is set by the objective itself; choose another`,
		"objective: 99.9%\n    signal: error_rate\n  - name: x\n    objective: 99.9%\n    signal: error_rate":           `s.yml:5: objective "x": name: the name is taken by the objective at line 2`,
	} {
		_, errs := slo.Parse("s.yml", []byte("slos:\n  - name: x\n    "+text+"\n"), catalogue(t))
		if got := errs.Error(); !strings.Contains(got, want) {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestDefaultBurns_AreTheWorkbooks(t *testing.T) {
	for _, c := range []struct {
		target float64
		window time.Duration
		want   string
	}{
		{0.999, 30 * 24 * time.Hour, "14.4/1h/5m 6/6h/30m 3/1d/2h 1/3d/6h"},
		{0.999, 28 * 24 * time.Hour, "13.44/1h/5m 5.6/6h/30m 2.8/1d/2h"},
		{0.999, 7 * 24 * time.Hour, "3.36/1h/5m 1.4/6h/30m"},
		{0.90, 30 * 24 * time.Hour, "8/1h/5m 6/6h/30m 3/1d/2h 1/3d/6h"},
	} {
		var got []string
		for _, b := range slo.DefaultBurns(c.target, c.window) {
			got = append(got, strings.Join([]string{trimmed(b.Rate), slo.WindowName(b.Long), slo.WindowName(b.Short)}, "/"))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v over %s: got %s, want %s", c.target, c.window, strings.Join(got, " "), c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	cat := catalogue(f)
	f.Add([]byte("slos:\n  - {name: a, objective: 99.9%, signal: latency, threshold: 300ms}\n"))
	f.Add([]byte("slos: [{name: a, objective: 0.9, total: up, bad: up, burn_rates: [{rate: 2, long: 1h, short: 5m}]}]"))
	f.Fuzz(func(t *testing.T, src []byte) {
		file, errs := slo.Parse("s.yml", src, cat)
		if len(errs) > 0 {
			return
		}
		p := parser.NewParser(parser.Options{})
		for _, g := range file.Groups(slo.StepsFor(15 * time.Second)) {
			for _, r := range g.Rules {
				if _, err := p.ParseExpr(r.Expr); err != nil {
					t.Errorf("%s%s: %v", r.Record, r.Alert, err)
				}
			}
		}
	})
}
