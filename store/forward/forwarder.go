package forward

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/storage/remote"
)

// Options are what a Forwarder is made of.
type Options struct {
	// Logs are folders of which wal/ is read, by a name each: the parts of the store.
	// Each target has a queue for each log.
	Logs       []Log
	Logger     *slog.Logger
	Registerer prometheus.Registerer // for the queues' metrics, named as in Prometheus
	// Metadata knows types and helps of what is scraped, which remote write 1.0
	// sends apart from the samples; nil knows none.
	Metadata remote.ReadyScrapeManager
	// Progress returns how many samples were written to each log since the start, in
	// the order of Logs, and the time of the newest in milliseconds. Queues take the
	// number of their senders from it. A number may be smaller than the one before for
	// a moment.
	Progress func() (stored []uint64, newest int64)
	// FlushDeadline is how long Run takes at most to send what waits when it ends, after
	// at most as long to read what is left of the logs, and Apply for a queue that goes;
	// 0 is ten seconds.
	FlushDeadline time.Duration
}

// Log is the log of a part of the store.
type Log struct{ Name, Dir string }

// Forwarder keeps a queue for each target and log. It is safe for concurrent use.
type Forwarder struct {
	o   Options
	own []*prometheus.Registry // the queues' metrics, by log

	mu      sync.Mutex
	targets Targets
	queues  queues // while Run runs
	ended   bool

	grown chan struct{} // holds a token when the log has grown
}

// New returns a forwarder without targets. It starts nothing; see Run.
func New(o Options) (*Forwarder, error) {
	if o.FlushDeadline == 0 {
		o.FlushDeadline = 10 * time.Second
	}
	f := &Forwarder{o: o, grown: make(chan struct{}, 1)}
	for range o.Logs {
		own := prometheus.NewRegistry()
		if err := o.Registerer.Register(own); err != nil {
			return nil, fmt.Errorf("make forwarder: %w", err)
		}
		f.own = append(f.own, own)
	}
	return f, nil
}

// queues are the queues of all targets, by log.
type queues []*remote.WriteStorage

func (f *Forwarder) newQueues() queues {
	var q queues
	for i, log := range f.o.Logs {
		metrics := prometheus.WrapRegistererWith(prometheus.Labels{"log": log.Name}, f.own[i])
		q = append(q, remote.NewWriteStorage(f.o.Logger.With("log", log.Name), metrics, log.Dir, f.o.FlushDeadline, f.o.Metadata, false))
	}
	return q
}

// apply makes targets the ones of all queues, or of none.
func (q queues) apply(targets, before Targets) error {
	for i, one := range q {
		if err := one.ApplyConfig(targets.prometheus()); err != nil {
			err = fmt.Errorf("apply remote_write: %w", err)
			for _, other := range q[:i] {
				err = errors.Join(err, other.ApplyConfig(before.prometheus()))
			}
			return err
		}
	}
	return nil
}

func (q queues) notify() {
	for _, one := range q {
		one.Notify() // waits while Apply ends a queue
	}
}

// close ends all queues, which takes the flush deadline and not once for each.
func (q queues) close() error {
	errs := make([]error, len(q))
	var done sync.WaitGroup
	for i, one := range q {
		done.Go(func() { errs[i] = one.Close() })
	}
	done.Wait()
	return errors.Join(errs...)
}

// Apply makes targets the ones that are sent to. Queues of targets that stay the
// same are not disturbed; a new one begins with what is written from now on. On an
// error the targets before stay. Before Run it only remembers them.
func (f *Forwarder) Apply(targets Targets) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.queues != nil {
		if err := f.queues.apply(targets, f.targets); err != nil {
			return err
		}
	}
	f.targets = targets
	return nil
}

// Notify tells the queues that the log has grown. It never waits: whoever has
// written to the log calls it. See tsdb.DB.SetWriteNotified.
func (f *Forwarder) Notify() {
	select {
	case f.grown <- struct{}{}:
	default: // they will read all of it
	}
}

// Run forwards until ctx ends, and then takes up to the flush deadline to send what
// waits. End it after all that writes. It can run once.
func (f *Forwarder) Run(ctx context.Context) error {
	f.mu.Lock()
	if f.queues != nil || f.ended {
		f.mu.Unlock()
		return errors.New("run forwarding: it has run already")
	}
	q := f.newQueues()
	err := q.apply(f.targets, Targets{})
	f.queues = q
	f.mu.Unlock()
	if err == nil {
		f.feed(ctx, q)
		f.drain(q)
	}
	f.mu.Lock()
	f.queues, f.ended = nil, true
	f.mu.Unlock()
	return errors.Join(err, q.close())
}

const (
	feedEvery  = time.Second
	drainEvery = 20 * time.Millisecond
	drainQuiet = 5  // looks at which nothing had been read
	drainFull  = 75 // looks at which a receiver had taken nothing either
)

// feed tells the queues that the log has grown, and each second how much was stored,
// which they count as Prometheus counts what passes through its own storage: one
// call for each sample.
func (f *Forwarder) feed(ctx context.Context, q queues) {
	tick := time.NewTicker(feedEvery)
	defer tick.Stop()
	before, _ := f.o.Progress()
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.grown:
			q.notify()
			continue
		case <-tick.C:
		}
		stored, newest := f.o.Progress()
		for i := range q {
			if stored[i] <= before[i] { // what is under way may be in one figure and not yet in the other
				continue
			}
			if !f.idle() {
				count(ctx, q[i], stored[i]-before[i], newest)
			}
			before[i] = stored[i]
		}
	}
}

func count(ctx context.Context, q *remote.WriteStorage, samples uint64, newest int64) {
	app := q.AppenderV2(ctx)
	for range samples {
		_, _ = app.Append(0, labels.EmptyLabels(), 0, newest, 0, nil, nil, storage.AppendV2Options{}) // only counts
	}
	_ = app.Commit() // only counts
}

// drain waits for the queues to have read the end of the log, which they give up
// reading when they are closed: until they read nothing more. While they hold as much as
// they can, they read on when the receiver has taken some of it, so that they are given
// longer, unless it takes nothing.
func (f *Forwarder) drain(q queues) {
	if f.idle() {
		return
	}
	over := time.After(f.o.FlushDeadline)
	tick := time.NewTicker(drainEvery)
	defer tick.Stop()
	for was, quiet := f.backlog(), 0; quiet < drainQuiet || was.full && quiet < drainFull; {
		q.notify()
		select {
		case <-over:
			return
		case <-tick.C:
		}
		if now := f.backlog(); now != was {
			was, quiet = now, 0
			continue
		}
		quiet++
	}
}

func (f *Forwarder) idle() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.targets.configs) == 0
}
