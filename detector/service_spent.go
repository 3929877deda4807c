package detector

// spending is what a service has spent of its budget. It is written to
// checkpoints as it stands.
type spending struct {
	Spent  [spentDays]uint16 // alarms charged, by day modulo spentDays
	All    [spentDays]uint16 // all alarms
	Day    int64             // newest day counted, since the Unix epoch
	Newest [spentKept]alarm  // alarms, by number modulo spentKept
	Count  uint32            // of alarms so far
}

// alarm is one alarm of a service: what its series open together.
type alarm struct {
	At, Until int64  // first and newest opening that it stands for, ms
	Series    uint64 // hash of the labels of the series that opened it; 0 is the group
	Charged   bool   // counts against the budget
	Given     bool   // was given back, or charged by people after it had opened
}

const (
	spentDays = 28
	spentKept = 16
	msDay     = secondsDay * 1000
)

// opened says what an opening did to its service.
type opened uint8

const (
	openedFolded  opened = iota // belongs to an alarm before it, or came late
	openedFree                  // an alarm far beyond the threshold
	openedCharged               // an alarm that is charged
)

// charge takes an opening at t of the series with the given hash of labels,
// excess powers of ten beyond the threshold. An alarm that is doubtful is
// charged to the budget; when something that is not doubtful joins it, it is
// given back. Openings older than the newest one (history that is read late) say
// nothing.
func (v *service) charge(p *params, t int64, hash uint64, excess float32) opened {
	v.mu.Lock()
	defer v.mu.Unlock()
	sure := excess >= p.Service.Doubtful
	if a := v.spent.last(); a != nil {
		if t < a.Until {
			return openedFolded
		}
		if t-a.Until < p.Service.FoldWithin && t-a.At < p.Service.FoldMost {
			a.Until = t
			if sure {
				v.giveBack(p, a, v.spent.Count-1)
			}
			return openedFolded
		}
	}
	if !sure {
		v.move(p, hash, 1, v.spent.Count, t)
	}
	v.settle(p, t)
	v.spent.add(alarm{At: t, Until: t, Series: hash, Charged: !sure})
	v.count(p)
	if sure {
		return openedFree
	}
	return openedCharged
}

// grow gives back the alarm that an episode which opened at since belongs to, if it has
// grown beyond doubt: excess powers of ten beyond the threshold. A chance does not go on.
// One that people have called false stays charged.
func (v *service) grow(p *params, since int64, excess float32) {
	if excess < p.Service.Doubtful {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if a, n := v.spent.covering(p, since); a != nil && !a.Given {
		v.giveBack(p, a, n)
	}
}

// refund gives back the alarm that an opening at t belongs to, because it was no
// false one, and reports whether there was one to give back.
func (v *service) refund(p *params, t int64) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	a, n := v.spent.covering(p, t)
	return a != nil && v.giveBack(p, a, n)
}

// giveBack gives back the alarm before which there were n.
func (v *service) giveBack(p *params, a *alarm, n uint32) bool {
	if !a.Charged {
		return false
	}
	a.Charged, a.Given = false, true
	v.spent.forget(a.At)
	v.move(p, a.Series, -1, n, a.At)
	return true
}

// move moves the offset of the series by so many steps for an alarm before which there
// were n, and that of the group if it opened it; the caller holds the lock.
func (v *service) move(p *params, hash uint64, steps float64, n uint32, t int64) {
	if v.fixed {
		return
	}
	budget := float64(v.budget)
	v.offset.add(p, float32(steps*stepOf(p, budget, n)), t, v.fall(p))
	if hash == 0 {
		v.grouped.add(p, float32(steps*stepOf(p, p.Service.GroupPart*budget, n)), t, v.groupFall(p))
	}
}

// settle brings the offsets up to time t, before what time takes from them changes.
func (v *service) settle(p *params, t int64) {
	if !v.fixed {
		v.offset.add(p, 0, t, v.fall(p))
		v.grouped.add(p, 0, t, v.groupFall(p))
	}
}

// budgetUntil says that the service had another budget until t: what the time since the
// last alarm has taken from the offsets it took by that.
func (v *service) budgetUntil(p *params, budget float32, t int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if budget == v.budget || v.offset.bits.Load() == 0 {
		return
	}
	now := v.budget
	v.budget = budget
	v.settle(p, t)
	v.budget = now
}

// last returns the newest alarm, nil if there was none.
func (s *spending) last() *alarm {
	if s.Count == 0 {
		return nil
	}
	return &s.Newest[(s.Count-1)%spentKept]
}

// covering returns the newest alarm that an opening at t belongs to, and how many there
// were before it.
func (s *spending) covering(p *params, t int64) (*alarm, uint32) {
	for i := range min(s.Count, spentKept) {
		a := &s.Newest[(s.Count-1-i)%spentKept]
		if t > a.At-p.Service.FoldWithin && t < a.Until+p.Service.FoldWithin {
			return a, s.Count - 1 - i
		}
	}
	return nil, 0
}

func (s *spending) add(a alarm) {
	day := a.At / msDay
	s.roll(day)
	at := uint64(day) % spentDays
	s.All[at]++
	if a.Charged {
		s.Spent[at]++
	}
	s.Newest[s.Count%spentKept] = a
	s.Count++
}

// forget takes one charged alarm of time t from the counts.
func (s *spending) forget(t int64) {
	day := t / msDay
	if d := &s.Spent[uint64(day)%spentDays]; s.Day-day < spentDays && *d > 0 {
		*d--
	}
}

// roll empties the days between the newest one counted and day.
func (s *spending) roll(day int64) {
	if s.Count == 0 {
		s.Day = day
	}
	for n := 0; s.Day < day && n < spentDays; n++ {
		s.Day++
		s.Spent[uint64(s.Day)%spentDays], s.All[uint64(s.Day)%spentDays] = 0, 0
	}
	s.Day = max(s.Day, day)
}

// within returns the alarms charged, and all alarms, in so many days up to the
// one that t lies in.
func (s *spending) within(days int, t int64) (spent, all int) {
	for back := range int64(days) {
		day := t/msDay - back
		if s.Count > 0 && day <= s.Day && s.Day-day < spentDays {
			spent += int(s.Spent[uint64(day)%spentDays])
			all += int(s.All[uint64(day)%spentDays])
		}
	}
	return spent, all
}
