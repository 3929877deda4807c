package template

import "sync"

// version is of the rules by which lines are taken apart. A change of the rules that
// gives known lines other ids is another version; what was kept under an older one is
// taken apart anew, and the old ids lead to the new ones.
const version = 1

// idOf returns the id of a template: a hash of what it is, so that it is the same
// after a restart, on another machine and whatever came before. 0 is no id.
func idOf(seed, form uint64) uint64 {
	if id := mix(seed ^ mix(form+version)); id != 0 {
		return id
	}
	return 1
}

// idTable finds templates by id, leads from merged ones to what they became, and
// remembers when those that were let go were last seen.
type idTable struct {
	mu      sync.RWMutex
	byID    map[uint64]*tmpl
	aliases lately[uint64]
	graves  lately[int64]
}

func newIDTable(keep int) idTable {
	return idTable{byID: map[uint64]*tmpl{}, aliases: newLately[uint64](keep), graves: newLately[int64](keep)}
}

// lately is a map of bounded size that forgets the oldest entry.
type lately[V any] struct {
	m     map[uint64]V
	order []uint64
	at    int
	keep  int
}

func newLately[V any](keep int) lately[V] { return lately[V]{m: map[uint64]V{}, keep: keep} }

func (l *lately[V]) put(k uint64, v V) {
	if _, ok := l.m[k]; !ok {
		if len(l.order) < l.keep {
			l.order = append(l.order, k)
		} else {
			delete(l.m, l.order[l.at])
			l.order[l.at] = k
			l.at = (l.at + 1) % l.keep
		}
	}
	l.m[k] = v
}

// put makes a template known. It reports when one of this id was last seen that was
// let go, 0 if there was none.
func (x *idTable) put(t *tmpl) int64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	last := x.graves.m[t.id]
	if to, ok := x.aliases.m[t.id]; ok && last == 0 {
		last = max(x.graves.m[to], 1)
	}
	x.byID[t.id] = t
	delete(x.aliases.m, t.id)
	delete(x.graves.m, t.id)
	return last
}

func (x *idTable) get(id uint64) *tmpl {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.byID[id]
}

// bury lets a template go.
func (x *idTable) bury(id uint64, last int64) {
	x.mu.Lock()
	delete(x.byID, id)
	x.graves.put(id, last)
	x.mu.Unlock()
}

// merge makes an id lead to another from now on.
func (x *idTable) merge(from, to uint64) {
	if from == to {
		return
	}
	x.mu.Lock()
	delete(x.byID, from)
	x.aliases.put(from, to)
	x.mu.Unlock()
}

// maxHops bounds how far an alias is followed: a template is merged once for each of
// its words at most, and once when its header is settled.
const maxHops = maxElems + 1

func (x *idTable) resolve(id uint64) uint64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for range maxHops {
		to, ok := x.aliases.m[id]
		if !ok || x.byID[id] != nil {
			return id
		}
		id = to
	}
	return id
}
