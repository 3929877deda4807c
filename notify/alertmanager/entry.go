package alertmanager

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/common/model"
)

// Origin says who an alert comes from.
type Origin string

// Alerts of our own rules last until the rule ends them; alerts that others send
// end by themselves unless they are sent again.
const (
	OriginRule     Origin = "rule"
	OriginReceived Origin = "received"
	// OriginChannel is that of alerts of our rules that name channels of their own:
	// they are told as incidents and are in no group, but inhibit others.
	OriginChannel Origin = "channel"
)

// entry is an alert that is known. Its alert is replaced, never changed, so that
// those who read it need no lock.
type entry struct {
	fp     model.Fingerprint
	alert  *alert.Alert
	origin Origin
	groups map[*group]bool
	routes int // how many it is in while it burns
	row    int64
	// observed is what the incidents were told of it: firing, resolved or nothing.
	observed string
	dirty    bool // the row has to be written
	saved    saved
	repeated bool // it was told more than once
}

// endedAt reports whether the alert has ended at the time.
func (e *entry) endedAt(at time.Time) bool {
	return !e.alert.EndsAt.IsZero() && !e.alert.EndsAt.After(at)
}

// merge returns an alert as it stands after a newer report of it, as Alertmanager
// merges them. Reports whose times do not overlap are of different occasions, and
// the newer one holds alone.
func merge(old, next *alert.Alert, at time.Time) *alert.Alert {
	ended := func(a *alert.Alert) bool { return !a.EndsAt.IsZero() && !a.EndsAt.After(at) }
	open := func(a *alert.Alert) time.Time { // without an end it lasts for good
		if a.EndsAt.IsZero() {
			return forever
		}
		return a.EndsAt
	}
	within := func(t time.Time) bool { return t.After(old.StartsAt) && t.Before(open(old)) }
	if !within(open(next)) && !within(next.StartsAt) {
		return next
	}
	younger, elder := next, old
	if next.UpdatedAt.Before(old.UpdatedAt) {
		younger, elder = old, next
	}
	out := *younger
	if elder.StartsAt.Before(out.StartsAt) {
		out.StartsAt = elder.StartsAt
	}
	if ended(younger) {
		if ended(elder) && elder.EndsAt.After(younger.EndsAt) {
			out.EndsAt = elder.EndsAt
		}
	} else if open(elder).After(open(younger)) && !elder.Timeout {
		out.EndsAt = elder.EndsAt
	}
	return &out
}

// forever stands for the end of an alert that has none.
var forever = time.Unix(1<<40, 0)

// sameWords reports whether two reports say the same but for their times.
func sameWords(a, b *alert.Alert) bool {
	return a.GeneratorURL == b.GeneratorURL && maps.Equal(a.Annotations, b.Annotations)
}

// storedAlert is an entry as its row has it. Short names: there are many.
type storedAlert struct {
	Labels      model.LabelSet `json:"l"`
	Annotations model.LabelSet `json:"a,omitempty"`
	Starts      time.Time      `json:"s"`
	Ends        time.Time      `json:"e,omitzero"`
	Updated     time.Time      `json:"u"`
	Timeout     bool           `json:"t,omitempty"`
	URL         string         `json:"g,omitempty"`
	Origin      Origin         `json:"o"`
	Repeated    bool           `json:"r,omitempty"`
}

func (e *entry) encode() ([]byte, error) {
	a := e.alert
	return json.Marshal(storedAlert{
		Labels: a.Labels, Annotations: a.Annotations, Starts: a.StartsAt, Ends: a.EndsAt, Updated: a.UpdatedAt,
		Timeout: a.Timeout, URL: a.GeneratorURL, Origin: e.origin, Repeated: e.repeated,
	})
}

func decodeEntry(body []byte) (*entry, error) {
	var s storedAlert
	if err := json.Unmarshal(body, &s); err != nil {
		return nil, err
	}
	a := &alert.Alert{Alert: model.Alert{Labels: s.Labels, Annotations: s.Annotations, StartsAt: s.Starts, EndsAt: s.Ends, GeneratorURL: s.URL},
		UpdatedAt: s.Updated, Timeout: s.Timeout}
	return &entry{fp: a.Fingerprint(), alert: a, origin: s.Origin, groups: map[*group]bool{}, saved: savedOf(a), repeated: s.Repeated}, nil
}

// renew gives an alert that ended only because nobody was there to be told that
// it goes on the same time once more.
func (e *entry) renew(down, now time.Time) bool {
	if e.origin != OriginReceived || e.endedAt(down) || !e.endedAt(now) {
		return false
	}
	next := *e.alert
	lease := e.alert.EndsAt.Sub(e.alert.UpdatedAt)
	next.EndsAt = now.Add(min(max(lease, time.Minute), time.Hour))
	e.alert = &next
	return true
}

func sortedFingerprints[V any](m map[model.Fingerprint]V) []model.Fingerprint {
	return slices.Sorted(maps.Keys(m))
}
