package template

import "github.com/tocsinhq/tocsin/telemetry"

// tmpl is one template of a stream. The line it was made of says what it is; the
// rest is what was seen of it.
type tmpl struct {
	stream *stream
	id     uint64
	form   uint64
	shape  uint64
	mask   mask
	line   []byte
	header header
	given  bool
	dead   bool // merged or let go
	other  bool

	count           uint64
	firstSeen, last int64
	levels          [7]uint32
	slots           []slot
	soft            []softSlot
	varied          bool // none of soft reads as constant any more
}

func (t *tmpl) see(sev telemetry.Severity, at int64) {
	t.count++
	t.last = max(t.last, at)
	t.firstSeen = min(t.firstSeen, at)
	t.levels[levelIndex(sev)]++
}

func levelIndex(s telemetry.Severity) int {
	if s == 0 || s > 24 {
		return 0
	}
	return int(s-1)/4 + 1
}

// take adds what was seen of a template that is merged into this one.
func (t *tmpl) take(x *tmpl) {
	t.count += x.count
	t.firstSeen = min(t.firstSeen, x.firstSeen)
	t.last = max(t.last, x.last)
	for i, n := range x.levels {
		t.levels[i] += n
	}
	t.mergeSlots(x)
}
