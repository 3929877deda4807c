package web

import (
	"net/http"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// CardinalityRequest asks where series come from. By is metric, label, pair,
// service or change.
type CardinalityRequest struct {
	By    string
	Limit int
}

// Cardinality is the answer of GET cardinality. Lists by the hour are those of the
// last day, the oldest first; the last hour is under way.
type Cardinality struct {
	By         string           `json:"by"`
	At         time.Time        `json:"at"`
	Since      time.Time        `json:"since"`  // when counting began
	Series     uint64           `json:"series"` // in memory
	Stale      uint64           `json:"stale"`  // of these, that said that they end
	Most       int              `json:"most"`   // storage.limits.max_series
	Made       []int64          `json:"made"`   // series made, by the hour
	Gone       []int64          `json:"gone"`   // series that memory let go, by the hour
	MadeDay    int64            `json:"made_24h"`
	GoneDay    int64            `json:"gone_24h"`
	BytesEach  int64            `json:"bytes_per_series"` // estimate of the memory of one
	Rows       []CardinalityRow `json:"rows"`
	More       bool             `json:"more"`
	Unresolved int              `json:"without_change"` // of the rows by change: jumps before which no change was recorded
}

// CardinalityRow is one metric, label, value of a label, service, or jump.
type CardinalityRow struct {
	Name     string         `json:"name"`            // of the metric, label, service; of a jump its service
	Value    string         `json:"value,omitempty"` // of the label
	Series   int64          `json:"series"`          // in memory; of a jump, made in it
	Values   int            `json:"values"`          // different ones of a label
	Bytes    int64          `json:"bytes"`           // estimate of the memory of these series
	Made     []int64        `json:"made"`
	Gone     []int64        `json:"gone"`
	MadeHour int64          `json:"made_1h"`
	MadeDay  int64          `json:"made_24h"`
	GoneDay  int64          `json:"gone_24h"`
	Over     int64          `json:"error"`               // so many may have been made that are not in the counts
	Labels   []LabelValues  `json:"labels,omitempty"`    // those with the most values, for the first metrics
	Label    string         `json:"label,omitempty"`     // the one that makes series many, most likely
	NewLabel bool           `json:"new_label,omitempty"` // it came with the jump
	Jump     *SeriesJump    `json:"jump,omitempty"`      // the latest one
	Advice   []SeriesAdvice `json:"advice,omitempty"`    // for the first rows
	Metrics  []MetricSeries `json:"metrics,omitempty"`   // of a jump
}

// LabelValues is how many values a label has.
type LabelValues struct {
	Name   string `json:"name"`
	Values int    `json:"values"`
}

// MetricSeries is how many series of a metric were made.
type MetricSeries struct {
	Metric string `json:"metric"`
	Series int64  `json:"series"`
}

// SeriesJump is a time in which a service made far more series than usual, and the
// change before it.
type SeriesJump struct {
	Service string            `json:"service"`
	From    time.Time         `json:"from"`
	To      time.Time         `json:"to"`
	Series  int64             `json:"series"` // made in it
	Usual   telemetry.Number  `json:"usual"`  // what the day before would have made
	Change  *telemetry.Change `json:"change"` // null: none was recorded before it
	Own     bool              `json:"own"`    // a change of the service itself
}

// SeriesAdvice is something to do, and lines of configuration to copy, if any.
type SeriesAdvice struct {
	Text    string `json:"text"`
	Snippet string `json:"snippet,omitempty"`
}

func (s *server) cardinality(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	req := CardinalityRequest{
		By:    q.choice("by", "metric", "metric", "label", "pair", "service", "change"),
		Limit: q.limit(20, maxLimit),
	}
	if err := q.err(); err != nil {
		return result{}, err
	}
	want := req.Limit
	req.Limit++
	out, err := s.opts.Cardinality(r.Context(), req)
	if err != nil {
		return result{}, err
	}
	out.More = len(out.Rows) > want
	out.Rows = orEmpty(out.Rows[:min(want, len(out.Rows))])
	return ok(out)
}
