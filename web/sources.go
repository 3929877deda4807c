package web

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/change/stage"
	"github.com/tocsinhq/tocsin/change/verdict"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Incidents reads incidents and lets people act on them. Unknown ids are
// reported by an error that Options.Classify (or *Error) gives KindNotFound.
// Implementations are safe for concurrent use.
type Incidents interface {
	// List returns matching incidents, open ones first, then the newest first.
	List(ctx context.Context, f IncidentFilter) ([]incident.Incident, error)
	// Get returns one incident and its timeline, oldest event first.
	Get(ctx context.Context, id string) (incident.Incident, []incident.Event, error)
	Ack(ctx context.Context, id, actor, note string, at time.Time) (incident.Incident, error)
	Resolve(ctx context.Context, id, actor, note string, at time.Time) (incident.Incident, error)
}

// IncidentLives lets people say how an incident ends. As with Incidents, the id of
// one that was merged stands for the one that it goes on as.
type IncidentLives interface {
	Mitigate(ctx context.Context, id, actor, note string, at time.Time) (incident.Incident, error)
	Close(ctx context.Context, id, actor, note string, at time.Time) (incident.Incident, error)
	FalsePositive(ctx context.Context, id, actor, note string, at time.Time) (incident.Incident, error)
}

// IncidentShapes lets people say what is one incident and what is two.
type IncidentShapes interface {
	// Merge makes two incidents one and returns it, the older of them.
	Merge(ctx context.Context, id, with, actor, note string, at time.Time) (incident.Incident, error)
	// Split gives the occurrence with the key an incident of its own and returns that.
	Split(ctx context.Context, id, key, actor, note string, at time.Time) (incident.Incident, error)
}

// IncidentFilter narrows a list. Empty States or Service mean all.
type IncidentFilter struct {
	States  []incident.State
	Service string
	Limit   int
}

// EventLog is the append-only log of incident events that live streams are
// fed from.
type EventLog interface {
	// EventsAfter returns at most limit events with Seq > seq, in order of Seq.
	EventsAfter(ctx context.Context, seq int64, limit int) ([]EventRecord, error)
	// LastSeq returns the highest Seq in the log, 0 when it is empty.
	LastSeq(ctx context.Context) (int64, error)
}

// EventRecord is an event with its incident as it stood after the event.
type EventRecord struct {
	Event    incident.Event    `json:"event"`
	Incident incident.Incident `json:"incident"`
}

// Changes is the feed of change events.
type Changes interface {
	// List returns matching changes, the latest start first.
	List(ctx context.Context, f ChangeFilter) ([]telemetry.Change, error)
	// Record decodes one change event from strict JSON and stores it. Created
	// is false when a change of the same id was updated. An invalid body is
	// reported by an error of KindInvalid that names every wrong field.
	Record(ctx context.Context, body []byte) (c telemetry.Change, created bool, err error)
	// Verdict returns what is known of a change's effect, or an error of KindNotFound.
	Verdict(ctx context.Context, id string) (ChangeVerdict, error)
	// StageNotes returns where each deployment among the changes stands among the stages.
	StageNotes(ctx context.Context, list []telemetry.Change) (map[string]stage.Note, error)
	// VerdictStates returns the state of the verdict on each change that has one.
	VerdictStates(ctx context.Context, changes []string) (map[string]verdict.State, error)
}

// ChangeVerdict is a change with the verdict on it. Verdict is nil while nobody
// has looked yet; History has each state once it was reached, oldest first.
type ChangeVerdict struct {
	Change  telemetry.Change `json:"change"`
	Verdict *verdict.Verdict `json:"verdict"`
	History []change.Word    `json:"history"`
}

// ChangeFilter narrows a list of changes. Zero values mean all; From and To
// bound the start of a change and are inclusive.
type ChangeFilter struct {
	Service  string
	Kind     telemetry.ChangeKind
	From, To time.Time
	Limit    int
}

// Anomalies reads the log of anomaly episodes.
type Anomalies interface {
	// List returns matching episodes, the latest first.
	List(ctx context.Context, f AnomalyFilter) ([]Anomaly, error)
}

// AnomalyFilter narrows a list of anomalies. Since bounds the event time of
// the last report; the zero time means all.
type AnomalyFilter struct {
	Service string
	Since   time.Time
	Limit   int
}

// Anomaly is one episode as the log holds it: the occurrence as last reported,
// when it ended (zero while it lasts), and the incident it went to, if any.
type Anomaly struct {
	incident.Occurrence
	Peak     telemetry.Number `json:"peak"` // highest score of the episode
	Ended    time.Time        `json:"ended,omitzero"`
	Incident string           `json:"incident,omitempty"`
}

// Rankings reads stored rankings of causes.
type Rankings interface {
	// Latest returns the newest ranking of an incident, and false when none was made yet.
	Latest(ctx context.Context, incidentID string) (rca.Ranking, bool, error)
}

// Deliveries reads who was told.
type Deliveries interface {
	// Deliveries returns the messages of an incident in order of their events.
	Deliveries(ctx context.Context, incidentID string) ([]Delivery, error)
}

// Delivery is one message to one channel. State is waiting, sent, failed,
// merged (a newer message says it too), skipped (nothing to say there) or
// dropped (it ended while it was muted).
type Delivery struct {
	Channel  string             `json:"channel"`
	Seq      int64              `json:"seq"` // of the event that was told
	Event    incident.EventKind `json:"event,omitempty"`
	State    string             `json:"state"`
	Attempts int                `json:"attempts"`
	Created  time.Time          `json:"created"`
	Due      time.Time          `json:"due,omitzero"`  // of the next try, while waiting
	Done     time.Time          `json:"done,omitzero"` // when sent or given up
	Error    string             `json:"error,omitempty"`
	Muted    string             `json:"muted,omitempty"`    // why it is held back, while waiting
	MutedBy  string             `json:"muted_by,omitempty"` // by which silence, window or the like
}

// Bands draws what the detector expected of a series.
type Bands interface {
	// Band replays the one series that the selector matches. No match and
	// several matches are errors of KindNotFound and KindInvalid.
	Band(ctx context.Context, r BandRequest) (Band, error)
	// Explain says why the newest sample of the one series that is not after at
	// was or was not odd, likewise; no sample within the hour before is of
	// KindNotFound too.
	Explain(ctx context.Context, query string, at time.Time) (Explanation, error)
}

// BandRequest asks for a series from Start to End, one point per Step.
type BandRequest struct {
	Query      string // PromQL selector or expression of one series
	Start, End time.Time
	Step       time.Duration
}

// Band is a drawn series. Points are in time order.
type Band struct {
	Series map[string]string `json:"series"`
	Unit   string            `json:"unit"` // ratio, percent, seconds, bytes, per_second or ""
	Points []BandPoint       `json:"points"`
}

// BandPoint is one sample with its band. Unknown figures are NaN. In JSON it
// is the array [t_ms, value, expected, lower, upper, score] with null for
// unknown, because a chart has thousands of them.
type BandPoint struct {
	T                                    int64 // milliseconds since the Unix epoch
	Value, Expected, Lower, Upper, Score float64
}

// MarshalJSON writes the array form.
func (p BandPoint) MarshalJSON() ([]byte, error) {
	n := func(f float64) telemetry.Number { return telemetry.Number(f) }
	return json.Marshal([6]any{p.T, n(p.Value), n(p.Expected), n(p.Lower), n(p.Upper), n(p.Score)})
}

// UnmarshalJSON reads the array form.
func (p *BandPoint) UnmarshalJSON(b []byte) error {
	var v, e, lo, up, s telemetry.Number
	row := [6]any{&p.T, &v, &e, &lo, &up, &s}
	if err := json.Unmarshal(b, &row); err != nil {
		return err
	}
	p.Value, p.Expected, p.Lower, p.Upper, p.Score = float64(v), float64(e), float64(lo), float64(up), float64(s)
	return nil
}
