package head

import (
	"math"
	"sync"
	"sync/atomic"
)

// record is what is kept of a series at hand: one cache line without pointers. All but
// ref and tail is guarded by the stripe of the series.
type record struct {
	ref     atomic.Uint64 // in the log; 0 after the series was dropped
	newest  int64         // time of the newest sample; never while there is none
	value   uint64        // bits of its value
	end     int64         // first time that the open chunk may not have
	tail    atomic.Uint32 // line of the open chunk that is written to; to be fetched without the lock
	first   uint32        // its first line
	full    uint32        // newest line of the list of full chunks
	fulls   uint32        // how many full chunks are kept
	ordinal uint32        // of the open chunk among all chunks the series ever had
	delta   uint32        // between the two newest samples of the open chunk
	pos     uint16        // bits written to the tail line
	samples uint8         // of the open chunk; 0: there is none
	limit   uint8         // of samples, at which the open chunk is full
	// leading and trailing are the zeros around the bits that values share at present.
	leading  uint8
	trailing uint8
	_        uint16
}

// never is before all times.
const never = math.MinInt64

const (
	recordsPerPage = 1 << recordPageBits
	recordPageBits = 8
)

// recordPage holds series of neighbouring IDs. It goes when all of them are dropped.
type recordPage struct {
	records [recordsPerPage]record
}

// records finds the record of an ID without a lock.
type records struct {
	table atomic.Pointer[[]atomic.Pointer[recordPage]]

	mu   sync.Mutex // of add and release
	next uint64     // ID to be given next
	live []uint16   // series of each page
}

func newRecords() *records {
	r := &records{next: 1}
	r.table.Store(new([]atomic.Pointer[recordPage]))
	return r
}

// at returns the record of an ID, or nil if its page has gone or was never there.
func (r *records) at(id ID) *record {
	table := *r.table.Load()
	if int(id>>recordPageBits) >= len(table) {
		return nil
	}
	p := table[id>>recordPageBits].Load()
	if p == nil {
		return nil
	}
	return &p.records[id%recordsPerPage]
}

// add returns a new ID, 0 when there are no more.
func (r *records) add(ref uint64) ID {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next > math.MaxUint32 {
		return 0
	}
	id := ID(r.next)
	page := int(id >> recordPageBits)
	if page == len(r.live) {
		r.grow()
	}
	x := &(*r.table.Load())[page].Load().records[id%recordsPerPage]
	x.newest = never
	x.ref.Store(ref)
	r.live[page]++
	r.next++
	return id
}

// grow adds a page. The table is replaced by one of twice the size when it is full, so
// that readers of the old one still find what they look for. The caller holds mu.
func (r *records) grow() {
	old := *r.table.Load()
	table := old
	if len(old) == cap(old) {
		table = make([]atomic.Pointer[recordPage], len(old), 2*len(old)+4)
		for i := range old {
			table[i].Store(old[i].Load())
		}
	}
	table = table[:len(old)+1]
	table[len(old)].Store(new(recordPage))
	r.live = append(r.live, 0)
	r.table.Store(&table)
}

// release notes that a series was dropped.
func (r *records) release(id ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	page := int(id >> recordPageBits)
	r.live[page]--
	if r.live[page] == 0 && r.next > uint64(page+1)*recordsPerPage {
		(*r.table.Load())[page].Store(nil)
	}
}

// last returns the highest ID that was given out.
func (r *records) last() ID {
	r.mu.Lock()
	defer r.mu.Unlock()
	return ID(r.next - 1)
}
