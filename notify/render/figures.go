package render

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Figure writes a value for people as telemetry.Figure does, and "" for NaN: a
// message leaves out what it does not know.
func Figure(v float64, unit string) string {
	if math.IsNaN(v) {
		return ""
	}
	return telemetry.Figure(v, oneLine(unit))
}

// Duration writes a length of time with its two largest units, such as 45s,
// 4m30s, 3h5m or 2d4h. Less than a second, and a negative length, is 0s.
func Duration(d time.Duration) string {
	d = d.Truncate(time.Second)
	if d <= 0 {
		return "0s"
	}
	units := []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}}
	for i, u := range units {
		if d < u.size {
			continue
		}
		s := strconv.FormatInt(int64(d/u.size), 10) + u.name
		if i+1 < len(units) {
			if rest := (d % u.size) / units[i+1].size; rest > 0 {
				s += strconv.FormatInt(int64(rest), 10) + units[i+1].name
			}
		}
		return s
	}
	return "0s"
}

// Time writes an instant in UTC to the second, or "" for the zero time.
func Time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// oneLine makes text from outside fit for one line: control characters and
// line breaks become spaces, runs of spaces one, and bytes that are not UTF-8
// the replacement character.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r < ' ', r == 0x7f, r >= 0x80 && r < 0xa0, r == '\u2028', r == '\u2029',
			r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069': // also those that turn the direction of text
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Join(strings.Fields(s), " ")
}

// Cut shortens text to at most n runes, the last of them an ellipsis when
// something was cut off. It returns "" when n is 0 or less.
func Cut(s string, n int) string {
	if n <= 0 {
		return ""
	}
	seen := 0
	end := 0 // byte offset behind rune n-1
	for i := range s {
		if seen == n-1 {
			end = i
		}
		if seen == n {
			return s[:end] + "…"
		}
		seen++
	}
	return s
}
