package main

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// Protocol of an episode: it opens at a score of at least the threshold, closes
// after quietRows quiet rows, is a hit if it overlaps an event prolonged by
// slackRows, and else a false alarm; what stays on counts again each againRows.
const (
	quietRows = 5
	slackRows = 3
	againRows = 30
	delayRows = 7
)

// tally is what one threshold does to one series.
type tally struct {
	falseAlarms int
	delays      []int // rows from an event's start to its first alarm; -1 for a miss
}

// loud is a row whose score may reach a threshold.
type loud struct {
	row    int
	events []int // that the row belongs to with their slack: two where they are near
	score  float64
}

// louds returns the scored rows that reach floor, in order. Rows without a score
// are never among them.
func (l *labelled) louds(scores []float64, floor float64) []loud {
	var out []loud
	var of []int // events of all these rows, one after the other
	first := 0   // all events before have ended
	for i := l.skip; i < len(scores); i++ {
		for first < len(l.events) && l.events[first].to+slackRows < i {
			first++
		}
		if !(scores[i] >= floor) {
			continue
		}
		from := len(of)
		for e := first; e < len(l.events) && l.events[e].from <= i; e++ {
			if i <= l.events[e].to+slackRows {
				of = append(of, e)
			}
		}
		out = append(out, loud{row: i, events: of[from:len(of):len(of)], score: scores[i]})
	}
	return out
}

// count applies one threshold to the loud rows of a series.
func (l *labelled) count(rows []loud, threshold float64) tally {
	out := tally{delays: make([]int, len(l.events))}
	for i := range out.delays {
		out.delays[i] = -1
	}
	open, hit, outside, last := false, false, 0, 0
	finish := func() {
		if !open {
			return
		}
		out.falseAlarms += outside / againRows
		if !hit {
			out.falseAlarms++
			if outside > 0 && outside%againRows == 0 {
				out.falseAlarms--
			}
		}
		open = false
	}
	for _, r := range rows {
		if r.score < threshold {
			continue
		}
		if open && r.row-last > quietRows {
			finish()
		}
		if !open {
			open, hit, outside = true, false, 0
		}
		last = r.row
		if len(r.events) == 0 {
			outside++
			continue
		}
		hit = true
		for _, e := range r.events {
			if out.delays[e] < 0 {
				out.delays[e] = r.row - max(l.events[e].from, l.skip)
			}
		}
	}
	finish()
	return out
}

// found returns how many events of the series have an alarm.
func (t tally) found() int {
	n := 0
	for _, d := range t.delays {
		if d >= 0 {
			n++
		}
	}
	return n
}

// point is what one threshold does to a data set.
type point struct {
	threshold, perWeek   float64
	recall, familyRecall float64
	delays               []int
	delaySeconds         []float64
	greedy               float64 // share of series that alone make over 10% of the false alarms
}

// curve is what a method does to a set at each of its thresholds, highest first.
type curve struct {
	set        []*labelled
	thresholds []float64
	tallies    [][]tally // by threshold, then by series
}

// sweep applies every candidate threshold to all series of a set.
func sweep(set []*labelled, scores [][]float64) curve {
	c := curve{set: set, thresholds: thresholds(set, scores)}
	if len(c.thresholds) == 0 {
		return c
	}
	floor := c.thresholds[len(c.thresholds)-1]
	c.tallies = make([][]tally, len(c.thresholds))
	for i, l := range set {
		rows := l.louds(scores[i], floor)
		for k, t := range c.thresholds {
			c.tallies[k] = append(c.tallies[k], l.count(rows, t))
		}
	}
	return c
}

// eventless reports whether nothing that is scored was marked in the set, so that
// there is no recall.
func (c curve) eventless() bool {
	return !slices.ContainsFunc(c.set, func(l *labelled) bool { return len(l.events) > 0 })
}

// at returns what the k-th threshold does to the set as a whole.
func (c curve) at(k int) point {
	p := point{threshold: c.thresholds[k]}
	weeks, found, events, alarms := 0.0, 0, 0, 0
	byFamily := map[string][2]int{}
	var each []int
	for i, l := range c.set {
		t := c.tallies[k][i]
		weeks += l.weeks()
		alarms += t.falseAlarms
		each = append(each, t.falseAlarms)
		f := byFamily[l.family]
		for _, d := range t.delays {
			events++
			f[1]++
			if d >= 0 {
				found++
				f[0]++
				p.delays = append(p.delays, d)
				p.delaySeconds = append(p.delaySeconds, float64(d)*l.step)
			}
		}
		byFamily[l.family] = f
	}
	p.perWeek = float64(alarms) / weeks
	p.recall = float64(found) / float64(max(events, 1))
	families := 0
	for _, name := range slices.Sorted(maps.Keys(byFamily)) { // in one order, for the last digit
		if f := byFamily[name]; f[1] > 0 {
			families++
			p.familyRecall += float64(f[0]) / float64(f[1])
		}
	}
	p.familyRecall /= float64(max(families, 1))
	for _, n := range each {
		if alarms > 0 && 10*n > alarms {
			p.greedy += 1 / float64(len(each))
		}
	}
	return p
}

// thresholds returns candidates from the pooled scores, dense in the tail.
func thresholds(set []*labelled, scores [][]float64) []float64 {
	var all []float64
	for i, l := range set {
		for _, x := range scores[i][l.skip:] {
			if !math.IsNaN(x) {
				all = append(all, x)
			}
		}
	}
	slices.SortFunc(all, func(a, b float64) int { return cmp.Compare(b, a) })
	var out []float64
	for at := 0.0; int(at) < len(all) && at < 0.2*float64(len(all)); at = max(at+1, at*1.06) {
		out = append(out, all[int(at)])
	}
	return slices.Compact(out)
}

var falseAlarmRates = []float64{0.5, 1, 2, 7}

// best returns, per allowed rate of false alarms, the best point within it.
func (c curve) best() []point {
	best := make([]point, len(falseAlarmRates))
	for k := range c.thresholds {
		p := c.at(k)
		for i, most := range falseAlarmRates {
			if p.perWeek <= most && p.recall > best[i].recall {
				best[i] = p
			}
		}
	}
	return best
}

// together returns, per allowed rate, the best mean recall over sets with events and
// a mean over sets of that many false alarms a week, one threshold for all: what is
// left when a score must mean the same everywhere.
func (c curve) together() []float64 {
	parts := map[string]curve{}
	for _, l := range c.set {
		p := parts[l.set]
		p.set = append(p.set, l)
		parts[l.set] = p
	}
	best := make([]float64, len(falseAlarmRates))
	told := 0.0
	for _, p := range parts {
		if !p.eventless() {
			told++
		}
	}
	for k := range c.thresholds {
		tallies := map[string][]tally{}
		for i, l := range c.set {
			tallies[l.set] = append(tallies[l.set], c.tallies[k][i])
		}
		recall, perWeek := 0.0, 0.0
		for set, p := range parts {
			p.thresholds, p.tallies = c.thresholds[k:k+1], [][]tally{tallies[set]}
			at := p.at(0)
			recall += at.recall / max(told, 1)
			perWeek += at.perWeek / float64(len(parts))
		}
		for i, most := range falseAlarmRates {
			if perWeek <= most {
				best[i] = max(best[i], recall)
			}
		}
	}
	return best
}

// area returns the mean recall over the false-alarm rates from the first of
// falseAlarmRates to the last, each doubling of the rate weighing the same.
func (c curve) area() float64 {
	low, high := falseAlarmRates[0], falseAlarmRates[len(falseAlarmRates)-1]
	points := make([]point, len(c.thresholds))
	for k := range points {
		points[k] = c.at(k)
	}
	slices.SortFunc(points, func(a, b point) int { return cmp.Compare(a.perWeek, b.perWeek) })
	sum, recall, from := 0.0, 0.0, low
	for _, p := range points {
		if p.perWeek > high {
			break
		}
		if p.recall <= recall {
			continue
		}
		if p.perWeek > from {
			sum += recall * math.Log(p.perWeek/from)
			from = p.perWeek
		}
		recall = p.recall
	}
	return (sum + recall*math.Log(high/from)) / math.Log(high/low)
}

func quantile[T cmp.Ordered](x []T, q float64) T {
	var none T
	if len(x) == 0 {
		return none
	}
	x = slices.Sorted(slices.Values(x))
	return x[min(len(x)-1, int(q*float64(len(x))))]
}
