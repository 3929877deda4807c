package logs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/logs/segment"
	"github.com/tocsinhq/tocsin/telemetry"
)

const (
	mergedPrefix = "m"
	// mergeMin files of a day are merged into one of at most mergeBlocks blocks. Blocks
	// of less than smallBlock rows are made anew from their rows, others are copied.
	mergeMin    = 8
	mergeBlocks = 64
	smallBlock  = blockRows / 2
)

// Merge merges the small files of each day, and of days that are over also few, until
// there is nothing to merge. It returns how many files it made.
func (s *Store) Merge(ctx context.Context) (int, error) {
	s.tidyMu.Lock()
	defer s.tidyMu.Unlock()
	enc, err := segment.NewEncoder(true)
	if err != nil {
		return 0, err
	}
	z := &fileMerger{s: s, enc: enc}
	made := 0
	for ctx.Err() == nil {
		group := s.mergeable()
		if group == nil {
			return made, nil
		}
		if err := z.merge(group); err != nil {
			s.metrics.mergeErrors.Inc()
			return made, fmt.Errorf("merge log segments of %s: %w", group[0].day, err)
		}
		s.metrics.merges.Inc()
		made++
	}
	return made, ctx.Err()
}

// mergeable returns files of one day to be made one, oldest records first; nil if there
// are none.
func (s *Store) mergeable() []*file {
	today := dayName(s.now().UnixNano())
	s.mu.Lock()
	defer s.mu.Unlock()
	byDay := map[string][]*file{}
	for _, f := range s.files {
		if f.settled.Load() && f.blocks <= mergeBlocks/2 {
			byDay[f.day] = append(byDay[f.day], f)
		}
	}
	for d, files := range byDay {
		least := mergeMin
		if d < today {
			least = 2
		}
		if len(files) < least {
			continue
		}
		slices.SortFunc(files, func(a, b *file) int { return cmp.Or(cmp.Compare(a.oldest, b.oldest), cmp.Compare(a.path, b.path)) })
		n, blocks := 0, 0
		for n < len(files) && blocks+files[n].blocks <= mergeBlocks {
			blocks += files[n].blocks
			n++
		}
		if n >= 2 {
			return files[:n]
		}
	}
	return nil
}

// fileMerger makes one segment of several. It keeps the memory of its encoder.
type fileMerger struct {
	s   *Store
	enc *segment.Encoder
}

// merge makes one file of several.
func (z *fileMerger) merge(group []*file) error {
	s := z.s
	var held []*file
	defer func() {
		for _, f := range held {
			if err := f.release(); err != nil {
				s.log.Error("a log segment could not be closed", "file", f.path, "error", err)
			}
		}
	}()
	names := make([]string, len(group))
	last := uint64(0)
	for i, f := range group {
		names[i] = f.name
		if seq, ok := lastOf(f.path); ok {
			last = max(last, seq)
		}
		ok, err := f.acquire()
		if err != nil || !ok {
			return fmt.Errorf("%q is not there: %w", f.path, errors.Join(err, io.ErrUnexpectedEOF))
		}
		held = append(held, f)
	}
	name := fmt.Sprintf("%s%012d-%d%s", mergedPrefix, last, s.now().UnixNano(), segmentSuffix)
	made, err := s.writeFile(group[0].day, name, names, func(w *segment.Writer) error {
		var small []*segment.Block
		for _, f := range held {
			x, err := s.indexes.get(s.dec, f)
			if err != nil {
				return err
			}
			for i := range x.Blocks {
				info := &x.Blocks[i]
				if info.Rows < smallBlock && info.Text < blockText/2 {
					b, err := s.dec.OpenBlock(f.in, info.Offset, info.Size)
					if err != nil {
						return err
					}
					small = append(small, b)
					continue
				}
				block := make([]byte, info.Size)
				if _, err := f.in.ReadAt(block, info.Offset); err != nil {
					return err
				}
				if err := w.Add(block, *info, x.Streams); err != nil {
					return err
				}
			}
		}
		return z.rewrite(w, small)
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.files = slices.DeleteFunc(s.files, func(f *file) bool { return slices.Contains(group, f) })
	made.settled.Store(true)
	s.files = append(s.files, made)
	s.mu.Unlock()
	for _, f := range group {
		err = errors.Join(err, f.remove())
	}
	return err
}

// rewrite makes large blocks of the rows of small ones.
func (z *fileMerger) rewrite(w *segment.Writer, small []*segment.Block) error {
	var g gathered
	flush := func() error {
		if len(g.rows) == 0 {
			return nil
		}
		slices.SortStableFunc(g.rows, func(a, b segment.Row) int { return cmp.Compare(a.Time, b.Time) })
		block, info, err := z.enc.Append(nil, g.rows, g.streams)
		if err != nil {
			return err
		}
		err = w.Add(block, info, g.streams)
		g = gathered{}
		return err
	}
	for _, b := range small {
		if err := g.add(b); err != nil {
			return err
		}
		if len(g.rows) >= smallBlock || g.size >= blockText/2 {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// gathered are rows of several blocks.
type gathered struct {
	rows    []segment.Row
	streams []segment.Stream
	byKey   map[string]uint32
	size    int
}

func (g *gathered) add(b *segment.Block) error {
	if g.byKey == nil {
		g.byKey = make(map[string]uint32)
	}
	streams, err := b.Streams()
	if err != nil {
		return err
	}
	place := make([]uint32, len(streams))
	for i := range streams {
		key := streams[i].Key()
		at, ok := g.byKey[key]
		if !ok {
			at = uint32(len(g.streams))
			g.byKey[key] = at
			g.streams = append(g.streams, streams[i])
		}
		place[i] = at
	}
	from := len(g.rows)
	var ranks []uint32
	err = eachRow(b, func(group, inGroup, row int, at int64, rank uint32, stream uint32, severity byte, template uint64) error {
		r := segment.Row{Time: at, Severity: telemetry.Severity(severity), Stream: place[stream], Template: template}
		var err error
		if r.Body, err = b.AppendBody(nil, group, inGroup); err != nil {
			return err
		}
		if r.Spans, err = b.AppendVariables(nil, group, inGroup); err != nil {
			return err
		}
		if r.Attributes, err = b.AppendAttributes(nil, row); err != nil {
			return err
		}
		g.size += len(r.Body)
		for _, a := range r.Attributes {
			g.size += len(a.Name) + len(a.Value)
		}
		r.Trace, r.SpanID, err = b.Trace(row)
		g.rows, ranks = append(g.rows, r), append(ranks, rank)
		return err
	})
	if err != nil {
		return err
	}
	// Rows of one time keep the order in which they came.
	added := g.rows[from:]
	order := make([]int, len(added))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(added[a].Time, added[b].Time), cmp.Compare(ranks[a], ranks[b]))
	})
	sorted := make([]segment.Row, len(added))
	for i, k := range order {
		sorted[i] = added[k]
	}
	copy(added, sorted)
	return nil
}

// eachRow calls f with every row of a block, by group.
func eachRow(b *segment.Block, f func(group, inGroup, row int, at int64, rank uint32, stream uint32, severity byte, template uint64) error) error {
	skeletons, err := b.Skeletons()
	if err != nil {
		return err
	}
	times, ranks, err := b.Times()
	if err != nil {
		return err
	}
	stream, severity, err := b.Origin()
	if err != nil {
		return err
	}
	for g := range skeletons {
		first, end := skeletons[g].Bounds()
		for row := first; row < end; row++ {
			if err := f(g, row-first, row, times[row], ranks[row], stream[row], severity[row], skeletons[g].Template); err != nil {
				return err
			}
		}
	}
	return nil
}

// Prune deletes segments that are older than the retention, and the oldest while all
// are larger than they may be. It returns how many it deleted.
func (s *Store) Prune() (int, error) {
	s.tidyMu.Lock()
	defer s.tidyMu.Unlock()
	s.mu.Lock()
	limit := s.now().Add(-s.cfg.Retention.Std()).UnixNano()
	total := int64(0)
	for _, f := range s.files {
		total += f.size
	}
	slices.SortFunc(s.files, func(a, b *file) int { return cmp.Compare(a.newest, b.newest) })
	n, size := 0, 0
	for _, f := range s.files {
		tooLarge := s.cfg.RetentionSize > 0 && total > int64(s.cfg.RetentionSize)
		if f.newest >= limit && !tooLarge {
			break
		}
		if f.newest >= limit {
			size++
		}
		total -= f.size
		n++
	}
	gone := slices.Clone(s.files[:n])
	s.files = slices.Delete(s.files, 0, n)
	s.mu.Unlock()
	var errs []error
	for _, f := range gone {
		errs = append(errs, f.remove())
	}
	s.metrics.expired("age").Add(n - size)
	s.metrics.expired("size").Add(size)
	return n, errors.Join(errs...)
}

// upkeepEvery is how often files are merged and pruned.
const upkeepEvery = time.Minute
