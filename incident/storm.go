package incident

import (
	"fmt"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// umbrella returns the open incident into which a storm is folded, nil if there
// is none; of several the oldest.
func (s *state) umbrella() *live {
	var found *live
	for _, l := range s.open {
		if l.scope() == stormScope && (found == nil || l.ID < found.ID) {
			found = l
		}
	}
	return found
}

// holds says whether an incident has taken in something of a scope.
func (l *live) holds(sc scope) bool {
	return slices.ContainsFunc(l.Occurrences, func(x Occurrence) bool { return scopeOf(x) == sc })
}

// gatherMembers links the incidents that opened within the minute before a storm
// with the incident that stands for it. They keep their own lives.
func (e engine) gatherMembers(s *state, umbrella *live, d *delta) {
	for _, l := range byID(s.open) {
		if l.ID == umbrella.ID || umbrella.Opened.Sub(l.Opened).Abs() >= time.Minute {
			continue
		}
		umbrella.Members = append(slices.Clone(umbrella.Members), l.ID)
		m := d.latest(l)
		m.Umbrella = umbrella.ID
		e.emit(m, d, Event{Kind: EventLinked, At: umbrella.Opened, Text: "part of a storm, which is gathered in " + umbrella.ID})
	}
	if n := len(umbrella.Members); n > 0 {
		e.emit(umbrella, d, Event{Kind: EventLinked, At: umbrella.Opened,
			Text: fmt.Sprintf("stands for the storm that began with %s", telemetry.Counted(n, "incident", "incidents"))})
	}
}
