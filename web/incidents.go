package web

import (
	"context"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

const (
	defaultLimit = 100
	// maxLimit leaves room below the 1000 rows that a store hands out at once,
	// since one more than asked for is read.
	maxLimit = 500
	// changesBefore is how far before the onset the changes of an incident's
	// service are shown.
	changesBefore = 2 * time.Hour
	maxActor      = 200
	maxNote       = 4000
)

// IncidentList is the answer of GET incidents. More says that the limit cut
// the list.
type IncidentList struct {
	Incidents []IncidentRow `json:"incidents"`
	More      bool          `json:"more"`
}

// IncidentRow is an incident with the first row of its ranking of causes; nil
// when none was made yet.
type IncidentRow struct {
	incident.Incident
	TopSuspect *Suspect `json:"top_suspect"`
}

// Suspect is the shortest form of a finding. ChangeID is "" when the finding
// says that no recent change fits.
type Suspect struct {
	Title       string  `json:"title"`
	Probability float64 `json:"probability"`
	ChangeID    string  `json:"change_id"`
}

// IncidentDetail is the answer of GET incidents/{id}. Ranking is nil when none
// was made yet.
type IncidentDetail struct {
	Incident   incident.Incident  `json:"incident"`
	Events     []incident.Event   `json:"events"`
	Ranking    *rca.Ranking       `json:"ranking"`
	Changes    []telemetry.Change `json:"changes"`
	Deliveries []Delivery         `json:"deliveries"`
}

// incidentStates are the words by which a list is narrowed: each state, and
// "active" and "ended" for several.
func incidentStates() []string {
	out := []string{string(incident.StateCandidate)}
	for _, s := range append(incident.ActiveStates(), incident.EndStates()...) {
		out = append(out, string(s))
	}
	return append(out, "active", "ended", "all")
}

// Action is the body of what people do to an incident.
type Action struct {
	Actor string `json:"actor"`
	Note  string `json:"note"`
}

func (s *server) listIncidents(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	f := IncidentFilter{Service: q.text("service"), Limit: q.limit(defaultLimit, maxLimit)}
	switch state := q.choice("state", "all", incidentStates()...); state {
	case "all":
	case "active":
		f.States = incident.ActiveStates()
	case "ended":
		f.States = incident.EndStates()
	default:
		f.States = []incident.State{incident.State(state)}
	}
	if err := q.err(); err != nil {
		return result{}, err
	}
	want := f.Limit
	f.Limit++ // one more tells whether there are more
	found, err := s.opts.Incidents.List(r.Context(), f)
	if err != nil {
		return result{}, err
	}
	list := IncidentList{Incidents: make([]IncidentRow, 0, len(found)), More: len(found) > want}
	for _, in := range found[:min(want, len(found))] {
		row := IncidentRow{Incident: withLists(in)}
		if row.TopSuspect, err = s.topSuspect(r.Context(), in.ID); err != nil {
			return result{}, err
		}
		list.Incidents = append(list.Incidents, row)
	}
	return ok(list)
}

func (s *server) topSuspect(ctx context.Context, id string) (*Suspect, error) {
	ranking, made, err := s.opts.Rankings.Latest(ctx, id)
	if err != nil || !made || len(ranking.Findings) == 0 {
		return nil, err
	}
	top := ranking.Findings[0]
	sus := &Suspect{Title: top.Title, Probability: top.Probability}
	if top.Change != nil {
		sus.ChangeID = top.Change.ID
	}
	return sus, nil
}

func (s *server) getIncident(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	if err := q.err(); err != nil {
		return result{}, err
	}
	ctx, id := r.Context(), r.PathValue("id")
	in, events, err := s.opts.Incidents.Get(ctx, id)
	if err != nil {
		return result{}, err
	}
	d := IncidentDetail{Incident: withLists(in), Events: orEmpty(events)}
	ranking, made, err := s.opts.Rankings.Latest(ctx, id)
	if err != nil {
		return result{}, err
	}
	if made {
		ranking.Findings = orEmpty(ranking.Findings)
		d.Ranking = &ranking
	}
	changes, err := s.opts.Changes.List(ctx, ChangeFilter{Service: in.Service, From: in.Onset.Add(-changesBefore), To: s.opts.Now(), Limit: maxLimit})
	if err != nil {
		return result{}, err
	}
	told, err := s.opts.Deliveries.Deliveries(ctx, id)
	if err != nil {
		return result{}, err
	}
	d.Changes, d.Deliveries = orEmpty(changes), orEmpty(told)
	return ok(d)
}

// actOn makes a handler of Ack or Resolve; both answer the incident as it is
// afterwards.
func (s *server) actOn(act func(ctx context.Context, id, actor, note string, at time.Time) (incident.Incident, error)) apiFunc {
	return func(w http.ResponseWriter, r *http.Request, q *params) (result, error) {
		if err := q.err(); err != nil {
			return result{}, err
		}
		var a Action
		if err := readJSON(w, r, s.opts.Config.MaxBodyBytes, &a); err != nil {
			return result{}, err
		}
		if err := a.clean(); err != nil {
			return result{}, err
		}
		in, err := act(r.Context(), r.PathValue("id"), a.Actor, a.Note, s.opts.Now())
		if err != nil {
			return result{}, err
		}
		return ok(withLists(in))
	}
}

func (a *Action) clean() error {
	a.Actor, a.Note = strings.TrimSpace(a.Actor), strings.TrimSpace(a.Note)
	var ps []Problem
	switch n := utf8.RuneCountInString(a.Actor); {
	case n == 0:
		ps = append(ps, Problem{"actor", "want the name of whoever does this"})
	case n > maxActor:
		ps = append(ps, Problem{"actor", "want at most 200 characters"})
	case strings.ContainsAny(a.Actor, "\r\n"):
		ps = append(ps, Problem{"actor", "want one line"})
	}
	if utf8.RuneCountInString(a.Note) > maxNote {
		ps = append(ps, Problem{"note", "want at most 4000 characters"})
	}
	return invalid(ps)
}

// withLists makes an absent list an empty one, which JSON callers can loop over.
func withLists(in incident.Incident) incident.Incident {
	in.Occurrences = orEmpty(in.Occurrences)
	return in
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
