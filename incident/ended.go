package incident

// An incident that has ended may reopen for a while, and for as long it is kept, with what
// went on when it ended: evidence keeps no incident open, and what a person has resolved
// need not have recovered.

// release ends the absorption of an episode that has cleared.
func (e engine) release(s *state, a absorbed, o Occurrence, d *delta) {
	e.over(s, s.recent[a.Incident], o, d)
	d.release, d.urgent, d.result = append(d.release, o.Key), true, resultAbsorbed
}

// over notes on an incident that has ended, unless it is forgotten, that an
// episode which went on then has cleared: it would be shown as going on for ever,
// and waited for if the incident reopened. What began later is another episode.
func (e engine) over(s *state, l *live, o Occurrence, d *delta) {
	if l == nil {
		return
	}
	i := l.index(o.Key)
	if i < 0 || o.At.Before(l.Occurrences[i].At) || o.Since.After(l.Occurrences[i].At) {
		return
	}
	l = d.latest(l)
	l.Occurrences[i] = merged(l.Occurrences[i], o)
	if l.Occurrences[i].Strong {
		e.note(s, l, l.Occurrences[i], d)
	}
	d.touch(l)
	d.result = resultChanged
}

// remember keeps an ended incident for reopening; the one that ended first gives
// way when there are too many.
func (s *state) remember(l *live) {
	s.recent[l.ID] = l
	for _, o := range l.Occurrences {
		if o.Condition != ConditionCleared {
			s.lasting[o.Key] = l.ID
		}
	}
	if len(s.recent) <= maxRecent {
		return
	}
	oldest := l
	for _, r := range s.recent {
		if r.Resolved.Before(oldest.Resolved) || r.Resolved.Equal(oldest.Resolved) && r.ID < oldest.ID {
			oldest = r
		}
	}
	s.drop(oldest.ID)
}

// drop forgets an ended incident, if it is kept.
func (s *state) drop(id string) {
	l := s.recent[id]
	if l == nil {
		return
	}
	delete(s.recent, id)
	for _, o := range l.Occurrences {
		if s.lasting[o.Key] == id {
			delete(s.lasting, o.Key)
		}
	}
}
