package detector

// FalseAlarm charges a service for the alarm that an opening at t (ms) belongs to,
// because people say that it was a false one, and raises the threshold of those who
// opened it by a step. It reports whether there was an alarm that was not charged
// yet: one far beyond the threshold, which is not charged when it opens, or one that
// was given back. What is charged already stays so. Only the newest alarms of a
// service are known.
func (b *Bank) FalseAlarm(name string, t int64) bool {
	b.register.RLock()
	i, ok := b.services.byName[name]
	b.register.RUnlock()
	if !ok || !b.services.at(i).blame(&b.params, t) {
		return false
	}
	b.spent.Add(1)
	return true
}

// blame charges the alarm that covers t.
func (v *service) blame(p *params, t int64) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	a, n := v.spent.covering(p, t)
	if a == nil || a.Charged {
		return false
	}
	a.Charged, a.Given = true, true // so that it stays so if its episode grows
	v.spent.remember(a.At)
	v.move(p, a.Series, 1, n, a.At)
	return true
}

// remember adds one charged alarm of time t to the counts.
func (s *spending) remember(t int64) {
	day := t / msDay
	if d := &s.Spent[uint64(day)%spentDays]; day <= s.Day && s.Day-day < spentDays && *d < 1<<16-1 {
		*d++
	}
}
