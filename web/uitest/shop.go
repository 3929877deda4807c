// Package uitest is a make-believe shop behind web's interfaces, kept in
// memory. Tests of the API ask it, and "go run ./web/uitest/serve" shows the
// pages over it without a daemon. All times are relative to the time given.
package uitest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/change/stage"
	"github.com/tocsinhq/tocsin/change/verdict"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

// Shop holds incidents, changes and anomalies. It is safe for concurrent use.
type Shop struct {
	now func() time.Time

	mu        sync.Mutex
	incidents []incident.Incident
	events    []web.EventRecord
	changes   []telemetry.Change
	anomalies []web.Anomaly
	rankings  map[string]rca.Ranking
	told      map[string][]web.Delivery
	wake      func()
	quiet     bool // nothing was ever sent
}

// NewShop returns a shop in the middle of a bad deployment that began some
// minutes before now().
func NewShop(now func() time.Time) *Shop {
	s := &Shop{now: now, rankings: map[string]rca.Ranking{}, told: map[string][]web.Delivery{}, wake: func() {}}
	s.fill(now().Truncate(time.Second))
	return s
}

// Clear makes the shop one to which nothing was ever sent.
func (s *Shop) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.incidents, s.events, s.changes, s.anomalies = nil, nil, nil, nil
	s.quiet = true
}

// OnEvent sets what is called after each new event, such as Broker.Wake.
func (s *Shop) OnEvent(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wake = f
}

// Incidents, Changes and Anomalies return the views that web asks for.
func (s *Shop) Incidents() web.Incidents { return incidentView{s} }

// Changes returns the change feed.
func (s *Shop) Changes() web.Changes { return changeView{s} }

// Anomalies returns the anomaly log.
func (s *Shop) Anomalies() web.Anomalies { return anomalyView{s} }

type (
	incidentView struct{ *Shop }
	changeView   struct{ *Shop }
	anomalyView  struct{ *Shop }
)

func (v incidentView) List(_ context.Context, f web.IncidentFilter) ([]incident.Incident, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var out []incident.Incident
	for _, in := range v.incidents {
		if (len(f.States) == 0 && in.State != incident.StateCandidate || slices.Contains(f.States, in.State)) && (f.Service == "" || f.Service == in.Service) {
			out = append(out, in)
		}
	}
	rank := map[incident.State]int{incident.StateOpen: 0, incident.StateAcknowledged: 1, incident.StateMitigated: 1}
	for _, s := range incident.EndStates() {
		rank[s] = 2
	}
	slices.SortStableFunc(out, func(a, b incident.Incident) int {
		if d := rank[a.State] - rank[b.State]; d != 0 {
			return d
		}
		return b.Opened.Compare(a.Opened)
	})
	return out[:min(len(out), f.Limit)], nil
}

func (v incidentView) Get(_ context.Context, id string) (incident.Incident, []incident.Event, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	i, err := v.findLocked(id)
	if err != nil {
		return incident.Incident{}, nil, err
	}
	var events []incident.Event
	for _, e := range v.events {
		if e.Event.Incident == id {
			events = append(events, e.Event)
		}
	}
	return v.incidents[i], events, nil
}

func (s *Shop) findLocked(id string) (int, error) {
	for i := range s.incidents {
		if s.incidents[i].ID == id {
			return i, nil
		}
	}
	return 0, &web.Error{Kind: web.KindNotFound, Message: fmt.Sprintf("there is no incident %q", id)}
}

func (v incidentView) Ack(_ context.Context, id, actor, note string, at time.Time) (incident.Incident, error) {
	return v.act(id, incident.Event{Kind: incident.EventAcked, At: at, Actor: actor, Text: note}, func(in *incident.Incident) {
		in.State, in.Acked = incident.StateAcknowledged, at
	})
}

func (v incidentView) Resolve(_ context.Context, id, actor, note string, at time.Time) (incident.Incident, error) {
	return v.act(id, incident.Event{Kind: incident.EventResolved, At: at, Actor: actor, Text: note}, func(in *incident.Incident) {
		in.State, in.Resolved = incident.StateResolved, at
	})
}

func (s *Shop) act(id string, e incident.Event, change func(*incident.Incident)) (incident.Incident, error) {
	s.mu.Lock()
	i, err := s.findLocked(id)
	if err == nil && s.incidents[i].State.Over() {
		err = &web.Error{Kind: web.KindConflict, Message: "incident " + id + " is " + string(s.incidents[i].State) + " already"}
	}
	if err != nil {
		s.mu.Unlock()
		return incident.Incident{}, err
	}
	change(&s.incidents[i])
	s.incidents[i].Updated = e.At
	s.logLocked(i, e)
	in, wake := s.incidents[i], s.wake
	s.mu.Unlock()
	wake()
	return in, nil
}

// Open adds an incident, as the daemon would on a new alert.
func (s *Shop) Open(in incident.Incident) {
	s.mu.Lock()
	s.incidents = append(s.incidents, in)
	s.logLocked(len(s.incidents)-1, incident.Event{Kind: incident.EventOpened, At: in.Opened, Actor: "tocsin", Text: in.Title})
	wake := s.wake
	s.mu.Unlock()
	wake()
}

func (s *Shop) logLocked(i int, e incident.Event) {
	e.Seq, e.Incident = int64(len(s.events)+1), s.incidents[i].ID
	s.events = append(s.events, web.EventRecord{Event: e, Incident: s.incidents[i]})
}

// EventsAfter implements web.EventLog.
func (s *Shop) EventsAfter(_ context.Context, seq int64, limit int) ([]web.EventRecord, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := min(int(seq), len(s.events))
	return slices.Clone(s.events[from:min(len(s.events), from+limit)]), nil
}

// LastSeq implements web.EventLog.
func (s *Shop) LastSeq(context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(len(s.events)), nil
}

func (v changeView) List(_ context.Context, f web.ChangeFilter) ([]telemetry.Change, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var out []telemetry.Change
	for _, c := range v.changes {
		fits := (f.Service == "" || f.Service == c.Service) && (f.Kind == "" || f.Kind == c.Kind) &&
			(f.From.IsZero() || !c.Started.Before(f.From)) && (f.To.IsZero() || !c.Started.After(f.To))
		if fits {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b telemetry.Change) int { return b.Started.Compare(a.Started) })
	return out[:min(len(out), f.Limit)], nil
}

func (v changeView) Record(_ context.Context, body []byte) (telemetry.Change, bool, error) {
	c := telemetry.Change{Kind: telemetry.KindDeployment, Status: telemetry.StatusSucceeded, Started: v.now(), Received: v.now()}
	if err := json.Unmarshal(body, &c); err != nil {
		return c, false, &web.Error{Kind: web.KindInvalid, Message: "read change: " + err.Error()}
	}
	var ps []web.Problem
	if c.Service == "" {
		ps = append(ps, web.Problem{Field: "service", Message: "want the name of the service that was changed"})
	}
	if !slices.Contains(telemetry.ChangeKinds, c.Kind) {
		ps = append(ps, web.Problem{Field: "kind", Message: fmt.Sprintf("want a known kind, got %q", c.Kind)})
	}
	if len(ps) > 0 {
		words := make([]string, len(ps))
		for i, p := range ps {
			words[i] = p.Field + ": " + p.Message
		}
		return c, false, &web.Error{Kind: web.KindInvalid, Message: strings.Join(words, "; "), Problems: ps}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range v.changes {
		if v.changes[i].ID == c.ID {
			v.changes[i] = c
			return c, false, nil
		}
	}
	if c.ID == "" {
		c.ID = fmt.Sprintf("chg-%d", len(v.changes)+1)
	}
	v.changes = append(v.changes, c)
	return c, true, nil
}

func (v anomalyView) List(_ context.Context, f web.AnomalyFilter) ([]web.Anomaly, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var out []web.Anomaly
	for _, a := range v.anomalies {
		if (f.Service == "" || f.Service == a.Service) && !a.At.Before(f.Since) {
			out = append(out, a)
		}
	}
	slices.SortStableFunc(out, func(a, b web.Anomaly) int { return b.At.Compare(a.At) })
	return out[:min(len(out), f.Limit)], nil
}

// Latest implements web.Rankings.
func (s *Shop) Latest(_ context.Context, id string) (rca.Ranking, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.rankings[id]
	return r, ok, nil
}

// Deliveries implements web.Deliveries.
func (s *Shop) Deliveries(_ context.Context, id string) ([]web.Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.told[id]), nil
}

// VerdictStates returns the states of those that Verdict knows.
// StageNotes puts the deployments of v42 in production, past staging.
func (v changeView) StageNotes(_ context.Context, list []telemetry.Change) (map[string]stage.Note, error) {
	out := map[string]stage.Note{}
	for _, c := range list {
		if c.VersionTo == "v42" {
			out[c.ID] = stage.Note{
				Stage: "production", Trigger: "manual", Branch: "main", Approval: "missing",
				Passed:   []stage.Passage{{Stage: "staging", Change: "c-staging", Status: telemetry.StatusSucceeded, At: c.Started.Add(-time.Hour)}},
				Warnings: []string{"production requires an approval, and it was not given"},
			}
		}
	}
	return out, nil
}

func (v changeView) VerdictStates(ctx context.Context, changes []string) (map[string]verdict.State, error) {
	out := map[string]verdict.State{}
	for _, id := range changes {
		r, err := v.Verdict(ctx, id)
		if err != nil {
			return nil, err
		}
		if r.Verdict != nil {
			out[id] = r.Verdict.State
		}
	}
	return out, nil
}

// Verdict calls the change to v42 faulty and has not looked at the others.
func (v changeView) Verdict(ctx context.Context, id string) (web.ChangeVerdict, error) {
	list, err := v.List(ctx, web.ChangeFilter{Limit: 1000})
	if err != nil {
		return web.ChangeVerdict{}, err
	}
	for _, c := range list {
		if c.ID == id {
			out := web.ChangeVerdict{Change: c}
			if c.VersionTo == "v42" {
				at := c.Started.Add(8 * time.Minute)
				out.Verdict = &verdict.Verdict{
					State: verdict.Faulty, At: at, Final: true, Evidence: 2140, Placebos: 600, Beaten: 600,
					Reason: "error_rate went from 0.005 to 0.31 ratio",
				}
				out.History = []change.Word{{State: verdict.Collecting, At: c.Started}, {State: verdict.Faulty, At: at, Reason: out.Verdict.Reason}}
			}
			return out, nil
		}
	}
	return web.ChangeVerdict{}, &web.Error{Kind: web.KindNotFound, Message: "change " + id + " is not known"}
}
