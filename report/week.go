package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/change/delivery"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/journal"
	"github.com/tocsinhq/tocsin/telemetry"
)

// WeekInput is all that the report on a time is made of.
type WeekInput struct {
	From, To  time.Time // incidents that opened and changes that began within, To excluded
	Incidents []WeekIncident
	Changes   []Change
	Alarms    []WeekAlarms
	Alerts    []journal.Entry // what alerts did, oldest first
	Runbooks  []string        // names of those that there are
	Delivery  delivery.Report
	BaseURL   string
}

// WeekIncident is an incident with the first suspect; "" when none was ranked.
type WeekIncident struct {
	incident.Incident
	Suspect     string
	Probability float64
}

// WeekAlarms are the alarms of a service that its budget was charged for in the last
// seven days before To, and what a week allows.
type WeekAlarms struct {
	Service string  `json:"service"`
	Allowed float64 `json:"allowed_per_week"`
	Charged int     `json:"charged"`
}

// Week is the report on a time.
type Week struct {
	From      time.Time       `json:"from"`
	To        time.Time       `json:"to"`
	Incidents []WeekRow       `json:"incidents"` // the latest first
	Alarms    []WeekAlarms    `json:"alarms"`    // the most overdrawn first
	Verdicts  []WeekCount     `json:"verdicts"`  // how many changes have which word
	Suspect   []ChangeRow     `json:"suspect_changes"`
	Noisiest  []WeekAlert     `json:"noisiest_alerts"`
	Delivery  delivery.Report `json:"delivery"`
	Open      []string        `json:"open"` // what waits for somebody
	link      string
}

// WeekRow is one incident of the time.
type WeekRow struct {
	ID       string            `json:"id"`
	Title    string            `json:"title"`
	Service  string            `json:"service"`
	Severity incident.Severity `json:"severity"`
	State    incident.State    `json:"state"`
	Opened   time.Time         `json:"opened"`
	Seconds  *float64          `json:"resolve_seconds"` // from the onset; nil while it goes on
	Suspect  string            `json:"suspect"`
	Link     string            `json:"link"`
}

// WeekCount is a word and how often it was said.
type WeekCount struct {
	Word  string `json:"word"`
	Count int    `json:"count"`
}

// WeekAlert is how often an alert fired, and for how many services.
type WeekAlert struct {
	Name     string `json:"name"`
	Fired    int    `json:"fired"`
	Services int    `json:"services"`
	Shadow   bool   `json:"shadow,omitempty"`
	Runbook  bool   `json:"runbook"`
}

// maxNoisy bounds the alerts that are listed.
const maxNoisy = 10

// BuildWeek makes the report on a time.
func BuildWeek(in WeekInput, c Config) Week {
	w := Week{From: in.From.UTC(), To: in.To.UTC(), Incidents: []WeekRow{}, Alarms: append([]WeekAlarms{}, in.Alarms...), Delivery: in.Delivery, link: in.BaseURL}
	for _, i := range in.Incidents {
		row := WeekRow{ID: i.ID, Title: i.Title, Service: i.Service, Severity: i.Severity, State: i.State, Opened: i.Opened, Link: incidentLink(in.BaseURL, i.ID, 0)}
		if !i.Resolved.IsZero() {
			row.Seconds = span(onsetOf(i.Incident), i.Resolved)
		}
		if i.Suspect != "" {
			row.Suspect = fmt.Sprintf("%s (%s)", i.Suspect, percent(i.Probability))
		}
		w.Incidents = append(w.Incidents, row)
	}
	slices.SortFunc(w.Incidents, func(a, b WeekRow) int { return cmp.Or(b.Opened.Compare(a.Opened), cmp.Compare(b.ID, a.ID)) })
	slices.SortStableFunc(w.Alarms, func(a, b WeekAlarms) int {
		return cmp.Or(cmp.Compare(float64(b.Charged)-b.Allowed, float64(a.Charged)-a.Allowed), cmp.Compare(a.Service, b.Service))
	})
	w.words(in)
	w.noise(in)
	w.open()
	v := newVeil(Input{Changes: in.Changes}, c)
	for n := range w.Incidents {
		r := &w.Incidents[n]
		r.Title, r.Service, r.Suspect = v.text(r.Title), v.text(r.Service), v.text(r.Suspect)
	}
	for n := range w.Suspect {
		r := &w.Suspect[n]
		r.Title, r.Reason, r.Link = v.text(r.Title), v.text(r.Reason), v.link(r.Link)
	}
	for n := range w.Open {
		w.Open[n] = v.text(w.Open[n])
	}
	return w
}

// words counts the verdicts and picks out the changes that did or may have done harm.
func (w *Week) words(in WeekInput) {
	w.Suspect = []ChangeRow{}
	counts := map[string]int{}
	for _, r := range changeRows(Input{Changes: in.Changes, BaseURL: in.BaseURL}) {
		counts[cmp.Or(r.Verdict, "not looked at")]++
		if r.Verdict == "faulty" || r.Verdict == "suspicious" || r.Status == string(telemetry.StatusFailed) || r.Status == string(telemetry.StatusRolledBack) {
			w.Suspect = append(w.Suspect, r)
		}
	}
	w.Verdicts = []WeekCount{}
	for word, n := range counts {
		w.Verdicts = append(w.Verdicts, WeekCount{word, n})
	}
	slices.SortFunc(w.Verdicts, func(a, b WeekCount) int { return cmp.Or(b.Count-a.Count, strings.Compare(a.Word, b.Word)) })
}

// noise counts how often each alert began to fire.
func (w *Week) noise(in WeekInput) {
	w.Noisiest = []WeekAlert{}
	services := map[string]map[string]bool{}
	firing := map[string]bool{} // by fingerprint
	for _, e := range in.Alerts {
		was := firing[e.Fingerprint]
		firing[e.Fingerprint] = e.State != rules.AlertResolved
		if e.State != rules.AlertFiring || was {
			continue
		}
		n := slices.IndexFunc(w.Noisiest, func(a WeekAlert) bool { return a.Name == e.Name && a.Shadow == e.Shadow })
		if n < 0 {
			n = len(w.Noisiest)
			w.Noisiest = append(w.Noisiest, WeekAlert{Name: e.Name, Shadow: e.Shadow, Runbook: slices.Contains(in.Runbooks, RunbookName(RunbookAlert, e.Name))})
		}
		w.Noisiest[n].Fired++
		if services[e.Name] == nil {
			services[e.Name] = map[string]bool{}
		}
		services[e.Name][e.Service] = true
		w.Noisiest[n].Services = len(services[e.Name])
	}
	slices.SortStableFunc(w.Noisiest, func(a, b WeekAlert) int { return cmp.Or(b.Fired-a.Fired, strings.Compare(a.Name, b.Name)) })
	w.Noisiest = w.Noisiest[:min(len(w.Noisiest), maxNoisy)]
}

// open lists what waits for somebody. What people agreed on in postmortems is in those.
func (w *Week) open() {
	w.Open = []string{}
	for _, r := range w.Incidents {
		if !over(r.State) {
			w.Open = append(w.Open, "incident "+r.ID+" is "+string(r.State)+": "+r.Title)
		}
	}
	for _, a := range w.Alarms {
		if float64(a.Charged) > max(a.Allowed, 1) {
			w.Open = append(w.Open, fmt.Sprintf("%s was charged for %d alarms where %.4g a week are allowed: look at what raised them", cmp.Or(a.Service, "series of no service"), a.Charged, a.Allowed))
		}
	}
	for _, a := range w.Noisiest {
		if !a.Runbook && !a.Shadow {
			w.Open = append(w.Open, "alert "+a.Name+" fired and has no runbook of ours: tocsin report runbook "+a.Name)
		}
	}
}
