package backtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/prometheus/prometheus/model/labels"
	"golang.org/x/sync/errgroup"

	"github.com/tocsinhq/tocsin/detector"
)

// PastOptions say what to run over the series of a store or a server. All fields
// are required but the counters.
type PastOptions struct {
	Read      Read
	Selectors [][]*labels.Matcher
	From, To  int64 // ms, both included
	// Owner returns the service of a series, as detector.WithServices takes it.
	Owner    func(labels.Labels) string
	Detector detector.Config
	Format   Format
	Out      io.Writer
	Workers  int // goroutines that judge, and as many that format; at least 1

	Rows    *atomic.Int64 // is added to as rows are written; nil counts nothing
	Streams *atomic.Int64 // likewise series, as their first sample is read
	Passed  *atomic.Int64 // ms of the past that were judged; nil tells nobody
	Span    *atomic.Int64 // of so many: from the first sample to about the newest; 0 until that is found
}

// RunPast judges all series together in the order of time, those of one time in that
// of services and labels, and writes a row for each sample that is a number, for each
// value that is derived from a histogram, for what is odd in a service as a whole, and
// for each odd silence. Series share the budget of their service, and services what
// metrics of a name have shown, as in the bank of a daemon that was sent the samples in
// this order and looked for silences every ten seconds. The number of workers changes
// nothing. Memory is what the bank needs for its series and about 200 MB.
//
//	reader     windows of samples, one ahead
//	conductor  cuts them into slices, and where families are due
//	shards     judge a slice: each the series of its services
//	formatters rows -> bytes, in any order
//	writer     in the order of slices
//
// It ends at the first error; what was written until then is whole lines.
func RunPast(ctx context.Context, o PastOptions) (Report, error) {
	report := newReport(o.Detector)
	if o.Workers < 1 {
		return report, fmt.Errorf("backtest: want at least 1 worker, got %d", o.Workers)
	}
	c, err := newConductor(o)
	if err != nil {
		return report, err
	}
	if _, err := o.Out.Write(o.Format.Head(nil)); err != nil {
		return report, fmt.Errorf("write rows: %w", err)
	}
	g, ctx := errgroup.WithContext(ctx)
	r := newReader(o)
	windows := make(chan *window)
	g.Go(func() error {
		defer close(windows)
		return r.run(ctx, windows)
	})
	g.Go(func() error {
		defer close(c.order)
		defer close(c.work)
		return c.run(ctx, windows, r.free)
	})
	for range o.Workers {
		g.Go(func() error {
			for s := range c.work {
				s.format(o.Format)
				close(s.done)
			}
			return nil
		})
	}
	g.Go(func() error { return c.write(ctx, &report) })
	err = g.Wait()
	c.sum(&report)
	report.Services = uint64(len(r.homes))
	return report, err
}

// run reads windows until there are no more.
func (r *reader) run(ctx context.Context, windows chan<- *window) error {
	for {
		w, err := r.next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		first, known := w.entries[0].t, w.to
		select {
		case windows <- w: // which is the conductor's now
		case <-ctx.Done():
			return ctx.Err()
		}
		if r.size != nil && r.size.Load() == 0 {
			r.size.Store(max(r.newest(ctx, first, known)-first, 1))
		}
	}
}

// conductor leads the shards through time.
type conductor struct {
	o        PastOptions
	families *detector.Families
	shards   []*shard
	banks    []*detector.Bank

	first, last int64 // times of samples, noTime before the first
	missed      uint64

	slices chan *slice // to be used again
	order  chan *slice // to the writer
	work   chan *slice // to the formatters
}

func newConductor(o PastOptions) (*conductor, error) {
	ahead := 2 * o.Workers // slices that are formatted or wait to be written
	c := &conductor{
		o: o, families: detector.NewFamilies(o.Detector), first: noTime, last: noTime,
		slices: make(chan *slice, ahead+2), order: make(chan *slice, ahead), work: make(chan *slice, ahead),
	}
	for i := range o.Workers {
		s, err := newShard(o, i, c.families)
		if err != nil {
			return nil, err
		}
		c.shards, c.banks = append(c.shards, s), append(c.banks, s.bank)
	}
	for range cap(c.slices) {
		c.slices <- &slice{owner: o.Owner, extras: make([][]extra, o.Workers)}
	}
	return c, nil
}

func (c *conductor) run(ctx context.Context, windows <-chan *window, free chan<- *window) error {
	for w := range windows {
		if c.first == noTime {
			c.first = w.entries[0].t
		}
		c.missed += w.missed
		if err := c.conduct(ctx, w); err != nil {
			return err
		}
		if c.o.Passed != nil {
			c.o.Passed.Store(w.to - c.first)
		}
		select {
		case free <- w: // which is the reader's from here on
		default:
		}
	}
	return ctx.Err()
}

// conduct cuts a window into slices and has them judged.
func (c *conductor) conduct(ctx context.Context, w *window) error {
	from := 0
	s, err := c.next(ctx, w, from)
	if err != nil {
		return err
	}
	cut := func(at int) error {
		s.entries = w.entries[from:at]
		if err := c.judge(ctx, s); err != nil {
			return err
		}
		from = at
		s, err = c.next(ctx, w, from)
		return err
	}
	for i := range w.entries {
		t := w.entries[i].t
		if t > c.last && c.last != noTime {
			for at := range detector.Sweeps(c.last, t) {
				if c.families.Due(at) {
					if err := cut(i); err != nil {
						return err
					}
					c.families.Learn(at, c.banks)
				}
				s.sweeps = append(s.sweeps, place{i - from, at})
			}
		}
		c.last = t
		if i-from == sliceMost {
			if err := cut(i); err != nil {
				return err
			}
		}
	}
	s.entries = w.entries[from:]
	return c.judge(ctx, s)
}

// next returns an empty slice of a window.
func (c *conductor) next(ctx context.Context, w *window, from int) (*slice, error) {
	select {
	case s := <-c.slices:
		s.begin(w, from)
		return s, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// judge lets all shards judge a slice and hands it on.
func (c *conductor) judge(ctx context.Context, s *slice) error {
	s.ready()
	var wg sync.WaitGroup
	for _, x := range c.shards[1:] {
		wg.Go(func() { x.judge(s) })
	}
	c.shards[0].judge(s)
	wg.Wait()
	for _, to := range [...]chan *slice{c.order, c.work} {
		select {
		case to <- s:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// write writes slices in their order.
func (c *conductor) write(ctx context.Context, report *Report) error {
	for s := range c.order {
		select {
		case <-s.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if _, err := c.o.Out.Write(s.block); err != nil {
			return fmt.Errorf("write rows: %w", err)
		}
		report.add(s.tally)
		if c.o.Rows != nil {
			c.o.Rows.Add(int64(s.tally.rows))
		}
		c.slices <- s
	}
	return nil
}

// sum adds to a report what is known at the end.
func (c *conductor) sum(r *Report) {
	r.Unread += c.missed
	for _, s := range c.shards {
		r.Units += s.streams
		r.Metrics += s.streams
		r.LeftOut += s.leftOut
		r.Needed += uint64(s.bank.Len()) + s.leftOut
		all, charged := s.bank.Alarms()
		r.Alarms += all
		r.Charged += charged
	}
}
