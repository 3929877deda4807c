package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"golang.org/x/sync/errgroup"

	"github.com/tocsinhq/tocsin/detector"
)

const (
	checkpointFile   = "detector.checkpoint"
	checkpointCursor = "detector_checkpoint" // when the last one was written, in milliseconds
	// reachedCursor is the time of the newest sample stored when it was begun, in
	// milliseconds: by the clocks of senders, behind which ours may be wrong by hours. It
	// is less than 0 when nothing was stored.
	reachedCursor = "detector_checkpoint_reached"
	// catchUpMargin is how late samples may be and still be found behind a checkpoint: in
	// order the store takes them up to an hour before its newest one. Those of a cloud come
	// as late. What is later than that takes a wider storage.out_of_order_window, and is
	// not judged when it came between a checkpoint and a kill. The bank ignores what it has
	// seen, so that the margin costs reading alone.
	catchUpMargin = time.Hour
)

// Checkpoint writes the detector's state to a new file and puts it in place of
// the old one, so that a crash leaves one whole checkpoint at any moment. While the
// detector catches up with the last one that stays: it says from where on to read.
func (c *Core) Checkpoint(ctx context.Context, at time.Time) error {
	if c.CatchingUp() {
		return nil
	}
	c.checkpointMu.Lock() // a later copy is not replaced by an earlier one
	defer c.checkpointMu.Unlock()
	path := filepath.Join(c.dir, checkpointFile)
	// The old one stays until the new one is whole, so both must fit: a disk that
	// is filled by a checkpoint takes no samples.
	if old, err := os.Stat(path); err == nil {
		if err := c.writer.RoomFor(old.Size()); err != nil {
			return fmt.Errorf("checkpoint detector to %s: %w", path, err)
		}
	}
	_, reached, _ := c.timeRange()
	tmp, err := os.CreateTemp(c.dir, checkpointFile+".*")
	if err != nil {
		return fmt.Errorf("checkpoint detector: %w", err)
	}
	defer os.Remove(tmp.Name())
	err = c.bank.Checkpoint(tmp)
	if err == nil {
		err = tmp.Sync()
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		// The checkpoint knows of episodes whose opening may still wait in the
		// queue. It takes effect only when they are stored: a process that
		// starts from it would never tell of them.
		err = c.Consume(ctx, at)
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("checkpoint detector to %s: %w", path, err)
	}
	return errors.Join(c.incidents.SetCursor(ctx, reachedCursor, reached), c.incidents.SetCursor(ctx, checkpointCursor, at.UnixMilli()))
}

// restore says from where on samples are to be read that the store received after the
// checkpoint, and shuts the gate until that is done; see CatchUp. Without a checkpoint
// (have is false), with a damaged one, which is kept aside, and with one of a warm start
// that was cut off, Warm has to give the series their history.
func (c *Core) restore(ctx context.Context, have bool) error {
	warming, err := c.incidents.Cursor(ctx, warmingCursor)
	if err != nil {
		return fmt.Errorf("restore detector: %w", err)
	}
	c.cold = !have || warming != 0
	if !have {
		if _, _, any := c.timeRange(); any {
			c.log.Info("detector has no usable checkpoint; it learns from stored history while it runs")
		}
		if err := c.endEpisodes(ctx, c.now()); err != nil { // no reason not to start
			c.log.Error("episodes of before the start may stay open; a restart tries again", "error", err)
		}
		return nil
	}
	at, err := c.incidents.Cursor(ctx, checkpointCursor)
	if err != nil {
		return fmt.Errorf("restore detector: read time of checkpoint: %w", err)
	}
	reached, err := c.incidents.Cursor(ctx, reachedCursor)
	if err != nil {
		return fmt.Errorf("restore detector: read how far the checkpoint reaches: %w", err)
	}
	if reached != 0 { // 0: written before this was noted
		at = max(0, min(at, reached))
	}
	c.caughtUp = max(0, at-catchUpMargin.Milliseconds())
	c.gate.shut.Store(true)
	return nil
}

// restoreCheckpoint reads the checkpoint into the bank and says whether there was
// one that could be read.
func (c *Core) restoreCheckpoint() (bool, error) {
	path := filepath.Join(c.dir, checkpointFile)
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("restore detector: %w", err)
	}
	err = c.bank.Restore(f)
	f.Close()
	if err == nil {
		return true, nil
	}
	aside := path + ".damaged"
	c.damaged = fmt.Sprintf("detector checkpoint could not be read: %v; it is kept as %s, and the detector has learned anew from stored history, and from the server of warm_start if there is one", err, aside)
	c.metrics.checkpointsDamaged.Inc()
	c.log.Error("detector checkpoint cannot be read; it is kept aside and the detector learns anew from stored history", "file", aside, "error", err)
	if err := os.Rename(path, aside); err != nil {
		return false, fmt.Errorf("restore detector: put damaged checkpoint aside: %w", err)
	}
	return false, nil
}

// catchUp feeds all stored samples from the given time on, histogram by histogram
// and then series by series. The bank ignores samples that it has already seen.
func (c *Core) catchUp(ctx context.Context, from int64) (int, error) {
	_, newest, ok := c.timeRange()
	if !ok || newest < from {
		return 0, nil
	}
	q, err := c.tsdb.Querier(from, newest)
	if err != nil {
		return 0, err
	}
	defer q.Close()
	hints := &storage.SelectHints{Start: from, End: newest}
	f := feeding{to: c.observer, late: c.observer.lateBefore, newest: math.MinInt64}
	if err := f.buckets(ctx, q, hints); err != nil {
		return f.n, err
	}
	all := labels.MustNewMatcher(labels.MatchRegexp, labels.MetricName, ".+")
	n, err := c.catchUpSeries(ctx, q.Select(ctx, false, hints, all))
	return f.n + n, err
}

// catchUpBatch is how many series one worker of a catch-up takes at a time.
const catchUpBatch = 256

// catchUpSeries feeds all series of a set but buckets, on every processor: until that is
// done nobody is told of anything new.
func (c *Core) catchUpSeries(ctx context.Context, set storage.SeriesSet) (int, error) {
	batches := make(chan []storage.Series)
	var workers errgroup.Group
	var fed atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() (err error) {
			f := feeding{to: c.observer, late: c.observer.lateBefore, newest: math.MinInt64}
			var it chunkenc.Iterator
			for batch := range batches {
				for _, s := range batch {
					if err != nil {
						continue // the others are taken all the same, or nobody could hand on
					}
					it = s.Iterator(it)
					err = f.one(s.Labels(), it)
				}
			}
			fed.Add(int64(f.n))
			return err
		})
	}
	batch := make([]storage.Series, 0, catchUpBatch)
	for ctx.Err() == nil && set.Next() {
		s := set.At()
		if _, isBucket := detector.HistogramOf(s.Labels()); isBucket {
			continue
		}
		if batch = append(batch, s); len(batch) == catchUpBatch {
			batches <- batch
			batch = make([]storage.Series, 0, catchUpBatch)
		}
	}
	batches <- batch
	close(batches)
	err := workers.Wait()
	return int(fed.Load()), errors.Join(err, set.Err(), ctx.Err())
}
