package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/go-openapi/strfmt"
	"github.com/prometheus/alertmanager/api/v2/models"
	"github.com/prometheus/alertmanager/matcher/compat"
	"github.com/prometheus/alertmanager/pkg/labels"

	"github.com/tocsinhq/tocsin/internal/amfile"
)

type silenceCommand struct {
	Add    silenceAdd    `cmd:"" help:"Keep people from being told of what matches, for a while. Ends are told all the same."`
	Query  silenceQuery  `cmd:"" help:"List silences."`
	Expire silenceExpire `cmd:"" help:"End silences now."`
	Import silenceImport `cmd:"" help:"Take over silences, as \"tocsin silence query --json\" and \"amtool silence query -o json\" print them."`
}

type silenceAdd struct {
	remoteFlags
	Matchers []string      `arg:"" help:"What is silenced: service=pay, host=~\"db-.*\", severity!=critical. All must match. A first word alone is the name of an alert."`
	Duration time.Duration `short:"d" default:"1h" help:"How long, such as 30m or 2h."`
	Start    string        `help:"When it begins, in RFC 3339; now if left out."`
	End      string        `help:"When it ends, in RFC 3339, instead of a duration."`
	Author   string        `may-be-empty:"" short:"a" help:"Who silences; the user at the terminal if left out."`
	Comment  string        `short:"c" required:"" help:"Why; people read it where they ask why nobody was told."`
}

// Run prints the id of the new silence.
func (c *silenceAdd) Run(ctx context.Context, s streams) error {
	ms, err := readMatchers(c.Matchers)
	if err != nil {
		return err
	}
	begin := time.Now()
	if c.Start != "" {
		if begin, err = time.Parse(time.RFC3339, c.Start); err != nil {
			return fmt.Errorf("--start: want a time such as 2026-01-05T22:00:00Z, got %q", c.Start)
		}
	}
	end := begin.Add(c.Duration)
	if c.End != "" {
		if end, err = time.Parse(time.RFC3339, c.End); err != nil {
			return fmt.Errorf("--end: want a time such as 2026-01-05T23:00:00Z, got %q", c.End)
		}
	}
	if !end.After(begin) {
		return fmt.Errorf("want an end after the start %s, got %s", begin.Format(time.RFC3339), end.Format(time.RFC3339))
	}
	if c.Author == "" {
		c.Author = whoami()
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	id, err := cl.SetSilence(ctx, models.PostableSilence{Silence: silenceModel(ms, begin, end, c.Author, c.Comment)})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, map[string]string{"silenceID": id})
	}
	return say(s.out, "%s\n", id)
}

func silenceModel(ms labels.Matchers, begin, end time.Time, author, comment string) models.Silence {
	from, to := strfmt.DateTime(begin), strfmt.DateTime(end)
	out := models.Silence{StartsAt: &from, EndsAt: &to, CreatedBy: &author, Comment: &comment}
	for _, m := range ms {
		name, value := m.Name, m.Value
		regex := m.Type == labels.MatchRegexp || m.Type == labels.MatchNotRegexp
		equal := m.Type == labels.MatchEqual || m.Type == labels.MatchRegexp
		out.Matchers = append(out.Matchers, &models.Matcher{Name: &name, Value: &value, IsRegex: &regex, IsEqual: &equal})
	}
	return out
}

// readMatchers reads what people write: amtool's form, in which a first word
// without an operator names an alert.
func readMatchers(words []string) (labels.Matchers, error) {
	amfile.UseMatchers()
	var out labels.Matchers
	for i, w := range words {
		if i == 0 && !strings.ContainsAny(w, "=~!") {
			w = "alertname=" + w
		}
		ms, err := compat.Matchers(w, "cli")
		if err != nil {
			return nil, fmt.Errorf("matcher %q: want one such as service=pay or host=~\"db-.*\": %w", w, err)
		}
		out = append(out, ms...)
	}
	return out, nil
}

type silenceQuery struct {
	remoteFlags
	Matchers []string `arg:"" optional:"" help:"Only silences that have these matchers."`
	Expired  bool     `help:"Those that have ended instead of those that have not."`
	Quiet    bool     `short:"q" help:"Ids only, for silence expire."`
}

func (c *silenceQuery) Run(ctx context.Context, s streams) error {
	ms, err := readMatchers(c.Matchers)
	if err != nil {
		return err
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	filters := make([]string, len(ms))
	for i, m := range ms {
		filters[i] = m.String()
	}
	list, err := cl.Silences(ctx, filters, c.Expired)
	switch {
	case err != nil:
		return err
	case c.JSON:
		return printJSON(s.out, list)
	case c.Quiet:
		for _, sil := range list {
			if err := say(s.out, "%s\n", *sil.ID); err != nil {
				return err
			}
		}
		return nil
	case len(list) == 0:
		_, err := fmt.Fprintln(s.out, "no silences")
		return err
	}
	rows := [][]string{{"ID", "STATE", "MATCHERS", "FROM", "UNTIL", "BY", "COMMENT"}}
	for _, sil := range list {
		rows = append(rows, []string{*sil.ID, *sil.Status.State, matcherText(sil.Matchers), local(time.Time(*sil.StartsAt)), local(time.Time(*sil.EndsAt)), *sil.CreatedBy, *sil.Comment})
	}
	return table(s.out, rows)
}

func matcherText(ms models.Matchers) string {
	out := make([]string, len(ms))
	for i, m := range ms {
		op := map[[2]bool]string{{true, false}: "=", {true, true}: "=~", {false, false}: "!=", {false, true}: "!~"}[[2]bool{m.IsEqual == nil || *m.IsEqual, *m.IsRegex}]
		out[i] = fmt.Sprintf("%s%s%q", *m.Name, op, *m.Value)
	}
	return strings.Join(out, " ")
}

type silenceExpire struct {
	remoteFlags
	IDs []string `arg:"" name:"id" help:"Ids of silences."`
}

// Run ends all that it can and fails when one could not be ended.
func (c *silenceExpire) Run(ctx context.Context, s streams) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range c.IDs {
		if err := cl.ExpireSilence(ctx, id); err != nil {
			errs = append(errs, fmt.Errorf("silence %s: %w", id, err))
		} else if !c.JSON {
			errs = append(errs, say(s.out, "%s ended\n", id))
		}
	}
	return errors.Join(errs...)
}

type silenceImport struct {
	remoteFlags
	File string `arg:"" optional:"" help:"File with a JSON list; standard input if left out or -."`
}

// Run takes over every silence that has not ended, each as a new one.
func (c *silenceImport) Run(ctx context.Context, s streams) error {
	in := io.Reader(os.Stdin)
	if c.File != "" && c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return fmt.Errorf("read silences: %w", err)
		}
		defer f.Close()
		in = f
	}
	var list []models.PostableSilence
	if err := json.NewDecoder(io.LimitReader(in, 64<<20)).Decode(&list); err != nil {
		return fmt.Errorf("read silences: want a JSON list as \"amtool silence query -o json\" prints it: %w", err)
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	made, ended := 0, 0
	for i, sil := range list {
		if sil.EndsAt == nil || !time.Time(*sil.EndsAt).After(time.Now()) {
			ended++
			continue
		}
		sil.ID = ""
		if _, err := cl.SetSilence(ctx, sil); err != nil {
			return fmt.Errorf("silence %d of %d: %w; %d before it were taken over", i+1, len(list), err, made)
		}
		made++
	}
	_, err = fmt.Fprintf(s.out, "%d silences taken over, %d left out because they have ended\n", made, ended)
	return err
}
