package backtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/tocsinhq/tocsin/detector"
)

// Options say what to run over what.
type Options struct {
	Source   Source
	Detector detector.Config
	NoShare  bool // no series owes its service anything, see detector.WithoutShare
	Format   Format
	Out      io.Writer
	Workers  int           // units judged at once; at least 1
	Rows     *atomic.Int64 // is added to as rows are judged; nil counts nothing
	Units    *atomic.Int64 // likewise units
}

// A worker hands on blocks of about blockBytes, of which aheadBlocks may wait
// until all units before are written.
const (
	blockBytes  = 64 << 10
	aheadBlocks = 32
)

// countEvery is how many rows are counted together for who watches how far a run is.
const countEvery = 64

// job is one unit on its way: a worker fills blocks and closes them; what became
// of the unit is known then.
type job struct {
	unit   Unit
	blocks chan []byte
	tally  *tally
	err    error
}

// Run judges every unit of the source and writes rows in the order of the units
// and, within one, of its records. It ends at the first error, in that order;
// what was written until then is whole lines. The source is not closed.
func Run(ctx context.Context, o Options) (Report, error) {
	report := newReport(o.Detector)
	if o.Workers < 1 {
		return report, fmt.Errorf("backtest: want at least 1 worker, got %d", o.Workers)
	}
	if _, err := o.Out.Write(o.Format.Head(nil)); err != nil {
		return report, fmt.Errorf("write rows: %w", err)
	}
	// Cancelled as soon as the first error in order is known.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	order := make(chan *job, o.Workers)
	work := make(chan *job)
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(order)
		defer close(work)
		return deal(gctx, o.Source, order, work)
	})
	for range o.Workers {
		g.Go(func() error {
			for j := range work {
				j.err = j.run(gctx, o)
				close(j.blocks)
			}
			return nil
		})
	}
	g.Go(func() error { return collect(gctx, o, order, &report) })
	err := g.Wait()
	return report, err
}

// deal takes units from the source and puts each into the order of the output
// and to the workers.
func deal(ctx context.Context, s Source, order, work chan<- *job) error {
	for {
		u, err := s.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		j := &job{unit: u, blocks: make(chan []byte, aheadBlocks), tally: newTally()}
		if err != nil { // told in its turn, after the rows before it
			j.err = err
			close(j.blocks)
		}
		select {
		case order <- j:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil {
			return nil
		}
		select {
		case work <- j:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// run judges one unit.
func (j *job) run(ctx context.Context, o Options) error {
	var more []detector.Option
	if o.NoShare {
		more = append(more, detector.WithoutShare())
	}
	judge, err := newJudge(o.Detector, j.unit, more...)
	if err != nil {
		return err
	}
	if e, ok := o.Format.(*Explanation); ok {
		judge.asked = e.t
	}
	block := make([]byte, 0, blockBytes+1024)
	send := func() error {
		select {
		case j.blocks <- block:
			block = make([]byte, 0, blockBytes+1024)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	counted := int64(0)
	count := func() {
		if o.Rows != nil {
			o.Rows.Add(int64(j.tally.rows) - counted)
			counted = int64(j.tally.rows)
		}
	}
	err = judge.run(ctx, j.tally, func(r *Row) error {
		if j.tally.rows%countEvery == 0 { // a row of thousands of metrics takes milliseconds
			count()
		}
		if block = o.Format.Append(block, r); len(block) < blockBytes {
			return nil
		}
		return send()
	})
	count()
	if serr := send(); err == nil {
		err = serr
	}
	return err
}

// collect writes the blocks of one unit after the other.
func collect(ctx context.Context, o Options, order <-chan *job, report *Report) error {
	for j := range order {
		if err := j.write(ctx, o.Out); err != nil {
			return err
		}
		if j.err != nil {
			return j.err
		}
		report.Units++
		report.add(j.tally)
		if o.Units != nil {
			o.Units.Add(1)
		}
	}
	return nil
}

func (j *job) write(ctx context.Context, w io.Writer) error {
	for {
		select {
		case block, more := <-j.blocks:
			if !more {
				return nil
			}
			if _, err := w.Write(block); err != nil {
				return fmt.Errorf("write rows: %w", err)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
