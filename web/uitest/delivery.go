package uitest

import (
	"github.com/tocsinhq/tocsin/change/delivery"
	"github.com/tocsinhq/tocsin/web"
)

// delivery is the figures of the shop's own changes, whatever time is asked for.
func (s *Shop) delivery(r web.DeliveryRequest) delivery.Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := delivery.Input{From: s.now().AddDate(0, 0, -30), To: s.now(), Zone: r.Zone, Changes: s.changes}
	for _, i := range s.incidents {
		one := delivery.Incident{ID: i.ID, Service: i.Service, Opened: i.Opened, Acked: i.Acked, Resolved: i.Resolved}
		if f := s.rankings[i.ID].Findings; len(f) > 0 && f[0].Change != nil {
			one.Change, one.Probability = f[0].Change.ID, f[0].Probability
		}
		in.Incidents = append(in.Incidents, one)
	}
	return delivery.Compute(in)
}
