package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
)

// Kinds of timeline rows that do not come from the event log.
const (
	rowAnomaly = "first_anomaly"
	rowAlert   = "first_alert"
	rowChange  = "change"
	rowTold    = "told"
	rowVerdict = "verdict"
)

const (
	// foldGap is how close rows of one kind must follow each other to be folded.
	foldGap = 5 * time.Minute
	// foldFrom is how many rows of one kind in a row are shown whole.
	foldFrom = 3
)

// timeline merges the event log with the changes around the incident, the verdicts on
// them, the first anomaly and alert, and the first message of each channel.
func timeline(in Input, t Times) []Row {
	var rows []Row
	add := func(at time.Time, kind, text, by, link string) {
		if !at.IsZero() {
			rows = append(rows, Row{At: at, Kind: kind, Text: oneLine(text), By: by, Link: link})
		}
	}
	page := func(seq int64) string { return incidentLink(in.BaseURL, in.Incident.ID, seq) }
	told := map[string]bool{} // changes that the log tells of at their time
	for _, r := range in.Records {
		by := r.Event.Actor
		if by == incident.ActorSelf {
			by = ""
		}
		if r.Event.Kind == incident.EventChange {
			told[strings.TrimSpace(r.Event.Key)] = true
		}
		add(r.Event.At, string(r.Event.Kind), r.Event.Text, by, page(r.Event.Seq))
	}
	for _, c := range in.Changes {
		link := changeLink(in.BaseURL, c.ID, c.Link)
		if !told[c.ID+" "+string(c.Status)] {
			text := c.Title() + ": " + string(c.Status)
			if c.Summary != "" {
				text += " (" + c.Summary + ")"
			}
			add(c.Started, rowChange, text, "", link)
		}
		if v := c.Verdict; v != nil && !told[c.ID+" verdict "+string(v.State)] {
			add(v.At, rowVerdict, c.Title()+" is judged "+string(v.State)+": "+v.Reason, "", link)
		}
	}
	firsts(in, t, add)
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Or(a.At.Compare(b.At), order(a.Kind)-order(b.Kind)) })
	return fold(rows)
}

// firsts adds what the log has no event for.
func firsts(in Input, t Times, add func(at time.Time, kind, text, by, link string)) {
	end, _ := endOf(in)
	for _, o := range in.Incident.Occurrences {
		link := exploreLink(in.BaseURL, o.Query, onsetOf(in.Incident), end)
		if link == "" {
			link = incidentLink(in.BaseURL, in.Incident.ID, 0)
		}
		if o.Source == incident.SourceAnomaly && o.Since.Equal(t.FirstAnomaly) {
			add(t.FirstAnomaly, rowAnomaly, "first odd value: "+occurrenceName(o), "", link)
			t.FirstAnomaly = time.Time{}
		}
		if o.Source == incident.SourceAlert && !t.FirstAlert.IsZero() && !o.Since.After(t.FirstAlert) && o.Severity.Rank() >= incident.SeverityWarning.Rank() {
			add(t.FirstAlert, rowAlert, "first alert: "+occurrenceName(o), "", link)
			t.FirstAlert = time.Time{}
		}
	}
	seen := map[string]bool{}
	for _, d := range in.Told {
		if d.State == notify.StateSent && !seen[d.Channel] {
			seen[d.Channel] = true
			add(d.Done, rowTold, fmt.Sprintf("first message arrived at %s (%s)", d.Channel, d.Kind), "", incidentLink(in.BaseURL, in.Incident.ID, d.Seq))
		}
	}
}

// order puts rows of one moment into the order of cause and effect.
func order(kind string) int {
	switch kind {
	case rowChange:
		return 0
	case rowAnomaly:
		return 1
	case rowAlert:
		return 2
	case string(incident.EventOpened), string(incident.EventReopened):
		return 3
	case rowTold:
		return 9
	}
	return 5
}

// fold hides what repeats: of a run of rows of one kind that follow each other within
// foldGap, all but the first foldFrom go behind the last of these. What people did is
// never folded.
func fold(rows []Row) []Row {
	out := []Row{}
	for n := 0; n < len(rows); {
		end := n + 1
		for end < len(rows) && rows[end].Kind == rows[n].Kind && rows[end].By == "" && rows[n].By == "" && rows[end].At.Sub(rows[end-1].At) <= foldGap {
			end++
		}
		run := rows[n:end]
		if n = end; len(run) <= foldFrom+1 {
			out = append(out, run...)
			continue
		}
		last := run[foldFrom-1]
		last.Folded = slices.Clone(run[foldFrom:])
		out = append(append(out, run[:foldFrom-1]...), last)
	}
	return out
}

// oneLine makes text from outside fit for one line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
