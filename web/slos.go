package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/slo"
	"github.com/tocsinhq/tocsin/telemetry"
)

// SLO is how a service level objective stands for one service. Figures that are
// not known are null.
type SLO struct {
	Name        string           `json:"name"`
	Description string           `json:"description,omitempty"`
	Service     string           `json:"service"` // "" while none has data
	Environment string           `json:"environment,omitempty"`
	Counts      string           `json:"counts"` // what counts as bad
	Objective   float64          `json:"objective"`
	Window      float64          `json:"window_seconds"`
	ErrorRatio  telemetry.Number `json:"error_ratio"` // share of bad events in the window
	RatioLower  telemetry.Number `json:"ratio_lower"` // ends of its 95 % interval
	RatioUpper  telemetry.Number `json:"ratio_upper"`
	Events      telemetry.Number `json:"events"`
	BadEvents   telemetry.Number `json:"bad_events"`
	BudgetLeft  telemetry.Number `json:"budget_left"` // 1 untouched, 0 used up, negative overdrawn
	Observed    float64          `json:"observed_seconds"`
	Burning     string           `json:"burning,omitempty"` // severity of its alert that fires, if one does
	Shadow      bool             `json:"shadow,omitempty"`
	Burns       []SLOBurn        `json:"burns"`
	Query       string           `json:"query,omitempty"` // draws the budget left
	Source      string           `json:"source"`          // file:line
}

// SLOBurn is how fast the budget burns over the two windows of an alert.
type SLOBurn struct {
	Rate      float64          `json:"rate"` // that alerts
	Severity  string           `json:"severity"`
	Long      float64          `json:"long_seconds"`
	Short     float64          `json:"short_seconds"`
	LongRate  telemetry.Number `json:"long_rate"`
	ShortRate telemetry.Number `json:"short_rate"`
	Burning   bool             `json:"burning"`         // too fast, by more than chance
	Query     string           `json:"query,omitempty"` // draws the rate over the long window
}

// SLOList is the answer of GET slos.
type SLOList struct {
	SLOs []SLO `json:"slos"`
	More bool  `json:"more"`
}

func (s *server) listSLOs(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	service, want := q.text("service"), q.limit(defaultLimit, maxLimit)
	if err := q.err(); err != nil {
		return result{}, err
	}
	found, err := s.opts.SLOs(r.Context())
	if err != nil {
		return result{}, err
	}
	if service != "" {
		found = slices.DeleteFunc(found, func(o rules.ObjectiveStatus) bool { return o.Service != service })
	}
	out := make([]SLO, 0, min(want, len(found)))
	for _, o := range found[:min(want, len(found))] {
		out = append(out, sloOf(o))
	}
	return ok(SLOList{SLOs: out, More: len(found) > want})
}

func sloOf(s rules.ObjectiveStatus) SLO {
	o := s.Objective
	out := SLO{
		Name: o.Name, Description: o.Description, Service: s.Service, Environment: s.Environment, Counts: o.Counts,
		Objective: o.Target, Window: o.Window.Seconds(), ErrorRatio: s.ErrorRatio, RatioLower: s.RatioLower, RatioUpper: s.RatioUpper,
		Events: s.Events, BadEvents: s.BadEvents, BudgetLeft: s.BudgetLeft, Observed: s.Observed.Seconds(), Burning: s.Burning, Shadow: o.Shadow,
		Burns: make([]SLOBurn, 0, len(s.Burns)), Source: o.Origin(),
	}
	query := func(metric, window string) string {
		ms := []string{fmt.Sprintf("slo=%q", o.Name)}
		if window != "" {
			ms = append(ms, fmt.Sprintf("window=%q", window))
		}
		if s.Environment != "" {
			ms = append(ms, fmt.Sprintf("environment=%q", s.Environment))
		}
		return fmt.Sprintf("%s{%s,service=%q}", metric, strings.Join(ms, ","), s.Service)
	}
	known := s.Events == s.Events
	if known {
		out.Query = query(slo.BudgetSeries, "")
	}
	for _, b := range s.Burns {
		x := SLOBurn{Rate: b.Rate, Severity: b.Severity, Long: b.Long.Seconds(), Short: b.Short.Seconds(), LongRate: b.LongRate, ShortRate: b.ShortRate, Burning: b.Burning}
		if known {
			x.Query = query(slo.BurnSeries, slo.WindowName(b.Long))
		}
		out.Burns = append(out.Burns, x)
	}
	return out
}
