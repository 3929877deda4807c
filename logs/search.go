package logs

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/logs/segment"
	"github.com/tocsinhq/tocsin/telemetry"
)

// ErrTooMuch is wrapped by errors of queries that would take more memory than they may.
var ErrTooMuch = errors.New("query takes too much")

// Stats says what a query looked at.
type Stats struct {
	Units   int   // blocks and heads of the time asked for
	Records int   // found
	Bytes   int64 // of text found
}

// snapshot is the units of a time range, and what keeps their files open.
type snapshot struct {
	s     *Store
	units []unit
	held  []*file
}

func (x *snapshot) close() {
	for _, f := range x.held {
		if err := f.release(); err != nil {
			x.s.log.Error("a log segment could not be closed", "file", f.path, "error", err)
		}
	}
}

// snapshot returns everything that may hold records of [from, to), as it is now.
func (s *Store) snapshot(from, to int64) (*snapshot, error) {
	x := &snapshot{s: s}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, ErrClosed
	}
	for _, h := range append(s.sealing[:len(s.sealing):len(s.sealing)], s.active) {
		if len(h.rows) > 0 && h.oldest < to && h.newest >= from {
			x.units = append(x.units, &headUnit{h.view()})
		}
	}
	var files []*file
	for _, f := range s.files {
		if f.oldest < to && f.newest >= from {
			files = append(files, f)
		}
	}
	var err error
	for _, f := range files { // while they are in the list nobody deletes them
		ok, aerr := f.acquire()
		if ok {
			x.held = append(x.held, f)
		}
		err = errors.Join(err, aerr)
	}
	s.mu.Unlock()
	for _, f := range x.held {
		if err != nil {
			break
		}
		var index *segment.Index
		if index, err = s.indexes.get(s.dec, f); err != nil {
			break
		}
		for i := range index.Blocks {
			if b := &index.Blocks[i]; b.MinTime < to && b.MaxTime >= from {
				x.units = append(x.units, &blockUnit{s, f, b})
			}
		}
	}
	if err != nil {
		x.close()
		return nil, err
	}
	return x, nil
}

// turn waits until the query may run.
func (s *Store) turn(ctx context.Context) (done func(), err error) {
	select {
	case s.turns <- struct{}{}:
		s.metrics.queries.Inc()
		return func() { <-s.turns }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for other log queries: %w", ctx.Err())
	}
}

// errEnough ends a search that has all it wants.
var errEnough = errors.New("enough")

// Search calls found with the records that a query wants, in its order, as soon as it
// is known that none comes before them. An error of found ends the search and is
// returned. It sees what was acknowledged when it began.
func (s *Store) Search(ctx context.Context, q Query, found func(*Record) error) (Stats, error) {
	done, err := s.turn(ctx)
	if err != nil {
		return Stats{}, err
	}
	defer done()
	x, err := s.snapshot(q.From, q.To)
	if err != nil {
		return Stats{}, err
	}
	defer x.close()
	m := merger{p: newPlan(&q), limit: q.Limit, memory: int64(s.cfg.Query.Memory), found: found}
	slices.SortStableFunc(x.units, func(a, b unit) int {
		ao, an := a.bounds()
		bo, bn := b.bounds()
		if q.Oldest {
			return cmp.Compare(ao, bo)
		}
		return cmp.Compare(bn, an)
	})
	m.stats.Units = len(x.units)
	for i, u := range x.units {
		if err := ctx.Err(); err != nil {
			return m.stats, err
		}
		m.unit = uint32(i)
		if err := u.scan(m.p, true, m.may, func(r *Record) error { return m.add(ctx, r) }); err != nil {
			return m.stats, err
		}
		if err := m.flush(x.units[i+1:]); err != nil {
			if errors.Is(err, errEnough) {
				return m.stats, nil
			}
			return m.stats, err
		}
	}
	return m.stats, nil
}

// merger holds records that were found until it is known that none comes before them.
type merger struct {
	p      *plan
	limit  int
	memory int64
	found  func(*Record) error
	unit   uint32
	told   int
	wait   []waiting
	bytes  int64
	sorted bool
	stats  Stats
}

// waiting is a record with memory of its own.
type waiting struct {
	rec  Record
	unit uint32
	size int64
}

// before says whether a comes before b in the order of the query.
func (m *merger) compare(a, b *waiting) int {
	c := cmp.Or(cmp.Compare(a.rec.Time, b.rec.Time), cmp.Compare(a.rec.rank, b.rec.rank))
	if !m.p.Oldest {
		c = -c
	}
	return cmp.Or(c, cmp.Compare(a.unit, b.unit))
}

// may refuses records that come after as many others as are wanted.
func (m *merger) may(at int64, _ uint32) verdict {
	if m.limit == 0 || m.told+len(m.wait) < m.limit {
		return take
	}
	m.sort()
	last := m.wait[m.limit-m.told-1].rec.Time
	if (m.p.Oldest && at > last) || (!m.p.Oldest && at < last) {
		return stop
	}
	return take
}

func (m *merger) sort() {
	if m.sorted {
		return
	}
	slices.SortFunc(m.wait, func(a, b waiting) int { return m.compare(&a, &b) })
	m.sorted = true
	if m.limit > 0 && len(m.wait) > m.limit-m.told {
		for _, w := range m.wait[m.limit-m.told:] {
			m.bytes -= w.size
		}
		m.wait = m.wait[:m.limit-m.told]
	}
}

func (m *merger) add(ctx context.Context, r *Record) error {
	w := waiting{rec: *r, unit: m.unit, size: 160 + int64(len(r.Body))}
	w.rec.Body = bytes.Clone(r.Body)
	w.rec.Attributes = make([]telemetry.Pair, len(r.Attributes))
	for i, a := range r.Attributes {
		w.rec.Attributes[i] = telemetry.Pair{Name: bytes.Clone(a.Name), Value: bytes.Clone(a.Value)}
		w.size += 48 + int64(len(a.Name)+len(a.Value))
	}
	// Records of one unit come in order, so that sorting is rare.
	m.sorted = m.sorted && (len(m.wait) == 0 || m.compare(&m.wait[len(m.wait)-1], &w) <= 0)
	m.wait = append(m.wait, w)
	m.bytes += w.size
	if m.limit > 0 && len(m.wait) >= 2*(m.limit-m.told) {
		m.sort()
	}
	if m.bytes > m.memory {
		return fmt.Errorf("%w: records that must be put in order have %s, want at most %s (logs.query.memory); ask for a shorter time or set a limit",
			ErrTooMuch, yamldoc.Bytes(m.bytes), yamldoc.Bytes(m.memory))
	}
	if len(m.wait)%1024 == 0 {
		return ctx.Err()
	}
	return nil
}

// flush hands on what comes before everything in the units that are left.
func (m *merger) flush(left []unit) error {
	m.sort()
	n := len(m.wait)
	if len(left) > 0 {
		oldest, newest := left[0].bounds() // of units in order the first is the next
		n = 0
		for n < len(m.wait) && ((m.p.Oldest && m.wait[n].rec.Time < oldest) || (!m.p.Oldest && m.wait[n].rec.Time > newest)) {
			n++
		}
	}
	for i := range m.wait[:n] {
		if m.limit > 0 && m.told == m.limit {
			return errEnough
		}
		m.told++
		m.stats.Records++
		m.stats.Bytes += int64(len(m.wait[i].rec.Body))
		m.bytes -= m.wait[i].size
		if err := m.found(&m.wait[i].rec); err != nil {
			return err
		}
	}
	m.wait = append(m.wait[:0], m.wait[n:]...)
	if m.limit > 0 && m.told == m.limit {
		return errEnough
	}
	return nil
}

// Scan calls found with all records that a query wants, in no order and whatever its
// limit.
func (s *Store) Scan(ctx context.Context, q Query, found func(*Record) error) (Stats, error) {
	var st Stats
	done, err := s.turn(ctx)
	if err != nil {
		return st, err
	}
	defer done()
	x, err := s.snapshot(q.From, q.To)
	if err != nil {
		return st, err
	}
	defer x.close()
	p := newPlan(&q)
	st.Units = len(x.units)
	for _, u := range x.units {
		if err := ctx.Err(); err != nil {
			return st, err
		}
		n := 0
		err := u.scan(p, false, func(int64, uint32) verdict { return take }, func(r *Record) error {
			st.Records++
			st.Bytes += int64(len(r.Body))
			if n++; n%4096 == 0 {
				if err := ctx.Err(); err != nil {
					return err
				}
			}
			return found(r)
		})
		if err != nil {
			return st, err
		}
	}
	return st, nil
}
