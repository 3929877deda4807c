package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/tocsinhq/tocsin/web"
)

type reportPostmortem struct {
	remoteFlags
	ID     string `arg:"" help:"Id of the incident."`
	Format string `enum:"markdown,json" default:"markdown" help:"What to print: markdown or json."`
	Out    string `type:"path" help:"Write the Markdown, the JSON and the charts into this folder instead, as postmortem-ID.md and so on."`
}

func (c *reportPostmortem) Run(ctx context.Context, s streams) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	p, err := cl.Postmortem(ctx, c.ID)
	if err != nil {
		return err
	}
	switch {
	case c.Out != "":
		return c.write(s, p)
	case c.JSON || c.Format == "json":
		return printJSON(s.out, p.Postmortem)
	}
	_, err = fmt.Fprint(s.out, printableLines(p.Markdown))
	return err
}

// fileName is what the name of a file may be that a daemon names.
var fileName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$`)

// write puts the postmortem and its charts into a folder, the charts beside the text.
func (c *reportPostmortem) write(s streams, p web.Postmortem) error {
	if !fileName.MatchString(p.Postmortem.ID) {
		return fmt.Errorf("write postmortem: the id %q cannot be part of the name of a file", p.Postmortem.ID)
	}
	name := "postmortem-" + p.Postmortem.ID
	body, err := jsonText(p.Postmortem)
	if err != nil {
		return err
	}
	files := []reportFile{{name + ".md", []byte(p.Markdown)}, {name + ".json", body}}
	for _, chart := range p.Charts {
		if !fileName.MatchString(chart.File) {
			return fmt.Errorf("write postmortem: the daemon names a chart %q, which is not the name of a file", chart.File)
		}
		files = append(files, reportFile{chart.File, chart.PNG})
	}
	return writeReports(s, c.Out, files)
}

// reportFile is one file of a report.
type reportFile struct {
	name string
	body []byte
}

// writeReports writes the files of a report into a folder, which it makes, and says which.
func writeReports(s streams, dir string, files []reportFile) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		if err := os.WriteFile(path, f.body, 0o644); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
		if err := say(s.out, "%s\n", path); err != nil {
			return err
		}
	}
	return nil
}
