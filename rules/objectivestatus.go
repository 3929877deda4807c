package rules

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"

	"github.com/tocsinhq/tocsin/rules/slo"
	"github.com/tocsinhq/tocsin/telemetry"
)

// ObjectiveStatus is how an objective stands for one service and environment.
// Figures that are not known are NaN.
type ObjectiveStatus struct {
	Objective   slo.Objective
	Service     string // "" while no service has data and the objective names none
	Environment string
	ErrorRatio  telemetry.Number // share of bad events in the objective's window
	RatioLower  telemetry.Number // ends of its 95 % interval; see slo.Interval
	RatioUpper  telemetry.Number
	Events      telemetry.Number
	BadEvents   telemetry.Number
	BudgetLeft  telemetry.Number // 1 untouched, 0 used up, negative overdrawn
	Observed    time.Duration    // how much of the window there are data of
	Burns       []BurnStatus     // as the objective has them
	Burning     string           // the highest severity of its alerts that fire or are held; "" for none
}

// BurnStatus is how fast the budget burns over the two windows of an alert.
type BurnStatus struct {
	slo.Burn
	LongRate  telemetry.Number
	ShortRate telemetry.Number
	Burning   bool // too fast, by more than chance
}

// intervalConfidence is that of the interval which is shown.
const intervalConfidence = 0.95

// Objectives returns how every objective stands at the time, sorted by name,
// service and environment. An objective that counts nothing yet is listed once,
// without figures.
func (e *Engine) Objectives(ctx context.Context, at time.Time) ([]ObjectiveStatus, error) {
	e.view.RLock()
	files, alerts := e.slos, e.current
	e.view.RUnlock()
	if len(files) == 0 {
		return nil, nil
	}
	at = at.Add(-e.cfg.QueryOffset.Std())
	names := []string{slo.EventsSeries, slo.RatioSeries, slo.BurnSeries, slo.ProofSeries, slo.BudgetSeries, slo.SpanSeries}
	v, err := e.query(ctx, fmt.Sprintf("{__name__=~%q}", strings.Join(names, "|")), at)
	if err != nil {
		return nil, fmt.Errorf("read objectives: %w", err)
	}
	found := figuresOf(v)
	var out []ObjectiveStatus
	for _, f := range files {
		for _, o := range f.Objectives {
			of := found[o.Name]
			if len(of) == 0 {
				of = map[subject]map[string]float64{{service: onlyService(o)}: {}}
			}
			for who, figures := range of {
				out = append(out, objectiveStatus(o, who, figures, alerts))
			}
		}
	}
	slices.SortFunc(out, func(a, b ObjectiveStatus) int {
		return cmp.Or(cmp.Compare(a.Objective.Name, b.Objective.Name), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Environment, b.Environment))
	})
	return out, nil
}

// subject is what an objective is kept by.
type subject struct{ service, environment string }

// figuresOf sorts samples by objective, subject and "metric window".
func figuresOf(v promql.Vector) map[string]map[subject]map[string]float64 {
	out := map[string]map[subject]map[string]float64{}
	for _, s := range v {
		name := s.Metric.Get("slo")
		who := subject{s.Metric.Get("service"), s.Metric.Get("environment")}
		if out[name] == nil {
			out[name] = map[subject]map[string]float64{}
		}
		if out[name][who] == nil {
			out[name][who] = map[string]float64{}
		}
		out[name][who][s.Metric.Get(labels.MetricName)+" "+s.Metric.Get("window")] = s.F
	}
	return out
}

func onlyService(o slo.Objective) string {
	if len(o.Services) == 1 && !strings.Contains(o.Services[0], "*") {
		return o.Services[0]
	}
	return ""
}

func objectiveStatus(o slo.Objective, who subject, figures map[string]float64, alerts []Alert) ObjectiveStatus {
	get := func(metric string, w time.Duration) float64 {
		key := metric + " "
		if w > 0 {
			key += slo.WindowName(w)
		}
		if f, ok := figures[key]; ok {
			return f
		}
		return math.NaN()
	}
	events, ratio := get(slo.EventsSeries, o.Window), get(slo.RatioSeries, o.Window)
	s := ObjectiveStatus{
		Objective: o, Service: who.service, Environment: who.environment,
		ErrorRatio: telemetry.Number(ratio), Events: telemetry.Number(events), BadEvents: telemetry.Number(events * ratio),
		BudgetLeft: telemetry.Number(get(slo.BudgetSeries, 0)), RatioLower: unknown, RatioUpper: unknown,
	}
	if !math.IsNaN(ratio) {
		lower, upper := slo.Interval(events*ratio, events, intervalConfidence)
		s.RatioLower, s.RatioUpper = telemetry.Number(lower), telemetry.Number(upper)
	}
	if span := get(slo.SpanSeries, 0); !math.IsNaN(span) {
		s.Observed = time.Duration(span * float64(time.Second))
	}
	for _, b := range o.Burns {
		x := BurnStatus{Burn: b, LongRate: telemetry.Number(get(slo.BurnSeries, b.Long)), ShortRate: telemetry.Number(get(slo.BurnSeries, b.Short))}
		bad := get(slo.EventsSeries, b.Long) * get(slo.RatioSeries, b.Long)
		x.Burning = float64(x.LongRate) > b.Rate && !(float64(x.ShortRate) <= b.Rate) &&
			bad >= o.LowTraffic.MinBad && s.Observed.Seconds() >= slo.Youngest*b.Long.Seconds() && get(slo.ProofSeries, b.Long) > o.LowTraffic.Proof()
		s.Burns = append(s.Burns, x)
	}
	for _, a := range alerts {
		if a.Name == o.Name && a.Labels["slo"] == o.Name && a.Labels["service"] == who.service && a.Labels["environment"] == who.environment &&
			slices.Index(severities, a.Severity) > slices.Index(severities, s.Burning) {
			s.Burning = a.Severity
		}
	}
	return s
}
