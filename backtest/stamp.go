package backtest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Sizes from which a number is no longer seconds: 1e11 seconds is the year 5138,
// 1e11 milliseconds is March 1973.
const (
	leastMilliseconds = 1e11
	leastMicroseconds = 1e14
	leastNanoseconds  = 1e17
)

// forms are the times of day that are understood beside RFC 3339: what databases,
// spreadsheets and data frames write. Those without a zone are UTC; a fraction of
// a second may follow.
var forms = [...]string{
	time.DateTime, "2006-01-02T15:04:05", // without a zone
	"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z0700", "2006-01-02 15:04:05Z07",
	"2006-01-02 15:04:05 Z0700", "2006-01-02 15:04:05 UTC",
	"2006-01-02T15:04:05Z0700",
	"2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02 15:04Z07:00", "2006-01-02T15:04Z07:00", time.DateOnly,
}

// ParseTime reads a time in milliseconds since the Unix epoch: Unix seconds
// (also with a fraction), milliseconds, microseconds or nanoseconds, told apart
// by size; RFC 3339; or "2006-01-02 15:04:05", also with a T between, with a zone
// such as +02:00 behind, without seconds or without a time of day, and in UTC if
// it has no zone. What is finer than a millisecond is rounded.
func ParseTime(s string) (int64, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, fmt.Errorf("want a time, got an empty cell")
	}
	if !strings.ContainsAny(s[1:], ":-T ") || strings.ContainsAny(s, "eE") { // a number
		return parseUnix(s)
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return roundMilli(t), nil
	}
	for _, layout := range forms {
		if t, err := time.Parse(layout, s); err == nil {
			return roundMilli(t), nil
		}
	}
	return 0, fmt.Errorf("want a time as Unix seconds or milliseconds, RFC 3339 or \"2006-01-02 15:04:05\", got %q", s)
}

func roundMilli(t time.Time) int64 { return t.Round(time.Millisecond).UnixMilli() }

func parseUnix(s string) (int64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || math.Abs(v) >= 1e19 {
		return 0, fmt.Errorf("want a time as Unix seconds or milliseconds, RFC 3339 or \"2006-01-02 15:04:05\", got %q", s)
	}
	switch size := math.Abs(v); {
	case size < leastMilliseconds:
		v *= 1000
	case size < leastMicroseconds:
	case size < leastNanoseconds:
		v /= 1000
	default:
		v /= 1e6
	}
	return int64(math.Round(v)), nil
}

// stamp writes a time that a source had in milliseconds: RFC 3339 in UTC, with
// a fraction only if there is one.
func stamp(t int64) string {
	return time.UnixMilli(t).UTC().Format("2006-01-02T15:04:05.999Z07:00")
}
