package condition

import (
	"fmt"
	"time"

	"github.com/prometheus/common/model"
)

// Bounds of a `for`.
const (
	leastSpan = time.Second
	mostSpan  = 30 * 24 * time.Hour
)

// lasting reads `for DURATION`; 0 when there is none.
func (p *reader) lasting() time.Duration {
	if p.stopped || !p.word("for") {
		return 0
	}
	at := p.next()
	if at.kind != tokNumber {
		p.stop(at, "want a duration such as 5m or 1h30m after for, got %s", at)
		return 0
	}
	text := at.text
	if u := p.peek(); u.kind == tokWord && !isJoin(u.text) {
		p.at++
		text += u.text
	}
	d, err := model.ParseDuration(text)
	if err != nil {
		p.stop(at, "want a duration such as 5m or 1h30m after for, got %q", text)
		return 0
	}
	if span := time.Duration(d); span >= leastSpan && span <= mostSpan {
		return span
	}
	p.note(at.column, "want a duration from 1s to 30d after for, got %s", text)
	return leastSpan
}

// refuseEvents notes that a `for` in parentheses is about an event.
func (p *reader) refuseEvents(n node, at token) {
	if len(eventsIn(n)) > 0 {
		p.note(at.column, "write the for of an event at the end of the condition, without parentheses")
	}
}

// promQL returns a condition that held at every step of the span and holds now.
// The steps are our own and not those of the evaluation, so that the text means
// the same at any interval.
func (l lasting) promQL(text string) string {
	step := stepOf(l.span)
	n := int64(l.span / step)
	return fmt.Sprintf("(%s) and count_over_time((%s)[%s:%s]) > %d",
		text, text, model.Duration(l.span+step), model.Duration(step), n)
}

// stepOf returns a divisor of the span, the greatest that gives at least about
// twenty steps, of the usual distances between samples.
func stepOf(span time.Duration) time.Duration {
	for _, step := range []time.Duration{time.Hour, 10 * time.Minute, 5 * time.Minute, time.Minute, 15 * time.Second} {
		if span%step == 0 && span/step >= 20 {
			return step
		}
	}
	if span > time.Minute && span%(15*time.Second) == 0 {
		return 15 * time.Second
	}
	if span%time.Second == 0 && span <= time.Minute {
		return time.Second
	}
	return span / 20
}
