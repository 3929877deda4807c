package store

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/telemetry"
)

// fault is why a series or sample is refused: one of telemetry's reasons and
// a sentence.
type fault struct {
	reason, message string
}

// labelMaker checks labels as they came and builds the set that is stored. It
// keeps its memory between series and is used by one goroutine.
type labelMaker struct {
	limits  *Limits
	pairs   []telemetry.Pair
	builder labels.ScratchBuilder
	writes  bool // labels may be written as text; see labeltext.Kept
	text    []byte
}

// make returns the labels sorted and without those whose value is empty, in
// memory of their own, or the first thing wrong with them. Names may be any
// text, as in Prometheus 3.
func (m *labelMaker) make(pairs []telemetry.Pair) (labels.Labels, *fault) {
	if len(pairs) > m.limits.MaxLabels {
		return labels.EmptyLabels(), &fault{telemetry.ReasonTooManyLabels,
			fmt.Sprintf("want at most %d labels, got %d", m.limits.MaxLabels, len(pairs))}
	}
	for i := range pairs {
		if f := m.check(i, &pairs[i]); f != nil {
			return labels.EmptyLabels(), f
		}
	}
	if byName := func(a, b telemetry.Pair) int { return bytes.Compare(a.Name, b.Name) }; !slices.IsSortedFunc(pairs, byName) {
		m.pairs = append(m.pairs[:0], pairs...)
		slices.SortStableFunc(m.pairs, byName)
		pairs = m.pairs
	}
	m.builder.Reset()
	named := false
	for i, p := range pairs {
		if i > 0 && bytes.Equal(p.Name, pairs[i-1].Name) {
			return labels.EmptyLabels(), &fault{telemetry.ReasonDuplicate,
				fmt.Sprintf("label %s twice, with values %s and %s", quote(p.Name), quote(pairs[i-1].Value), quote(p.Value))}
		}
		if len(p.Value) == 0 {
			continue // an empty value is the same as no label
		}
		named = named || string(p.Name) == labels.MetricName
		m.builder.Add(text(p.Name), text(p.Value))
	}
	if !named {
		return labels.EmptyLabels(), &fault{telemetry.ReasonMissingName, "want a label __name__ that is not empty, got none"}
	}
	return m.builder.Labels(), nil
}

func (m *labelMaker) check(i int, p *telemetry.Pair) *fault {
	switch {
	case len(p.Name) == 0:
		return &fault{telemetry.ReasonInvalidLabel, fmt.Sprintf("label %d of value %s: want a name, got an empty one", i+1, quote(p.Value))}
	case len(p.Name) > m.limits.MaxLabelNameBytes:
		return &fault{telemetry.ReasonLabelTooLong, fmt.Sprintf("name of label %s: want at most %d bytes, got %d", quote(p.Name), m.limits.MaxLabelNameBytes, len(p.Name))}
	case len(p.Value) > m.limits.MaxLabelValueBytes:
		return &fault{telemetry.ReasonLabelTooLong, fmt.Sprintf("value of label %s: want at most %d bytes, got %d", quote(p.Name), m.limits.MaxLabelValueBytes, len(p.Value))}
	case ordinary(p.Name) && ordinary(p.Value):
	case !utf8.Valid(p.Name):
		return &fault{telemetry.ReasonInvalidLabel, fmt.Sprintf("name of label %s: want UTF-8", quote(p.Name))}
	case !utf8.Valid(p.Value):
		return &fault{telemetry.ReasonInvalidLabel, fmt.Sprintf("value of label %s: want UTF-8, got %s", quote(p.Name), quote(p.Value))}
	case hasControl(p.Name, false):
		return &fault{telemetry.ReasonInvalidLabel, fmt.Sprintf("name of label %s: want no control characters", quote(p.Name))}
	case hasControl(p.Value, true):
		return &fault{telemetry.ReasonInvalidLabel, fmt.Sprintf("value of label %s: want no control characters, got %s", quote(p.Name), quote(p.Value))}
	}
	return nil
}

// hasControl reports whether b has a control character. Line ends and tabs
// are allowed where texts stand, since values such as help and error texts
// have them.
func hasControl(b []byte, text bool) bool {
	for _, c := range b {
		if c < 0x20 && !(text && (c == '\t' || c == '\n' || c == '\r')) || c == 0x7f {
			return true
		}
	}
	return false
}

// text gives the bytes as a string without a copy. The builder copies when it
// builds the labels, before the body can be used again.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// quote shows bytes that may be long or not text.
func quote(b []byte) string {
	const most = 64
	if len(b) > most {
		return strconv.Quote(string(b[:most])) + "..."
	}
	return strconv.Quote(string(b))
}

// maxLabelsText bounds the text of a series in a Rejection.
const maxLabelsText = 256

// labelsText shows labels as they came, cut at a label's end to at most
// maxLabelsText bytes.
func labelsText(pairs []telemetry.Pair) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, p := range pairs {
		one := printable(p.Name) + "=" + quote(p.Value)
		if b.Len()+len(one)+len(", ...}") > maxLabelsText {
			b.WriteString("...")
			break
		}
		if i > 0 {
			one = ", " + one
		}
		b.WriteString(one)
	}
	b.WriteByte('}')
	return b.String()
}

// printable returns a label name as it is when it needs no quotes.
func printable(name []byte) string {
	for _, c := range name {
		if c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return quote(name)
		}
	}
	if len(name) == 0 || len(name) > 64 {
		return quote(name)
	}
	return string(name)
}
