package report

import (
	"time"

	"github.com/tocsinhq/tocsin/change/verdict"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/rules/journal"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Input is all that a postmortem is made of. Build alters none of it.
type Input struct {
	Incident incident.Incident
	Records  []incident.EventRecord // the incident's part of the event log, oldest first
	Ranking  *rca.Ranking           // the last one; nil when none was made
	Changes  []Change               // around the incident, of its services and suspects
	Told     []notify.Delivery
	Budgets  []Budget // of the objectives of the service
	Gaps     []journal.Gap
	Similar  []Similar
	Factors  []Factor        // contributing ones beside those of the ranking's analysis
	Charts   []*notify.Chart // the most telling first
	BaseURL  string          // where links begin, without a slash at the end
}

// Change is a change with the latest word on it; Verdict is nil while nobody has looked.
type Change struct {
	telemetry.Change
	Verdict *verdict.Verdict
}

// Budget is what an incident cost an objective: the share of its error budget that
// was left at the onset and at the end. NaN when it is not known.
type Budget struct {
	Objective string           `json:"objective"`
	Target    float64          `json:"target"` // share of good events
	Window    time.Duration    `json:"-"`
	Days      float64          `json:"window_days"`
	Before    telemetry.Number `json:"left_at_onset"`
	After     telemetry.Number `json:"left_at_end"`
	Spent     telemetry.Number `json:"spent"` // of the whole budget, as a share
}

// Similar is an earlier incident that looked alike.
type Similar struct {
	ID    string    `json:"id"`
	Title string    `json:"title"`
	Onset time.Time `json:"onset"`
	Score float64   `json:"score"`         // 0 to 1
	Fixed string    `json:"fixed_by"`      // what helped then; "" when it is not known
	Link  string    `json:"link,omitzero"` // filled in by Build
}

// Factor is one contributing factor with what it rests on.
type Factor struct {
	Text  string `json:"text"`
	Basis string `json:"basis,omitempty"` // observed or inferred
}
