package uitest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/web"
)

func (v incidentView) Mitigate(_ context.Context, id, actor, note string, at time.Time) (incident.Incident, error) {
	return v.act(id, incident.Event{Kind: incident.EventMitigated, At: at, Actor: actor, Text: note}, func(in *incident.Incident) {
		in.State, in.Mitigated = incident.StateMitigated, at
	})
}

func (v incidentView) Close(_ context.Context, id, actor, note string, at time.Time) (incident.Incident, error) {
	return v.act(id, incident.Event{Kind: incident.EventClosed, At: at, Actor: actor, Text: note}, func(in *incident.Incident) {
		in.State, in.Resolved, in.Closed = incident.StateClosed, at, at
	})
}

func (v incidentView) FalsePositive(_ context.Context, id, actor, note string, at time.Time) (incident.Incident, error) {
	return v.act(id, incident.Event{Kind: incident.EventFalsePositive, At: at, Actor: actor, Text: note}, func(in *incident.Incident) {
		in.State, in.Resolved = incident.StateFalsePositive, at
	})
}

// Merge lets the first go on as the other.
func (v incidentView) Merge(ctx context.Context, id, with, actor, note string, at time.Time) (incident.Incident, error) {
	into, _, err := v.Get(ctx, with)
	if err != nil {
		return incident.Incident{}, err
	}
	_, err = v.act(id, incident.Event{Kind: incident.EventMerged, At: at, Actor: actor, Text: note}, func(in *incident.Incident) {
		in.State, in.Resolved, in.MergedInto = incident.StateMerged, at, into.ID
	})
	return into, err
}

// Split makes an incident of the occurrence with the key.
func (v incidentView) Split(_ context.Context, id, key, actor, note string, at time.Time) (incident.Incident, error) {
	s := v.Shop
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.findLocked(id)
	if err != nil {
		return incident.Incident{}, err
	}
	j := slices.IndexFunc(s.incidents[i].Occurrences, func(o incident.Occurrence) bool { return o.Key == key })
	if j < 0 {
		return incident.Incident{}, &web.Error{Kind: web.KindNotFound, Message: fmt.Sprintf("incident %s has no occurrence %q", id, key)}
	}
	o := s.incidents[i].Occurrences[j]
	s.incidents[i].Occurrences = slices.Delete(slices.Clone(s.incidents[i].Occurrences), j, j+1)
	s.incidents = append(s.incidents, incident.Incident{ID: id + "-split", Service: o.Service, Title: o.Name, State: incident.StateOpen,
		Severity: o.Severity, Onset: o.Since, Opened: at, Updated: at, SplitFrom: id, Occurrences: []incident.Occurrence{o}})
	s.logLocked(len(s.incidents)-1, incident.Event{Kind: incident.EventOpened, At: at, Actor: actor, Text: note})
	return s.incidents[len(s.incidents)-1], nil
}
