package backfill

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/oklog/ulid/v2"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Options say what is imported and whereto.
type Options struct {
	Source Source
	Query  Query
	Data   string // the data folder; its folder tsdb gets the blocks
	// Labels are put on every series, also over a label that it has.
	Labels map[string]string
	// Oldest and Newest bound what a store can hold: what is older would be
	// deleted at once, what is newer has a wrong clock or a wrong unit.
	Oldest, Newest time.Time
	BlockWidth     time.Duration // see BlockWidth
	MaxSeries      int           // of one block; 0: MaxSeries
	MinFree        uint64        // bytes of the disk to leave, or 1% of it if that is more
	DryRun         bool          // reads all and writes nothing
	Again          bool          // also what the journal says is done
	Mark           *Mark         // one that is there already and gets the blocks; nil makes one
	Now            func() time.Time
	// Taken and Done count samples and ranges or windows, for who looks on; may be nil.
	Taken, Done *atomic.Int64
}

// BlockWidth returns the widest range of blocks, of those that the TSDB compacts
// to, that is not wider than most: 2h, 6h, 18h and so on up to three weeks.
func BlockWidth(most time.Duration) time.Duration {
	width := tsdb.DefaultBlockDuration
	for _, w := range tsdb.ExponentialBlockRanges(tsdb.DefaultBlockDuration, 6, 3) {
		if w <= most.Milliseconds() {
			width = w
		}
	}
	return time.Duration(width) * time.Millisecond
}

// windowMost is how much of a source that can be asked for a time is read at once.
const windowMost = 24 * time.Hour

// run is an import under way.
type run struct {
	Options
	report  Report
	keeper  *keeper
	spool   *spool
	over    *spool // what one block of a range has no place for, by pass
	journal *journal
	staging string
	mark    *Mark
	ranges  map[int64]bool // of a dry run
}

// Run imports and returns what was done, which is also good beside an error: what
// is in the store stays there. A Mark is left for the daemon unless nothing was
// put into the store.
func Run(ctx context.Context, o Options) (Report, error) {
	if o.MaxSeries == 0 {
		o.MaxSeries = MaxSeries
	}
	r := &run{Options: o, report: newReport(), ranges: map[int64]bool{}}
	r.keeper = newKeeper(o, &r.report)
	if !o.DryRun {
		undo, err := r.prepare()
		if err != nil {
			return r.report, err
		}
		defer undo()
	}
	err := r.windows(ctx)
	r.report.Series = len(r.keeper.series)
	r.report.Skipped = o.Source.Skipped()
	if o.DryRun {
		r.report.Ranges = len(r.ranges)
	}
	return r.report, err
}

// prepare makes the folders and files that an import needs.
func (r *run) prepare() (undo func() error, err error) {
	dir := filepath.Join(r.Data, Dir)
	for _, d := range []string{dir, filepath.Join(r.Data, "tsdb")} {
		if err := os.MkdirAll(d, 0o750); err != nil {
			return nil, fmt.Errorf("make folder for the import: %w", err)
		}
	}
	if r.staging, undo, err = newStaging(dir); err != nil {
		return nil, err
	}
	if r.spool, err = newSpool(r.staging, r.room); err != nil {
		return nil, errors.Join(err, undo())
	}
	if r.over, err = newSpool(r.staging, r.room); err != nil {
		return nil, errors.Join(err, r.spool.Close(), undo())
	}
	if r.journal, err = openJournal(filepath.Join(dir, "journal")); err != nil {
		return nil, errors.Join(err, r.spool.Close(), r.over.Close(), undo())
	}
	now := r.Now()
	if r.mark = r.Mark; r.mark == nil {
		r.mark = &Mark{
			ID: ulid.MustNew(ulid.Timestamp(now), ulid.DefaultEntropy()).String(), Source: r.Source.Name(), Made: now.UTC(),
			From: math.MaxInt64, To: math.MinInt64,
		}
	}
	remove := undo
	return func() error { return errors.Join(r.journal.Close(), r.spool.Close(), r.over.Close(), remove()) }, nil
}

// room refuses to write when the disk would soon be too full for the daemon.
func (r *run) room() error {
	free, size, err := store.FreeDisk(r.Data)
	if err != nil {
		return nil // not every file system can tell; errors of writing still count
	}
	if want := max(r.MinFree, size/100); free < want+segmentBytes {
		return fmt.Errorf("%s are free on the disk of %s and %s are to be left; make room, or import less by --from or --match, and give the same command again",
			humanize.IBytes(free), r.Data, humanize.IBytes(want))
	}
	return nil
}

// windows reads the source, window by window if it can be, from the oldest on.
func (r *run) windows(ctx context.Context) error {
	from, to, ok := r.Source.Span()
	if !ok {
		return r.window(ctx, r.Query.From, r.Query.To, false)
	}
	from, to = max(from, r.Query.From, r.Oldest.UnixMilli()), min(to, r.Query.To)
	width := max(windowMost, r.BlockWidth).Milliseconds()
	width -= width % r.BlockWidth.Milliseconds()
	for start := floor(from, width); start <= to; start += width {
		whole := start >= from && start+width-1 <= to
		e := entry{Key: r.key(""), Start: start, Width: width}
		if whole && !r.DryRun && !r.Again && r.journal.done[e] {
			r.report.Known++
			r.done()
			continue
		}
		if err := r.window(ctx, max(start, from), min(start+width-1, to), true); err != nil {
			return err
		}
		if whole && !r.DryRun {
			if err := r.journal.note(e); err != nil {
				return err
			}
		}
		r.done()
	}
	return nil
}

// window imports one window of time; all of the source if it is not windowed.
func (r *run) window(ctx context.Context, from, to int64, windowed bool) error {
	q := r.Query
	q.From, q.To = from, to
	err := r.Source.Read(ctx, q, func(s Stretch) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return r.take(s, from, to)
	})
	if err != nil {
		return fmt.Errorf("nothing of this was imported: %w", err)
	}
	if r.DryRun {
		return nil
	}
	key := ""
	if d, is := r.Source.(Digested); is && !windowed {
		key = r.key(d.Digest())
	}
	for _, start := range r.spool.starts() {
		e := entry{Key: key, Start: start, Width: r.BlockWidth.Milliseconds()}
		// A range of which only a part was wanted is not done, and never known.
		all := key != "" && r.whole(start)
		if all && !r.Again && r.journal.done[e] {
			r.report.Known++
			continue
		}
		if err := r.write(ctx, start); err != nil {
			return err
		}
		if all {
			if err := r.journal.note(e); err != nil {
				return err
			}
		}
		if !windowed {
			r.done()
		}
	}
	return r.spool.reset()
}

// whole says whether nothing of a range of a source that is read as a whole was
// left out for its time.
func (r *run) whole(start int64) bool {
	end := start + r.BlockWidth.Milliseconds() - 1
	from, to := max(r.Query.From, r.Oldest.UnixMilli()), min(r.Query.To, r.Newest.UnixMilli())
	return r.report.Outside+r.report.Expired+r.report.Future == 0 || start >= from && end <= to
}

func (r *run) done() {
	if r.Done != nil {
		r.Done.Add(1)
	}
}

// take puts what is kept of a stretch into the spool, by range.
func (r *run) take(s Stretch, from, to int64) error {
	l, ok := r.keeper.labels(s.Labels)
	if !ok {
		r.report.Unmatched++
		return nil
	}
	width := r.BlockWidth.Milliseconds()
	before := r.report.Samples
	part, start := Stretch{Labels: l}, int64(0)
	flush := func() error {
		if len(part.Floats)+len(part.Histograms) == 0 {
			return nil
		}
		r.ranges[start] = true
		var err error
		if !r.DryRun {
			err = r.spool.add(start, part)
		}
		part.Floats, part.Histograms = part.Floats[:0], part.Histograms[:0]
		return err
	}
	for i := 0; i < len(s.Floats); i++ {
		p := s.Floats[i]
		if !r.keeper.time(p.T, from, to) {
			continue
		}
		if at := floor(p.T, width); at != start {
			if err := flush(); err != nil {
				return err
			}
			start = at
		}
		part.Floats = append(part.Floats, telemetry.Sample{T: p.T, V: p.V})
	}
	for _, h := range s.Histograms {
		if !r.keeper.time(h.T, from, to) {
			continue
		}
		if at := floor(h.T, width); at != start {
			if err := flush(); err != nil {
				return err
			}
			start = at
		}
		r.report.Histograms++
		part.Histograms = append(part.Histograms, h)
	}
	if r.report.Samples > before {
		r.keeper.series[l.Hash()] = struct{}{}
	}
	if r.Taken != nil {
		r.Taken.Add(r.report.Samples - before)
	}
	return flush()
}

// floor returns the largest multiple of width that is not after t.
func floor(t, width int64) int64 {
	n := t / width
	if t%width < 0 {
		n--
	}
	return n * width
}
