package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/change/verdict"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

type changeVerdict struct {
	remoteFlags
	ID      string        `arg:"" help:"Id of the change, as record or list print it."`
	Wait    bool          `help:"Wait for the last word."`
	Timeout time.Duration `default:"30m" help:"Wait so long at most; what is not known by then is undecided."`
	Poll    time.Duration `default:"5s" hidden:""`
}

const verdictGoesOn = "the last word is not yet known; the daemon goes on looking"

func (c *changeVerdict) Run(ctx context.Context, s streams) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	deadline := time.NewTimer(c.Timeout)
	defer deadline.Stop()
	poll := time.NewTicker(max(c.Poll, time.Millisecond))
	defer poll.Stop()
	said := verdict.State("")
	for {
		r, err := cl.Verdict(ctx, c.ID)
		if err != nil {
			return withDone(err, verdictGoesOn)
		}
		if c.Wait && !c.JSON && r.Verdict != nil && r.Verdict.State != said && !r.Verdict.Final {
			said = r.Verdict.State
			if err := say(s.err, "%s: %s\n", string(said), r.Verdict.Reason); err != nil {
				return err
			}
		}
		if !c.Wait || r.Verdict != nil && r.Verdict.Final {
			return c.print(s.out, r)
		}
		select {
		case <-ctx.Done():
			return withDone(ctx.Err(), verdictGoesOn)
		case <-deadline.C:
			return c.print(s.out, r)
		case <-poll.C:
		}
	}
}

// writeArms prints how a canary did beside the version that ran in the same time.
func writeArms(w io.Writer, c *verdict.Comparison) error {
	if c == nil || len(c.Signals) == 0 {
		return nil
	}
	if err := say(w, "\n%s %s beside %s in the same time, evidence of harm %.3g\n", c.Label, c.Canary, c.Baseline, c.Evidence); err != nil {
		return err
	}
	rows := [][]string{{"SIGNAL", strings.ToUpper(c.Baseline), strings.ToUpper(c.Canary), "SHIFT", "HARM FROM", "EVIDENCE OF HARM", "OF NO HARM", "LACKS"}}
	for _, f := range c.Signals {
		rows = append(rows, []string{
			f.Signal, known(f.Blocks > 0, f.Baseline, f.Unit), known(f.Blocks > 0, f.Canary, f.Unit), known(f.Blocks > 0, f.Shift, f.Unit),
			known(f.Blocks > 0, f.Margin, f.Unit), evidence(f.Blocks > 0, f.Harm), evidence(f.Blocks > 0, f.Safe), f.Lacks,
		})
	}
	return table(w, rows)
}

// known writes a figure, or a dash where nothing was measured, which is not zero.
func known(is bool, v float64, unit string) string {
	if !is {
		return "-"
	}
	return telemetry.Figure(v, unit)
}

func evidence(is bool, v float64) string {
	if !is {
		return "-"
	}
	return fmt.Sprintf("%.3g", v)
}

// print writes the verdict and gives the exit status that goes with it.
func (c *changeVerdict) print(w io.Writer, r web.ChangeVerdict) error {
	if err := c.write(w, r); err != nil {
		return err
	}
	switch {
	case r.Verdict == nil:
		return errExit(2)
	case r.Verdict.State == verdict.Faulty:
		return errExit(1)
	case r.Verdict.State != verdict.Healthy:
		return errExit(2)
	}
	return nil
}

func (c *changeVerdict) write(w io.Writer, r web.ChangeVerdict) error {
	if c.JSON {
		return printJSON(w, r)
	}
	if r.Verdict == nil {
		return say(w, "%s: nobody has looked yet; a first look is taken within a minute of the change\n", r.Change.Title())
	}
	v := r.Verdict
	if err := say(w, "%s: %s (%s)\n%s\n", r.Change.Title(), string(v.State), local(v.At), v.Reason); err != nil {
		return err
	}
	rows := [][]string{{"SIGNAL", "BEFORE", "AFTER", "SHIFT", "HARM FROM", "EVIDENCE OF HARM", "OF NO HARM", "LACKS"}}
	for _, f := range v.Signals {
		judged := f.Blocks > 0 && f.Margin > 0
		rows = append(rows, []string{
			f.Signal, telemetry.Figure(f.Before, f.Unit), known(f.Blocks > 0, f.After, f.Unit), known(judged, f.Shift, f.Unit),
			known(f.Margin > 0, f.Margin, f.Unit), evidence(judged, f.Harm), evidence(judged, f.Safe), f.Lacks,
		})
	}
	if len(rows) > 1 {
		if err := table(w, rows); err != nil {
			return err
		}
	}
	return writeArms(w, v.Arms)
}
