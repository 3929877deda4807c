package rerun

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/app"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/report/capture"
)

// Report is what came out of a replay, beside what was recorded.
type Report struct {
	Same     bool              `json:"same"`
	Recorded []capture.Outcome `json:"recorded"`
	Replayed []capture.Outcome `json:"replayed"` // in the order of their opening
	// Differences are sentences, those about the captured incident first.
	Differences []string `json:"differences"`
	Notes       []string `json:"notes"` // what the capture does not hold
}

// mostIncidents bounds what one replay looks at.
const mostIncidents = 1000

func (p *player) report(ctx context.Context) (Report, error) {
	h := p.c.Head
	list, err := p.core.Incidents().List(ctx, incident.Filter{Limit: mostIncidents})
	if err != nil {
		return Report{}, err
	}
	slices.Reverse(list) // the first to open comes first
	r := Report{Recorded: h.Recorded, Replayed: []capture.Outcome{}, Differences: []string{}, Notes: append([]string{}, h.Notes...)}
	for _, x := range list {
		if x.Service != "" && !slices.Contains(h.Services, x.Service) {
			continue // of a service that only has a series that draws something
		}
		ranking, _, err := p.core.Rankings().Latest(ctx, x.ID)
		if err != nil {
			return Report{}, err
		}
		r.Replayed = append(r.Replayed, app.OutcomeOf(x, ranking))
	}
	compared, begun := settled(r.Replayed, h)
	if begun > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d incidents of the first %s of the replay were over before the recorded one began; they come of the beginning and are not compared", begun, runIn))
	}
	r.Differences = Compare(r.Recorded, compared, p.o.Tolerance)
	r.Same = len(r.Differences) == 0
	return r, nil
}

// runIn is how long a replay takes until rates and quantiles rest on samples that were
// played, and until what was learnt from history has met them.
const runIn = 5 * time.Minute

// settled returns the incidents that are compared, and how many are not because they
// opened in the run-in and had ended before the first recorded one began.
func settled(replayed []capture.Outcome, h capture.Head) (compared []capture.Outcome, begun int) {
	for _, x := range replayed {
		early := x.Opened.Sub(h.From) < runIn && len(h.Recorded) > 0
		for _, was := range h.Recorded {
			early = early && !x.Resolved.IsZero() && x.Resolved.Before(was.Onset)
		}
		if early {
			begun++
			continue
		}
		compared = append(compared, x)
	}
	return compared, begun
}

// Compare says how the incidents of a replay differ from those that were recorded: each
// recorded one is held against the one of the same service and environment that opened
// nearest to it. Times within the tolerance are the same.
func Compare(recorded, replayed []capture.Outcome, tolerance time.Duration) []string {
	out := []string{}
	used := make([]bool, len(replayed))
	for n, want := range recorded {
		best := -1
		for i, got := range replayed {
			if used[i] || got.Service != want.Service || got.Environment != want.Environment {
				continue
			}
			if best < 0 || got.Opened.Sub(want.Opened).Abs() < replayed[best].Opened.Sub(want.Opened).Abs() {
				best = i
			}
		}
		name := "incident"
		if n > 0 {
			name = "further incident"
		}
		name += " of " + who(want)
		if best < 0 {
			out = append(out, fmt.Sprintf("%s: recorded as opened at %s, and none in the replay", name, clock(want.Opened)))
			continue
		}
		used[best] = true
		out = append(out, differences(name, want, replayed[best], tolerance)...)
	}
	for i, got := range replayed {
		if !used[i] {
			out = append(out, fmt.Sprintf("incident of %s: opened at %s in the replay (%s), and none was recorded", who(got), clock(got.Opened), got.Title))
		}
	}
	return out
}

func differences(name string, want, got capture.Outcome, tolerance time.Duration) []string {
	var out []string
	differ := func(what, was, is string) {
		out = append(out, fmt.Sprintf("%s: %s: recorded %s, now %s", name, what, was, is))
	}
	moment := func(what string, was, is time.Time) {
		if was.IsZero() != is.IsZero() || was.Sub(is).Abs() > tolerance {
			differ(what, clock(was), clock(is))
		}
	}
	moment("onset", want.Onset, got.Onset)
	moment("opened", want.Opened, got.Opened)
	moment("resolved", want.Resolved, got.Resolved)
	if want.Severity != got.Severity {
		differ("severity", string(want.Severity), string(got.Severity))
	}
	if want.SuspectID != got.SuspectID || (want.Suspect == "") != (got.Suspect == "") {
		differ("first suspect", suspect(want), suspect(got))
	}
	return out
}

func who(o capture.Outcome) string {
	if o.Service == "" {
		return "all services"
	}
	if o.Environment != "" {
		return o.Service + " (" + o.Environment + ")"
	}
	return o.Service
}

func suspect(o capture.Outcome) string {
	if o.Suspect == "" {
		return "none"
	}
	return fmt.Sprintf("%s (%.0f%%)", o.Suspect, 100*o.Probability)
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}
