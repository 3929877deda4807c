package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/change/stage"
	"github.com/tocsinhq/tocsin/telemetry"
)

type changeStages struct {
	remoteFlags
	Service string        `help:"Only versions of this service."`
	Since   time.Duration `default:"720h" help:"Only deployments that began within this time."`
	Limit   int           `default:"50" help:"At most so many versions."`
}

func (c *changeStages) Run(ctx context.Context, s streams) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	r, err := cl.Stages(ctx, c.Service, time.Now().Add(-c.Since), c.Limit)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, r)
	}
	if len(r.Stages) == 0 {
		return say(s.out, "no stages; name a file with them in changes.deployment_stages_files\n")
	}
	rows := [][]string{{"STAGE", "TRIGGER", "BRANCH", "APPROVAL", "TESTS", "ROLLBACK", "ENVIRONMENT"}}
	for _, x := range r.Stages {
		var vars []string
		for _, v := range x.Variables {
			value := v.Value
			if v.Hidden {
				value = "(hidden)"
			}
			vars = append(vars, v.Name+"="+value)
		}
		approval, rollback := "", ""
		if x.ApprovalRequired {
			approval = "required"
		}
		if x.Rollback != nil && x.Rollback.Enabled {
			rollback = x.Rollback.Strategy
		}
		rows = append(rows, []string{x.Name, x.Trigger, x.Branch, approval, strings.Join(x.Tests, ", "), rollback, strings.Join(vars, " ")})
	}
	if err := table(s.out, rows); err != nil {
		return err
	}
	head := []string{"SERVICE", "VERSION"}
	for _, x := range r.Stages {
		head = append(head, strings.ToUpper(x.Name))
	}
	rows = [][]string{append(head, "NOTES")}
	for _, p := range r.Promotions {
		row := []string{p.Service, p.Version}
		for _, x := range r.Stages {
			row = append(row, reached(p, x.Name))
		}
		rows = append(rows, append(row, strings.Join(p.Warnings, "; ")))
	}
	if len(rows) == 1 {
		return say(s.out, "\nno deployment to any of them in this time\n")
	}
	if err := say(s.out, "\n"); err != nil {
		return err
	}
	return table(s.out, rows)
}

// reached says when a version came to a stage.
func reached(p stage.Promotion, name string) string {
	for _, x := range p.Passages {
		if x.Stage != name {
			continue
		}
		if x.Status != telemetry.StatusSucceeded {
			return local(x.At) + " " + strings.ReplaceAll(string(x.Status), "_", " ")
		}
		return local(x.At)
	}
	return "-"
}

// way is the stages of a deployment, as in "staging > production".
func way(n stage.Note) string {
	var b strings.Builder
	for _, x := range n.Passed {
		fmt.Fprintf(&b, "%s > ", x.Stage)
	}
	return b.String() + n.Stage
}

// knownBy says who told of a change.
func knownBy(c telemetry.Change) string {
	if len(c.Sources) == 0 {
		return telemetry.SourceReported
	}
	return strings.Join(c.Sources, ", ")
}

// notes are what is remarkable about a change.
func notes(c telemetry.Change, n stage.Note) string {
	list := n.Warnings
	if id := c.Labels[change.LabelRevert]; id != "" {
		list = append([]string{"rolls back " + id}, list...)
	}
	return strings.Join(list, "; ")
}
