package template

import "sync"

// version is of the rules by which lines are taken apart. A change of the rules
// that gives known lines other ids is another version.
const version = 1

// idOf returns the id of a template: a hash of what it is, so that it is the same
// after a restart, on another machine and whatever came before. 0 is no id.
func idOf(seed, form uint64) uint64 {
	if id := mix(seed ^ mix(form+version)); id != 0 {
		return id
	}
	return 1
}

// idTable finds templates by id and leads from merged ones to what they became.
type idTable struct {
	mu      sync.RWMutex
	byID    map[uint64]*tmpl
	aliases map[uint64]uint64
}

func newIDTable() idTable {
	return idTable{byID: map[uint64]*tmpl{}, aliases: map[uint64]uint64{}}
}

func (x *idTable) put(t *tmpl) {
	x.mu.Lock()
	x.byID[t.id] = t
	delete(x.aliases, t.id)
	x.mu.Unlock()
}

func (x *idTable) get(id uint64) *tmpl {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.byID[id]
}

func (x *idTable) remove(id uint64) {
	x.mu.Lock()
	delete(x.byID, id)
	x.mu.Unlock()
}

// merge makes an id lead to another from now on.
func (x *idTable) merge(from, to uint64) {
	x.mu.Lock()
	delete(x.byID, from)
	if from != to {
		x.aliases[from] = to
	}
	x.mu.Unlock()
}

// maxHops bounds how far an alias is followed; a template is merged once per word at most.
const maxHops = 64

func (x *idTable) resolve(id uint64) uint64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for range maxHops {
		to, ok := x.aliases[id]
		if !ok {
			return id
		}
		id = to
	}
	return id
}
