package cli

import (
	"context"
	"io"
	"strings"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/web/client"
)

type incidentMitigate struct{ actFlags }

func (c *incidentMitigate) Run(ctx context.Context, s streams) error {
	return c.act(ctx, s, func(cl *client.Client) (incident.Incident, error) {
		return cl.Mitigate(ctx, c.ID, c.actor(), c.Note)
	})
}

type incidentClose struct{ actFlags }

func (c *incidentClose) Run(ctx context.Context, s streams) error {
	return c.act(ctx, s, func(cl *client.Client) (incident.Incident, error) { return cl.Close(ctx, c.ID, c.actor(), c.Note) })
}

type incidentFalsePositive struct{ actFlags }

func (c *incidentFalsePositive) Run(ctx context.Context, s streams) error {
	return c.act(ctx, s, func(cl *client.Client) (incident.Incident, error) {
		return cl.FalsePositive(ctx, c.ID, c.actor(), c.Note)
	})
}

type incidentMerge struct {
	actFlags
	With string `arg:"" help:"Id of the other incident."`
}

func (c *incidentMerge) Run(ctx context.Context, s streams) error {
	return c.act(ctx, s, func(cl *client.Client) (incident.Incident, error) {
		return cl.Merge(ctx, c.ID, c.With, c.actor(), c.Note)
	})
}

type incidentSplit struct {
	actFlags
	Key string `arg:"" help:"Key of the occurrence, as incident show --json has it."`
}

func (c *incidentSplit) Run(ctx context.Context, s streams) error {
	return c.act(ctx, s, func(cl *client.Client) (incident.Incident, error) {
		return cl.Split(ctx, c.ID, c.Key, c.actor(), c.Note)
	})
}

// showLinks names the incidents that this one has to do with.
func showLinks(w io.Writer, i incident.Incident) {
	for _, l := range []struct{ what, ids string }{
		{"goes on as", i.MergedInto}, {"took in", strings.Join(i.Merged, ", ")},
		{"part of the storm of", i.Umbrella}, {"stands for a storm with", strings.Join(i.Members, ", ")},
		{"goes on from", i.Predecessor}, {"went on as", i.Successor}, {"split from", i.SplitFrom}, {"as once before in", i.RecurrenceOf},
	} {
		if l.ids != "" {
			say(w, "%s %s\n", l.what, l.ids)
		}
	}
}
