package report

import (
	"fmt"
	"strings"

	"github.com/tocsinhq/tocsin/change/delivery"
)

// Markdown writes the report for people.
func (w Week) Markdown() []byte {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# From %s to %s\n", stamp(w.From), stamp(w.To))
	line("## Incidents\n")
	if len(w.Incidents) == 0 {
		line("None opened.")
	} else {
		t := newTable(&b, "Opened", "Incident", "Severity", "State", "Took", "First suspect")
		for _, r := range w.Incidents {
			t.row(stamp(r.Opened), link(r.Title, r.Link), plain(string(r.Severity)), plain(string(r.State)), lasting(r.Seconds), plain(r.Suspect))
		}
	}
	line("\n## Alarms against the budget\n")
	if len(w.Alarms) == 0 {
		line("No service is watched.")
	} else {
		t := newTable(&b, "Service", "Charged in seven days", "Allowed a week")
		for _, a := range w.Alarms {
			t.row(plain(a.Service), fmt.Sprint(a.Charged), fmt.Sprintf("%.4g", a.Allowed))
		}
	}
	line("\n## Changes\n")
	if len(w.Verdicts) == 0 {
		line("None are on record.")
	} else {
		t := newTable(&b, "Verdict", "Changes")
		for _, c := range w.Verdicts {
			t.row(plain(c.Word), fmt.Sprint(c.Count))
		}
	}
	if len(w.Suspect) > 0 {
		line("\nThose that did harm, or may have:\n")
		t := newTable(&b, "Began", "Change", "Status", "Verdict", "Reason")
		for _, c := range w.Suspect {
			t.row(stamp(c.Started), link(c.Title, c.Link), plain(c.Status), plain(c.Verdict), plain(c.Reason))
		}
	}
	line("\n## Delivery\n")
	f := w.Delivery.Total
	t := newTable(&b, "Deployments", "A day", "Lead time", "Failed", "Recovery", "Rework", "Tier")
	t.row(fmt.Sprint(f.Deployments), fmt.Sprintf("%.2f", f.PerDay), middle(f.LeadTime), part(f.ChangeFailureRate), middle(f.Recovery), part(f.ReworkRate), plain(f.Tier))
	line("\n## Noisiest alerts\n")
	if len(w.Noisiest) == 0 {
		line("No alert fired.")
	} else {
		t := newTable(&b, "Alert", "Fired", "Services", "Runbook")
		for _, a := range w.Noisiest {
			name := plain(a.Name)
			if a.Shadow {
				name += " (shadow)"
			}
			book := unknown
			if a.Runbook {
				n := RunbookName(RunbookAlert, a.Name)
				book = link(n, w.link+"/runbooks/"+n)
			}
			t.row(name, fmt.Sprint(a.Fired), fmt.Sprint(a.Services), book)
		}
	}
	line("\n## Open\n")
	for _, s := range w.Open {
		line("- %s", plain(s))
	}
	if len(w.Open) == 0 {
		line("Nothing that the daemon knows of.")
	}
	line("\n> **%s**: what of the actions agreed on in postmortems is still to be done?", blank)
	return []byte(b.String())
}

func middle(d delivery.Durations) string { return lasting(d.P50) }

func part(share *float64) string {
	if share == nil {
		return unknown
	}
	return percent(*share)
}
