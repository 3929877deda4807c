package main

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/store"
)

// fleet is the services that the rules of the bench are about: each with
// instances, a counter of requests by code, a histogram of latency and two gauges.
type fleet struct {
	services, instances int
}

// rulesStep is the distance of samples and of evaluations.
const rulesStep = 15 * time.Second

var (
	fleetCodes  = []string{"200", "404", "500"}
	fleetBounds = []string{"0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf"}
)

// each hands on the labels of every series with how its value comes about at
// sample i.
func (f fleet) each(do func(l labels.Labels, value func(i int) float64)) {
	for s := range f.services {
		for n := range f.instances {
			own := []string{"job", fmt.Sprintf("s%03d", s), "instance", fmt.Sprintf("10.0.%d.%d:8080", s, n)}
			series := func(name string, value func(i int) float64, more ...string) {
				do(labels.FromStrings(append(append([]string{labels.MetricName, name}, own...), more...)...), value)
			}
			for c, code := range fleetCodes {
				rate := []float64{1500, 30, 4}[c]
				if s%25 == 3 && code == "500" {
					rate = 300 // some services are always in trouble, so that alerts fire
				}
				series("http_requests_total", func(i int) float64 { return rate * float64(i) }, "code", code)
			}
			for b, le := range fleetBounds {
				share := []float64{0.2, 0.5, 0.8, 0.95, 0.99, 0.999, 1}[b]
				series("http_request_duration_seconds_bucket", func(i int) float64 { return 1500 * share * float64(i) }, "le", le)
			}
			series("process_resident_memory_bytes", func(i int) float64 { return 2e8 + 1e7*math.Sin(float64(i+s)/9) })
			series("queue_length", func(i int) float64 { return 50 + 40*math.Sin(float64(i+n)/5) })
		}
	}
}

// fill opens a store in dir with n samples of every series up to end.
func (f fleet) fill(dir string, n int, end time.Time) (*store.DB, int, error) {
	cfg := store.DefaultConfig()
	cfg.Retention = yamldoc.Duration(10 * 365 * 24 * time.Hour)
	db, err := store.OpenTSDB(store.TSDBOptions{Dir: dir, Config: cfg, Logger: slog.New(slog.DiscardHandler), Block: 48 * time.Hour})
	if err != nil {
		return nil, 0, err
	}
	type row struct {
		l     labels.Labels
		ref   storage.SeriesRef
		value func(i int) float64
	}
	var rows []row
	f.each(func(l labels.Labels, value func(i int) float64) { rows = append(rows, row{l: l, value: value}) })
	for i := range n {
		app := db.AppenderV2(context.Background())
		t := end.Add(-time.Duration(n-1-i) * rulesStep).UnixMilli()
		for j := range rows {
			r := &rows[j]
			if r.ref, err = app.Append(r.ref, r.l, 0, t, r.value(i), nil, nil, storage.AOptions{}); err != nil {
				return nil, 0, err
			}
		}
		if err := app.Commit(); err != nil {
			return nil, 0, err
		}
	}
	return db, len(rows), nil
}

// groups returns n rules as people write them, in groups of twenty: for each
// service in turn recording rules and alerts that read it, and one in twenty that
// reads all services.
func (f fleet) groups(n int) rulefmt.RuleGroups {
	var out rulefmt.RuleGroups
	for i := range n {
		if i%20 == 0 {
			out.Groups = append(out.Groups, rulefmt.RuleGroup{Name: fmt.Sprintf("g%03d", i/20), Interval: model.Duration(rulesStep)})
		}
		g := &out.Groups[len(out.Groups)-1]
		g.Rules = append(g.Rules, f.rule(i))
	}
	return out
}

func (f fleet) rule(i int) rulefmt.Rule {
	job := fmt.Sprintf("s%03d", (i/7)%f.services)
	alert := func(name, expr string, wait time.Duration) rulefmt.Rule {
		return rulefmt.Rule{
			Alert: fmt.Sprintf("%s%04d", name, i), Expr: expr, For: model.Duration(wait),
			Labels:      map[string]string{"severity": "warning", "team": "shop"},
			Annotations: map[string]string{"summary": "{{ $labels.job }} shows {{ $value | humanize }}", "runbook_url": "https://runbooks.example/" + name},
		}
	}
	if i%20 == 0 {
		return rulefmt.Rule{Record: fmt.Sprintf("job:requests:rate5m_%04d", i), Expr: `sum by (job) (rate(http_requests_total[5m]))`}
	}
	switch i % 7 {
	case 0:
		return rulefmt.Rule{Record: fmt.Sprintf("job:errors:ratio_%04d", i), Labels: map[string]string{"slo": "availability"},
			Expr: fmt.Sprintf(`sum by (job) (rate(http_requests_total{job=%q,code=~"5.."}[5m])) / sum by (job) (rate(http_requests_total{job=%[1]q}[5m]))`, job)}
	case 1:
		return alert("Errors", fmt.Sprintf(`sum by (job) (rate(http_requests_total{job=%q,code=~"5.."}[5m])) / sum by (job) (rate(http_requests_total{job=%[1]q}[5m])) > 0.05`, job), 2*time.Minute)
	case 2:
		return rulefmt.Rule{Record: fmt.Sprintf("job:latency:p99_%04d", i),
			Expr: fmt.Sprintf(`histogram_quantile(0.99, sum by (job, le) (rate(http_request_duration_seconds_bucket{job=%q}[5m])))`, job)}
	case 3:
		return alert("Memory", fmt.Sprintf(`process_resident_memory_bytes{job=%q} > 2.5e8`, job), 5*time.Minute)
	case 4:
		return alert("Queue", fmt.Sprintf(`max_over_time(queue_length{job=%q}[2m]) > 85`, job), 0)
	case 5:
		return alert("Gone", fmt.Sprintf(`absent(queue_length{job=%q})`, job), time.Minute)
	}
	return rulefmt.Rule{Record: fmt.Sprintf("job:memory:max_%04d", i), Expr: fmt.Sprintf(`max by (job) (process_resident_memory_bytes{job=%q})`, job)}
}
