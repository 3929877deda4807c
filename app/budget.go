package app

import (
	"cmp"
	"context"
	"slices"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/web"
)

// refund gives services back what anomalies of an incident cost them that turned
// out to be real: a person has taken it, or a rule says the same. It may be
// called again for the same incident.
func (c *Core) refund(inc incident.Incident) {
	if !confirmed(inc) || c.saidFalse(inc) {
		return
	}
	for _, o := range inc.Occurrences {
		if o.Source == incident.SourceAnomaly {
			c.bank.Refund(o.Service, o.Since.UnixMilli())
		}
	}
}

// confirmed reports whether more than the detector's word stands for an incident.
func confirmed(inc incident.Incident) bool {
	if inc.State == incident.StateFalsePositive {
		return false // it stays spent: that is what the budget is for
	}
	if !inc.Acked.IsZero() {
		return true
	}
	return slices.ContainsFunc(inc.Occurrences, func(o incident.Occurrence) bool {
		return o.Source == incident.SourceAlert && o.Strong
	})
}

// groupOccurrence words a verdict on a whole service.
func (c *Core) groupOccurrence(v detector.Verdict) (incident.Occurrence, bool) {
	environment := ""
	if len(v.Group.Guilty) > 0 {
		environment = c.engine.Environment(v.Group.Guilty[0].Labels)
	}
	return incident.FromGroup(v, environment, c.incidentConfig)
}

// Budgets lists what services have spent of their budgets, the most spent first.
func (c *Core) Budgets(context.Context) ([]web.Budget, error) {
	all := c.bank.Services(c.now().UnixMilli())
	out := make([]web.Budget, len(all))
	for i, s := range all {
		out[i] = web.Budget{
			Service: s.Name, Series: s.Series, Able: s.Able, PerWeek: s.Budget,
			Spent7: s.Spent7, Spent28: s.Spent28, Alarms7: s.Alarms7, Daily: s.Daily,
			Offset: s.Offset, Share: s.Share, Open: s.Open, Most: make([]web.Spender, len(s.Most)),
		}
		for j, x := range s.Most {
			out[i].Most[j] = web.Spender{Alarms: x.Alarms, Group: x.Group}
			if !x.Labels.IsEmpty() {
				out[i].Most[j].Series = x.Labels.String()
			}
		}
	}
	slices.SortStableFunc(out, func(x, y web.Budget) int { return cmp.Compare(y.Spent7, x.Spent7) })
	return out, nil
}

// budgetStatus sums up the budgets for the status page.
func (c *Core) budgetStatus(s *web.DetectorStatus) {
	for _, x := range c.bank.Services(c.now().UnixMilli()) {
		s.Services++
		s.Spent += x.Spent7
		if float64(x.Spent7) > max(2*x.Budget, 1) {
			s.Overspent++
		}
	}
}
