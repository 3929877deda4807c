package story

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/app"
	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/change/stage"
	"github.com/tocsinhq/tocsin/telemetry"
)

// changeLines returns one line for each change of a service, the latest first:
//
//	deployment v1 -> v2 succeeded from 10m0s to 14m0s by reported, telemetry/version rolls back v1
//	... on production after development at 1m0s, staging at 5m0s; WARNING; WARNING
func (s *Script) changeLines(ctx context.Context, core *app.Core, service string) ([]string, error) {
	list, err := core.Changes().List(ctx, change.Filter{Service: service, Limit: 1000})
	if err != nil {
		return nil, err
	}
	offset := func(t time.Time) string { return t.Sub(s.Start).String() }
	notes, err := core.StageNotes(ctx, list)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, c := range list {
		line := strings.Replace(c.Title(), " "+c.Service, "", 1) + " " + string(c.Status) + " from " + offset(c.Started)
		if !c.Finished.IsZero() {
			line += " to " + offset(c.Finished)
		}
		by := c.Sources
		if len(by) == 0 {
			by = []string{"reported"}
		}
		line += " by " + strings.Join(by, ", ")
		if id := c.Labels[change.LabelRevert]; id != "" {
			undone, err := core.Changes().Get(ctx, id)
			if err != nil {
				return nil, err
			}
			line += " rolls back " + undone.VersionTo
		}
		if n, ok := notes[c.ID]; ok {
			line += " on " + n.Stage
			for i, x := range n.Passed {
				line += []string{" after ", ", "}[min(i, 1)] + x.Stage + " at " + offset(x.At)
			}
			for _, w := range n.Warnings {
				line += "; " + w
			}
		}
		out = append(out, line)
	}
	return out, nil
}

func (r *runner) readStages() error {
	if r.s.Stages == "" {
		return nil
	}
	name := filepath.Join(r.root, "deployment-stages.yml")
	err := os.WriteFile(name, []byte(r.s.Stages), 0o600)
	if err == nil {
		r.stages, err = stage.Read([]string{name}, r.root)
	}
	return err
}

// told applies what a script says of the start and the labels of a change.
func told(c *telemetry.Change, args map[string]string) error {
	switch args["started"] {
	case "":
	case "untold":
		c.Started = time.Time{}
	default:
		return fmt.Errorf("change: started: want untold, got %q", args["started"])
	}
	for _, kv := range strings.Split(args["labels"], ",") {
		if kv == "" {
			continue
		}
		name, v, ok := strings.Cut(kv, "=")
		if !ok {
			return fmt.Errorf("change: labels: want name=value, got %q", kv)
		}
		if c.Labels == nil {
			c.Labels = map[string]string{}
		}
		c.Labels[name] = v
	}
	return nil
}

// change says whether a change of a service is as the text says.
func (w *world) change(words []string) (bool, string, error) {
	lines, err := w.changes(words[1])
	for _, l := range lines {
		if strings.Contains(l, words[2]) {
			return true, l, err
		}
	}
	return false, fmt.Sprintf("changes of %s:\n\t%s", words[1], strings.Join(lines, "\n\t")), err
}
