package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web/client"
)

type changeCommand struct {
	Record changeRecord `cmd:"" help:"Tell the daemon of a deployment or another change."`
	List   changeList   `cmd:"" help:"List the changes that the daemon knows, the latest first."`
	Stages changeStages `cmd:"" help:"Show the stages of deployment and how versions went through them."`
	// Verdict is for people and for pipelines.
	Verdict changeVerdict `cmd:"" help:"Say whether a change did harm: exit status 0 if not, 1 if so, 2 if that is not known."`
}

type changeRecord struct {
	remoteFlags
	ID          string            `name:"id" help:"Id of the change; the same id again brings it up to date."`
	Kind        string            `enum:"deployment,config,flag,schema,infra,scale,certificate,dependency,restart" default:"deployment" help:"What was changed."`
	Service     string            `required:"" help:"Service that was changed."`
	Environment string            `may-be-empty:"" help:"Environment, such as production."`
	VersionFrom string            `may-be-empty:"" name:"version-from" help:"Version before."`
	VersionTo   string            `may-be-empty:"" name:"version-to" help:"Version after."`
	Status      string            `enum:",started,succeeded,failed,rolled_back" default:"" help:"How far it has come."`
	Started     time.Time         `help:"When it began, RFC 3339; now by default."`
	Finished    time.Time         `help:"When it ended, RFC 3339."`
	Author      string            `may-be-empty:"" help:"Who or what made it."`
	Link        string            `may-be-empty:"" help:"Address of the pipeline run or the change itself, http or https."`
	Summary     string            `may-be-empty:"" help:"One sentence."`
	Label       map[string]string `help:"Further labels, as in --label team=shop."`
}

func (c *changeRecord) Run(ctx context.Context, s streams) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	r, err := cl.RecordChange(ctx, client.NewChange{
		ID: c.ID, Kind: telemetry.ChangeKind(c.Kind), Service: c.Service, Environment: c.Environment,
		VersionFrom: c.VersionFrom, VersionTo: c.VersionTo, Status: telemetry.ChangeStatus(c.Status),
		Started: c.Started, Finished: c.Finished, Author: c.Author, Link: c.Link, Summary: c.Summary, Labels: c.Label,
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, r)
	}
	verb := "updated"
	if r.Created {
		verb = "recorded"
	}
	return say(s.out, "%s %s: %s, %s\n", verb, r.Change.ID, r.Change.Title(), r.Change.Status)
}

type changeList struct {
	remoteFlags
	Service string        `help:"Only changes of this service."`
	Kind    string        `help:"Only changes of this kind."`
	Since   time.Duration `default:"24h" help:"Only changes that began within this time."`
	Limit   int           `default:"50" help:"At most so many."`
}

func (c *changeList) Run(ctx context.Context, s streams) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	list, err := cl.Changes(ctx, client.ChangeQuery{Service: c.Service, Kind: c.Kind, From: time.Now().Add(-c.Since), Limit: c.Limit})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, list)
	}
	if len(list.Changes) == 0 {
		_, err := fmt.Fprintln(s.out, "no changes")
		return err
	}
	rows := [][]string{{"ID", "STARTED", "FINISHED", "STATUS", "CHANGE", "STAGE", "AUTHOR", "KNOWN BY", "NOTES"}}
	for _, x := range list.Changes {
		stage, ok := list.Stages[x.ID]
		where := x.Environment
		if ok {
			where = way(stage)
		}
		rows = append(rows, []string{x.ID, local(x.Started), local(x.Finished), string(x.Status), x.Title(), where, x.Author, knownBy(x), notes(x, stage)})
	}
	return table(s.out, rows)
}
