package alertmanager

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/common/model"
)

// group is the alerts that one route tells together.
type group struct {
	id      string // key and receiver, and a number where a route is there twice
	key     string // as Alertmanager writes it
	route   *dispatch.Route
	labels  model.LabelSet
	members map[model.Fingerprint]*entry
	next    time.Time        // when it is due
	sent    map[string]*told // by channel
	mutedBy []string         // time intervals that mute it, as last seen
	dirty   bool
}

// told is what one channel knows of a group.
type told struct {
	// firing are the alerts that need not be told: the channel heard of them as
	// burning and nothing has come between. known are all of which it believes
	// that they burn.
	firing, known, resolved map[model.Fingerprint]bool
	at                      time.Time // of the last message
}

func newTold() *told {
	return &told{firing: map[model.Fingerprint]bool{}, known: map[model.Fingerprint]bool{}, resolved: map[model.Fingerprint]bool{}}
}

// groupLabels returns those labels of an alert by which the route groups.
func groupLabels(lset model.LabelSet, r *dispatch.Route) model.LabelSet {
	if r.RouteOpts.GroupByAll {
		return lset.Clone()
	}
	out := make(model.LabelSet, len(r.RouteOpts.GroupBy))
	for n := range r.RouteOpts.GroupBy {
		if v, ok := lset[n]; ok {
			out[n] = v
		}
	}
	return out
}

// groupKey is that of Alertmanager, which names dedup keys of providers.
func groupKey(r *dispatch.Route, l model.LabelSet) string { return fmt.Sprintf("%s:%s", r.Key(), l) }

// routeID tells routes apart over reloads: by key and receiver, and by place
// only among those that have both in common.
func routeIDs(routes []*dispatch.Route) map[*dispatch.Route]string {
	out := make(map[*dispatch.Route]string, len(routes))
	seen := map[string]int{}
	for _, r := range routes {
		id := r.Key() + "\n" + r.RouteOpts.Receiver
		seen[id]++
		if n := seen[id]; n > 1 {
			id += "\n" + strconv.Itoa(n)
		}
		out[r] = id
	}
	return out
}

// storedGroup is a group as its row has it. Its members are found again by
// routing the stored alerts.
type storedGroup struct {
	Key      string                `json:"key"`
	Route    string                `json:"route"`
	Receiver string                `json:"receiver"`
	Labels   model.LabelSet        `json:"labels"`
	Next     time.Time             `json:"next"`
	Sent     map[string]storedTold `json:"sent,omitempty"`

	live map[string]*told // in place of Sent, of a group that was not read from its row
}

type storedTold struct {
	Firing   []model.Fingerprint `json:"firing,omitempty"`
	Known    []model.Fingerprint `json:"known,omitempty"` // those that are not in Firing
	Resolved []model.Fingerprint `json:"resolved,omitempty"`
	At       time.Time           `json:"at"`
}

func (g *group) encode(routeID string) (string, error) {
	s := storedGroup{
		Key: g.key, Route: routeID, Receiver: g.route.RouteOpts.Receiver, Labels: g.labels,
		Next: g.next, Sent: map[string]storedTold{},
	}
	for c, t := range g.sent {
		st := storedTold{Firing: sortedFingerprints(t.firing), Resolved: sortedFingerprints(t.resolved), At: t.at}
		for _, fp := range sortedFingerprints(t.known) {
			if !t.firing[fp] {
				st.Known = append(st.Known, fp)
			}
		}
		s.Sent[c] = st
	}
	body, err := json.Marshal(s)
	return string(body), err
}

// sentBy returns what each channel was told.
func (s storedGroup) sentBy() map[string]*told {
	if s.live != nil {
		return s.live
	}
	out := map[string]*told{}
	for c, st := range s.Sent {
		t := newTold()
		t.at = st.At
		for _, fp := range st.Firing {
			t.firing[fp], t.known[fp] = true, true
		}
		for _, fp := range st.Known {
			t.known[fp] = true
		}
		for _, fp := range st.Resolved {
			t.resolved[fp] = true
		}
		out[c] = t
	}
	return out
}

// waitsFor reports whether the end of an alert is still to be told by the group:
// a channel believes that it burns, or the group has not been told at all.
func (s storedGroup) waitsFor(fp model.Fingerprint) bool {
	sent := s.sentBy()
	for _, t := range sent {
		if t.known[fp] {
			return true
		}
	}
	return len(sent) == 0
}

// idOf returns the id of a group of a route.
func idOf(routeID string, l model.LabelSet) string {
	return strings.Join([]string{routeID, l.String()}, "\n")
}
