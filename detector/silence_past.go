package detector

import "iter"

// Samples of the past come with no clock beside them, and silences are what a clock tells:
// an open episode whose data stop is lost, and a silence that is odd is an episode of its
// own. So that a replay has them as a daemon would have had them, time is let go by before
// each sample, in the steps in which a daemon looks.

// sweepEvery is how often a daemon sweeps (see Bank.Sweep), in milliseconds. A long gap is
// swept in no more than sweepsMost steps: whatever is told of it is told early.
const (
	sweepEvery = 10_000
	sweepsMost = 2000
)

// Sweeps yields the times, in ms, at which a daemon sweeps between two samples: after last
// and before t, in order. Replays and backtests have these.
func Sweeps(last, t int64) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		every := max(sweepEvery, (t-last)/sweepsMost/sweepEvery*sweepEvery)
		for at := (last/every + 1) * every; at < t && yield(at); at += every {
		}
	}
}

// Pass lets time go on to t (ms) for one series, as Sweep does for all of them, whose
// times are those of one clock: it is for a bank that is shown the past of one series after
// another. It comes before the sample of that time. What becomes of the episode of the
// series is told nobody; an alarm costs its service what it costs in Sweep. Of times in
// which the bank was away (see Away) nothing is held against the series.
func (b *Bank) Pass(slot Slot, t int64) {
	c := b.series.at(int(slot.place()) / chunkSize)
	if !slot.ofSeries() || c == nil {
		return
	}
	c.Lock()
	s := &c.series[slot.place()%chunkSize]
	if uint32(s.Generation) != slot.generation() || !s.overdue(&b.params, t) {
		c.Unlock()
		return
	}
	own := b.services.at(s.Service)
	var found []Verdict
	s.wait(&b.params, t, b.away.list(), func(at int64) float32 { return own.shareAt(&b.params, at) }, func(v Verdict) {
		v.Slot = slot
		found = append(found, v)
	})
	c.Unlock()
	for i := range found {
		b.count(found[i].Phase)
		if found[i].Phase == PhaseOpened {
			b.charge(own, &found[i], 0)
		}
	}
}

// overdue reports whether a silence of the series may be told before time t. Nearly all
// samples come in time and cost no more than this.
func (s *series) overdue(p *params, t int64) bool {
	step := 1000 * float64(s.Step)
	return s.N > 0 && step > 0 && float64(t-s.LastTime) > max(p.Silence.Steps*step, p.Silence.Least) && t > s.LastTime
}

// wait is shown that no sample has come until time t, sweep by sweep, but for the times in
// which the daemon was away. share returns what is owed at a time; tell is handed what there
// is to tell.
func (s *series) wait(p *params, t int64, away [][2]int64, share func(t int64) float32, tell func(Verdict)) {
	for at := range Sweeps(s.LastTime, t) {
		if v, news := s.silence(p, at, awaySince(away, s.LastTime, at), share(at)); news {
			tell(v)
		}
		if !s.has(flagOpen) && s.has(flagMissing|flagStale) {
			return // all is told
		}
	}
}
