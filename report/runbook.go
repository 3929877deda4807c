package report

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// RunbookKind says what a runbook is about.
type RunbookKind string

// The kinds of runbook.
const (
	RunbookAlert   RunbookKind = "alert"
	RunbookService RunbookKind = "service"
)

// RunbookSubject is what a runbook is to be written about.
type RunbookSubject struct {
	Kind     RunbookKind
	Subject  string   // name of the alert or service
	Meaning  string   // what the rule asks, in lines; "" when there is no rule
	Checks   []Lookup // that come from the rule or the service itself
	Services []string // that it is about, if they are known
	BaseURL  string
}

// Lookup is a query that shows something.
type Lookup struct {
	Name  string `json:"name"`
	Query string `json:"query"`
}

// Runbook is what past incidents teach about an alert or a service.
type Runbook struct {
	Name        string       `json:"name"` // of its file, without ending
	Kind        RunbookKind  `json:"kind"`
	Subject     string       `json:"subject"`
	Services    []string     `json:"services"`
	Meaning     string       `json:"meaning"`
	Checks      []Lookup     `json:"checks"`
	Incidents   []PastRow    `json:"incidents"` // the latest first
	Causes      []CauseRow   `json:"causes"`
	Telling     []TellingRow `json:"telling"` // checks that stood out in past incidents
	Mitigations []Mitigation `json:"mitigations"`
	NotWhen     []string     `json:"not_when"`
	MedianFelt  *float64     `json:"median_felt_seconds"`
	MedianOver  *float64     `json:"median_resolve_seconds"`
	Verified    time.Time    `json:"verified,omitzero"` // when something helped last
	BaseURL     string       `json:"-"`
}

// PastRow is one past incident.
type PastRow struct {
	ID      string    `json:"id"`
	Title   string    `json:"title"`
	Onset   time.Time `json:"onset"`
	Seconds float64   `json:"seconds"`
	Cause   string    `json:"cause"`
	Helped  string    `json:"helped"`
	Link    string    `json:"link"`
}

// CauseRow is how often a kind of cause was behind past incidents.
type CauseRow struct {
	Cause string `json:"cause"` // such as "deployment of checkout"; "no recent change" without one
	Times int    `json:"times"`
}

// TellingRow is a check that stood out when a cause was behind it.
type TellingRow struct {
	Cause  string           `json:"cause"`
	Signal string           `json:"signal"`
	Query  string           `json:"query"`
	Times  int              `json:"times"`
	Of     int              `json:"of"` // incidents of that cause
	Before telemetry.Number `json:"before"`
	After  telemetry.Number `json:"after"` // both of the latest such incident
	Unit   string           `json:"unit,omitempty"`
}

// Mitigation is something that was done in past incidents.
type Mitigation struct {
	Action  string    `json:"action"` // rollback or the kind of change
	Service string    `json:"service"`
	Tried   int       `json:"tried"`
	Helped  int       `json:"helped"`
	Unknown int       `json:"unknown"` // of those tried
	Median  *float64  `json:"median_seconds"`
	Last    time.Time `json:"last_helped,omitzero"`
}

const (
	// stands is the robust z from which a check stood out.
	stands = 3.0
	// noChange is the cause of incidents that no change fits.
	noChange = "no recent change"
)

// Learn writes a runbook from the postmortems of incidents that are over, in any order.
func Learn(s RunbookSubject, past []Postmortem) Runbook {
	r := Runbook{Name: RunbookName(s.Kind, s.Subject), Kind: s.Kind, Subject: s.Subject, Meaning: s.Meaning, BaseURL: s.BaseURL,
		Services: append([]string{}, s.Services...), Checks: append([]Lookup{}, s.Checks...), Incidents: []PastRow{}, Causes: []CauseRow{}, Telling: []TellingRow{}, Mitigations: []Mitigation{}, NotWhen: []string{}}
	past = slices.Clone(past)
	slices.SortFunc(past, func(a, b Postmortem) int { return cmp.Or(b.Onset.Compare(a.Onset), cmp.Compare(b.ID, a.ID)) })
	var felt, took []float64
	for _, p := range past {
		row := PastRow{ID: p.ID, Title: p.Title, Onset: p.Onset, Seconds: p.End.Sub(p.Onset).Seconds(), Cause: causeOf(p), Link: incidentLink(s.BaseURL, p.ID, 0)}
		for _, t := range p.Tried {
			if t.Helped == HelpedYes {
				row.Helped = t.What + " of " + t.service
			}
		}
		r.Incidents = append(r.Incidents, row)
		felt = append(felt, p.Impact.Felt)
		if p.Times.Resolve != nil {
			took = append(took, *p.Times.Resolve)
		}
		if p.Service != "" && !slices.Contains(r.Services, p.Service) {
			r.Services = append(r.Services, p.Service)
		}
	}
	slices.Sort(r.Services)
	r.MedianFelt, r.MedianOver = median(felt), median(took)
	r.Causes = causes(past)
	r.Telling = telling(past)
	r.Mitigations = mitigations(past)
	for _, m := range r.Mitigations {
		r.Verified = later(r.Verified, m.Last)
	}
	r.NotWhen = notWhen(r)
	return r
}

// causeOf names the kind of cause of an incident.
func causeOf(p Postmortem) string {
	if p.Trigger == nil {
		return noChange
	}
	return p.Trigger.Kind + " of " + p.Trigger.Service
}

func causes(past []Postmortem) []CauseRow {
	out := []CauseRow{}
	for _, p := range past {
		name := causeOf(p)
		n := slices.IndexFunc(out, func(c CauseRow) bool { return c.Cause == name })
		if n < 0 {
			n = len(out)
			out = append(out, CauseRow{Cause: name})
		}
		out[n].Times++
	}
	slices.SortStableFunc(out, func(a, b CauseRow) int { return cmp.Or(b.Times-a.Times, cmp.Compare(a.Cause, b.Cause)) })
	return out
}

// telling lists the checks that stood out, by cause; figures are those of the latest
// incident, which comes first.
func telling(past []Postmortem) []TellingRow {
	out := []TellingRow{}
	of := map[string]int{}
	for _, p := range past {
		cause := causeOf(p)
		of[cause]++
		if p.Trigger == nil {
			continue
		}
		for _, e := range p.Trigger.Evidence {
			if math.IsNaN(float64(e.Z)) || math.Abs(float64(e.Z)) < stands || e.Signal == "" {
				continue
			}
			n := slices.IndexFunc(out, func(t TellingRow) bool { return t.Cause == cause && t.Signal == e.Signal && t.Query == e.Query })
			if n < 0 {
				n = len(out)
				out = append(out, TellingRow{Cause: cause, Signal: e.Signal, Query: e.Query, Before: e.Before, After: e.After, Unit: e.Unit})
			}
			out[n].Times++
		}
	}
	for n := range out {
		out[n].Of = of[out[n].Cause]
	}
	slices.SortStableFunc(out, func(a, b TellingRow) int {
		return cmp.Or(b.Times-a.Times, cmp.Compare(a.Cause, b.Cause), cmp.Compare(a.Signal, b.Signal), cmp.Compare(a.Query, b.Query))
	})
	return out[:min(len(out), maxSuspects)]
}

func mitigations(past []Postmortem) []Mitigation {
	out := []Mitigation{}
	took := map[int][]float64{}
	for _, p := range past {
		for _, t := range p.Tried {
			n := slices.IndexFunc(out, func(m Mitigation) bool { return m.Action == t.What && m.Service == t.service })
			if n < 0 {
				n = len(out)
				out = append(out, Mitigation{Action: t.What, Service: t.service})
			}
			m := &out[n]
			m.Tried++
			switch t.Helped {
			case HelpedYes:
				m.Helped++
				m.Last = later(m.Last, t.At)
				if !p.Times.Mitigated.IsZero() {
					took[n] = append(took[n], p.Times.Mitigated.Sub(t.At).Seconds())
				}
			case HelpedUnknown:
				m.Unknown++
			}
		}
	}
	for n := range out {
		out[n].Median = median(took[n])
	}
	slices.SortStableFunc(out, func(a, b Mitigation) int {
		return cmp.Or(cmp.Compare(b.rate(), a.rate()), b.Tried-a.Tried, cmp.Compare(a.Action, b.Action), cmp.Compare(a.Service, b.Service))
	})
	return out
}

// rate is the share of those tried that helped, held back by one that did not: once of
// once is less than nine of ten.
func (m Mitigation) rate() float64 { return float64(m.Helped) / float64(m.Tried+1) }

// notWhen says when what is proposed is of no use.
func notWhen(r Runbook) []string {
	out := []string{}
	for _, m := range r.Mitigations {
		if m.Helped == 0 && m.Tried > m.Unknown {
			out = append(out, m.Action+" of "+m.Service+" has not helped yet, in "+occasions(m.Tried-m.Unknown))
		}
	}
	if slices.ContainsFunc(r.Mitigations, func(m Mitigation) bool { return m.Action == "rollback" && m.Helped > 0 }) {
		out = append(out, "do not roll back when the incident says that no recent change fits, or when the change began after the onset")
		for _, c := range r.Causes {
			if c.Cause == noChange {
				out = append(out, "no recent change was behind it in "+strconv.Itoa(c.Times)+" of "+occasions(len(r.Incidents)))
			}
		}
	}
	return out
}

// median returns nil for no values. It sorts a copy.
func median(v []float64) *float64 {
	if len(v) == 0 {
		return nil
	}
	v = slices.Sorted(slices.Values(v))
	m := v[len(v)/2]
	if len(v)%2 == 0 {
		m = (m + v[len(v)/2-1]) / 2
	}
	return &m
}

// RunbookName returns the name of a runbook's file: letters, digits and dashes. Services
// are told from alerts by what it begins with.
func RunbookName(k RunbookKind, subject string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(subject) {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_':
			b.WriteRune(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	name := strings.Trim(b.String(), "-")
	if k == RunbookService {
		return "service-" + name[:min(len(name), maxRunbookName)]
	}
	if strings.HasPrefix(name, "service-") || name == "" {
		name = "alert-" + name
	}
	return name[:min(len(name), maxRunbookName)]
}

// maxRunbookName bounds the name of a runbook.
const maxRunbookName = 100

func occasions(n int) string {
	if n == 1 {
		return "1 incident"
	}
	return strconv.Itoa(n) + " incidents"
}
