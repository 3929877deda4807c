package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/tocsinhq/tocsin/report/capture"
	"github.com/tocsinhq/tocsin/trial/rerun"
)

type replayCommand struct {
	File      string        `arg:"" type:"path" help:"File of \"tocsin incident export\"."`
	Config    string        `type:"path" help:"A configuration laid over the settings of that time. If it names files of rules, they take the place of those of that time."`
	Set       []string      `placeholder:"KEY=VALUE" sep:"none" help:"A setting laid over that, such as incidents.resolve_after=1m; may be given several times."`
	Tolerance time.Duration `default:"1m" help:"By how much times may differ and still count as the same."`
	JSON      bool          `name:"json" help:"Print JSON."`
	Verbose   bool          `help:"Show the log of the run."`
}

// Run leaves with 0 when the same came out, 1 when something else did, 2 when it could
// not be played, and 3 when the file or the settings are wrong.
func (c *replayCommand) Run(ctx context.Context, s streams) error {
	f, err := os.Open(c.File)
	if err != nil {
		return wrongUse(s, fmt.Errorf("replay: %w", err))
	}
	defer f.Close()
	got, err := capture.Read(c.File, f, capture.DefaultLimits())
	if err != nil {
		return wrongUse(s, err)
	}
	dir, err := os.MkdirTemp("", "tocsin-replay-")
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	defer os.RemoveAll(dir)
	log := slog.New(slog.DiscardHandler)
	if c.Verbose {
		log = slog.New(slog.NewTextHandler(s.err, nil))
	}
	r, err := rerun.Run(ctx, rerun.Options{Capture: got, Dir: dir, ConfigFile: c.Config, Set: c.Set, Tolerance: c.Tolerance, Logger: log})
	switch {
	case errors.As(err, new(*rerun.InputError)):
		return wrongUse(s, err)
	case err != nil && ctx.Err() != nil:
		return withDone(err, "how it would have come out is not known")
	case err != nil:
		fmt.Fprintln(s.err, "tocsin: replay:", printableLines(err.Error()))
		return errExit(ExitUndecided)
	}
	if c.JSON {
		err = printJSON(s.out, r)
	} else {
		err = showReplay(s.out, got.Head, r)
	}
	if err == nil && !r.Same {
		return errExit(ExitFailed)
	}
	return err
}

// showReplay writes what came out for people.
func showReplay(w io.Writer, h capture.Head, r rerun.Report) error {
	say(w, "%s\nplayed %s to %s, after a history of %s\n\n", h.Title, local(h.From), local(h.To), h.From.Sub(h.HistoryFrom).Round(time.Second))
	rows := [][]string{{"", "SERVICE", "SEVERITY", "ONSET", "OPENED", "RESOLVED", "FIRST SUSPECT"}}
	add := func(when string, list []capture.Outcome) {
		for _, o := range list {
			suspect := "-"
			if o.Suspect != "" {
				suspect = fmt.Sprintf("%s (%.0f%%)", o.Suspect, 100*o.Probability)
			}
			rows = append(rows, []string{when, o.Service, string(o.Severity), local(o.Onset), local(o.Opened), local(o.Resolved), suspect})
		}
	}
	add("then", r.Recorded)
	add("now", r.Replayed)
	if err := table(w, rows); err != nil {
		return err
	}
	for _, n := range r.Notes {
		say(w, "note: %s\n", n)
	}
	if r.Same {
		return say(w, "\nthe same came out\n")
	}
	say(w, "\nsomething else came out:\n")
	for _, d := range r.Differences {
		say(w, "  %s\n", d)
	}
	return nil
}
