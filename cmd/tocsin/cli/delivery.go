package cli

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/tocsinhq/tocsin/change/delivery"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web/client"
)

type reportDelivery struct {
	remoteFlags
	Since       horizonFlag `default:"30d" help:"How far to look back."`
	Zone        string      `help:"Time zone whose days count, such as Europe/Berlin; UTC by default."`
	Service     string      `help:"Only this service."`
	Environment string      `help:"Only this environment."`
}

func (c *reportDelivery) Run(ctx context.Context, s streams) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	now := time.Now()
	r, err := cl.Delivery(ctx, client.DeliveryQuery{
		From: now.Add(-time.Duration(c.Since)), To: now, Zone: c.Zone, Service: c.Service, Environment: c.Environment,
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, r)
	}
	rows := [][]string{{"SERVICE", "DEPLOYMENTS", "PER DAY", "LEAD TIME", "FAILED", "RECOVERY", "REWORK", "INCIDENTS", "ACKNOWLEDGED IN", "RESOLVED IN", "TIER"}}
	if c.Service == "" {
		rows = append(rows, deliveryRow("all", r.Total))
	}
	for _, f := range r.Services {
		rows = append(rows, deliveryRow(f.Service, f))
	}
	if err := table(s.out, rows); err != nil {
		return err
	}
	note := "Times are medians, with the 80th percentile behind them."
	switch n := r.Total.NoLeadTime; n {
	case 0:
	case 1:
		note += " 1 deployment names no commit_time and has no lead time."
	default:
		note += fmt.Sprintf(" %d deployments name no commit_time and have no lead time.", n)
	}
	return say(s.out, "%s\n", note)
}

func deliveryRow(name string, f delivery.Figures) []string {
	return []string{
		name, strconv.Itoa(f.Deployments), fmt.Sprintf("%.2f", f.PerDay), spans(f.LeadTime), shareOf(f.ChangeFailureRate, f.Failures),
		spans(f.Recovery), shareOf(f.ReworkRate, f.Rework), strconv.Itoa(f.Incidents), spans(f.Acknowledge), spans(f.Resolve), orDash(f.Tier),
	}
}

// spans writes the median and the 80th percentile.
func spans(d delivery.Durations) string {
	if d.P50 == nil {
		return "-"
	}
	return telemetry.Figure(*d.P50, "seconds") + " (" + telemetry.Figure(*d.P80, "seconds") + ")"
}

func shareOf(share *float64, n int) string {
	if share == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f %% (%d)", 100**share, n)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
