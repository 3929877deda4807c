package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/common/model"

	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
	"github.com/tocsinhq/tocsin/web/client"
)

type reportCommand struct {
	Capacity    reportCapacity    `cmd:"" help:"Show what fills: disks, memory, pools and other signals with a limit, the soonest first."`
	Forecast    reportForecast    `cmd:"" help:"Show what series are expected to be."`
	Delivery    reportDelivery    `cmd:"" help:"Show how well software is delivered: how often, how fast, and how often it fails (DORA)."`
	Postmortem  reportPostmortem  `cmd:"" help:"Write the record of an incident: figures, causes, what was tried, timeline and charts; judgements are left to people."`
	Runbook     reportRunbook     `cmd:"" help:"Write the runbook of an alert or a service from what helped in past incidents."`
	Weekly      reportWeekly      `cmd:"" help:"Write what happened in a time: incidents, alarms against the budget, changes and their verdicts, delivery, the noisiest alerts, what is open."`
	Cardinality reportCardinality `cmd:"" help:"Show where series come from: by metric, label, value or service, and by the change that brought them."`
}

// horizonFlag is a duration that knows days.
type horizonFlag time.Duration

// UnmarshalText reads 12h, 3d or 2w.
func (h *horizonFlag) UnmarshalText(text []byte) error {
	d, err := model.ParseDuration(string(text))
	if err != nil || d <= 0 {
		return fmt.Errorf("want a duration such as 12h or 30d, got %q", text)
	}
	*h = horizonFlag(d)
	return nil
}

type reportCapacity struct {
	remoteFlags
	Horizon horizonFlag `default:"30d" help:"How far to look ahead."`
	Full    float64     `default:"0.95" help:"Share of the most that counts as full."`
	Service string      `help:"Only this service."`
	Limit   int         `default:"50" help:"At most so many."`
}

func (c *reportCapacity) Run(ctx context.Context, s streams) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	list, err := cl.Capacity(ctx, client.CapacityQuery{Service: c.Service, Horizon: time.Duration(c.Horizon), Full: c.Full, Limit: c.Limit})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, list)
	}
	if len(list.Rooms) == 0 {
		_, err := fmt.Fprintln(s.out, "nothing is known yet of signals with a limit; series are foreseen after about a day")
		return err
	}
	rows := [][]string{{"SERVICE", "INSTANCE", "SIGNAL", "NOW", "FULL AT", "LIKELY", "EARLIEST", "LATEST"}}
	for _, r := range list.Rooms {
		rows = append(rows, append([]string{r.Service, r.Instance, r.Signal, telemetry.Figure(float64(r.Now), r.Unit),
			telemetry.Figure(float64(r.Crossing.Threshold), r.Unit)}, times(r.Crossing)...))
	}
	if err := table(s.out, rows); err != nil {
		return err
	}
	if list.More {
		_, err = fmt.Fprintln(s.out, "... and more; --limit shows them")
	}
	return err
}

// times writes likely, earliest and latest, "-" for what is not expected.
func times(c web.Crossing) []string {
	out := make([]string, 0, 3)
	for _, t := range []time.Time{c.Likely, c.Earliest, c.Latest} {
		if t.IsZero() {
			out = append(out, "-")
		} else {
			out = append(out, local(t))
		}
	}
	return out
}

type reportForecast struct {
	remoteFlags
	Match     string      `arg:"" help:"PromQL selector of series, such as 'tocsin:disk_percent{service=\"db\"}'."`
	Horizon   horizonFlag `default:"1d" help:"How far ahead."`
	Threshold string      `help:"Also say when this value is reached."`
	Below     bool        `help:"The threshold is reached from above."`
	Limit     int         `default:"50" help:"At most so many series."`
}

func (c *reportForecast) Run(ctx context.Context, s streams) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	list, err := cl.Forecasts(ctx, client.ForecastQuery{Match: c.Match, Horizon: time.Duration(c.Horizon), Threshold: c.Threshold, Below: c.Below, Limit: c.Limit})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, list)
	}
	if len(list.Forecasts) == 0 {
		_, err := fmt.Fprintln(s.out, "nothing can be said yet of these series; they are foreseen after about a day")
		return err
	}
	head := []string{"SERIES", "NOW", "AT", "EXPECTED", "FROM", "TO"}
	if c.Threshold != "" {
		head = append(head, "LIKELY", "EARLIEST", "LATEST")
	}
	rows := [][]string{head}
	for _, f := range list.Forecasts {
		figure := func(v telemetry.Number) string { return telemetry.Figure(float64(v), f.Unit) }
		row := []string{seriesText(f.Series), figure(f.Now), local(f.At), figure(f.Value), figure(f.Lower), figure(f.Upper)}
		if f.Crossing != nil {
			row = append(row, times(*f.Crossing)...)
		}
		rows = append(rows, row)
	}
	if err := table(s.out, rows); err != nil {
		return err
	}
	if list.More {
		_, err = fmt.Fprintln(s.out, "... and more; --limit shows them")
	}
	return err
}

// seriesText writes labels as PromQL does.
func seriesText(l map[string]string) string {
	m := make(model.Metric, len(l))
	for n, v := range l {
		m[model.LabelName(n)] = model.LabelValue(v)
	}
	return m.String()
}
