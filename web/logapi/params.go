package logapi

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/common/model"

	"github.com/tocsinhq/tocsin/logs/logql"
)

// stamp reads a time: nanoseconds or seconds since 1970, with a fraction or not, or RFC 3339.
func stamp(text string, def time.Time) (time.Time, error) {
	if text == "" {
		return def, nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		if len(text) <= 10 {
			return time.Unix(n, 0), nil
		}
		return time.Unix(0, n), nil
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(f) < 9e9 {
		s, ns := math.Modf(f)
		return time.Unix(int64(s), int64(math.Round(ns*1e9))), nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return t, bad("want a time in nanoseconds or seconds since 1970 or as RFC 3339, got %.64q", text)
	}
	return t, nil
}

// span reads start, end and since; an hour before now by default.
func (a *api) span(r *http.Request) (from, to time.Time, err error) {
	now := a.Now()
	if to, err = stamp(r.Form.Get("end"), now); err != nil {
		return from, to, err
	}
	since := time.Hour
	if text := r.Form.Get("since"); text != "" {
		if since, err = length(text); err != nil {
			return from, to, err
		}
	}
	before := to
	if to.After(now) {
		before = now
	}
	if from, err = stamp(r.Form.Get("start"), before.Add(-since)); err != nil {
		return from, to, err
	}
	if to.Before(from) {
		return from, to, bad("end timestamp must not be before or equal to start time")
	}
	return from, to, nil
}

// length reads a duration, or seconds.
func length(text string) (time.Duration, error) {
	if f, err := strconv.ParseFloat(text, 64); err == nil && f > 0 && f < 1e9 {
		return time.Duration(f * float64(time.Second)), nil
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return d, nil
	}
	if d, err := model.ParseDuration(text); err == nil && d > 0 {
		return time.Duration(d), nil
	}
	return 0, bad("want a positive duration such as 15s, or seconds, got %.64q", text)
}

// step reads the step, by default one that makes about 250 points.
func step(r *http.Request, from, to time.Time) (time.Duration, error) {
	if text := r.Form.Get("step"); text != "" {
		return length(text)
	}
	return max(time.Second, to.Sub(from)/250).Truncate(time.Second), nil
}

// limit reads the number of lines wanted.
func (a *api) limit(r *http.Request, def int) (int, error) {
	text := r.Form.Get("limit")
	if text == "" {
		return min(def, a.Config.Query.MaxLines), nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, bad("limit must be a positive value, got %.64q", text)
	}
	if n > a.Config.Query.MaxLines {
		return 0, bad("max entries limit per query exceeded, limit > max_entries_limit_per_query (%d > %d)", n, a.Config.Query.MaxLines)
	}
	return n, nil
}

// oldest reads the direction.
func oldest(r *http.Request) (bool, error) {
	switch text := r.Form.Get("direction"); text {
	case "", "backward", "BACKWARD":
		return false, nil
	case "forward", "FORWARD":
		return true, nil
	default:
		return false, bad("invalid direction %.64q, want forward or backward", text)
	}
}

// selector reads a query whose matchers alone count; none is all.
func selector(text string) ([]logql.Matcher, error) {
	if text == "" || text == "{}" {
		return nil, nil
	}
	q, err := logql.ParseLogs(text)
	if err != nil {
		return nil, err
	}
	return q.Matchers, nil
}
