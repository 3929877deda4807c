package head

import (
	"math"
	"sync"
	"sync/atomic"
)

// record is what is kept of a series at hand: one cache line without pointers. All but
// ref and tail is guarded by the lock of its page.
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

// BytesPerSeries is about what a series with two hours of samples, 15 s apart, and ten
// labels costs in memory: see docs/adr/0036-a-head-of-our-own.md. 400 of them are samples,
// 120 labels.
const BytesPerSeries = 520

// never is before all times.
const never = math.MinInt64

const recordPageBits = 8

// recordPage has the records of neighbouring IDs, which share a lock and the lines of
// their chunks: those who write many series, as senders do, write them in the order in
// which they were made, so that they change locks rarely and find lines of neighbours
// side by side. A page goes when all of its series are dropped. The place of the first
// ID is that of the lock, so that no series has an ID with the lowest byte 0.
type recordPage struct {
	stripe
	records [1<<recordPageBits - 1]record
}

// at returns the record of an ID of this page, nil if it is the one of no series.
func (p *recordPage) at(id ID) *record {
	i := id%(1<<recordPageBits) - 1
	if int(i) >= len(p.records) {
		return nil
	}
	return &p.records[i]
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

// page returns the page of an ID, or nil if it has gone or was never there.
func (r *records) page(id ID) *recordPage {
	table := *r.table.Load()
	if int(id>>recordPageBits) >= len(table) {
		return nil
	}
	return table[id>>recordPageBits].Load()
}

// at returns the page and the record of an ID, or nil.
func (r *records) at(id ID) (*recordPage, *record) {
	p := r.page(id)
	if p == nil {
		return nil, nil
	}
	return p, p.at(id)
}

// add returns a new ID, 0 when there are no more.
func (r *records) add(ref uint64) ID {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next%(1<<recordPageBits) == 0 {
		r.next++
	}
	if r.next > math.MaxUint32 {
		return 0
	}
	id := ID(r.next)
	no := int(id >> recordPageBits)
	if no == len(r.live) {
		r.grow()
	}
	_, x := r.at(id)
	x.newest = never
	x.ref.Store(ref)
	r.live[no]++
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

// release notes that a series was dropped. It returns the page if that is needed no
// more.
func (r *records) release(id ID) *recordPage {
	r.mu.Lock()
	defer r.mu.Unlock()
	no := id >> recordPageBits
	r.live[no]--
	if r.live[no] > 0 || r.next <= uint64(no)<<recordPageBits+uint64(len(recordPage{}.records)) {
		return nil
	}
	return (*r.table.Load())[no].Swap(nil)
}

// pages returns how many pages there are, with those that have gone.
func (r *records) pages() int { return len(*r.table.Load()) }

// bytes returns the memory that records take.
func (r *records) bytes() int64 {
	n := int64(0)
	for i, table := 0, *r.table.Load(); i < len(table); i++ {
		if table[i].Load() != nil {
			n += 64 << recordPageBits
		}
	}
	return n
}
