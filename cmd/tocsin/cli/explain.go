package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/tocsinhq/tocsin/backtest"
)

type explainCommand struct {
	remoteFlags
	Query string `arg:"" help:"PromQL selector of one series, such as 'tocsin:error_rate{service=\"checkout\"}'."`
	Time  string `placeholder:"TIME" help:"The newest sample not after this time is explained: RFC 3339 or seconds since 1970; now by default."`
}

// Run prints why a sample was or was not odd.
func (c *explainCommand) Run(ctx context.Context, s streams) error {
	var at time.Time
	if c.Time != "" {
		ms, err := backtest.ParseTime(c.Time)
		if err != nil {
			return wrongUse(s, fmt.Errorf("--time: %w", err))
		}
		at = time.UnixMilli(ms)
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	e, err := cl.Explain(ctx, c.Query, at)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, e)
	}
	_, err = fmt.Fprintf(s.out, "%s\n%s", printable(seriesText(e.Series)), printableLines(e.Text))
	return err
}
