package journal

import (
	"bufio"
	"encoding/json"
	"io"
	"time"

	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Entry is one change of one alert's state.
type Entry struct {
	At          time.Time         `json:"at"` // event time of the evaluation
	State       rules.AlertState  `json:"state"`
	Name        string            `json:"name"`
	Service     string            `json:"service"`
	Environment string            `json:"environment,omitempty"`
	Severity    string            `json:"severity"`
	Shadow      bool              `json:"shadow,omitempty"`
	Since       time.Time         `json:"since"` // when the condition became true
	Value       telemetry.Number  `json:"value"`
	Unit        string            `json:"unit,omitempty"`
	Fingerprint string            `json:"fingerprint"`
	Labels      map[string]string `json:"labels"`
	Channels    []string          `json:"channels,omitempty"`
	Summary     string            `json:"summary"`
}

// Of returns the entry of an alert as it was handed on.
func Of(a rules.Alert) Entry {
	return Entry{
		At: a.At.UTC(), State: a.State, Name: a.Name, Service: a.Service, Environment: a.Environment, Severity: a.Severity,
		Shadow: a.Shadow, Since: a.Since.UTC(), Value: a.Value, Unit: a.Unit, Fingerprint: a.Fingerprint,
		Labels: a.Labels, Channels: a.Channels, Summary: a.Summary,
	}
}

// over reports whether the alert of the entry has ended.
func (e Entry) over() bool { return e.State == rules.AlertResolved }

// WriteJSON writes the entries as JSON, one a line.
func WriteJSON(w io.Writer, entries []Entry) error {
	b := bufio.NewWriter(w)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	for _, e := range entries {
		if err := enc.Encode(e); err != nil {
			return err
		}
	}
	return b.Flush()
}

// Tracker tells changes of state from refreshed values. It is for one goroutine
// at a time.
type Tracker struct {
	last map[string]rules.AlertState // by fingerprint, of alerts that are not over
}

// NewTracker returns a tracker that knows the alerts of the entries that are not
// over, as the last entry of each has it.
func NewTracker(known []Entry) *Tracker {
	t := &Tracker{last: map[string]rules.AlertState{}}
	for _, e := range known {
		t.note(e)
	}
	return t
}

// Take returns the entries of those alerts whose state is another than before, in
// the order given.
func (t *Tracker) Take(alerts []rules.Alert) []Entry {
	var out []Entry
	for _, a := range alerts {
		if t.last[a.Fingerprint] == a.State {
			continue
		}
		e := Of(a)
		t.note(e)
		out = append(out, e)
	}
	return out
}

func (t *Tracker) note(e Entry) {
	if e.over() {
		delete(t.last, e.Fingerprint)
	} else {
		t.last[e.Fingerprint] = e.State
	}
}
