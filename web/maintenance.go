package web

import (
	"net/http"

	"github.com/tocsinhq/tocsin/notify/window"
)

// MaintenanceList is the answer of GET maintenance.
type MaintenanceList struct {
	Windows []window.Status `json:"windows"` // in the order of the configuration
}

// listMaintenance says how every maintenance window stands now.
func (s *server) listMaintenance(_ http.ResponseWriter, _ *http.Request, q *params) (result, error) {
	if err := q.err(); err != nil {
		return result{}, err
	}
	return ok(MaintenanceList{Windows: orEmpty(s.opts.Maintenance())})
}
