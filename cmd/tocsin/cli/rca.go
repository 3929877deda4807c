package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/rca/feedback"
)

type rcaCommand struct {
	Weights rcaWeights `cmd:"" help:"Show the weights that rankings of causes go by, and how they came about."`
	Refit   rcaRefit   `cmd:"" help:"Fit the weights to what people said of causes, now."`
	Undo    rcaUndo    `cmd:"" help:"Go back to the weights of an earlier row."`
}

type rcaWeights struct{ remoteFlags }

func (c *rcaWeights) Run(ctx context.Context, s streams) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	w, err := cl.Weights(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, w)
	}
	say(s.out, "row %d is in force; causes of %d incidents were judged, a refit needs %d\n", w.Current.ID, w.Labels, w.Wanted)
	showWeights(s.out, w.Current.Weights)
	if len(w.History) == 0 {
		return nil
	}
	fmt.Fprintln(s.out)
	rows := [][]string{{"ROW", "WHEN", "WHO", "WHAT", "LABELS", "LOG LOSS BEFORE", "AFTER", "TAKEN", "WHY"}}
	for _, r := range w.History {
		what, before, after := string(r.Kind), fmt.Sprintf("%.3f", r.Before), fmt.Sprintf("%.3f", r.After)
		if r.Kind == feedback.KindUndo {
			what, before, after = fmt.Sprintf("back to %d", r.To), "", ""
		}
		taken := "no"
		if r.Taken {
			taken = "yes"
		}
		rows = append(rows, []string{fmt.Sprint(r.ID), local(r.At), r.Actor, what, fmt.Sprint(len(r.Labels)), before, after, taken, r.Reason})
	}
	return table(s.out, rows)
}

func showWeights(w io.Writer, x rca.Weights) {
	if len(x.Multipliers) == 0 {
		say(w, "  every term counts as it does out of the box\n")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(x.Multipliers)) {
		say(w, "  %-8s counts %.2f times\n", name, x.Multipliers[name])
	}
	say(w, "  log odds are multiplied by %.2f, those of changes raised by %s\n", x.Slope, signed(x.Offset))
	for i, step := range x.Curve {
		to := 1.0
		if i+1 < len(x.Curve) {
			to = x.Curve[i+1].From
		}
		say(w, "  %3.0f to %3.0f %% turned out to be %.0f %%\n", 100*step.From, 100*to, 100*step.Probability)
	}
}

type rcaRefit struct {
	remoteFlags
	Actor string `may-be-empty:"" help:"Who asks for it; your user name by default."`
}

func (c *rcaRefit) Run(ctx context.Context, s streams) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	if c.Actor == "" {
		c.Actor = whoami()
	}
	row, err := cl.Refit(ctx, c.Actor)
	if err != nil {
		return err
	}
	return tellRefit(s, c.JSON, row)
}

type rcaUndo struct {
	remoteFlags
	To     int64  `arg:"" help:"Row to go back to; 0 is the weights out of the box."`
	Actor  string `may-be-empty:"" help:"Who does it; your user name by default."`
	Reason string `may-be-empty:"" help:"Why."`
}

func (c *rcaUndo) Run(ctx context.Context, s streams) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	if c.Actor == "" {
		c.Actor = whoami()
	}
	row, err := cl.UndoRefit(ctx, c.To, c.Actor, c.Reason)
	if err != nil {
		return err
	}
	return tellRefit(s, c.JSON, row)
}

// tellRefit prints a row; one that was not taken is no failure, but nothing came of it.
func tellRefit(s streams, json bool, row feedback.RefitRow) error {
	if json {
		return printJSON(s.out, row)
	}
	switch {
	case row.Kind == feedback.KindUndo:
		return say(s.out, "row %d: back to the weights of row %d\n", row.ID, row.To)
	case row.Taken:
		return say(s.out, "row %d: taken, %s\n", row.ID, row.Reason)
	}
	return say(s.out, "row %d: not taken, %s\n", row.ID, row.Reason)
}
