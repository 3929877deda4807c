package watch

import (
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Fresh is a template that was seen for the first time, or again after long.
type Fresh struct {
	Service  string             `json:"service"`
	Template string             `json:"template"`
	Text     string             `json:"text"`
	Severity telemetry.Severity `json:"severity"`
	At       time.Time          `json:"at"` // the minute
	Count    uint64             `json:"count"`
	Returned bool               `json:"returned,omitempty"`
}

// maxFresh bounds what is remembered of a service: the latest.
const maxFresh = 200

func (s *service) remember(w *Watcher, p *pattern, minute int64) {
	f := Fresh{
		Service: s.name, Template: Name(p.id), Severity: p.level, At: time.Unix(minute*60, 0).UTC(),
		Count: uint64(p.counts[minute%ring]), Returned: p.made != minute,
	}
	if info, ok := w.texts.Template(p.id); ok {
		f.Text = info.Text
	}
	if len(s.events) >= maxFresh {
		s.events = append(s.events[:0], s.events[len(s.events)-maxFresh+1:]...)
	}
	s.events = append(s.events, f)
}

// NewSince returns the templates of a service that were seen for the first time from
// one time to another, both inclusive, the oldest first. learnt is false if lines of
// the service had not been watched for long enough before for that to mean anything.
func (w *Watcher) NewSince(name string, from, to time.Time) (all []Fresh, learnt bool) {
	w.mu.RLock()
	s := w.services[name]
	w.mu.RUnlock()
	if s == nil {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == 0 || from.Unix()/60-s.since < int64(time.Duration(w.cfg.Learn)/time.Minute) {
		return nil, false
	}
	first := from.Truncate(time.Minute)
	for _, f := range s.events {
		if !f.At.Before(first) && !f.At.After(to) {
			all = append(all, f)
		}
	}
	return all, true
}
