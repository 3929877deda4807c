package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/rca/feedback"
	"github.com/tocsinhq/tocsin/web"
)

type incidentFeedback struct {
	Right    feedbackRight    `cmd:"" help:"Say that a cause was right: the first suspect, or another one."`
	Wrong    feedbackWrong    `cmd:"" help:"Say that a cause was wrong, and which one was right if that is known."`
	False    feedbackFalse    `cmd:"" name:"false-alarm" help:"Say that it was a false alarm: it ends, and its service's budget is charged."`
	Expected feedbackExpected `cmd:"" help:"Say that it is expected, why and until when: it ends, and what is like it opens nothing until then."`
	List     feedbackList     `cmd:"" help:"List what was said of an incident."`
}

// sayFlags are shared by all that people say of an incident.
type sayFlags struct {
	remoteFlags
	ID    string `arg:"" help:"Id of the incident."`
	Actor string `may-be-empty:"" help:"Who says so; your user name by default."`
	Note  string `may-be-empty:"" help:"A sentence for the timeline."`
}

func (f sayFlags) say(ctx context.Context, s streams, r web.FeedbackRequest) error {
	cl, err := f.client()
	if err != nil {
		return err
	}
	if r.Actor, r.Note = f.Actor, f.Note; r.Actor == "" {
		r.Actor = whoami()
	}
	got, err := cl.GiveFeedback(ctx, f.ID, r)
	if err != nil {
		return err
	}
	if f.JSON {
		return printJSON(s.out, got)
	}
	return say(s.out, "%s\n", feedbackLine(got))
}

func feedbackLine(f feedback.Feedback) string {
	line := strings.ReplaceAll(string(f.Kind), "_", " ")
	if f.Cause != "" {
		line += " " + f.Cause
	}
	if f.Kind == feedback.WrongCause && f.Right != "" {
		line += ", right was " + f.Right
	}
	if f.Kind == feedback.FalseAlarm {
		line += fmt.Sprintf(", %d alarms charged to the budget", f.Charged)
	}
	if f.Expectation != 0 {
		line += fmt.Sprintf(", expectation %d", f.Expectation)
	}
	if f.Note != "" {
		line += ": " + f.Note
	}
	return line
}

type feedbackRight struct {
	sayFlags
	Cause string `help:"Id of the change that is meant, or none; the first suspect by default."`
}

func (c *feedbackRight) Run(ctx context.Context, s streams) error {
	return c.say(ctx, s, web.FeedbackRequest{Kind: feedback.RightCause, Cause: c.Cause})
}

type feedbackWrong struct {
	sayFlags
	Cause string `help:"Id of the change that is meant, or none; the first suspect by default."`
	Right string `help:"Id of the change that was the cause, or none when no change was."`
}

func (c *feedbackWrong) Run(ctx context.Context, s streams) error {
	return c.say(ctx, s, web.FeedbackRequest{Kind: feedback.WrongCause, Cause: c.Cause, Right: c.Right})
}

type feedbackFalse struct{ sayFlags }

func (c *feedbackFalse) Run(ctx context.Context, s streams) error {
	return c.say(ctx, s, web.FeedbackRequest{Kind: feedback.FalseAlarm})
}

type feedbackExpected struct {
	sayFlags
	expectFlags
}

func (c *feedbackExpected) Run(ctx context.Context, s streams) error {
	r, err := c.request()
	if err != nil {
		return err
	}
	return c.say(ctx, s, web.FeedbackRequest{Kind: feedback.Expected, Expect: &r})
}

type feedbackList struct {
	remoteFlags
	ID string `arg:"" help:"Id of the incident."`
}

func (c *feedbackList) Run(ctx context.Context, s streams) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	list, err := cl.Feedback(ctx, c.ID)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, list)
	}
	if len(list.Feedback) == 0 {
		return say(s.out, "nobody said anything of it\n")
	}
	for _, f := range list.Feedback {
		if err := say(s.out, "%s  %s (%s)\n", local(f.At), feedbackLine(f), f.Actor); err != nil {
			return err
		}
	}
	return nil
}

// expectFlags say what is expected.
type expectFlags struct {
	Service     string        `help:"Service, with * and ? if need be."`
	Environment string        `help:"Only in this environment."`
	Signal      string        `help:"Signal, metric or alert, with * and ? if need be."`
	Reason      string        `required:"" help:"Why it is expected."`
	For         time.Duration `help:"How long, as 2h; or --until."`
	Until       string        `help:"When it ends, as 2026-03-02T06:00:00Z."`
	Hours       string        `help:"Only at this time of the day, as 22:00-04:00."`
	Days        []string      `help:"Only on these days of the week, as sat,sun."`
	Zone        string        `help:"Time zone of --hours and --days; UTC by default."`
}

func (f expectFlags) request() (web.ExpectRequest, error) {
	r := web.ExpectRequest{Service: f.Service, Environment: f.Environment, Signal: f.Signal, Reason: f.Reason, ForSeconds: f.For.Seconds()}
	if f.Until != "" {
		t, err := time.Parse(time.RFC3339, f.Until)
		if err != nil {
			return r, fmt.Errorf("--until: want a time such as 2026-03-02T06:00:00Z, got %q", f.Until)
		}
		r.Expires = t
	}
	if f.Hours != "" || len(f.Days) > 0 {
		r.Hours = &feedback.Hours{Days: f.Days, Zone: f.Zone}
		if f.Hours != "" {
			from, to, ok := strings.Cut(f.Hours, "-")
			if !ok {
				return r, fmt.Errorf("--hours: want two times such as 22:00-04:00, got %q", f.Hours)
			}
			r.Hours.From, r.Hours.To = from, to
		}
	}
	return r, nil
}
