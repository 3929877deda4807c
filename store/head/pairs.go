package head

import (
	"hash/maphash"
	"slices"

	"github.com/tocsinhq/tocsin/internal/labeltext"
)

// pairID numbers a pair of label name and value for as long as a series has it; then
// the number may be given to another pair. 0 is the pair of empty strings, which all
// series have without carrying it: Prometheus' key of all postings.
type pairID uint32

// nameID numbers a label name for as long as a series has it.
type nameID uint32

// pair is a name and a value and who has them. Most pairs of a large set belong to
// one series only (names of pods, say), so the first one needs no list.
type pair struct {
	text  string // as labels keep it, name and value; see labeltext
	state uint32 // nameID<<2 | listed | taken; 0 is free
	posts uint32 // of listed pairs the number of the list, else the ID of the only series, or 0
}

const (
	taken  = 1
	listed = 2
)

func (p *pair) name() nameID { return nameID(p.state >> 2) }

// name is a label name and its pairs. pairs is only appended to or replaced, so that
// readers may go on with what they took under the lock.
type name struct {
	text   string
	begin  string   // how the texts of its pairs begin
	pairs  []pairID // in the order they were made; may hold some that are free by now
	series int      // that have the name
}

const pairsPerPage = 1024

// pairs holds all label pairs. It is guarded by the lock of the index.
type pairs struct {
	seed   maphash.Seed
	pages  []*[pairsPerPage]pair
	next   pairID // never given out yet
	free   []pairID
	byHash lookup

	lists     [][]ID // of IDs that grow, only appended to or replaced
	freeLists []uint32

	names     []name
	byName    map[string]nameID
	freeNames []nameID

	buf []byte // of intern
}

func (p *pairs) init() {
	p.seed = maphash.MakeSeed()
	p.byName = map[string]nameID{}
	p.names = make([]name, 1) // of the pair of all
	p.grow()
	p.at(0).state = taken
	p.next = 1
}

func (p *pairs) grow() { p.pages = append(p.pages, new([pairsPerPage]pair)) }

func (p *pairs) at(id pairID) *pair { return &p.pages[id/pairsPerPage][id%pairsPerPage] }

// value returns the value of a pair that is not free, other than that of all.
func (p *pairs) value(at *pair) string {
	return valueIn(at.text, p.names[at.name()].begin)
}

// valueIn returns the value in the text of a pair that begins with its name.
func valueIn(text, begin string) string {
	value := text[len(begin):]
	if value[0] < 255 {
		return value[1:]
	}
	return value[4:]
}

// is reports whether a number stands for a pair; free ones do not.
func (p *pairs) is(id pairID, name, value string) bool {
	at := p.at(id)
	return at.state&taken != 0 && p.value(at) == value && p.names[at.name()].text == name
}

func (p *pairs) hash(n nameID, value string) uint32 {
	return uint32((maphash.String(p.seed, value) ^ uint64(n)*0x9e3779b97f4a7c15) * 0xd6e8feb86659fd93 >> 32)
}

// find returns the number of a pair, or false.
func (p *pairs) find(name, value string) (pairID, bool) {
	if name == "" && value == "" {
		return 0, true
	}
	n, ok := p.byName[name]
	if !ok {
		return 0, false
	}
	id := p.search(p.hash(n, value), n, value)
	return id, id != 0
}

func (p *pairs) search(hash uint32, n nameID, value string) pairID {
	return pairID(p.byHash.find(hash, func(id uint32) bool {
		at := p.at(pairID(id))
		return at.name() == n && p.value(at) == value
	}))
}

// intern returns the number of a pair, which it makes if need be, of copies of the
// strings. Whoever calls it adds a series to the pair before it lets go of the lock.
func (p *pairs) intern(name, value string) pairID {
	n := p.internName(name)
	hash := p.hash(n, value)
	if id := p.search(hash, n, value); id != 0 {
		return id
	}
	var id pairID
	if last := len(p.free) - 1; last >= 0 {
		id, p.free = p.free[last], p.free[:last]
	} else {
		if int(p.next) == len(p.pages)*pairsPerPage {
			p.grow()
		}
		id = p.next
		p.next++
	}
	p.buf = labeltext.Append(append(p.buf[:0], p.names[n].begin...), value)
	*p.at(id) = pair{text: string(p.buf), state: uint32(n)<<2 | taken}
	p.byHash.add(hash, uint32(id))
	p.names[n].pairs = append(p.names[n].pairs, id)
	return id
}

func (p *pairs) internName(text string) nameID {
	if n, ok := p.byName[text]; ok {
		return n
	}
	var n nameID
	if last := len(p.freeNames) - 1; last >= 0 {
		n, p.freeNames = p.freeNames[last], p.freeNames[:last]
	} else {
		n = nameID(len(p.names))
		p.names = append(p.names, name{})
	}
	begin := string(labeltext.Append(nil, text))
	text = begin[len(begin)-len(text):]
	p.names[n] = name{text: text, begin: begin}
	p.byName[text] = n
	return n
}

// longList is from how many series on a list grows by half and more, not by a quarter:
// several pairs are those of all series, and while they are made such lists are most of
// what is copied.
const longList = 256

// post adds a series, newer than all before, to those that have a pair.
func (p *pairs) post(pid pairID, id ID) {
	at := p.at(pid)
	p.names[at.name()].series++
	switch {
	case at.state&listed != 0:
		l := p.lists[at.posts]
		if len(l) == cap(l) && len(l) >= longList {
			l = slices.Grow(l, len(l)/2)
		}
		p.lists[at.posts] = append(l, id)
	case at.posts == 0:
		at.posts = uint32(id)
	default:
		p.setList(at, append(make([]ID, 0, 4), ID(at.posts), id))
	}
}

// setList gives a pair that is not listed a list.
func (p *pairs) setList(at *pair, list []ID) {
	var n uint32
	if last := len(p.freeLists) - 1; last >= 0 {
		n, p.freeLists = p.freeLists[last], p.freeLists[:last]
		p.lists[n] = list
	} else {
		n = uint32(len(p.lists))
		p.lists = append(p.lists, list)
	}
	at.state |= listed
	at.posts = n
}

// unlist takes the list from a pair and leaves it one series, or 0.
func (p *pairs) unlist(at *pair, only ID) {
	p.lists[at.posts] = nil
	p.freeLists = append(p.freeLists, at.posts)
	at.state &^= listed
	at.posts = uint32(only)
}

// list returns the series that have a pair. It stays as it is without the lock.
func (p *pairs) list(pid pairID) list {
	at := p.at(pid)
	if at.state&listed != 0 {
		return list{many: p.lists[at.posts]}
	}
	return list{one: ID(at.posts)}
}
