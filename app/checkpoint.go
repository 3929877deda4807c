package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tocsinhq/tocsin/detector"
)

const (
	checkpointFile   = "detector.checkpoint"
	checkpointCursor = "detector_checkpoint" // event time of the last one, in milliseconds
	// catchUpMargin covers samples that were on their way when the checkpoint
	// was written. The bank ignores what it has seen, so a wide margin is free.
	catchUpMargin = 10 * time.Minute
)

// Checkpoint writes the detector's state to a new file and puts it in place of
// the old one, so that a crash leaves one whole checkpoint at any moment.
func (c *Core) Checkpoint(ctx context.Context, at time.Time) error {
	path := filepath.Join(c.dir, checkpointFile)
	tmp, err := os.CreateTemp(c.dir, checkpointFile+".*")
	if err != nil {
		return fmt.Errorf("checkpoint detector: %w", err)
	}
	defer os.Remove(tmp.Name())
	w := bufio.NewWriterSize(tmp, 1<<20)
	err = c.bank.Checkpoint(w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = tmp.Sync()
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	// What the bank had to tell before it was copied must be stored before the
	// copy counts: after a crash it would not tell it again.
	if err == nil {
		err = c.Consume(ctx, at)
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
	return c.incidents.SetCursor(ctx, checkpointCursor, at.UnixMilli())
}

// restore reads the last checkpoint and then feeds the bank the samples that the
// store received after it, so that a restart forgets nothing. Without a
// checkpoint, or with a damaged one, which is kept aside, the bank learns from
// all the history in the store.
func (c *Core) restore(ctx context.Context) error {
	path := filepath.Join(c.dir, checkpointFile)
	from := int64(0)
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("restore detector: %w", err)
	default:
		rerr := c.bank.Restore(bufio.NewReaderSize(f, 1<<20))
		f.Close()
		if rerr != nil {
			aside := path + ".damaged"
			c.log.Error("detector checkpoint cannot be read; it is kept aside and the detector learns anew from stored history", "file", aside, "error", rerr)
			if err := os.Rename(path, aside); err != nil {
				return fmt.Errorf("restore detector: put damaged checkpoint aside: %w", err)
			}
			break
		}
		at, err := c.incidents.Cursor(ctx, checkpointCursor)
		if err != nil {
			return fmt.Errorf("restore detector: read time of checkpoint: %w", err)
		}
		from = max(0, at-catchUpMargin.Milliseconds())
	}
	n, err := c.catchUp(ctx, from)
	if err != nil {
		return fmt.Errorf("restore detector: read stored samples: %w", err)
	}
	c.log.Info("detector restored", "series", c.bank.Len(), "samples_after_checkpoint", n)
	return nil
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
	n, err := c.catchUpBuckets(ctx, q, hints)
	if err != nil {
		return n, err
	}
	all := labels.MustNewMatcher(labels.MatchRegexp, labels.MetricName, ".+")
	set := q.Select(ctx, false, hints, all)
	var it chunkenc.Iterator
	for set.Next() {
		s := set.At()
		if _, isBucket := detector.HistogramOf(s.Labels()); isBucket {
			continue
		}
		it = s.Iterator(it)
		fed, err := c.catchUpOne(s.Labels(), it)
		n += fed
		if err != nil {
			return n, err
		}
	}
	return n, set.Err()
}
