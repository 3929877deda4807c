package logs

import (
	"context"
	"fmt"
	"time"

	"github.com/tocsinhq/tocsin/logs/segment"
	"github.com/tocsinhq/tocsin/telemetry"
)

// maxBars bounds a histogram.
const maxBars = 11_000

// Histogram is how many records there are of each level in equal pieces of a time.
type Histogram struct {
	From, Step int64                 // nanoseconds; bar i is [From+i*Step, From+(i+1)*Step)
	Bars       [][segment.Levels]int // by level, see segment.LevelName
}

// NewHistogram returns one of [from, to) without records, or an error if it would have
// too many bars or none.
func NewHistogram(from, to int64, step time.Duration) (*Histogram, error) {
	if step <= 0 || to <= from || (to-from-1)/int64(step) >= maxBars {
		return nil, fmt.Errorf("%w: want a histogram of 1 to %d bars, got %s in steps of %s", ErrTooMuch, maxBars, time.Duration(to-from), step)
	}
	return &Histogram{From: from, Step: int64(step), Bars: make([][segment.Levels]int, (to-from-1)/int64(step)+1)}, nil
}

// Histogram counts the records that a query wants. Where no text has to be looked at
// and a block lies within one bar, nothing is decompressed.
func (s *Store) Histogram(ctx context.Context, q Query, step time.Duration) (*Histogram, error) {
	h, err := NewHistogram(q.From, q.To, step)
	if err != nil {
		return nil, err
	}
	err = s.Count(ctx, q, int64(step), func(at int64, level int, _ uint64, n int) {
		h.Bars[(at-q.From)/int64(step)][level] += n
	})
	return h, err
}

// Count calls count with numbers of records that a query wants, of one level and one
// template, at a time of one step counted from the query's beginning. For whole blocks
// the template is 0.
func (s *Store) Count(ctx context.Context, q Query, step int64, count func(at int64, level int, template uint64, n int)) error {
	return s.tally(ctx, q, step, false, count)
}

// CountTemplates is as Count, and always names the template, but not the level.
func (s *Store) CountTemplates(ctx context.Context, q Query, step int64, count func(at int64, template uint64, n int)) error {
	return s.tally(ctx, q, step, true, func(at int64, _ int, template uint64, n int) { count(at, template, n) })
}

func (s *Store) tally(ctx context.Context, q Query, step int64, templates bool, count func(at int64, level int, template uint64, n int)) error {
	done, err := s.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	x, err := s.snapshot(q.From, q.To)
	if err != nil {
		return err
	}
	defer x.close()
	p := newPlan(&q)
	for _, u := range x.units {
		if err := ctx.Err(); err != nil {
			return err
		}
		if b, ok := u.(*blockUnit); ok && b.within(p, step) && b.byIndex(p, templates, count) {
			continue
		}
		if b, ok := u.(*blockUnit); ok && p.simple() {
			err = b.countRows(p, count)
		} else {
			err = u.scan(p, false, func(int64, uint32) verdict { return take }, func(r *Record) error {
				count(r.Time, segment.LevelOf(r.Severity), r.Template, 1)
				return ctx.Err()
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// within says whether the whole block is wanted and lies in one step.
func (u *blockUnit) within(p *plan, step int64) bool {
	i := u.info
	return p.simple() && p.Stream == nil && i.MinTime >= p.From && i.MaxTime < p.To && (i.MinTime-p.From)/step == (i.MaxTime-p.From)/step
}

// byIndex counts a block by what the index says; false if that does not say enough.
func (u *blockUnit) byIndex(p *plan, templates bool, count func(at int64, level int, template uint64, n int)) bool {
	switch {
	case templates && p.Levels == 0:
		for _, t := range u.info.Templates {
			if p.wantsTemplate(t.ID) {
				count(u.info.MinTime, 0, t.ID, t.Rows)
			}
		}
		return true
	case !templates && len(p.Templates) == 0:
		for l, n := range u.info.Levels {
			if n > 0 && (p.Levels == 0 || p.Levels>>l&1 == 1) {
				count(u.info.MinTime, l, 0, n)
			}
		}
		return true
	}
	return false
}

// countRows counts by times, levels, streams and templates, without text.
func (u *blockUnit) countRows(p *plan, count func(at int64, level int, template uint64, n int)) error {
	if !u.mayHold(p) {
		return nil
	}
	b, err := u.s.dec.OpenBlock(u.file.in, u.info.Offset, u.info.Size)
	if err != nil {
		return err
	}
	streams, err := b.Streams()
	if err != nil {
		return err
	}
	wanted, any := p.wantsStreams(streams)
	if !any {
		return nil
	}
	return eachRow(b, func(_, _, _ int, at int64, _, stream uint32, severity byte, template uint64) error {
		sev := telemetry.Severity(severity)
		if (wanted == nil || wanted[stream]) && p.wantsTime(at) && p.wantsLevel(sev) && p.wantsTemplate(template) {
			count(at, segment.LevelOf(sev), template, 1)
		}
		return nil
	})
}

// Streams calls found with the streams that have records in [from, to), some more than
// once, until it returns false. It decompresses no records.
func (s *Store) Streams(ctx context.Context, from, to int64, found func(*segment.Stream) bool) error {
	done, err := s.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	x, err := s.snapshot(from, to)
	if err != nil {
		return err
	}
	defer x.close()
	seen := map[*segment.Stream]bool{}
	for _, u := range x.units {
		if err := ctx.Err(); err != nil {
			return err
		}
		if h, ok := u.(*headUnit); ok {
			for i := range h.streams {
				if !found(&h.streams[i]) {
					return nil
				}
			}
			continue
		}
		b := u.(*blockUnit)
		index, err := s.indexes.get(s.dec, b.file)
		if err != nil {
			return err
		}
		for _, i := range b.info.Streams {
			if i >= len(index.Streams) || seen[&index.Streams[i]] {
				continue
			}
			seen[&index.Streams[i]] = true
			if !found(&index.Streams[i]) {
				return nil
			}
		}
	}
	return nil
}
