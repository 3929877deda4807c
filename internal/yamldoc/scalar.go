package yamldoc

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// scalar decodes into strings, truth values and numbers.
func (d *decoder) scalar(n Node, v reflect.Value) {
	switch {
	case v.Kind() == reflect.String:
		if n.Kind() != Scalar {
			hint := ""
			if n.Kind() == Nothing {
				hint = `; write "" for empty text`
			}
			d.want(n, "text", hint)
			return
		}
		v.SetString(n.n.text)
	case v.Kind() == reflect.Bool:
		if !n.isPlain() || !looksBool(n.n.text) {
			d.want(n, "true or false", n.quotesHint(looksBool))
			return
		}
		v.SetBool(strings.EqualFold(n.n.text, "true"))
	case v.CanInt():
		d.integer(n, v)
	case v.CanUint():
		d.unsigned(n, v)
	case v.CanFloat():
		f, ok := 0.0, false
		if n.isPlain() {
			f, ok = parseFloat(n.n.text)
		}
		if !ok || v.OverflowFloat(f) {
			d.want(n, "a number", n.quotesHint(looksNumeric))
			return
		}
		v.SetFloat(f)
	default:
		d.add(n.Errorf("cannot decode into %s", v.Type()))
	}
}

func (d *decoder) integer(n Node, v reflect.Value) {
	digits, ok := n.digits()
	i, err := strconv.ParseInt(digits, 0, 64)
	switch {
	case !ok:
		d.want(n, "a whole number", n.quotesHint(looksNumeric))
	case err != nil || v.OverflowInt(i):
		low := int64(math.MinInt64) >> (64 - v.Type().Bits())
		d.want(n, fmt.Sprintf("a whole number from %d to %d", low, -(low+1)), "")
	default:
		v.SetInt(i)
	}
}

func (d *decoder) unsigned(n Node, v reflect.Value) {
	digits, ok := n.digits()
	u, err := strconv.ParseUint(strings.TrimPrefix(digits, "+"), 0, 64)
	switch {
	case !ok:
		d.want(n, "a whole number", n.quotesHint(looksNumeric))
	case err != nil || v.OverflowUint(u):
		d.want(n, fmt.Sprintf("a whole number from 0 to %d", uint64(math.MaxUint64)>>(64-v.Type().Bits())), "")
	default:
		v.SetUint(u)
	}
}

// isPlain tells whether a node may be a number or a truth value: a scalar
// without quotes, or any that holds a variable, whose quotes say nothing.
func (n Node) isPlain() bool {
	return n.Kind() == Scalar && (!n.n.quoted || n.n.expanded)
}

// digits returns what strconv.ParseInt reads with base 0, if the node is a
// whole number.
func (n Node) digits() (string, bool) {
	if !n.isPlain() {
		return "", false
	}
	return parseInt(n.n.text)
}

// quotesHint tells of quotes around what would be right without them.
func (n Node) quotesHint(right func(string) bool) string {
	if n.Kind() == Scalar && !n.isPlain() && right(n.n.text) {
		return "; remove the quotes"
	}
	return ""
}

// parseInt tells whether s is a whole number as YAML 1.2 writes them (decimal,
// 0x, 0o; no underscores) and returns it without the leading zeros that would
// make it octal.
func parseInt(s string) (string, bool) {
	sign := ""
	body := s
	if body != "" && (body[0] == '-' || body[0] == '+') {
		sign, body = body[:1], body[1:]
	}
	digits := "0123456789"
	switch {
	case strings.HasPrefix(body, "0x"):
		digits += "abcdefABCDEF"
		return s, len(body) > 2 && strings.Trim(body[2:], digits) == ""
	case strings.HasPrefix(body, "0o"):
		return s, len(body) > 2 && strings.Trim(body[2:], "01234567") == ""
	case body == "" || strings.Trim(body, digits) != "":
		return "", false
	}
	body = strings.TrimLeft(body, "0")
	if body == "" {
		body = "0"
	}
	return sign + body, true
}

// parseFloat reads a finite number as YAML 1.2 writes them.
func parseFloat(s string) (float64, bool) {
	if strings.Trim(s, "0123456789+-.eE") != "" {
		digits, ok := parseInt(s)
		if !ok {
			return 0, false
		}
		u, err := strconv.ParseInt(digits, 0, 64)
		return float64(u), err == nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, false
	}
	return f, true
}
