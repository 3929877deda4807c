package cli

import (
	"context"
	"fmt"
	"time"
)

type reportWeekly struct {
	remoteFlags
	Since  horizonFlag `default:"7d" help:"How far to look back, at most 92d."`
	Format string      `enum:"markdown,json" default:"markdown" help:"What to print: markdown or json."`
}

func (c *reportWeekly) Run(ctx context.Context, s streams) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	now := time.Now()
	w, err := cl.Week(ctx, now.Add(-time.Duration(c.Since)), now)
	if err != nil {
		return err
	}
	if c.JSON || c.Format == "json" {
		return printJSON(s.out, w.Week)
	}
	_, err = fmt.Fprint(s.out, printableLines(w.Markdown))
	return err
}
