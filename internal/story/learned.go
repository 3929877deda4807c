package story

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/app"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rca/feedback"
	"github.com/tocsinhq/tocsin/web"
)

// taught plays what people say and what is learned from it.
func (r *runner) taught(ctx context.Context, a Action) error {
	at, actor := r.time(a.At), a.Args["actor"]
	if actor == "" {
		actor = "ops"
	}
	switch a.Kind {
	case ActionExpected:
		e, err := expectation(a, actor, at)
		if err != nil {
			return err
		}
		_, err = r.core.Expect(ctx, e, at)
		return err
	case ActionUnexpected:
		list, err := r.core.Expectations(ctx, false, 1000)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return fmt.Errorf("unexpected: nothing is expected at %s", a.At)
		}
		_, err = r.core.EndExpectation(ctx, list[len(list)-1].ID, actor, at)
		return err
	case ActionRefit:
		_, err := r.core.Refit(ctx, actor, at)
		return err
	case ActionUndo:
		to, err := strconv.ParseInt(a.Args["to"], 10, 64)
		if err != nil {
			return fmt.Errorf("undo: to: want the number of a row, got %q", a.Args["to"])
		}
		_, err = r.core.UndoRefit(ctx, to, actor, "", at)
		return err
	}
	list, err := r.core.Incidents().List(ctx, incident.Filter{Service: a.Args["service"], Limit: 1})
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fmt.Errorf("feedback: no incident of service %q", a.Args["service"])
	}
	_, err = r.core.GiveFeedback(ctx, list[0].ID, web.FeedbackRequest{
		Kind: feedback.Kind(a.Args["kind"]), Actor: actor, Note: a.Args["note"], Cause: a.Args["cause"], Right: a.Args["right"],
	}, at)
	return err
}

func expectation(a Action, actor string, at time.Time) (feedback.Expectation, error) {
	d, err := time.ParseDuration(a.Args["for"])
	if err != nil {
		return feedback.Expectation{}, fmt.Errorf("expected: for: want a duration, got %q", a.Args["for"])
	}
	e := feedback.Expectation{Service: a.Args["service"], Environment: a.Args["environment"], Signal: a.Args["signal"],
		Reason: a.Args["reason"], Actor: actor, Expires: at.Add(d)}
	if a.Args["hours"] != "" || a.Args["days"] != "" {
		e.Hours = &feedback.Hours{}
		e.Hours.From, e.Hours.To, _ = strings.Cut(a.Args["hours"], "-")
		if a.Args["days"] != "" {
			e.Hours.Days = strings.Split(a.Args["days"], ",")
		}
	}
	return e, nil
}

// learnedHolds says whether an assertion about what was learned is true now.
func learnedHolds(ctx context.Context, core *app.Core, words []string, latest *incident.Incident) (bool, string, error) {
	switch words[0] {
	case "charged":
		all, err := core.Budgets(ctx)
		if err != nil {
			return false, "", err
		}
		for _, b := range all {
			if b.Service == words[1] {
				return strconv.Itoa(b.Spent7) == words[2], fmt.Sprintf("%d alarms are charged, of %d", b.Spent7, b.Alarms7), nil
			}
		}
		return words[2] == "0", "nothing is charged", nil
	case "weights":
		w, err := core.Weights(ctx)
		return strconv.FormatInt(w.Current.ID, 10) == words[1], fmt.Sprintf("row %d is in force (%s), with %d labels", w.Current.ID, w.Current.Reason, w.Labels), err
	}
	if latest == nil {
		return false, "no incident", nil
	}
	l, err := core.Likeness(ctx, latest.ID)
	if err != nil {
		return false, "", err
	}
	got := []string{l.Nothing}
	for i, m := range l.Similar {
		if i == 0 {
			got = []string{m.Record.Title, m.Record.Cause}
			for _, o := range m.Record.Ended {
				got = append(got, o.Text)
			}
		}
	}
	text := strings.Join(got, "; ")
	return strings.Contains(text, words[2]), fmt.Sprintf("most similar: %q, of %d compared", text, l.Compared), nil
}
