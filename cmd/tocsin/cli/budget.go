package cli

import (
	"context"
	"fmt"
	"math"
)

type budgetCommand struct {
	remoteFlags
	Service string `help:"Only of this service."`
}

// Run prints what services have spent of their false-alarm budgets, the most
// spent first.
func (c *budgetCommand) Run(ctx context.Context, s streams) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	list, err := cl.Budgets(ctx, c.Service)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, list)
	}
	if len(list.Budgets) == 0 {
		if c.Service != "" {
			return say(s.out, "service %q has no series that are watched\n", c.Service)
		}
		return say(s.out, "no service has series that are watched\n")
	}
	rows := [][]string{{"SERVICE", "SERIES", "BUDGET/WEEK", "SPENT 7D", "SPENT 28D", "ALARMS 7D", "OFFSET", "SPENDS MOST"}}
	for _, b := range list.Budgets {
		name, most := b.Service, ""
		if name == "" {
			name = "(none)"
		}
		if len(b.Most) > 0 {
			most = b.Most[0].Series
			if b.Most[0].Group {
				most = "several metrics together"
			}
			most = fmt.Sprintf("%s (%d)", most, b.Most[0].Alarms)
		}
		rows = append(rows, []string{name, fmt.Sprint(b.Series), fmt.Sprintf("%g", b.PerWeek), fmt.Sprint(b.Spent7), fmt.Sprint(b.Spent28),
			fmt.Sprint(b.Alarms7), signed(b.Offset), most})
	}
	if err := table(s.out, rows); err != nil {
		return err
	}
	if list.More {
		_, err = fmt.Fprintf(s.out, "... and more; --service shows one of them\n")
	}
	return err
}

// signed returns a number with its sign and two digits. What is rounded to nothing has no
// sign of its own: -0.00 would look as if there were a difference.
func signed(f float64) string {
	if math.Abs(f) < 0.005 {
		f = 0
	}
	return fmt.Sprintf("%+.2f", f)
}
