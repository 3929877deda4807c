package logs

import (
	"context"
	"fmt"
)

// Tail calls found with the records that a query wants as they are stored, in the order
// in which they come, whatever their time and the query's, until ctx ends or found
// returns an error. missed is called when records came and went faster than they were
// taken; it may be nil. What is stored after Tail was called is shown.
func (s *Store) Tail(ctx context.Context, q Query, found func(*Record) error, missed func()) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrClosed
	}
	if s.tails >= s.cfg.Query.MaxTails {
		s.mu.Unlock()
		return fmt.Errorf("%w: %d follow the log already (logs.query.max_tails)", ErrBusy, s.cfg.Query.MaxTails)
	}
	s.tails++
	seq, at := s.active.seq, len(s.active.rows)
	s.mu.Unlock()
	s.metrics.tails.Inc()
	defer func() {
		s.metrics.tails.Dec()
		s.mu.Lock()
		s.tails--
		s.mu.Unlock()
	}()
	p := newPlan(&q)
	for {
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			return nil
		}
		var views []view
		var seqs []uint64
		for _, h := range append(s.sealing[:len(s.sealing):len(s.sealing)], s.active) {
			if h.seq >= seq {
				views, seqs = append(views, h.view()), append(seqs, h.seq)
			}
		}
		changed := s.changed
		s.mu.Unlock()
		for i := range views {
			if seqs[i] > seq {
				if i == 0 || seqs[i] > seq+1 { // a head was sealed before it was read to its end
					s.metrics.tailMissed.Inc()
					if missed != nil {
						missed()
					}
				}
				seq, at = seqs[i], 0
			}
			if err := views[i].follow(p, at, found); err != nil {
				return err
			}
			at = len(views[i].rows)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

// follow calls found with the wanted records from row at on.
func (v *view) follow(p *plan, at int, found func(*Record) error) error {
	var parsed rowReader
	for i := at; i < len(v.rows); i++ {
		r := &v.rows[i]
		if !p.wantsLevel(r.severity) || !p.wantsTemplate(r.template) || (p.Stream != nil && !p.Stream(&v.streams[r.stream])) || !p.wantsBody(v.body(r)) {
			continue
		}
		rec, ok, err := v.record(p, &parsed, i)
		if err != nil {
			return err
		}
		if ok {
			if err := found(rec); err != nil {
				return err
			}
		}
	}
	return nil
}

// record reads a record of a head; false if its ids, attributes or Query.Match exclude it.
func (v *view) record(p *plan, parsed *rowReader, row int) (*Record, bool, error) {
	r := &v.rows[row]
	if err := parsed.read(v, r); err != nil {
		return nil, false, err
	}
	if !p.wantsIDs(parsed.trace, parsed.span) || !p.wantsAttributes(parsed.attributes) {
		return nil, false, nil
	}
	rec := &Record{
		Time: r.at, Severity: r.severity, Stream: &v.streams[r.stream], Trace: parsed.trace, SpanID: parsed.span,
		Template: r.template, Attributes: parsed.attributes, Body: parsed.body, rank: uint32(row),
	}
	return rec, p.Match == nil || p.Match(rec), nil
}
