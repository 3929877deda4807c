package condition

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/tocsinhq/tocsin/rules/signal"
)

// measure is what a written unit measures and how many of the signal's unit
// one of it is.
type measure struct {
	of     signal.Unit
	factor float64
}

var measures = map[string]measure{
	"ns": {signal.Seconds, 1e-9}, "us": {signal.Seconds, 1e-6}, "µs": {signal.Seconds, 1e-6},
	"ms": {signal.Seconds, 1e-3}, "s": {signal.Seconds, 1}, "m": {signal.Seconds, 60},
	"h": {signal.Seconds, 3600}, "d": {signal.Seconds, 86400},
	"B": {signal.Bytes, 1}, "KB": {signal.Bytes, 1e3}, "kB": {signal.Bytes, 1e3}, "MB": {signal.Bytes, 1e6},
	"GB": {signal.Bytes, 1e9}, "TB": {signal.Bytes, 1e12}, "KiB": {signal.Bytes, 1 << 10},
	"MiB": {signal.Bytes, 1 << 20}, "GiB": {signal.Bytes, 1 << 30}, "TiB": {signal.Bytes, 1 << 40},
	"/s": {signal.PerSecond, 1}, "/m": {signal.PerSecond, 1.0 / 60}, "/h": {signal.PerSecond, 1.0 / 3600},
}

// unitsOf names what may be written after a number for a unit.
var unitsOf = map[signal.Unit]string{
	signal.Plain:     "a bare number",
	signal.Ratio:     `a percentage such as 5% or a number from 0 to 1`,
	signal.Percent:   `a percentage such as 85%`,
	signal.Seconds:   `a duration such as 250ms, 2s or 1m`,
	signal.Bytes:     `a size such as 512MiB or 2GB`,
	signal.PerSecond: `a rate such as 10/s or 300/m`,
}

// convert returns the number in the unit of the signal.
func convert(s signal.Signal, number float64, written string) (float64, error) {
	if written == "" {
		return number, nil
	}
	if written == "%" {
		switch s.Unit {
		case signal.Ratio:
			return number / 100, nil
		case signal.Percent:
			return number, nil
		}
	} else if m, ok := measures[written]; ok && m.of == s.Unit {
		if m.factor < 1 {
			// Dividing by a whole number makes 0.7 of 700ms, not 0.7000000000000001.
			return number / math.Round(1/m.factor), nil
		}
		return number * m.factor, nil
	}
	return 0, fmt.Errorf("want %s because %s is %s, got %s%s",
		unitsOf[s.Unit], s.Name, describe(s.Unit), trim(number), written)
}

func describe(u signal.Unit) string {
	switch u {
	case signal.Plain:
		return "a plain number"
	case signal.PerSecond:
		return "a rate"
	case signal.Seconds:
		return "in seconds"
	case signal.Bytes:
		return "in bytes"
	case signal.Percent:
		return "a percentage"
	default:
		return "a " + string(u)
	}
}

// possible refuses thresholds that the signal is always, or never, beyond.
func possible(s signal.Signal, op Op, v float64) error {
	lo, hi := s.Unit.Bounds()
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return fmt.Errorf("want a finite number, got %v", v)
	}
	if v < lo || v > hi {
		hint := ""
		if s.Unit == signal.Ratio && v > 1 && v <= 100 {
			hint = fmt.Sprintf("; did you mean %s%%?", trim(v))
		}
		return fmt.Errorf("%s is %s: want a threshold %s, got %s%s",
			s.Name, describe(s.Unit), within(s.Unit, lo, hi), s.Unit.Format(v), hint)
	}
	switch {
	case v == hi && op == Greater, v == lo && op == Less:
		return fmt.Errorf("%s %s %s can never be true: %s", s.Name, op, s.Unit.Format(v), within(s.Unit, lo, hi))
	case v == lo && op == GreaterEqual, v == hi && op == LessEqual:
		return fmt.Errorf("%s %s %s is always true: %s", s.Name, op, s.Unit.Format(v), within(s.Unit, lo, hi))
	}
	return nil
}

func within(u signal.Unit, lo, hi float64) string {
	if math.IsInf(hi, 1) {
		return fmt.Sprintf("of %s or more", u.Format(lo))
	}
	return fmt.Sprintf("from %s to %s", u.Format(lo), u.Format(hi))
}

func trim(v float64) string {
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if len(s) > 20 {
		s = strconv.FormatFloat(v, 'g', -1, 64)
	}
	return s
}

// knownUnit reports whether word is a unit of any signal.
func knownUnit(word string) bool {
	_, ok := measures[word]
	return ok || word == "%"
}

// allUnits lists the written units for error texts.
func allUnits() string {
	return strings.Join([]string{"%", "ns", "us", "ms", "s", "m", "h", "d", "B", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB", "/s", "/m", "/h"}, " ")
}
