package uitest

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

// Forecast implements web.Forecasts: the known series stay as they are.
func (s *Shop) Forecast(_ context.Context, r web.ForecastRequest) ([]web.Forecast, error) {
	sh, ok := shapes[r.Match]
	if !ok {
		return nil, &web.Error{Kind: web.KindNotFound, Message: fmt.Sprintf("no series matches %s in this time", r.Match)}
	}
	now := s.now()
	v, e, half := sh.at(now, now)
	f := web.Forecast{
		Series: map[string]string{"selector": r.Match}, Unit: sh.unit, From: now, Now: telemetry.Number(v), At: now.Add(r.Horizon),
		Value: telemetry.Number(e), Lower: telemetry.Number(max(0, e-half)), Upper: telemetry.Number(e + half), Tried: 24,
	}
	if !math.IsNaN(float64(r.Until)) {
		f.Crossing = &web.Crossing{Threshold: r.Until, Below: r.Below}
	}
	return []web.Forecast{f}, nil
}

// rooms are the disks and memories of the shop: percent now and days until full.
var rooms = []struct {
	service, instance, signal string
	now, days                 float64
}{
	{"orders-db", "db-1", "disk_percent", 81.5, 3.2},
	{"checkout", "pod-7", "memory_percent", 62, 12},
	{"search", "node-2", "disk_percent", 44, 0},
}

// Capacity implements web.Forecasts.
func (s *Shop) Capacity(_ context.Context, r web.CapacityRequest) ([]web.Room, error) {
	var out []web.Room
	now := s.now()
	for _, x := range rooms {
		if r.Service != "" && r.Service != x.service || len(out) == r.Limit {
			continue
		}
		c := web.Crossing{Threshold: telemetry.Number(100 * r.Full)}
		if ahead := time.Duration(x.days * float64(24*time.Hour)); ahead > 0 && ahead <= r.Horizon {
			c.Earliest, c.Likely, c.Latest = now.Add(ahead*3/4), now.Add(ahead), now.Add(ahead*3/2)
		}
		out = append(out, web.Room{
			Service: x.service, Instance: x.instance, Signal: x.signal, Unit: "percent", Now: telemetry.Number(x.now),
			Query: fmt.Sprintf("tocsin:%s{service=%q,instance=%q}", x.signal, x.service, x.instance), Crossing: c,
		})
	}
	return out, nil
}
