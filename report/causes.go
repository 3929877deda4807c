package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/rules/journal"
	"github.com/tocsinhq/tocsin/telemetry"
)

const (
	// enough is the probability from which the first suspect is called the trigger.
	enough = 0.5
	// hardly is the probability below which a suspect is called ruled out.
	hardly = 0.05
	// speaks is the least addend, in log odds, that is worth a line for or against.
	speaks = 0.5
	// maxSuspects bounds the rows of a report.
	maxSuspects = 20
)

// suspects turns the findings into rows, the most probable first.
func suspects(in Input) []Suspect {
	out := []Suspect{}
	if in.Ranking == nil {
		return out
	}
	for n, f := range in.Ranking.Findings {
		if len(out) == maxSuspects {
			break
		}
		s := Suspect{Title: f.Title, Probability: f.Probability, For: []string{}, Against: []string{}, Evidence: []Check{}}
		if c := f.Change; c != nil {
			s.ChangeID, s.Kind, s.Service, s.Started = c.ID, string(c.Kind), c.Service, c.Started
			s.Link = changeLink(in.BaseURL, c.ID, c.Link)
		}
		for _, t := range f.Terms {
			switch {
			case t.Points >= speaks:
				s.For = append(s.For, t.Text)
			case t.Points <= -speaks && t.Name != "prior":
				s.Against = append(s.Against, t.Text)
			}
		}
		for _, e := range f.Evidence {
			s.Evidence = append(s.Evidence, check(in, e))
		}
		if n > 0 && f.Change != nil && f.Probability < hardly {
			s.Ruled = ruledOut(f)
		}
		out = append(out, s)
	}
	return out
}

func check(in Input, e rca.Evidence) Check {
	end, _ := endOf(in)
	return Check{Signal: e.Signal, Unit: e.Unit, Before: e.Before, After: e.After, Z: e.Z, Query: e.Query,
		Link: exploreLink(in.BaseURL, e.Query, onsetOf(in.Incident), end)}
}

// ruledOut says why a suspect is improbable: what speaks most against it.
func ruledOut(f rca.Finding) string {
	worst, text := 0.0, ""
	for _, t := range f.Terms {
		if t.Name != "prior" && t.Points < worst {
			worst, text = t.Points, t.Text
		}
	}
	if text == "" {
		return "another explains it better"
	}
	return text
}

// trigger returns the first suspect if it is a change that is more likely than all
// else together, or says why there is none.
func trigger(list []Suspect) (*Suspect, string) {
	switch {
	case len(list) == 0:
		return nil, "causes were not ranked"
	case list[0].ChangeID == "":
		return nil, fmt.Sprintf("no recent change fits (%s)", percent(list[0].Probability))
	case list[0].Probability < enough:
		return nil, fmt.Sprintf("the best suspect is weak: %s (%s)", list[0].Title, percent(list[0].Probability))
	}
	s := list[0]
	return &s, ""
}

// Tried is a change made while the incident went on, which may have been meant to
// end it.
type Tried struct {
	ChangeID string    `json:"change_id"`
	Title    string    `json:"title"`
	What     string    `json:"what"` // rollback, or the kind of the change
	At       time.Time `json:"at"`
	Helped   string    `json:"helped"` // yes, no or unknown
	Why      string    `json:"why"`
	Link     string    `json:"link,omitempty"`
	service  string
}

// Tried.Helped has one of these.
const (
	HelpedYes     = "yes"
	HelpedNo      = "no"
	HelpedUnknown = "unknown"
)

// tried lists the changes that ended while the incident went on. The last one before
// recovery helped if all that was strong was clear after it; those after which it
// went on until the next did not.
func tried(in Input, all []*life, end time.Time) []Tried {
	done := []Change{}
	for _, c := range in.Changes {
		at := ended(c)
		if c.Status != telemetry.StatusStarted && c.Started.After(in.Incident.Opened) && !at.After(end) && concerns(in, all, c) {
			done = append(done, c)
		}
	}
	slices.SortStableFunc(done, func(a, b Change) int { return ended(a).Compare(ended(b)) })
	clear := recovered(all)
	out := []Tried{}
	for n, c := range done {
		t := Tried{ChangeID: c.ID, Title: c.Title(), What: what(c, in), At: ended(c), Link: changeLink(in.BaseURL, c.ID, c.Link), service: c.Service}
		switch {
		case c.Status == telemetry.StatusFailed:
			t.Helped, t.Why = HelpedNo, "it failed"
		case clear.IsZero():
			t.Helped, t.Why = HelpedUnknown, "the incident goes on"
			if n+1 < len(done) {
				t.Helped, t.Why = HelpedNo, "it went on until "+done[n+1].Title()
			}
		case ended(c).After(clear):
			t.Helped, t.Why = HelpedUnknown, "it had recovered before"
		case n+1 < len(done) && !ended(done[n+1]).After(clear):
			t.Helped, t.Why = HelpedNo, "it went on until "+done[n+1].Title()
		default:
			t.Helped, t.Why = HelpedYes, "all that was strong was clear "+duration(clear.Sub(ended(c)).Seconds())+" after it"
		}
		out = append(out, t)
	}
	return out
}

func ended(c Change) time.Time { return later(c.Started, c.Finished) }

// concerns says whether a change is one of a service that the incident is about, or
// of the service of the first suspect.
func concerns(in Input, all []*life, c Change) bool {
	if c.Service == in.Incident.Service {
		return true
	}
	if in.Ranking != nil && len(in.Ranking.Findings) > 0 {
		if f := in.Ranking.Findings[0]; f.Change != nil && f.Change.Service == c.Service {
			return true
		}
	}
	return slices.ContainsFunc(all, func(l *life) bool { return l.last.Service == c.Service })
}

// what names a change as a remedy: one that goes back to a version that ran before
// another change of the same service is a rollback.
func what(c Change, in Input) string {
	if c.Status == telemetry.StatusRolledBack || strings.EqualFold(c.Labels["rollback"], "true") {
		return "rollback"
	}
	for _, x := range in.Changes {
		if x.Service == c.Service && x.ID != c.ID && x.Started.Before(c.Started) && c.VersionTo != "" && x.VersionFrom == c.VersionTo {
			return "rollback"
		}
	}
	return string(c.Kind)
}

// ChangeRow is a change around the incident with the word on it.
type ChangeRow struct {
	ID      string    `json:"id"`
	Title   string    `json:"title"`
	Status  string    `json:"status"`
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"`
	Verdict string    `json:"verdict"` // "" while nobody has looked
	Reason  string    `json:"reason,omitempty"`
	Link    string    `json:"link,omitempty"`
}

func changeRows(in Input) []ChangeRow {
	list := slices.Clone(in.Changes)
	slices.SortStableFunc(list, func(a, b Change) int {
		if c := a.Started.Compare(b.Started); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	out := []ChangeRow{}
	for _, c := range list {
		r := ChangeRow{ID: c.ID, Title: c.Title(), Status: string(c.Status), Started: c.Started, Ended: c.Finished, Link: changeLink(in.BaseURL, c.ID, c.Link)}
		if c.Verdict != nil {
			r.Verdict, r.Reason = string(c.Verdict.State), c.Verdict.Reason
		}
		out = append(out, r)
	}
	return out
}

// ChannelRow says what one channel was told.
type ChannelRow struct {
	Channel string    `json:"channel"`
	First   time.Time `json:"first,omitzero"` // when the first message arrived
	Sent    int       `json:"sent"`
	Failed  int       `json:"failed"`
	Waiting int       `json:"waiting"`
	Error   string    `json:"error,omitempty"` // of the last that failed
}

func channelRows(told []notify.Delivery) []ChannelRow {
	out := []ChannelRow{}
	for _, d := range told {
		n := slices.IndexFunc(out, func(r ChannelRow) bool { return r.Channel == d.Channel })
		if n < 0 {
			n = len(out)
			out = append(out, ChannelRow{Channel: d.Channel})
		}
		r := &out[n]
		switch d.State {
		case notify.StateSent:
			r.Sent++
			r.First = earlier(r.First, d.Done)
		case notify.StateFailed:
			r.Failed++
			r.Error = d.Error
		case notify.StateWaiting:
			r.Waiting++
		}
	}
	slices.SortFunc(out, func(a, b ChannelRow) int { return strings.Compare(a.Channel, b.Channel) })
	return out
}

// GapRow is a time in which less was known.
type GapRow struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to,omitzero"` // zero: it goes on, or its end was not seen
	What string    `json:"what"`
}

// gapRows lists the times without detection that overlap the incident, and the
// occurrences that lost their data.
func gapRows(in Input, end time.Time) []GapRow {
	out := []GapRow{}
	onset := onsetOf(in.Incident)
	for _, g := range in.Gaps {
		if g.To.After(onset.Add(-time.Hour)) && g.From.Before(end) {
			out = append(out, GapRow{g.From, g.To, gapReason(g)})
		}
	}
	since := map[string]int{} // index in out of the open gap of an occurrence
	for _, r := range in.Records {
		for _, o := range r.Incident.Occurrences {
			n, open := since[o.Key]
			switch {
			case o.Condition.Dataless() && !open:
				since[o.Key] = len(out)
				why := "data stopped: "
				if o.Condition == incident.ConditionStale {
					why = "its source was silent: "
				}
				out = append(out, GapRow{From: o.At, What: why + occurrenceName(o)})
			case !o.Condition.Dataless() && open:
				out[n].To = o.At
				delete(since, o.Key)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b GapRow) int { return a.From.Compare(b.From) })
	return out
}

func gapReason(g journal.Gap) string {
	_, why, _ := strings.Cut(g.String(), ": ")
	return "no detection: " + why
}

func similar(in Input) []Similar {
	out := []Similar{}
	for _, s := range in.Similar {
		s.Link = incidentLink(in.BaseURL, s.ID, 0)
		out = append(out, s)
	}
	return out
}
