package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/tocsinhq/tocsin/web"
)

// BandQuery asks for the band of one series; see GET /api/v1/tocsin/band.
type BandQuery struct {
	Query      string // PromQL selector of one series
	Start, End time.Time
	Step       time.Duration
}

// Band returns the samples of one series with what was expected of them.
func (c *Client) Band(ctx context.Context, q BandQuery) (web.Band, error) {
	v := url.Values{}
	set(v, "query", q.Query)
	setTime(v, "start", q.Start)
	setTime(v, "end", q.End)
	if q.Step > 0 {
		set(v, "step", q.Step.String())
	}
	return do[web.Band](ctx, c, http.MethodGet, "/band?"+v.Encode(), nil)
}

// Explain says why the newest sample of the one series that the query selects was or
// was not odd; the zero time means now.
func (c *Client) Explain(ctx context.Context, query string, at time.Time) (web.Explanation, error) {
	v := url.Values{}
	set(v, "query", query)
	setTime(v, "time", at)
	return do[web.Explanation](ctx, c, http.MethodGet, "/explain?"+v.Encode(), nil)
}

// ForecastQuery asks what series are expected to be; zero values mean the daemon's
// defaults, and a Threshold of "" that no crossing is asked for.
type ForecastQuery struct {
	Match     string
	Horizon   time.Duration
	Threshold string
	Below     bool
	Limit     int
}

// Forecasts returns what the series that match are expected to be.
func (c *Client) Forecasts(ctx context.Context, q ForecastQuery) (web.ForecastList, error) {
	v := url.Values{}
	set(v, "match", q.Match)
	setDuration(v, "horizon", q.Horizon)
	set(v, "threshold", q.Threshold)
	if q.Below {
		v.Set("direction", "below")
	}
	setInt(v, "limit", q.Limit)
	return do[web.ForecastList](ctx, c, http.MethodGet, "/forecast?"+v.Encode(), nil)
}

// CapacityQuery asks what fills; zero values mean the daemon's defaults.
type CapacityQuery struct {
	Service string
	Horizon time.Duration
	Full    float64
	Limit   int
}

// Capacity returns what is expected to fill, the soonest first.
func (c *Client) Capacity(ctx context.Context, q CapacityQuery) (web.RoomList, error) {
	v := url.Values{}
	set(v, "service", q.Service)
	setDuration(v, "horizon", q.Horizon)
	if q.Full > 0 {
		v.Set("full", strconv.FormatFloat(q.Full, 'g', -1, 64))
	}
	setInt(v, "limit", q.Limit)
	return do[web.RoomList](ctx, c, http.MethodGet, "/capacity?"+v.Encode(), nil)
}

func setDuration(v url.Values, name string, d time.Duration) {
	if d > 0 {
		v.Set(name, d.String())
	}
}
