package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

type reportCardinality struct {
	remoteFlags
	By      string `enum:"metric,label,pair,service,change" default:"metric" help:"What rows are: metric, label, pair (a label and its value), service, or change: the jumps in new series with the change before each."`
	Limit   int    `default:"20" help:"At most so many."`
	Snippet bool   `help:"Also what can be done about the first rows, with lines of configuration to copy."`
}

// Run prints where series come from.
func (c *reportCardinality) Run(ctx context.Context, s streams) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	list, err := cl.Cardinality(ctx, c.By, c.Limit)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, list)
	}
	if err := say(s.out, "%d series in memory of at most %d, about %s; %d made and %d let go in 24h, counted since %s\n",
		int64(list.Series), list.Most, telemetry.Figure(float64(int64(list.Series)*list.BytesEach), telemetry.UnitBytes), list.MadeDay, list.GoneDay, local(list.Since)); err != nil {
		return err
	}
	if len(list.Rows) == 0 {
		_, err := fmt.Fprintln(s.out, "nothing to show")
		return err
	}
	if err := table(s.out, c.rows(list)); err != nil {
		return err
	}
	if list.More {
		if _, err := fmt.Fprintln(s.out, "... and more; --limit shows them"); err != nil {
			return err
		}
	}
	if !c.Snippet {
		return nil
	}
	return advise(s.out, list.Rows)
}

// rows has the columns that fit what was asked for.
func (c *reportCardinality) rows(list web.Cardinality) [][]string {
	count := func(n int64) string { return strconv.FormatInt(n, 10) }
	size := func(r web.CardinalityRow) string { return telemetry.Figure(float64(r.Bytes), telemetry.UnitBytes) }
	head := map[string][]string{
		"metric":  {"METRIC", "SERIES", "MEMORY", "MADE 1H", "MADE 24H", "GONE 24H", "MOST VALUES", "AFTER"},
		"label":   {"LABEL", "VALUES", "MADE 1H", "MADE 24H", "AFTER"},
		"pair":    {"LABEL", "VALUE", "SERIES", "MEMORY", "MADE 1H", "MADE 24H"},
		"service": {"SERVICE", "SERIES", "MEMORY", "MADE 1H", "MADE 24H", "GONE 24H", "AFTER"},
		"change":  {"SERVICE", "FROM", "NEW SERIES", "USUAL", "METRIC", "LABEL", "CHANGE BEFORE"},
	}
	out := [][]string{head[list.By]}
	for _, r := range list.Rows {
		name := r.Name
		if name == "" {
			name = "(none)"
		}
		switch list.By {
		case "label":
			out = append(out, []string{name, strconv.Itoa(r.Values), count(r.MadeHour), count(r.MadeDay), after(r.Jump)})
		case "pair":
			out = append(out, []string{name, r.Value, count(r.Series), size(r), count(r.MadeHour), count(r.MadeDay)})
		case "service":
			out = append(out, []string{name, count(r.Series), size(r), count(r.MadeHour), count(r.MadeDay), count(r.GoneDay), after(r.Jump)})
		case "change":
			metric := ""
			if len(r.Metrics) > 0 {
				metric = fmt.Sprintf("%s (%d)", r.Metrics[0].Metric, r.Metrics[0].Series)
			}
			out = append(out, []string{name, local(r.Jump.From), count(r.Series), fmt.Sprintf("%.0f", float64(r.Jump.Usual)), metric, labelText(r), after(r.Jump)})
		default:
			most := labelText(r)
			if most == "" && len(r.Labels) > 0 {
				most = fmt.Sprintf("%s (%d)", r.Labels[0].Name, r.Labels[0].Values)
			}
			out = append(out, []string{name, count(r.Series), size(r), count(r.MadeHour), count(r.MadeDay), count(r.GoneDay), most, after(r.Jump)})
		}
	}
	return out
}

// labelText names the label that makes series many.
func labelText(r web.CardinalityRow) string {
	text := r.Label
	for _, l := range r.Labels {
		if l.Name == r.Label {
			text = fmt.Sprintf("%s (%d)", l.Name, l.Values)
		}
	}
	if r.NewLabel {
		text += ", new"
	}
	return text
}

// after names the change before a jump.
func after(j *web.SeriesJump) string {
	switch {
	case j == nil:
		return "-"
	case j.Change == nil:
		return "no change was recorded"
	}
	text := j.Change.Title() + " at " + local(j.Change.Started)
	if !j.Own {
		text += " (another service)"
	}
	return text
}

func advise(w io.Writer, rows []web.CardinalityRow) error {
	for _, r := range rows {
		if len(r.Advice) == 0 {
			continue
		}
		name := r.Name
		if r.Value != "" {
			name += "=" + r.Value
		}
		if err := say(w, "\n%s\n", name); err != nil {
			return err
		}
		for _, a := range r.Advice {
			if err := say(w, "  %s\n", a.Text); err != nil {
				return err
			}
			for line := range strings.Lines(a.Snippet) {
				if _, err := fmt.Fprintf(w, "    %s\n", printable(strings.TrimRight(line, "\n"))); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
