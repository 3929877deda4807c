package web

import (
	"net/http"
	"slices"
)

// Budget is what a service has spent of its false-alarm budget.
type Budget struct {
	Service string    `json:"service"`         // "" gathers series that belong to no service
	Series  int       `json:"series"`          // that are watched
	Able    int       `json:"able"`            // of these, that have been rare once and so can alarm
	PerWeek float64   `json:"budget_per_week"` // false alarms allowed
	Spent7  int       `json:"spent_7d"`        // alarms charged in the last seven days, today included
	Spent28 int       `json:"spent_28d"`
	Alarms7 int       `json:"alarms_7d"` // all alarms, those that no budget is charged for included
	Daily   []int     `json:"daily"`     // charged on each of the last 28 days UTC, the oldest first
	Offset  float64   `json:"offset"`    // powers of ten by which alarms have moved the threshold
	Share   float64   `json:"share"`     // powers of ten that a sample needs beyond a lone series' threshold
	Open    bool      `json:"open"`      // several of its metrics are odd together now
	Most    []Spender `json:"most"`      // who opened most of the newest alarms
}

// Spender is one series, or the metrics together, that opened alarms.
type Spender struct {
	Series string `json:"series"` // its labels; "" for the group, or when it is gone
	Group  bool   `json:"group"`
	Alarms int    `json:"alarms"`
}

// BudgetList is the answer of GET budget.
type BudgetList struct {
	Budgets []Budget `json:"budgets"`
	More    bool     `json:"more"`
}

func (s *server) listBudgets(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	service, want := q.text("service"), q.limit(defaultLimit, maxLimit)
	if err := q.err(); err != nil {
		return result{}, err
	}
	found, err := s.opts.Budgets(r.Context())
	if err != nil {
		return result{}, err
	}
	if service != "" {
		found = slices.DeleteFunc(found, func(b Budget) bool { return b.Service != service })
	}
	return ok(BudgetList{Budgets: orEmpty(found[:min(want, len(found))]), More: len(found) > want})
}
