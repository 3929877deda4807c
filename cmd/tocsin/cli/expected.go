package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/tocsinhq/tocsin/rca/feedback"
)

type expectedCommand struct {
	Add  expectedAdd  `cmd:"" help:"Expect something for a while: what matches is recorded, but opens nothing."`
	List expectedList `cmd:"" help:"List what is expected."`
	End  expectedEnd  `cmd:"" help:"End an expectation before its time."`
}

type expectedAdd struct {
	remoteFlags
	expectFlags
	Actor string `may-be-empty:"" help:"Who says so; your user name by default."`
}

func (c *expectedAdd) Run(ctx context.Context, s streams) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	r, err := c.request()
	if err != nil {
		return err
	}
	if r.Actor = c.Actor; r.Actor == "" {
		r.Actor = whoami()
	}
	e, err := cl.Expect(ctx, r)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, e)
	}
	return say(s.out, "expectation %d: %s, until %s\n", e.ID, scopeOf(e), local(e.Expires))
}

type expectedList struct {
	remoteFlags
	All   bool `help:"Also those that are over."`
	Limit int  `default:"100" help:"At most so many."`
}

func (c *expectedList) Run(ctx context.Context, s streams) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	list, err := cl.Expectations(ctx, c.All, c.Limit)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, list)
	}
	if len(list.Expectations) == 0 {
		return say(s.out, "nothing is expected\n")
	}
	rows := [][]string{{"ID", "WHAT", "UNTIL", "MATCHED", "WHO", "WHY"}}
	for _, e := range list.Expectations {
		until := local(e.Expires)
		if !e.Ended.IsZero() {
			until = "ended " + local(e.Ended)
		}
		rows = append(rows, []string{fmt.Sprint(e.ID), scopeOf(e), until, fmt.Sprint(e.Matched), e.Actor, e.Reason})
	}
	return table(s.out, rows)
}

// scopeOf says in words what is expected.
func scopeOf(e feedback.Expectation) string {
	what := "anything"
	if e.Signal != "" {
		what = e.Signal
	}
	if e.Service != "" {
		what += " of " + e.Service
	}
	if e.Environment != "" {
		what += " in " + e.Environment
	}
	if h := e.Hours; h != nil {
		if h.From != "" {
			what += " from " + h.From + " to " + h.To
		}
		if len(h.Days) > 0 {
			what += " on " + strings.Join(h.Days, ", ")
		}
		if h.Zone != "" {
			what += " (" + h.Zone + ")"
		}
	}
	return what
}

type expectedEnd struct {
	remoteFlags
	ID    int64  `arg:"" help:"Number of the expectation."`
	Actor string `may-be-empty:"" help:"Who ends it; your user name by default."`
}

func (c *expectedEnd) Run(ctx context.Context, s streams) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	if c.Actor == "" {
		c.Actor = whoami()
	}
	e, err := cl.EndExpectation(ctx, c.ID, c.Actor)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, e)
	}
	return say(s.out, "expectation %d is over\n", e.ID)
}
