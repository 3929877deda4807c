package otlp

import (
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
)

// totals adds up the values of series that come as deltas, so that they are stored
// as what Prometheus counts with: totals that only grow. It keeps the most recent
// series up to a bound. A series that it does not know, because it is new, was
// forgotten, or the process has restarted, begins at 0 when its first delta begins,
// with a sample that says so: rates see a counter that was reset, and lose nothing.
//
// Exports with deltas pass one at a time: a total must be stored before the next
// one is made from it. A transaction is open between begin and settle.
type totals struct {
	mu             sync.Mutex
	max            int
	seeds          [2]maphash.Seed
	byKey          map[totalKey]*running
	newest, oldest *running
	size           atomic.Int64 // of byKey; read without mu, which is held while the store writes
	evicted        *metrics.Counter
	buf            []byte

	// Of the open transaction.
	changes []change
}

// totalKey is a hash of a series' labels that is wide enough, and seeded, so that no
// two series ever meet.
type totalKey [2]uint64

// running is the total of one series.
type running struct {
	key          totalKey
	newer, older *running
	start        int64 // ms
	last         int64 // ns, so that two deltas within a millisecond are told apart
	value        float64
	hist         *histogram.FloatHistogram // never changed in place; nil for floats
}

// change is one addition of the open transaction.
type change struct {
	series *running
	before running // as it was
	fresh  bool    // it was made by this change
	row    int     // of the batch
	last   int64
	value  float64
	hist   *histogram.FloatHistogram
}

func newTotals(limit int, set *metrics.Set) *totals {
	t := &totals{
		max:     limit,
		seeds:   [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		byKey:   make(map[totalKey]*running),
		evicted: set.NewCounter(`tocsin_otlp_delta_series_evicted_total`),
	}
	set.NewGauge(`tocsin_otlp_delta_series`, func() float64 { return float64(t.size.Load()) })
	return t
}

// begin opens a transaction, and waits for an open one to be settled.
func (t *totals) begin() {
	t.mu.Lock()
	t.changes = t.changes[:0]
}

// settle ends the transaction. Rows that were refused are taken out of the totals,
// unless a later row of their series is stored: that total has them in it, and a next
// one without them could be smaller, which is read as a counter that begins again. With
// failed all of them are, because nothing was stored and the sender will send the deltas
// again.
func (t *totals) settle(failed bool, refused []int) {
	defer t.mu.Unlock()
	defer clear(t.changes[:cap(t.changes)])
	if !failed && len(refused) == 0 {
		return
	}
	bad := make(map[int]bool, len(refused))
	for _, row := range refused {
		bad[row] = true
	}
	for i := len(t.changes) - 1; i >= 0; i-- { // back to how it was
		c := &t.changes[i]
		c.series.start, c.series.last, c.series.value, c.series.hist = c.before.start, c.before.last, c.before.value, c.before.hist
	}
	stored := make(map[*running]int, len(t.changes)) // how many changes its last stored total has
	for i := range t.changes {
		if c := &t.changes[i]; !failed && !bad[c.row] {
			stored[c.series] = i + 1
		}
	}
	known := make(map[*running]bool, len(t.changes))
	for i := range t.changes { // and the good ones once more
		c := &t.changes[i]
		known[c.series] = known[c.series] || !c.fresh
		if i >= stored[c.series] {
			continue
		}
		known[c.series] = true
		c.series.start, c.series.last = c.before.start, c.last
		c.series.value += c.value
		if c.hist != nil {
			c.series.hist = sum(c.series.hist, c.hist)
		}
	}
	for s, good := range known {
		if !good && t.byKey[s.key] == s {
			t.remove(s)
		}
	}
}

// mark returns a place in the transaction to which undo can go back.
func (t *totals) mark() int { return len(t.changes) }

// undo takes back what was added since a mark.
func (t *totals) undo(mark int) {
	for i := len(t.changes) - 1; i >= mark; i-- {
		c := &t.changes[i]
		c.series.start, c.series.last, c.series.value, c.series.hist = c.before.start, c.before.last, c.before.value, c.before.hist
		if c.fresh && t.byKey[c.series.key] == c.series {
			t.remove(c.series)
		}
	}
	t.changes = t.changes[:mark]
}

// open finds the total of a series that a delta from start (ms) to end (ns) belongs
// to, or makes one. It returns nil if the delta is not newer than what was added.
func (t *totals) open(ls labels.Labels, start, end int64) (s *running, fresh bool) {
	t.buf = ls.Bytes(t.buf)
	key := totalKey{maphash.Bytes(t.seeds[0], t.buf), maphash.Bytes(t.seeds[1], t.buf)}
	if s = t.byKey[key]; s != nil {
		if end <= s.last {
			return nil, false
		}
		t.unlink(s)
		t.link(s)
		return s, false
	}
	if len(t.byKey) >= t.max {
		t.remove(t.oldest)
		t.evicted.Inc()
	}
	s = &running{key: key, start: start}
	t.byKey[key] = s
	t.size.Store(int64(len(t.byKey)))
	t.link(s)
	return s, true
}

// add adds a float delta and returns the total.
func (t *totals) add(s *running, fresh bool, row int, end int64, v float64) float64 {
	t.changes = append(t.changes, change{series: s, before: *s, fresh: fresh, row: row, last: end, value: v})
	s.last = end
	s.value += v
	return s.value
}

// addHistogram adds a delta of a native histogram and returns the total, which is
// the caller's.
func (t *totals) addHistogram(s *running, fresh bool, row int, end int64, d *histogram.FloatHistogram) *histogram.FloatHistogram {
	t.changes = append(t.changes, change{series: s, before: *s, fresh: fresh, row: row, last: end, hist: d})
	s.last = end
	s.hist = sum(s.hist, d)
	return s.hist.Copy()
}

// maxBuckets bounds those of a total; above it the resolution is halved, as SDKs do.
const maxBuckets = 320

// sum returns a+b as a histogram of its own. If the two cannot be added, because
// their custom bounds have nothing in common, the total begins again with b.
func sum(a, b *histogram.FloatHistogram) *histogram.FloatHistogram {
	if a == nil {
		return b.Copy()
	}
	total, _, _, err := a.Copy().Add(b)
	if err != nil {
		return b.Copy()
	}
	total.CounterResetHint = histogram.UnknownCounterReset
	total.Compact(0)
	for len(total.PositiveBuckets)+len(total.NegativeBuckets) > maxBuckets && !total.UsesCustomBuckets() && total.Schema > histogram.ExponentialSchemaMin {
		if total.ReduceResolution(total.Schema-1) != nil {
			break
		}
	}
	return total
}

// link makes a series the newest.
func (t *totals) link(s *running) {
	s.older, s.newer = t.newest, nil
	if t.newest != nil {
		t.newest.newer = s
	}
	t.newest = s
	if t.oldest == nil {
		t.oldest = s
	}
}

func (t *totals) unlink(s *running) {
	if s.newer != nil {
		s.newer.older = s.older
	} else {
		t.newest = s.older
	}
	if s.older != nil {
		s.older.newer = s.newer
	} else {
		t.oldest = s.newer
	}
	s.newer, s.older = nil, nil
}

func (t *totals) remove(s *running) {
	t.unlink(s)
	delete(t.byKey, s.key)
	t.size.Store(int64(len(t.byKey)))
}
