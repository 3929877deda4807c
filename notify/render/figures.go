package render

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Figure returns a value in words of its unit, with three significant digits:
// ratio as a percentage, percent, seconds from µs to days, bytes in powers of
// 1024, per_second and bytes_per_second. Any other unit is written behind the
// number. It returns "" for NaN and "+∞" or "-∞" for the infinities.
func Figure(v float64, unit string) string {
	switch {
	case math.IsNaN(v):
		return ""
	case math.IsInf(v, 1):
		return "+∞"
	case math.IsInf(v, -1):
		return "-∞"
	}
	switch unit {
	case "":
		return number(v)
	case "ratio":
		if math.Abs(v) > math.MaxFloat64/100 {
			return number(v)
		}
		return number(v*100) + "%"
	case "percent":
		return number(v) + "%"
	case "seconds":
		return seconds(v)
	case "milliseconds":
		return seconds(v / 1000)
	case "bytes":
		return bytes(v)
	case "bytes_per_second":
		return bytes(v) + "/s"
	case "per_second":
		return number(v) + "/s"
	}
	return number(v) + " " + oneLine(unit)
}

// number writes three significant digits without an exponent where a person
// would not use one; whole numbers from 1000 on get a comma per three digits.
func number(v float64) string {
	a := math.Abs(v)
	switch {
	case a == 0:
		return "0"
	case a >= 1e15 || a < 1e-4:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case a >= 999.5:
		return commas(strconv.FormatFloat(v, 'f', 0, 64))
	}
	digits := 2 - int(math.Floor(math.Log10(a)))
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

func commas(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

func seconds(v float64) string {
	a := math.Abs(v)
	switch {
	case a == 0:
		return "0s"
	case a < 0.9995e-3:
		return number(v*1e6) + "µs"
	case a < 0.9995:
		return number(v*1e3) + "ms"
	case a < 600:
		return number(v) + "s"
	case a < 1e9:
		s := Duration(time.Duration(a * float64(time.Second)))
		if v < 0 {
			s = "-" + s
		}
		return s
	}
	return number(v) + "s"
}

func bytes(v float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	i := 0
	for math.Abs(v) >= 1024 && i < len(units)-1 {
		v /= 1024
		i++
	}
	return number(v) + " " + units[i]
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
