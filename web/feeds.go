package web

import (
	"math"
	"net/http"
	"time"

	"github.com/tocsinhq/tocsin/change/stage"
	"github.com/tocsinhq/tocsin/change/verdict"
	"github.com/tocsinhq/tocsin/telemetry"
)

// ChangeList is the answer of GET changes. Verdicts has the state of the verdict
// by the id of the change, for those that somebody has looked at; Stages has where a
// deployment stands among the stages, for those that are of one.
type ChangeList struct {
	Changes  []telemetry.Change       `json:"changes"`
	Verdicts map[string]verdict.State `json:"verdicts"`
	Stages   map[string]stage.Note    `json:"stages"`
	More     bool                     `json:"more"`
}

// ChangeRecorded is the answer of POST changes.
type ChangeRecorded struct {
	Change  telemetry.Change `json:"change"`
	Created bool             `json:"created"`
}

// AnomalyList is the answer of GET anomalies.
type AnomalyList struct {
	Anomalies []Anomaly `json:"anomalies"`
	More      bool      `json:"more"`
}

func (s *server) listChanges(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	kinds := make([]string, len(telemetry.ChangeKinds))
	for i, k := range telemetry.ChangeKinds {
		kinds[i] = string(k)
	}
	f := ChangeFilter{
		Service: q.text("service"), Kind: telemetry.ChangeKind(q.choice("kind", "", kinds...)),
		From: q.time("from", time.Time{}), To: q.time("to", time.Time{}), Limit: q.limit(defaultLimit, maxLimit),
	}
	if !f.From.IsZero() && !f.To.IsZero() && f.To.Before(f.From) {
		q.problem("to", "want a time not before from")
	}
	if err := q.err(); err != nil {
		return result{}, err
	}
	want := f.Limit
	f.Limit++
	found, err := s.opts.Changes.List(r.Context(), f)
	if err != nil {
		return result{}, err
	}
	list := ChangeList{Changes: orEmpty(found[:min(want, len(found))]), More: len(found) > want}
	ids := make([]string, len(list.Changes))
	for i, c := range list.Changes {
		ids[i] = c.ID
	}
	list.Verdicts, err = s.opts.Changes.VerdictStates(r.Context(), ids)
	if err != nil {
		return result{}, err
	}
	if list.Stages, err = s.opts.Changes.StageNotes(r.Context(), list.Changes); err != nil {
		return result{}, err
	}
	return ok(list)
}

func (s *server) recordChange(w http.ResponseWriter, r *http.Request, q *params) (result, error) {
	if err := q.err(); err != nil {
		return result{}, err
	}
	body, err := readBody(w, r, s.opts.Config.MaxBodyBytes)
	if err != nil {
		return result{}, err
	}
	c, created, err := s.opts.Changes.Record(r.Context(), body)
	if err != nil {
		return result{}, err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return result{status, ChangeRecorded{Change: c, Created: created}}, nil
}

func (s *server) changeVerdict(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	if err := q.err(); err != nil {
		return result{}, err
	}
	v, err := s.opts.Changes.Verdict(r.Context(), r.PathValue("id"))
	if err != nil {
		return result{}, err
	}
	v.History = orEmpty(v.History)
	return ok(v)
}

func (s *server) listAnomalies(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	f := AnomalyFilter{Service: q.text("service"), Since: q.time("since", time.Time{}), Limit: q.limit(defaultLimit, maxLimit)}
	if err := q.err(); err != nil {
		return result{}, err
	}
	want := f.Limit
	f.Limit++
	found, err := s.opts.Anomalies.List(r.Context(), f)
	if err != nil {
		return result{}, err
	}
	return ok(AnomalyList{Anomalies: orEmpty(found[:min(want, len(found))]), More: len(found) > want})
}

const (
	defaultBandRange = 6 * time.Hour
	maxBandPoints    = 11000 // what Prometheus' own range query permits
	wantedBandPoints = 720
)

func (s *server) band(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	req := BandRequest{Query: q.text("query")}
	if req.Query == "" {
		q.problem("query", "want a PromQL selector of one series")
	}
	req.End = q.time("end", s.opts.Now())
	req.Start = q.time("start", req.End.Add(-defaultBandRange))
	req.Step = q.duration("step")
	if !req.Start.Before(req.End) {
		q.problem("start", "want a time before end")
	} else {
		req.Step = bandStep(req, q)
	}
	if err := q.err(); err != nil {
		return result{}, err
	}
	b, err := s.opts.Bands.Band(r.Context(), req)
	if err != nil {
		return result{}, err
	}
	b.Points = orEmpty(b.Points)
	if b.Series == nil {
		b.Series = map[string]string{}
	}
	return ok(b)
}

// bandStep chooses a step when none was given and refuses one that would make
// too many points.
func bandStep(r BandRequest, q *params) time.Duration {
	span := r.End.Sub(r.Start)
	if r.Step == 0 {
		s := math.Ceil(span.Seconds() / wantedBandPoints)
		return time.Duration(max(1, s)) * time.Second
	}
	if n := span / r.Step; n > maxBandPoints {
		q.problem("step", "want a step that makes at most %d points, got %d", maxBandPoints, n)
	}
	return r.Step
}

func (s *server) status(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	if err := q.err(); err != nil {
		return result{}, err
	}
	st, err := s.opts.Status(r.Context())
	if err != nil {
		return result{}, err
	}
	st.Channels, st.Drops = orEmpty(st.Channels), orEmpty(st.Drops)
	return ok(st)
}
