package watch

import (
	"math"
	"slices"
	"strings"

	"github.com/tocsinhq/tocsin/logs/template"
)

// values are the numbers that stand in one place of a template in a minute.
type values struct {
	name string // the word before them
	n    int
	kept []float64
	turn uint64 // of the generator that chooses what is kept
}

const (
	maxValues   = 3   // places of a template
	keptValues  = 128 // of a minute
	maxNameSize = 32
)

// collect keeps the numbers of a line that have a unit, or a key with = or : before
// them. Others are ids as often as not.
func (p *pattern) collect(vars []template.Var, body []byte) {
	place := 0
	for _, v := range vars {
		if !v.Kind.Numeric() {
			continue
		}
		x, unit, ok := number(body, v)
		if !ok {
			continue
		}
		name, keyed := nameBefore(body, int(v.Start))
		if len(name) == 0 || unit == "" && !keyed {
			continue
		}
		if place == len(p.values) {
			p.values = append(p.values, &values{name: label(string(name), unit), kept: make([]float64, 0, 8), turn: uint64(place) + 1})
		}
		p.values[place].add(x)
		if place++; place == maxValues {
			return
		}
	}
}

// add keeps a uniform sample (algorithm R of J. S. Vitter, 1985, doi:10.1145/3147.3165).
func (v *values) add(x float64) {
	v.n++
	if len(v.kept) < keptValues {
		v.kept = append(v.kept, x)
		return
	}
	v.turn ^= v.turn << 13
	v.turn ^= v.turn >> 7
	v.turn ^= v.turn << 17
	if i := int(v.turn % uint64(v.n)); i < keptValues {
		v.kept[i] = x
	}
}

// quantile returns the q quantile of what was kept, which it sorts.
func (v *values) quantile(q float64) float64 {
	slices.Sort(v.kept)
	return v.kept[min(int(q*float64(len(v.kept))), len(v.kept)-1)]
}

func (v *values) reset() { v.n, v.kept = 0, v.kept[:0] }

// scale is what a number with a unit is multiplied by to be in seconds or bytes.
func scale(unit []byte) (factor float64, base string) {
	switch string(unit) {
	case "ns", "nanoseconds":
		return 1e-9, "seconds"
	case "us", "µs", "μs", "usec", "microseconds":
		return 1e-6, "seconds"
	case "ms", "msec", "msecs", "millis", "milliseconds":
		return 1e-3, "seconds"
	case "s", "sec", "secs", "second", "seconds":
		return 1, "seconds"
	case "min", "mins", "minute", "minutes":
		return 60, "seconds"
	case "h", "hr", "hrs", "hour", "hours":
		return 3600, "seconds"
	case "B", "byte", "bytes", "Bytes":
		return 1, "bytes"
	case "KB", "kB", "KiB", "kb", "K":
		return 1 << 10, "bytes"
	case "MB", "MiB", "mb", "M":
		return 1 << 20, "bytes"
	case "GB", "GiB", "gb", "G":
		return 1 << 30, "bytes"
	case "%", "percent", "pct":
		return 1, "percent"
	}
	return 0, ""
}

// number reads a variable with its unit, which may stand behind it.
func number(body []byte, v template.Var) (x float64, unit string, ok bool) {
	w := body[v.Start:v.End]
	n := 0
	for n < len(w) && (w[n] >= '0' && w[n] <= '9' || w[n] == '.' || n == 0 && (w[n] == '-' || w[n] == '+')) {
		n++
	}
	x, ok = decimal(w[:n])
	if !ok {
		return 0, "", false
	}
	if suffix := w[n:]; len(suffix) > 0 {
		f, base := scale(suffix)
		return x * f, base, base != ""
	}
	rest := body[v.End:]
	if len(rest) > 1 && rest[0] == ' ' {
		rest = rest[1:]
		end := 0
		for end < len(rest) && end < 13 && (rest[end] >= 'a' && rest[end] <= 'z' || rest[end] >= 'A' && rest[end] <= 'Z' || rest[end] >= 0x80 || rest[end] == '%') {
			end++
		}
		if f, base := scale(rest[:end]); base != "" {
			return x * f, base, true
		}
	}
	return x, "", true
}

// decimal reads digits with at most one dot and a sign; 18 digits are what counts.
func decimal(w []byte) (x float64, ok bool) {
	sign := 1.0
	if len(w) > 0 && (w[0] == '-' || w[0] == '+') {
		if w[0] == '-' {
			sign = -1
		}
		w = w[1:]
	}
	var whole uint64
	digits, point := 0, -1
	for i, c := range w {
		switch {
		case c == '.' && point < 0:
			point = i
		case c == '.' || digits == 18:
			return 0, false
		default:
			whole = whole*10 + uint64(c-'0')
			digits++
		}
	}
	if digits == 0 {
		return 0, false
	}
	x = sign * float64(whole)
	if point >= 0 {
		x /= math.Pow10(len(w) - point - 1)
	}
	return x, true
}

// nameBefore returns the word before a variable, and whether = or : stands between.
func nameBefore(body []byte, at int) (name []byte, keyed bool) {
	i := at
	for i > 0 && strings.IndexByte(" =:\"'([<>", body[i-1]) >= 0 {
		i--
		keyed = keyed || body[i] == '=' || body[i] == ':'
	}
	end := i
	for i > 0 && end-i < maxNameSize && (body[i-1] >= 'a' && body[i-1] <= 'z' || body[i-1] >= 'A' && body[i-1] <= 'Z' || body[i-1] == '_') {
		i--
	}
	return body[i:end], keyed
}

// label is a name with its unit, as metrics are called.
func label(name, unit string) string {
	name = strings.ToLower(name)
	if unit == "" || strings.HasSuffix(name, unit) {
		return name
	}
	return name + "_" + unit
}
