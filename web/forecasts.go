package web

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Forecasts says what series are expected to be.
type Forecasts interface {
	// Forecast returns the forecast of every series of the last minutes that the
	// request matches, at most Limit, sorted by labels; those of which nothing
	// can be said yet are left out, and those that are not watched where others match.
	// No match is an error of KindNotFound.
	Forecast(ctx context.Context, r ForecastRequest) ([]Forecast, error)
	// Capacity returns what is expected to fill, the soonest first.
	Capacity(ctx context.Context, r CapacityRequest) ([]Room, error)
}

// ForecastRequest asks what series are in Horizon from their last sample.
type ForecastRequest struct {
	Match    string // PromQL selector of series
	Horizon  time.Duration
	Coverage float64          // chance with which the bounds hold the value
	Until    telemetry.Number // a threshold of which the time is asked, NaN for none
	Below    bool             // the threshold is reached from above
	Limit    int
}

// Forecast is what one series is expected to be.
type Forecast struct {
	Series map[string]string `json:"series"`
	Unit   string            `json:"unit"` // ratio, percent, seconds, bytes, per_second or ""
	From   time.Time         `json:"from"` // last sample
	Now    telemetry.Number  `json:"now"`  // its value
	At     time.Time         `json:"at"`
	Value  telemetry.Number  `json:"value"`
	Lower  telemetry.Number  `json:"lower"`
	Upper  telemetry.Number  `json:"upper"`
	// Tried is how many forecasts so far ahead were compared with what came.
	Tried    int       `json:"tried"`
	Replayed bool      `json:"replayed"` // from stored samples: the detector does not know the series
	Crossing *Crossing `json:"crossing,omitempty"`
}

// Crossing is when a threshold is expected to be reached; a time that is left out
// lies beyond the horizon.
type Crossing struct {
	Threshold telemetry.Number `json:"threshold"`
	Below     bool             `json:"below"`
	Earliest  time.Time        `json:"earliest,omitzero"`
	Likely    time.Time        `json:"likely,omitzero"`
	Latest    time.Time        `json:"latest,omitzero"`
}

// ForecastList is the answer of GET forecast.
type ForecastList struct {
	Forecasts []Forecast `json:"forecasts"`
	More      bool       `json:"more"`
}

// CapacityRequest asks what fills within Horizon. Full is the share of what a
// signal can be at most that counts as full.
type CapacityRequest struct {
	Service string
	Horizon time.Duration
	Full    float64
	Limit   int
}

// Room is one series of a signal that has a natural limit, such as a percentage.
type Room struct {
	Service     string           `json:"service"`
	Environment string           `json:"environment"`
	Instance    string           `json:"instance"`
	Signal      string           `json:"signal"`
	Unit        string           `json:"unit"`
	Query       string           `json:"query"` // selector of exactly this series
	Now         telemetry.Number `json:"now"`
	Crossing    Crossing         `json:"crossing"`
}

// RoomList is the answer of GET capacity.
type RoomList struct {
	Rooms []Room `json:"rooms"`
	More  bool   `json:"more"`
}

const (
	defaultHorizon  = 24 * time.Hour
	capacityHorizon = 30 * 24 * time.Hour
	minHorizon      = time.Millisecond // as far apart as samples are
	maxHorizon      = 365 * 24 * time.Hour
	defaultCoverage = 0.9
	defaultFull     = 0.95
)

func (s *server) forecast(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	req := ForecastRequest{
		Match: q.text("match"), Horizon: q.horizon(defaultHorizon), Coverage: q.share("coverage", defaultCoverage),
		Until: telemetry.Number(math.NaN()), Below: q.choice("direction", "above", "above", "below") == "below",
		Limit: q.limit(defaultLimit, maxLimit),
	}
	if req.Match == "" {
		q.problem("match", "want a PromQL selector of series")
	}
	if v := q.text("threshold"); v != "" {
		f, err := strconv.ParseFloat(v, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			q.problem("threshold", "want a number, got %q", v)
		}
		req.Until = telemetry.Number(f)
	}
	if err := q.err(); err != nil {
		return result{}, err
	}
	want := req.Limit
	req.Limit++
	found, err := s.opts.Forecasts.Forecast(r.Context(), req)
	if err != nil {
		return result{}, err
	}
	return ok(ForecastList{Forecasts: orEmpty(found[:min(want, len(found))]), More: len(found) > want})
}

func (s *server) capacity(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	req := CapacityRequest{
		Service: q.text("service"), Horizon: q.horizon(capacityHorizon), Full: q.share("full", defaultFull),
		Limit: q.limit(defaultLimit, maxLimit),
	}
	if err := q.err(); err != nil {
		return result{}, err
	}
	want := req.Limit
	req.Limit++
	found, err := s.opts.Forecasts.Capacity(r.Context(), req)
	if err != nil {
		return result{}, err
	}
	return ok(RoomList{Rooms: orEmpty(found[:min(want, len(found))]), More: len(found) > want})
}

// horizon returns the parameter of that name, def when absent.
func (p *params) horizon(def time.Duration) time.Duration {
	d := p.duration("horizon")
	switch {
	case d > maxHorizon:
		p.problem("horizon", "want at most 365d, got %q", p.values.Get("horizon"))
	case d > 0 && d < minHorizon:
		p.problem("horizon", "want at least 1ms, got %q", p.values.Get("horizon"))
	}
	if d == 0 {
		return def
	}
	return d
}

// share returns a parameter between 0 and 1, both excluded, def when absent.
func (p *params) share(name string, def float64) float64 {
	v := p.values.Get(name)
	if v == "" {
		return def
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || !(f > 0 && f < 1) {
		p.problem(name, "want a number between 0 and 1 such as %g, got %q", def, v)
		return def
	}
	return f
}
