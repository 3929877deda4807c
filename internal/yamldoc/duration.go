package yamldoc

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a time.Duration that is written as Prometheus writes durations:
// "5m", "1h30m", "1d", "500ms". Years (365 d), weeks, days, hours, minutes,
// seconds, ms, us and ns, each at most once and the larger first; "0" needs no
// unit. A sign is read, so that a check can say that it wants none.
type Duration time.Duration

const wantDuration = `a duration such as "5m"`

// durationUnits are the units from the largest to the smallest.
var durationUnits = []struct {
	name string
	size time.Duration
}{
	{"y", 365 * 24 * time.Hour},
	{"w", 7 * 24 * time.Hour},
	{"d", 24 * time.Hour},
	{"h", time.Hour},
	{"m", time.Minute},
	{"s", time.Second},
	{"ms", time.Millisecond},
	{"us", time.Microsecond},
	{"ns", time.Nanosecond},
}

// ParseDuration reads a duration. The error is a *WantError.
func ParseDuration(s string) (Duration, error) {
	fail := &WantError{Want: wantDuration, Got: s}
	rest, negative := strings.CutPrefix(s, "-")
	if rest == "0" {
		return 0, nil
	}
	if rest == "" {
		return 0, fail
	}
	var total time.Duration
	units := durationUnits
	for rest != "" {
		end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if end <= 0 {
			return 0, fail
		}
		count, err := strconv.ParseInt(rest[:end], 10, 64)
		rest = rest[end:]
		unit := strings.IndexAny(rest, "0123456789")
		if unit < 0 {
			unit = len(rest)
		}
		for len(units) > 0 && units[0].name != rest[:unit] {
			units = units[1:]
		}
		if err != nil || len(units) == 0 {
			return 0, fail
		}
		if count > int64((math.MaxInt64-total)/units[0].size) {
			return 0, &WantError{Want: "a duration of at most 292 years", Got: s}
		}
		total += time.Duration(count) * units[0].size
		units, rest = units[1:], rest[unit:]
	}
	if negative {
		total = -total
	}
	return Duration(total), nil
}

// Std returns d as a time.Duration.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String returns d in the form that ParseDuration reads, exactly: "1h30m".
// Years and weeks are written only where nothing smaller is left: 8 d is "8d".
func (d Duration) String() string {
	if d == 0 {
		return "0s"
	}
	var b strings.Builder
	rest := uint64(d)
	if d < 0 {
		b.WriteByte('-')
		rest = -rest // also right for the smallest int64
	}
	for _, u := range durationUnits {
		size := uint64(u.size)
		if size > uint64(24*time.Hour) && rest%size != 0 {
			continue
		}
		if n := rest / size; n > 0 {
			b.WriteString(strconv.FormatUint(n, 10))
			b.WriteString(u.name)
			rest -= n * size
		}
	}
	return b.String()
}

// MarshalText returns String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := ParseDuration(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
