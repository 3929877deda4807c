package web

import (
	"net/http"
	"time"

	"github.com/tocsinhq/tocsin/change/delivery"
)

// DeliveryRequest asks for the figures of delivery of a time. Empty means all.
type DeliveryRequest struct {
	From, To             time.Time
	Zone                 *time.Location
	Service, Environment string
}

const defaultDelivery = 30 * 24 * time.Hour

func (s *server) delivery(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	req := DeliveryRequest{Service: q.text("service"), Environment: q.text("environment"), Zone: time.UTC}
	req.To = q.time("to", s.opts.Now())
	req.From = q.time("from", req.To.Add(-defaultDelivery))
	if !req.From.Before(req.To) {
		q.problem("from", "want a time before to")
	}
	if name := q.text("zone"); name != "" {
		zone, err := time.LoadLocation(name)
		if err != nil || name == "Local" {
			q.problem("zone", "want the name of a time zone such as Europe/Berlin, got %q", name)
		} else {
			req.Zone = zone
		}
	}
	if err := q.err(); err != nil {
		return result{}, err
	}
	report, err := s.opts.Delivery(r.Context(), req)
	if err != nil {
		return result{}, err
	}
	if req.Service != "" { // the total counts incidents of all services
		for _, f := range report.Services {
			if f.Service == req.Service {
				report.Total, report.Services = f, []delivery.Figures{f}
				return ok(report)
			}
		}
		report.Total, report.Services = delivery.Figures{Service: req.Service}, []delivery.Figures{}
	}
	return ok(report)
}
