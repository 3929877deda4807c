package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/web"
	"github.com/tocsinhq/tocsin/web/client"
)

// followEvery is how often a followed journal is asked for what is new.
const followEvery = time.Second

type notifyLog struct {
	URL      string        `name:"url" env:"TOCSIN_URL" default:"http://127.0.0.1:9099" help:"Address of the running daemon."`
	Incident string        `help:"Only about this incident; group/KEY for a group of alerts."`
	Channel  string        `help:"Only of this channel."`
	What     []string      `help:"Only these: sent, retry, failed, muted, unmuted, merged, dropped, skipped, unrouted, fallback, escalated."`
	Since    time.Duration `default:"24h" help:"Only within this time."`
	Limit    int           `default:"1000" help:"At most so many, the latest ones."`
	Follow   bool          `short:"f" help:"Go on with what happens from now on, until Ctrl-C."`
	Output   string        `short:"o" enum:"text,json" default:"text" help:"text, or json: one object a line, as the daemon answered it."`
}

// Run prints the journal, oldest first.
func (c *notifyLog) Run(ctx context.Context, s streams) error {
	cl, err := client.New(c.URL)
	if err != nil {
		return err
	}
	if c.Limit < 1 || c.Since <= 0 {
		return fmt.Errorf("want a positive --limit and --since, got %d and %s", c.Limit, c.Since)
	}
	q := client.NotifyQuery{Incident: c.Incident, Channel: c.Channel, What: c.What, Since: time.Now().Add(-c.Since)}
	entries, err := c.latest(ctx, cl, q)
	if err != nil {
		return err
	}
	if len(entries) == 0 && c.Output == "text" && !c.Follow {
		_, err := fmt.Fprintln(s.out, "nothing was told, and nothing was held back")
		return err
	}
	if err := c.print(s.out, entries, true); err != nil || !c.Follow {
		return err
	}
	q.Oldest, q.Cursor, q.Limit = true, "0", 0
	if n := len(entries); n > 0 {
		q.Cursor = strconv.FormatInt(entries[n-1].ID, 10)
	}
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		page, err := cl.Notifications(ctx, q)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		q.Cursor = page.Cursor
		if err := c.print(s.out, page.Entries, false); err != nil {
			return err
		}
		if page.More {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// latest returns at most Limit entries, oldest first.
func (c *notifyLog) latest(ctx context.Context, cl *client.Client, q client.NotifyQuery) ([]web.NotifyEntry, error) {
	var out []web.NotifyEntry
	for len(out) < c.Limit {
		q.Limit = min(500, c.Limit-len(out))
		page, err := cl.Notifications(ctx, q)
		if err != nil {
			return nil, err
		}
		out = append(out, page.Entries...)
		if !page.More {
			break
		}
		q.Cursor = page.Cursor
	}
	slices.Reverse(out)
	return out, nil
}

func (c *notifyLog) print(w io.Writer, entries []web.NotifyEntry, head bool) error {
	if c.Output == "json" {
		enc := json.NewEncoder(w)
		for _, e := range entries {
			if err := enc.Encode(e); err != nil {
				return err
			}
		}
		return nil
	}
	const form = "%-19s  %-9s  %-20s  %-14s  %-3s  %-4s  %-6s  %s\n"
	if head {
		if err := say(w, form, "TIME", "WHAT", "CHANNEL", "EVENT", "TRY", "CODE", "TOOK", "ABOUT"); err != nil {
			return err
		}
	}
	for _, e := range entries {
		try, took := "", ""
		if e.Attempt > 0 {
			try = strconv.Itoa(e.Attempt)
		}
		if e.Took > 0 {
			took = fmt.Sprintf("%.2gs", e.Took)
		}
		about := e.Subject
		if e.Reason != "" {
			about += " " + e.Reason
		}
		if e.Detail != "" {
			about += ": " + e.Detail
		}
		if err := say(w, form, local(e.At), e.What, e.Channel, strings.TrimPrefix(e.Event, "group/"), try, e.Code, took, about); err != nil {
			return err
		}
	}
	return nil
}
