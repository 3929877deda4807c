package backtest

import (
	"math"

	"github.com/tocsinhq/tocsin/detector"
)

// shard judges the series of some of the services: a bank that sees of each of its
// services what the bank of a daemon would see, in the same order. Shards share
// families alone, so that their number changes no verdict.
type shard struct {
	bank    *detector.Bank
	number  int
	config  detector.Config
	asked   int64 // time of samples to explain, noTime for none
	streams uint64
	leftOut uint64                   // streams for which there was no room at a time
	derived map[detector.Slot]string // names of series of histograms

	// While a slice is judged:
	slice *slice
	place place
	found []detector.Verdict // on series of histograms
	owed  float64            // share of their service before them, where they are to be explained
}

// place is where a row without a sample of its own stands: before or after that of an
// entry of the slice.
type place struct {
	entry int
	sweep int64 // time of the sweep before the entry that gave it, noTime after the entry
}

// extra is a row beside those of the samples.
type extra struct {
	place
	service string
	row     Row
}

func newShard(o PastOptions, number int, families *detector.Families) (*shard, error) {
	s := &shard{number: number, config: o.Detector, asked: noTime, derived: map[detector.Slot]string{}}
	if e, ok := o.Format.(*Explanation); ok {
		s.asked = e.t
	}
	var err error
	s.bank, err = detector.NewBank(o.Detector, detector.WithServices(o.Owner), detector.WithGroups(s.group), detector.WithFamilies(families))
	return s, err
}

// judge takes the shard's part of a slice.
func (s *shard) judge(all *slice) {
	s.slice = all
	next := 0
	sweeps := func(until int) {
		for ; next < len(all.sweeps) && all.sweeps[next].entry <= until; next++ {
			s.sweep(all.sweeps[next])
		}
	}
	for i := range all.entries {
		sweeps(i)
		e := &all.entries[i]
		if x := all.streams[e.at]; x.shard == s.number {
			s.place = place{i, noTime}
			s.take(x, i, e)
		}
	}
	sweeps(len(all.entries))
	s.slice = nil
}

// sweep lets the bank notice silences, as a daemon does while it waits.
func (s *shard) sweep(at place) {
	s.place = at
	s.bank.Sweep(at.sweep, func(v detector.Verdict) {
		if v.Kind == detector.KindMissing && v.Phase == detector.PhaseOpened {
			s.extra(v, true)
		}
	})
}

// group makes a row of what the bank tells of a service as a whole. A close is no row.
func (s *shard) group(v detector.Verdict) {
	if v.Phase != detector.PhaseOpened && v.Phase != detector.PhaseChanged {
		return
	}
	row := NewRow(v, true)
	row.Series, row.budget = v.Group.Service, s.config.BudgetOf(v.Group.Service)
	s.slice.extras[s.number] = append(s.slice.extras[s.number], extra{s.place, v.Group.Service, row})
}

// extra makes a row of a verdict that is not on a sample of the past.
func (s *shard) extra(v detector.Verdict, odd bool) {
	l := s.bank.Labels(v.Slot)
	row := NewRow(v, odd)
	row.Series = s.derived[v.Slot]
	if row.Series == "" {
		row.Series = l.String()
		s.derived[v.Slot] = row.Series
	}
	own := s.slice.owner(l)
	if v.Time == s.asked {
		row.budget = s.config.BudgetOf(own)
		if v.Kind != detector.KindMissing {
			row.threshold = detector.Config{Budget: s.config.Budget * math.Pow(10, -s.owed)}.Threshold()
		}
	}
	s.slice.extras[s.number] = append(s.slice.extras[s.number], extra{s.place, own, row})
}

// share returns what a series owes to a service at a time.
func (s *shard) share(service string, t int64) float64 {
	x, _ := s.bank.Service(service, t)
	return x.Share
}

// take judges one sample.
func (s *shard) take(x *stream, i int, e *entry) {
	if !x.met {
		x.met, x.name = true, x.labels.String()
		s.streams++
		s.register(x, e)
	}
	if e.native == 0 && !x.slot.Bucket() {
		s.slice.made[i] = true
		s.value(x, e, &s.slice.rows[i])
		return
	}
	if e.t == s.asked {
		s.owed = s.share(x.service, e.t)
	}
	s.found = s.found[:0]
	keep := func(v detector.Verdict) { s.found = append(s.found, v) }
	if e.native == 0 {
		s.bank.JudgeAll(x.slot, e.t, e.v, keep)
	} else if h := s.slice.histograms[e.native-1]; !s.bank.JudgeHistogram(x.slot, h, keep) {
		s.register(x, e)
		s.bank.JudgeHistogram(x.slot, h, keep)
	}
	if x.slot.Refused() {
		s.leave(x)
	}
	for _, v := range s.found {
		if v.Phase != detector.PhaseLost && !math.IsNaN(v.Value) { // an end is no value
			s.extra(v, s.bank.Odd(v))
		}
	}
}

// register asks for the slot of a series.
func (s *shard) register(x *stream, e *entry) {
	if e.native > 0 {
		x.slot = s.bank.RegisterHistogram(x.labels)
		return
	}
	x.slot = s.bank.Register(x.labels)
}

// leave counts a series for which there is no room, once.
func (s *shard) leave(x *stream) {
	if !x.left {
		x.left = true
		s.leftOut++
	}
}

// value judges a sample that is a number.
func (s *shard) value(x *stream, e *entry, row *Row) {
	var why *detector.Explanation
	if e.t == s.asked {
		if explained, ok := s.bank.Explain(x.slot, e.t, e.v); ok {
			why = &explained
		}
	}
	v, reason := s.bank.Judge(x.slot, e.t, e.v)
	if v.Phase == detector.PhaseGone { // evicted, or there may be room now
		s.register(x, e)
		v, reason = s.bank.Judge(x.slot, e.t, e.v)
	}
	if x.slot.Refused() {
		reason = reasonLeftOut
		s.leave(x)
	}
	switch {
	case reason == "":
		*row = NewRow(v, s.bank.Odd(v))
	case v.Rate: // that is not known
		*row = NotJudgedRow(e.t, math.NaN(), reason)
	default:
		*row = NotJudgedRow(e.t, e.v, reason)
	}
	row.Series, row.why = x.name, why
	if e.t == s.asked {
		row.budget = s.config.BudgetOf(x.service)
	}
}
