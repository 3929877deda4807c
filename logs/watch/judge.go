package watch

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

const (
	// memory is how many minutes the running mean reaches back.
	memory = 60
	// known is how many minutes a pattern must have been watched before its counts are judged.
	known = 30
	// least is the count below which more is no burst.
	least = 5
	// settleAfter is how many odd minutes in a row are taken for a new normal.
	settleAfter = 30
	// certain is the chance below which one minute is enough.
	certain = 1e-9
	// most bounds the patterns of a service; the miner bounds what lives, and this what was
	// let go there.
	most = 5000
	// forget is how long a pattern is kept that is not seen, in minutes.
	forget = 3 * 24 * 60
)

// Name is a template's id as it stands in labels.
func Name(id uint64) string { return fmt.Sprintf("%016x", id) }

// closeMinute judges a minute of a service, learns from it and makes it ready for use
// again.
func (w *Watcher) closeMinute(s *service, minute int64) *Finding {
	s.gather(w.texts, minute)
	learnt := minute-s.since >= int64(time.Duration(w.cfg.Learn)/time.Minute)
	var parts []Part
	all := s.sorted()
	chances := make([]float64, 0, len(all))
	judged := make([]*pattern, 0, len(all))
	fresh := 0
	for _, p := range all {
		if p.made == minute {
			fresh++
		}
		if c, ok := p.chance(minute); ok {
			chances, judged = append(chances, c), append(judged, p)
		}
	}
	odd := map[*pattern]bool{}
	for i, yes := range discoveries(chances, len(chances), w.cfg.FalseShare) {
		odd[judged[i]] = yes
	}
	for i, p := range judged {
		p.odd = p.odd << 1
		if odd[p] {
			p.odd |= 1
		}
		if learnt && odd[p] && (chances[i] < certain || p.odd&7 != 1) {
			parts = append(parts, w.part(s, p, p.kind(minute), minute, chances[i]))
		}
	}
	if learnt {
		parts = append(parts, w.firsts(s, all, minute)...)
	}
	for _, p := range all {
		if p.made == minute || p.back > 0 {
			s.remember(w, p, minute)
		}
		p.learn(minute, odd[p])
		p.back = 0
	}
	s.fresh += (float64(fresh) - s.fresh) / memory
	if x := s.mix.step(s, minute, learnt); x != nil {
		parts = append(parts, *x)
	}
	s.trim(all)
	if s.episode.parts == nil && len(parts) > 0 {
		s.episode.environment = s.environment(all, parts, minute)
	}
	f := s.episode.fold(s.name, minute, parts, time.Duration(w.cfg.Quiet), func(name string) uint64 {
		for _, p := range all {
			if Name(p.id) == name {
				return uint64(p.counts[minute%ring])
			}
		}
		return 0
	})
	for _, p := range all {
		n := uint64(p.counts[minute%ring])
		p.total += n
		if !p.shown {
			s.hidden[levelIndex(p.level)] += n
		}
		p.settle(minute)
		p.counts[minute%ring] = 0
		if minute-p.seen > forget && !p.shown {
			delete(s.patterns, p.id)
		}
	}
	if minute%60 == 0 || s.shown < w.cfg.Series {
		s.choose(w.cfg.Series)
	}
	return f
}

// trim drops the patterns that were not seen for longest when there are too many.
func (s *service) trim(all []*pattern) {
	if len(s.patterns) <= most {
		return
	}
	oldest := slices.Clone(all)
	slices.SortStableFunc(oldest, func(a, b *pattern) int { return cmp.Compare(a.seen, b.seen) })
	for _, p := range oldest {
		if len(s.patterns) <= most*9/10 {
			return
		}
		if p.shown {
			s.shown--
		}
		delete(s.patterns, p.id)
	}
}

// gather lets patterns whose templates were merged go into the wider one.
func (s *service) gather(texts Texts, minute int64) {
	for id, p := range s.patterns {
		to := texts.Resolve(id)
		if to == id {
			continue
		}
		delete(s.patterns, id)
		q := s.patterns[to]
		if q == nil {
			p.id, p.made = to, 0
			s.patterns[to] = p
			continue
		}
		q.take(p, minute)
	}
}

// take adds another pattern.
func (p *pattern) take(x *pattern, minute int64) {
	for i, n := range x.counts {
		p.counts[i] += n
	}
	if p.made > 0 && p.made == minute {
		p.made = 0 // made of what was known
	}
	p.total += x.total
	p.mean += x.mean
	p.variance += x.variance
	p.minutes = max(p.minutes, x.minutes)
	p.zeros = min(p.zeros, x.zeros)
	p.longest = min(p.longest, x.longest)
	p.level = max(p.level, x.level)
	p.seen = max(p.seen, x.seen)
	if len(p.example) == 0 {
		p.example = x.example
	}
}

// sorted returns the patterns by id, so that the same lines give the same findings.
func (s *service) sorted() []*pattern {
	all := make([]*pattern, 0, len(s.patterns))
	for _, p := range s.patterns {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *pattern) int { return cmp.Compare(a.id, b.id) })
	return all
}

// spread is the variance that counts are held against: no less than that of a Poisson
// process, and a little more for what is not known yet.
func (p *pattern) spread() float64 {
	return max(p.variance, p.expected())*1.2 + 0.25
}

// expected is the mean, no less than what a pattern can have that was watched so long
// and not seen.
func (p *pattern) expected() float64 {
	return max(p.mean, 1/float64(min(p.minutes, 24*60)+memory))
}

// chance is how likely the count of a minute, or one further off, is. ok is false for
// a pattern that is not known well enough.
func (p *pattern) chance(minute int64) (c float64, ok bool) {
	if p.minutes < known {
		return 1, false
	}
	x := uint64(p.counts[minute%ring])
	switch {
	case float64(x) > p.mean:
		if x < least {
			return 1, true
		}
		return atLeast(x, p.expected(), p.spread()), true
	case p.level >= telemetry.SeverityWarn || p.minutes < memory:
		return 1, true // fewer warnings are no trouble
	case x == 0 && p.mean < 20:
		// How often has it been silent for so long? Only for what came regularly.
		share := float64(p.zeros+1) / float64(p.minutes+2)
		if share > 0.2 || p.run+1 < 3 || p.run+1 <= p.longest+p.longest/2 {
			return 1, true
		}
		return math.Pow(share, float64(p.run+1)), true
	default:
		return atMost(x, p.expected(), p.spread()), true
	}
}

func (p *pattern) kind(minute int64) Kind {
	switch x := p.counts[minute%ring]; {
	case float64(x) > p.mean:
		return KindBurst
	case x == 0:
		return KindSilence
	}
	return KindDrop
}

// firsts returns the parts for templates that are new or came back.
func (w *Watcher) firsts(s *service, all []*pattern, minute int64) []Part {
	var parts []Part
	for _, p := range all {
		n := p.counts[minute%ring]
		switch {
		case p.told > 0 && n > 0 && minute-p.told < memory:
			// What was told as new goes on, for an hour.
			parts = append(parts, w.part(s, p, p.toldAs, minute, 1))
		case p.back > 0 && n > 0:
			p.told, p.toldAs = minute, KindReturned
			parts = append(parts, w.part(s, p, KindReturned, minute, 0.001))
		case p.made == minute:
			// The chance that something new comes in a minute of this service.
			age := float64(minute-s.since) + 1
			c := 1 - math.Exp(-max(s.fresh, 1/age))
			grave := p.level >= telemetry.SeverityError
			if c < 0.02 && (grave || n >= least) || grave && n >= least && c < 0.2 {
				p.told, p.toldAs = minute, KindNew
				parts = append(parts, w.part(s, p, KindNew, minute, c*w.cfg.FalseShare))
			}
		}
	}
	return parts
}

func (w *Watcher) part(s *service, p *pattern, k Kind, minute int64, chance float64) Part {
	x := Part{
		Kind: k, Template: Name(p.id), Severity: p.level, Count: uint64(p.counts[minute%ring]), Expected: p.mean,
		Chance: chance, Since: time.Unix(minute*60, 0).UTC(), Example: string(p.example),
	}
	if info, ok := w.texts.Template(p.id); ok {
		x.Text = info.Text
	}
	return x
}

// learn takes the count of a minute into the mean and variance. What is odd teaches
// little, unless it lasts.
func (p *pattern) learn(minute int64, odd bool) {
	x := float64(p.counts[minute%ring])
	if x == 0 {
		p.run++
	} else {
		if !odd {
			p.longest = max(p.longest, p.run)
		}
		p.run = 0
	}
	if p.loud++; !odd {
		p.loud = 0
	}
	switch {
	case p.loud >= settleAfter:
		p.mean, p.variance, p.loud, p.minutes, p.zeros = x, x, 0, known, 0
		p.longest = max(p.longest, p.run)
		return
	case odd:
		width := 3*math.Sqrt(p.spread()) + 1
		x = min(max(x, p.mean-width), p.mean+width)
		if p.minutes >= memory {
			return
		}
	}
	p.minutes = min(p.minutes+1, 1<<30)
	if x == 0 {
		p.zeros++
	}
	if p.minutes > 24*60 { // halve, so that what was long ago fades
		p.minutes, p.zeros = p.minutes/2, p.zeros/2
	}
	rate := 1 / float64(min(p.minutes, memory))
	d := x - p.mean
	p.mean += rate * d
	p.variance += rate * (d*d*(1-rate) - p.variance)
}

func levelIndex(s telemetry.Severity) int {
	if s == 0 || s > 24 {
		return 0
	}
	return int(s-1)/4 + 1
}
