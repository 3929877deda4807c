package app

import (
	"context"
	"errors"
	"time"

	"github.com/tocsinhq/tocsin/bands"
	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/change/verdict"
	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/rca/feedback"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

// What can be wrong with the selector of a band or an explanation.
var (
	errNoSeries   = errors.New("no series matches")
	errManySeries = errors.New("want the selector of one series, and this one matches several")
)

// The types below give package web the views it asks for. They translate nouns
// and decide nothing.

type webIncidents struct{ m *incident.Manager }

func (s webIncidents) List(ctx context.Context, f web.IncidentFilter) ([]incident.Incident, error) {
	return s.m.List(ctx, incident.Filter{States: f.States, Service: f.Service, Limit: f.Limit})
}

func (s webIncidents) Get(ctx context.Context, id string) (incident.Incident, []incident.Event, error) {
	return s.m.Get(ctx, id)
}

func (s webIncidents) Ack(ctx context.Context, id, actor, note string, at time.Time) (incident.Incident, error) {
	return s.m.Ack(ctx, id, actor, note, at)
}

func (s webIncidents) Resolve(ctx context.Context, id, actor, note string, at time.Time) (incident.Incident, error) {
	return s.m.Resolve(ctx, id, actor, note, at)
}

func (s webIncidents) Mitigate(ctx context.Context, id, actor, note string, at time.Time) (incident.Incident, error) {
	return s.m.Mitigate(ctx, id, actor, note, at)
}

func (s webIncidents) Close(ctx context.Context, id, actor, note string, at time.Time) (incident.Incident, error) {
	return s.m.Close(ctx, id, actor, note, at)
}

func (s webIncidents) FalsePositive(ctx context.Context, id, actor, note string, at time.Time) (incident.Incident, error) {
	return s.m.FalsePositive(ctx, id, actor, note, at)
}

func (s webIncidents) Merge(ctx context.Context, id, with, actor, note string, at time.Time) (incident.Incident, error) {
	return s.m.Merge(ctx, id, with, actor, note, at)
}

func (s webIncidents) Split(ctx context.Context, id, key, actor, note string, at time.Time) (incident.Incident, error) {
	return s.m.Split(ctx, id, key, actor, note, at)
}

type webEvents struct{ m *incident.Manager }

func (s webEvents) EventsAfter(ctx context.Context, seq int64, limit int) ([]web.EventRecord, error) {
	recs, err := s.m.EventsAfter(ctx, seq, limit)
	if err != nil {
		return nil, err
	}
	out := make([]web.EventRecord, len(recs))
	for i, r := range recs {
		out[i] = web.EventRecord{Event: r.Event, Incident: r.Incident}
	}
	return out, nil
}

func (s webEvents) LastSeq(ctx context.Context) (int64, error) { return s.m.LastSeq(ctx) }

type webChanges struct{ c *Core }

func (s webChanges) List(ctx context.Context, f web.ChangeFilter) ([]telemetry.Change, error) {
	to := f.To
	if !to.IsZero() {
		to = to.Add(time.Millisecond) // the page's end is inclusive, the feed's is not
	}
	return s.c.feed.List(ctx, change.Filter{Service: f.Service, Kind: f.Kind, From: f.From, To: to, Limit: f.Limit})
}

func (s webChanges) Record(ctx context.Context, body []byte) (telemetry.Change, bool, error) {
	ch, err := change.DecodeJSON(body)
	if err != nil {
		return ch, false, err
	}
	return s.c.RecordChange(ctx, ch, s.c.now())
}

func (s webChanges) Verdict(ctx context.Context, id string) (web.ChangeVerdict, error) {
	ch, err := s.c.feed.Get(ctx, id)
	if err != nil {
		return web.ChangeVerdict{}, err
	}
	out := web.ChangeVerdict{Change: ch, History: []change.Word{}}
	v, words, ok, err := s.c.feed.Verdict(ctx, id)
	if ok {
		out.Verdict, out.History = &v, words
	}
	return out, err
}

func (s webChanges) VerdictStates(ctx context.Context, changes []string) (map[string]verdict.State, error) {
	return s.c.feed.VerdictStates(ctx, changes)
}

type webAnomalies struct{ log *incident.AnomalyLog }

func (s webAnomalies) List(ctx context.Context, f web.AnomalyFilter) ([]web.Anomaly, error) {
	list, err := s.log.List(ctx, incident.AnomalyFilter{Service: f.Service, From: f.Since, Limit: f.Limit})
	if err != nil {
		return nil, err
	}
	out := make([]web.Anomaly, len(list))
	for i, x := range list {
		out[i] = web.Anomaly{Occurrence: x.Occurrence, Peak: x.Peak, Ended: x.Ended, Incident: x.Incident}
	}
	return out, nil
}

type webDeliveries struct{ c *Core }

func (s webDeliveries) Deliveries(ctx context.Context, id string) ([]web.Delivery, error) {
	list, err := s.c.Outbox().Deliveries(ctx, id)
	if err != nil {
		return nil, err
	}
	out := make([]web.Delivery, len(list))
	for i, d := range list {
		out[i] = web.Delivery{
			Channel: d.Channel, Seq: d.Seq, Event: d.Kind, State: string(d.State), Attempts: d.Attempts,
			Created: d.Created, Due: d.Due, Done: d.Done, Error: d.Error, Muted: d.Muted, MutedBy: d.MutedBy,
		}
	}
	return out, nil
}

// notifications reads the journal for the pages and the program.
func (c *Core) notifications(ctx context.Context, q web.NotifyQuery) ([]web.NotifyEntry, error) {
	f := notify.JournalFilter{Subject: q.Subject, Channel: q.Channel, Since: q.Since, After: q.After, Before: q.Before, Oldest: q.Oldest, Limit: q.Limit}
	for _, w := range q.What {
		f.What = append(f.What, notify.What(w))
	}
	list, err := c.Outbox().Journal(ctx, f)
	if err != nil {
		return nil, err
	}
	out := make([]web.NotifyEntry, len(list))
	for i, e := range list {
		out[i] = web.NotifyEntry{
			ID: e.ID, At: e.At, What: string(e.What), Channel: e.Channel, Subject: e.Subject, Key: e.Key, Event: e.Event,
			Attempt: e.Attempt, Code: e.Code, Took: e.Took.Seconds(), Reason: e.Reason, Detail: e.Detail,
		}
	}
	return out, nil
}

type webBands struct{ c *Core }

func (s webBands) Band(ctx context.Context, r web.BandRequest) (web.Band, error) {
	return s.c.Band(ctx, r)
}

// Band draws what the detector expects of the one series that the request
// selects: a stored one, or one derived from a stored histogram.
func (c *Core) Band(ctx context.Context, r web.BandRequest) (web.Band, error) {
	ms, err := selector(r.Query)
	if err != nil {
		return web.Band{}, err
	}
	l, verdicts, err := c.band(ctx, ms, r)
	if err != nil {
		return web.Band{}, err
	}
	out := web.Band{Series: l.Map(), Points: make([]web.BandPoint, len(verdicts))}
	if sig, ok := c.signalOf(l); ok {
		out.Unit = string(sig.Unit)
	}
	for i, v := range verdicts {
		if v.Rate {
			out.Unit = "per_second"
		}
		out.Points[i] = bandPoint(v)
	}
	return out, nil
}

func bandPoint(v detector.Verdict) web.BandPoint {
	return web.BandPoint{T: v.Time, Value: v.Value, Expected: v.Expected, Lower: v.Lower, Upper: v.Upper, Score: v.Score}
}

// classify gives errors of the parts the kind from which their status follows.
func classify(err error) *web.Error {
	var invalid *change.InvalidError
	switch {
	case errors.As(err, &invalid):
		e := &web.Error{Kind: web.KindInvalid, Message: invalid.Error()}
		for _, f := range invalid.Fields {
			e.Problems = append(e.Problems, web.Problem{Field: f.Field, Message: f.Msg})
		}
		return e
	case errors.Is(err, incident.ErrNotFound), errors.Is(err, change.ErrNotFound), errors.Is(err, feedback.ErrNotFound), noRunbook(err):
		return &web.Error{Kind: web.KindNotFound, Message: err.Error()}
	case errors.Is(err, incident.ErrConflict):
		return &web.Error{Kind: web.KindConflict, Message: err.Error()}
	case errors.Is(err, incident.ErrInvalid), errors.Is(err, feedback.ErrInvalid), errors.Is(err, errManySeries), errors.Is(err, bands.ErrTooMuch):
		return &web.Error{Kind: web.KindInvalid, Message: err.Error()}
	case errors.Is(err, errNoSeries):
		return &web.Error{Kind: web.KindNotFound, Message: err.Error()}
	}
	return nil
}
