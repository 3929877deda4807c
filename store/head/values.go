package head

import (
	"context"
	"slices"

	promindex "github.com/prometheus/prometheus/tsdb/index"
)

// valuesAtOnce is how many values are taken under the lock at a time. What is done with
// them, such as matching regular expressions, is done without.
const valuesAtOnce = 256

// eachValue hands over the values of a label name, in no order, with the series that
// have them. A value that is removed and comes again meanwhile may come twice.
func (x *index) eachValue(ctx context.Context, text string, do func(value string, l list)) error {
	x.mu.RLock()
	n, ok := x.pairs.byName[text]
	if !ok {
		x.mu.RUnlock()
		return nil
	}
	pids := x.pairs.names[n].pairs
	x.mu.RUnlock()
	type taken struct {
		value string
		list  list
	}
	batch := make([]taken, 0, min(valuesAtOnce, len(pids)))
	for len(pids) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := pids[:min(valuesAtOnce, len(pids))]
		pids = pids[len(part):]
		batch = batch[:0]
		x.mu.RLock()
		if x.pairs.names[n].text == text {
			for _, pid := range part {
				if at := x.pairs.at(pid); at.state != 0 && at.name() == n {
					batch = append(batch, taken{x.pairs.value(at), x.pairs.list(pid)})
				}
			}
		}
		x.mu.RUnlock()
		for _, t := range batch {
			do(t.value, t.list)
		}
	}
	return nil
}

// values returns the values of a name, each once, in no order.
func (x *index) values(ctx context.Context, text string) ([]string, error) {
	x.mu.RLock()
	n, ok := x.pairs.byName[text]
	if !ok {
		x.mu.RUnlock()
		return nil, nil
	}
	pids, removals := x.pairs.names[n].pairs, x.removals
	x.mu.RUnlock()
	values := make([]string, 0, len(pids))
	for len(pids) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		part := pids[:min(valuesAtOnce, len(pids))]
		pids = pids[len(part):]
		x.mu.RLock()
		if name := &x.pairs.names[n]; name.text == text {
			for _, pid := range part {
				if at := x.pairs.at(pid); at.state != 0 && at.name() == n {
					values = append(values, valueIn(at.text, name.begin))
				}
			}
		}
		changed := x.removals != removals
		x.mu.RUnlock()
		if changed && len(pids) == 0 {
			slices.Sort(values)
			values = slices.Compact(values)
		}
	}
	return values, nil
}

// names returns all label names, sorted.
func (x *index) names() []string {
	x.mu.RLock()
	names := make([]string, 0, len(x.pairs.byName))
	for text := range x.pairs.byName {
		names = append(names, text)
	}
	x.mu.RUnlock()
	slices.Sort(names)
	return names
}

// namesOf returns the label names of some series, sorted.
func (x *index) namesOf(ctx context.Context, p promindex.Postings) ([]string, error) {
	const atOnce = 256
	var seen []bool // by nameID
	var names []string
	ids := make([]ID, 0, atOnce)
	take := func() {
		x.mu.RLock()
		defer x.mu.RUnlock()
		if len(seen) < len(x.pairs.names) {
			seen = append(seen, make([]bool, len(x.pairs.names)-len(seen))...)
		}
		var before []pairID // of the series before: most of its pairs are those of its neighbour
		for _, id := range ids {
			pids, _ := x.pairsOf(id)
			for i, pid := range pids {
				if i < len(before) && before[i] == pid {
					continue
				}
				if n := x.pairs.at(pid).name(); !seen[n] {
					seen[n] = true
					names = append(names, x.pairs.names[n].text)
				}
			}
			before = pids
		}
		ids = ids[:0]
	}
	for p.Next() {
		ids = append(ids, ID(p.At()))
		if len(ids) == atOnce {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			take()
		}
	}
	take()
	if err := p.Err(); err != nil {
		return nil, err
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// extent returns how many values a name has, those that are gone by now included, and how
// many series have the name.
func (x *index) extent(text string) (values, series int) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	n, ok := x.pairs.byName[text]
	if !ok {
		return 0, 0
	}
	return len(x.pairs.names[n].pairs), x.pairs.names[n].series
}

// valuesOf returns the values that some series have of a name, each once, in no order. The
// number of a pair that is let go meanwhile may be given to another one, but to none of
// these series, which are older.
func (x *index) valuesOf(ctx context.Context, text string, ids []ID) ([]string, error) {
	var seen pairSet
	var values []string
	for len(ids) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		part := ids[:min(valuesAtOnce, len(ids))]
		ids = ids[len(part):]
		x.mu.RLock()
		n, ok := x.pairs.byName[text]
		seen.ready(x.pairs.next, len(ids)+len(part))
		var before []pairID // of the series before: most of its pairs are those of its neighbour
		for _, id := range part {
			pids, there := x.pairsOf(id)
			if !ok || !there {
				continue
			}
			for i, pid := range pids {
				if i < len(before) && before[i] == pid {
					continue
				}
				at := x.pairs.at(pid)
				if at.name() != n {
					continue
				}
				if seen.add(pid) {
					values = append(values, valueIn(at.text, x.pairs.names[n].begin))
				}
				break
			}
			before = pids
		}
		x.mu.RUnlock()
	}
	return values, nil
}

// pairSet is a set of pairs: a bit for each one there is, or a map of few.
type pairSet struct {
	bits []uint64
	few  map[pairID]struct{}
}

// ready makes room for pairs with numbers below next. most is how many may be added when it is
// called first.
func (s *pairSet) ready(next pairID, most int) {
	words := int(next)/64 + 1
	if s.few == nil && s.bits == nil && most < words {
		s.few = make(map[pairID]struct{}, min(most, valuesAtOnce))
	}
	if s.few == nil && words > len(s.bits) {
		s.bits = append(s.bits, make([]uint64, words-len(s.bits))...)
	}
}

// add reports whether a pair was not there.
func (s *pairSet) add(pid pairID) bool {
	if s.few != nil {
		had := len(s.few)
		s.few[pid] = struct{}{}
		return len(s.few) > had
	}
	bit := uint64(1) << (pid % 64)
	if s.bits[pid/64]&bit != 0 {
		return false
	}
	s.bits[pid/64] |= bit
	return true
}

// symbols returns all names and values, each once, sorted.
func (x *index) symbols() []string {
	symbols := x.names()
	for _, text := range symbols {
		// Without a context of its own it cannot fail.
		_ = x.eachValue(context.Background(), text, func(value string, _ list) { symbols = append(symbols, value) })
	}
	sortStrings(symbols)
	return slices.Compact(symbols)
}

// removed counts how often series have been removed.
func (x *index) removed() uint64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.removals
}

// lists returns the series that have a name with one of the values.
func (x *index) lists(name string, values []string) []list {
	lists := make([]list, 0, len(values))
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, value := range values {
		if pid, ok := x.pairs.find(name, value); ok {
			if l := x.pairs.list(pid); l.len() > 0 {
				lists = append(lists, l)
			}
		}
	}
	return lists
}

// allHave returns all series if each of them has a name.
func (x *index) allHave(text string) (list, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	n, ok := x.pairs.byName[text]
	if !ok || x.pairs.names[n].series != x.pairs.names[0].series {
		return list{}, false
	}
	return x.pairs.list(0), true
}
