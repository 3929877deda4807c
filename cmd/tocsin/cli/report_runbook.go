package cli

import (
	"context"
	"errors"
	"fmt"
)

type reportRunbook struct {
	remoteFlags
	Name string `arg:"" optional:"" help:"Name of an alert or a service."`
	All  bool   `help:"Write those of all alerts and services."`
	Out  string `type:"path" help:"Write them into this folder too."`
}

// Run has the daemon write runbooks into its folder, and prints one.
func (c *reportRunbook) Run(ctx context.Context, s streams) error {
	if (c.Name == "") != c.All {
		return wrongUse(s, errors.New("report runbook: want either the name of an alert or service, or --all"))
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	var names []string
	if c.Name != "" {
		names = []string{c.Name}
	}
	got, err := cl.LearnRunbooks(ctx, names)
	if err != nil {
		return err
	}
	var files []reportFile
	for _, r := range got.Runbooks {
		if !fileName.MatchString(r.Name) {
			return fmt.Errorf("report runbook: the daemon names a runbook %q, which is not the name of a file", r.Name)
		}
		files = append(files, reportFile{r.Name + ".md", []byte(r.Markdown)})
	}
	switch {
	case c.Out != "":
		return writeReports(s, c.Out, files)
	case c.JSON:
		return printJSON(s.out, got)
	case !c.All && len(got.Runbooks) == 1:
		_, err = fmt.Fprint(s.out, printableLines(got.Runbooks[0].Markdown))
		return err
	}
	rows := [][]string{{"RUNBOOK", "OF", "SUBJECT", "INCIDENTS", "CHANGED"}}
	for _, r := range got.Runbooks {
		changed := ""
		if r.Changed {
			changed = "yes"
		}
		rows = append(rows, []string{r.Name, r.Kind, r.Subject, fmt.Sprint(r.Incidents), changed})
	}
	return table(s.out, rows)
}
