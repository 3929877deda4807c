package journal

import (
	"cmp"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Page is one time for which an alert stood, from when it began to fire until it
// was resolved: what people are told of once, or would be.
type Page struct {
	Name        string            `json:"name"`
	Service     string            `json:"service"`
	Environment string            `json:"environment,omitempty"`
	Severity    string            `json:"severity"`
	Shadow      bool              `json:"shadow,omitempty"`
	Fired       time.Time         `json:"fired"`
	Ended       time.Time         `json:"ended,omitzero"` // zero while it stands
	Held        float64           `json:"held_seconds"`   // of the time, for lack of data
	Value       telemetry.Number  `json:"value"`          // as it fired
	Unit        string            `json:"unit,omitempty"`
	Fingerprint string            `json:"fingerprint"`
	Labels      map[string]string `json:"labels"`
	Channels    []string          `json:"channels,omitempty"`
	Summary     string            `json:"summary"`
}

// Lasted returns how long the page stood, until now if it still does.
func (p Page) Lasted(now time.Time) time.Duration {
	if p.Ended.IsZero() {
		return now.Sub(p.Fired)
	}
	return p.Ended.Sub(p.Fired)
}

// Pages puts entries, oldest first, together into pages in the order in which
// they fired. until is how far the entries reach: a page that is held then is
// held up to it. An alert whose beginning is not among them has no page.
func Pages(entries []Entry, until time.Time) []Page {
	var out []Page
	open := map[string]int{}            // index in out by fingerprint
	heldSince := map[string]time.Time{} // by fingerprint
	release := func(fp string, at time.Time) {
		if since, held := heldSince[fp]; held {
			out[open[fp]].Held += at.Sub(since).Seconds()
			delete(heldSince, fp)
		}
	}
	for _, e := range entries {
		i, stands := open[e.Fingerprint]
		switch {
		case !stands && e.State == rules.AlertFiring:
			open[e.Fingerprint] = len(out)
			out = append(out, Page{
				Name: e.Name, Service: e.Service, Environment: e.Environment, Severity: e.Severity, Shadow: e.Shadow, Fired: e.At,
				Value: e.Value, Unit: e.Unit, Fingerprint: e.Fingerprint, Labels: e.Labels, Channels: e.Channels, Summary: e.Summary,
			})
		case !stands:
		case e.over():
			release(e.Fingerprint, e.At)
			out[i].Ended = e.At
			delete(open, e.Fingerprint)
		case e.State == rules.AlertFiring:
			release(e.Fingerprint, e.At)
		default:
			if _, held := heldSince[e.Fingerprint]; !held {
				heldSince[e.Fingerprint] = e.At
			}
		}
	}
	for fp := range heldSince {
		release(fp, until)
	}
	slices.SortStableFunc(out, func(a, b Page) int {
		return cmp.Or(a.Fired.Compare(b.Fired), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	return out
}
