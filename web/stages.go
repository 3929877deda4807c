package web

import (
	"net/http"
	"time"

	"github.com/tocsinhq/tocsin/change/stage"
)

// StageReport is the answer of GET stages.
type StageReport struct {
	Stages []Stage `json:"stages"` // in the order in which a version goes through them
	// Promotions are the ways of versions, the latest first.
	Promotions []stage.Promotion `json:"promotions"`
	More       bool              `json:"more"`
}

// Stage is one stage of deployment. Variables that look like secrets have no value.
type Stage struct {
	Name             string           `json:"name"`
	Trigger          string           `json:"trigger,omitempty"`
	Branch           string           `json:"branch,omitempty"`
	ApprovalRequired bool             `json:"approval_required"`
	Tests            []string         `json:"tests"`
	Rollback         *stage.Rollback  `json:"rollback,omitempty"`
	Variables        []stage.Variable `json:"environment"`
}

func (s *server) stages(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	service, from, limit := q.text("service"), q.time("from", time.Time{}), q.limit(defaultLimit, maxLimit)
	if err := q.err(); err != nil {
		return result{}, err
	}
	report, err := s.opts.Stages(r.Context(), service, from, limit)
	if err != nil {
		return result{}, err
	}
	for i := range report.Stages {
		report.Stages[i].Tests = orEmpty(report.Stages[i].Tests)
	}
	report.Promotions = orEmpty(report.Promotions)
	return ok(report)
}
