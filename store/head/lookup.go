package head

// lookup finds numbers other than 0 by a hash of what they stand for. It is an
// open-addressing table with linear probing whose cells hold 32 bits of hash and the
// number; whoever searches compares what the number stands for. Hashes must come from
// a seeded function, or else strangers could choose labels that all fall together.
// The table is cut into parts that grow one at a time, so that no search waits
// for millions of cells to be moved. It is guarded by the lock of the index.
type lookup struct {
	parts [lookupParts]lookupPart
}

const (
	lookupBits  = 6 // of the hash choose the part
	lookupParts = 1 << lookupBits
	leastCells  = 16
)

// lookupPart is at most three quarters full. cells is a power of two, or empty.
type lookupPart struct {
	cells []uint64 // hash<<32 | number; 0 is empty
	used  int
}

func (l *lookup) part(hash uint32) *lookupPart { return &l.parts[hash>>(32-lookupBits)] }

// find returns the number with a hash for which is says true, or 0.
func (l *lookup) find(hash uint32, is func(number uint32) bool) uint32 {
	p := l.part(hash)
	if p.used == 0 {
		return 0
	}
	mask := uint32(len(p.cells) - 1)
	for i := hash; ; i++ {
		cell := p.cells[i&mask]
		if cell == 0 {
			return 0
		}
		if uint32(cell>>32) == hash && is(uint32(cell)) {
			return uint32(cell)
		}
	}
}

// add enters a number that is not there.
func (l *lookup) add(hash, number uint32) {
	p := l.part(hash)
	if 4*(p.used+1) > 3*len(p.cells) {
		p.resize(max(leastCells, 2*len(p.cells)))
	}
	p.enter(uint64(hash)<<32 | uint64(number))
	p.used++
}

func (p *lookupPart) enter(cell uint64) {
	mask := uint32(len(p.cells) - 1)
	i := uint32(cell >> 32)
	for p.cells[i&mask] != 0 {
		i++
	}
	p.cells[i&mask] = cell
}

func (p *lookupPart) resize(size int) {
	old := p.cells
	p.cells = make([]uint64, size)
	for _, cell := range old {
		if cell != 0 {
			p.enter(cell)
		}
	}
}

// drop takes out a number that was added with this hash. Cells behind it move up, so
// that searches need no marks of what is gone.
func (l *lookup) drop(hash, number uint32) {
	p := l.part(hash)
	if p.used == 0 {
		return
	}
	mask := uint32(len(p.cells) - 1)
	gone := uint64(hash)<<32 | uint64(number)
	hole := hash & mask
	for p.cells[hole] != gone {
		if p.cells[hole] == 0 {
			return
		}
		hole = (hole + 1) & mask
	}
	for i := hole; ; {
		i = (i + 1) & mask
		cell := p.cells[i]
		if cell == 0 {
			break
		}
		if home := uint32(cell>>32) & mask; (i-home)&mask >= (i-hole)&mask {
			p.cells[hole] = cell
			hole = i
		}
	}
	p.cells[hole] = 0
	p.used--
	if len(p.cells) > leastCells && 8*p.used < len(p.cells) {
		p.resize(len(p.cells) / 2)
	}
}
