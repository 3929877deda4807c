package web

import (
	"net/http"

	"github.com/tocsinhq/tocsin/rules"
)

// AlertList is the answer of GET alerts: the alerts of our rules that stand now, those
// that fire and those that are held because their data stopped.
type AlertList struct {
	Alerts []rules.Alert `json:"alerts"`
}

func (s *server) listAlerts(_ http.ResponseWriter, _ *http.Request, q *params) (result, error) {
	if err := q.err(); err != nil {
		return result{}, err
	}
	return ok(AlertList{Alerts: orEmpty(s.opts.Alerts())})
}
