package cli

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/rules/journal"
	"github.com/tocsinhq/tocsin/web"
)

type rulesCommand struct {
	Log    rulesLog    `cmd:"" help:"List each time that an alert fired, lost its data, fired again or ended."`
	Pages  rulesPages  `cmd:"" help:"List what alerts paged for, from when to when."`
	Shadow rulesShadow `cmd:"" help:"List what shadow alerts would have paged for."`
}

// alertFlags narrow the log of alerts.
type alertFlags struct {
	remoteFlags
	Alert   string `help:"Only of this name."`
	Service string `help:"Only of this service."`
	Since   string `default:"7d" help:"How far back, such as 12h or 30d."`
	Limit   int    `default:"500" help:"At most so many entries of the log, the newest."`
}

// read asks the daemon. shadow narrows to shadow alerts or to the others.
func (f alertFlags) read(ctx context.Context, s streams, shadow *bool) (web.AlertLog, error) {
	since, err := yamldoc.ParseDuration(f.Since)
	if err != nil {
		return web.AlertLog{}, wrongUse(s, fmt.Errorf("--since: %w", err))
	}
	cl, err := f.client()
	if err != nil {
		return web.AlertLog{}, err
	}
	return cl.AlertLog(ctx, journal.Filter{Name: f.Alert, Service: f.Service, Shadow: shadow, From: time.Now().Add(-since.Std()), Limit: f.Limit})
}

type rulesLog struct{ alertFlags }

// Run prints one line for each change of an alert's state.
func (c *rulesLog) Run(ctx context.Context, s streams) error {
	list, err := c.read(ctx, s, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return journal.WriteJSON(s.out, list.Entries)
	}
	rows := [][]string{{"AT", "STATE", "ALERT", "SERVICE", "SEVERITY", "SUMMARY"}}
	for _, e := range list.Entries {
		rows = append(rows, []string{stamp(e.At), string(e.State), named(e.Name, e.Shadow), cmp.Or(e.Service, "-"), e.Severity, e.Summary})
	}
	return table(s.out, rows)
}

type rulesPages struct{ alertFlags }

// Run prints the pages of alerts that people are told of.
func (c *rulesPages) Run(ctx context.Context, s streams) error { return c.pages(ctx, s, false) }

type rulesShadow struct{ alertFlags }

// Run prints the pages that shadow alerts would have been.
func (c *rulesShadow) Run(ctx context.Context, s streams) error { return c.pages(ctx, s, true) }

func (f alertFlags) pages(ctx context.Context, s streams, shadow bool) error {
	list, err := f.read(ctx, s, &shadow)
	if err != nil {
		return err
	}
	if f.JSON {
		return printJSON(s.out, list.Pages)
	}
	rows := [][]string{{"FIRED", "FOR", "ALERT", "SERVICE", "SEVERITY", "SUMMARY"}}
	now := time.Now()
	for _, p := range list.Pages {
		lasted := p.Lasted(now).Round(time.Second).String()
		if p.Ended.IsZero() {
			lasted += " so far"
		}
		rows = append(rows, []string{stamp(p.Fired), lasted, named(p.Name, p.Shadow), cmp.Or(p.Service, "-"), p.Severity, p.Summary})
	}
	return table(s.out, rows)
}

func named(alert string, shadow bool) string {
	if shadow {
		return alert + " (shadow)"
	}
	return alert
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
