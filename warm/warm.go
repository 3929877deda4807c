package warm

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/prometheus/model/labels"
	"golang.org/x/sync/errgroup"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/store/remote"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Options are what a Starter is made of.
type Options struct {
	Config   Config
	Detector detector.Config // that of the bank
	Bank     *detector.Bank
	// Series lists the series of floats of the store. Buckets of histograms among
	// them are left out: who has the store knows them together.
	Series func(ctx context.Context) ([]labels.Labels, error)
	// Samples returns the samples of one series of the store after a time in
	// milliseconds, oldest first; none is no error. It is called by several
	// goroutines at once.
	Samples func(ctx context.Context, l labels.Labels, after int64) ([]telemetry.Sample, error)
	// Away returns the times in which this daemon saw nothing, as detector.Config.Away;
	// nil if it always did. That the store has no samples of then is no silence.
	Away func() [][2]int64
	// Histogram replays the history that the server has of a histogram, and what the
	// store has after it, into what the bank derives from it. It returns how many samples
	// there were, and the error of Past if that has one, after which nothing is to be
	// taken over. It is called by several goroutines at once.
	Histogram func(ctx context.Context, h Histogram) (samples int, err error)
	// Tell takes the ends of episodes that a young state had opened.
	Tell func(detector.Verdict)
	Now  func() time.Time
	// Wait returns after so long, or the context's error when that ends before; nil is
	// by the clock.
	Wait    func(context.Context, time.Duration) error
	Logger  *slog.Logger
	Metrics *metrics.Set
}

// Starter warms a bank. Its figures may be read at any time.
type Starter struct {
	o       Options
	names   map[string][]string // of labels that series of the server have, by name of their metric
	active  atomic.Bool
	planned atomic.Int64
	done    atomic.Int64
	failed  atomic.Int64
	samples atomic.Int64
	short   atomic.Bool // see Progress.Incomplete
}

// Progress says how far a warm start has come.
type Progress struct {
	Active  bool  // under way, also while a server is waited for
	Series  int64 // to be warmed
	Done    int64 // of these; with those that had nothing to gain
	Failed  int64 // of those done: the history could not be read, or not in whole
	Samples int64 // replayed
	// Incomplete says that the server could not be asked, or not to the end; a
	// later start should try again.
	Incomplete bool
}

// New returns a starter. It starts nothing; see Run.
func New(o Options) *Starter {
	if o.Wait == nil {
		o.Wait = byClock
	}
	s := &Starter{o: o}
	o.Metrics.NewGauge("tocsin_detector_warm_start_series_total", func() float64 { return float64(s.planned.Load()) })
	o.Metrics.NewGauge("tocsin_detector_warm_start_series_done", func() float64 { return float64(s.done.Load()) })
	o.Metrics.NewGauge("tocsin_detector_warm_start_series_failed", func() float64 { return float64(s.failed.Load()) })
	o.Metrics.NewGauge("tocsin_detector_warm_start_samples", func() float64 { return float64(s.samples.Load()) })
	return s
}

// Progress returns how far it has come.
func (s *Starter) Progress() Progress {
	return Progress{
		Active: s.active.Load(), Series: s.planned.Load(), Done: s.done.Load(),
		Failed: s.failed.Load(), Samples: s.samples.Load(), Incomplete: s.short.Load(),
	}
}

const (
	// mostFailures in a row and the server is left alone for a while.
	mostFailures = 20
	logEvery     = 30 * time.Second
)

// source is one series that is to be warmed.
type source struct {
	local  labels.Labels // its labels here
	remote labels.Labels // its labels at the server; empty when it is not there
	// buckets are those of a classic histogram, which has no labels there.
	buckets []pair
}

// missing is a series that the server did not give.
type missing struct {
	source
	err error
}

// Run warms the series that the bank does not know, with fresh also those that
// it knows, because what it knows is young. It returns when all is done, nil also
// when the server or the store gave less than was asked for, and the context's
// error when that ends. A server that does not answer at first is asked again for ten
// minutes, for it may have been started together with this daemon and be reading its log;
// likewise one that stops answering in between, for it may be starting anew. It is called
// once.
func (s *Starter) Run(ctx context.Context, fresh bool) error {
	var server *remote.Reader
	if s.o.Config.URL != "" {
		var err error
		if server, err = remote.NewReader(s.o.Config.Config); err != nil {
			s.short.Store(true)
			s.o.Logger.Error("no warm start from the server", "error", err)
		} else {
			defer server.Close()
		}
	}
	own := s.o.Series
	if !fresh {
		own = nil
	}
	if server == nil {
		if own == nil {
			return nil
		}
		return s.Learn(ctx, own)
	}
	s.active.Store(true)
	defer s.active.Store(false)
	there, err := s.list(ctx, server)
	if err == nil {
		return s.run(ctx, server, there, own)
	}
	if own != nil { // what there is already is not to wait
		if err := s.run(ctx, nil, nil, own); err != nil {
			return err
		}
	}
	if there, err = s.listLater(ctx, server, err); err != nil || there == nil {
		return err
	}
	return s.run(ctx, server, there, own)
}

// Learn warms the given series, of those that the store has, also those that the
// bank knows, from what the store has of them: after a history was put into the
// store. What series have seen that reaches as far back stays. It returns when all
// is done, and the context's error when that ends. It is not called beside Run or
// itself; the figures are those of the last call.
func (s *Starter) Learn(ctx context.Context, series func(context.Context) ([]labels.Labels, error)) error {
	s.active.Store(true)
	defer s.active.Store(false)
	return s.run(ctx, nil, nil, series)
}

// run warms what own lists, if it is not nil, and the given series of the server.
func (s *Starter) run(ctx context.Context, server *remote.Reader, there []labels.Labels, own func(context.Context) ([]labels.Labels, error)) error {
	s.done.Store(0)
	s.failed.Store(0)
	begun := s.o.Now()
	plan, err := s.plan(ctx, there, own)
	if err != nil {
		return err
	}
	s.planned.Store(int64(len(plan)))
	if len(plan) == 0 {
		return nil
	}
	s.o.Logger.Info("warm start of the detector begins; live samples are stored and judged meanwhile", "series", len(plan))
	missed, err := s.work(ctx, server, plan)
	if err != nil {
		return err
	}
	if err := s.workLater(ctx, server, missed); err != nil {
		return err
	}
	p := s.Progress()
	s.o.Logger.Info("warm start of the detector has ended", "series", p.Done, "failed", p.Failed, "samples", p.Samples, "took", s.o.Now().Sub(begun).Round(time.Millisecond))
	return nil
}

// plan lists what is to be warmed. It registers nothing: what a server lists may be a
// native histogram, under whose name there are no floats.
func (s *Starter) plan(ctx context.Context, series []labels.Labels, own func(context.Context) ([]labels.Labels, error)) ([]source, error) {
	var plan []source
	place := map[uint64]int{} // by hash of labels
	histograms, known := classics{}, quantiles(nil)
	if own == nil {
		known = s.known()
	}
	add := func(local, there labels.Labels) {
		if whole, isBucket := detector.HistogramOf(local); isBucket {
			if !there.IsEmpty() && !known.of(whole) { // is watched together with others only
				plan = histograms.add(plan, whole, pair{local, there})
			}
			return
		}
		if known.of(local) || !detector.Watches(local) {
			return
		}
		if _, known := s.o.Bank.Last(s.o.Bank.Lookup(local)); known && own == nil {
			return
		}
		hash := local.Hash()
		at, planned := place[hash]
		if !planned || !labels.Equal(plan[at].local, local) {
			at = len(plan)
			place[hash] = at
			plan = append(plan, source{local: local})
		}
		plan[at].remote = there
	}
	if own != nil {
		stored, err := own(ctx)
		if err != nil {
			return nil, fmt.Errorf("warm start: list series of the store: %w", err)
		}
		for _, l := range stored {
			add(l, labels.EmptyLabels())
		}
	}
	b := labels.NewBuilder(labels.EmptyLabels())
	s.names = labelNames(series)
	for _, l := range series {
		b.Reset(l)
		for name, value := range s.o.Config.Labels {
			if !l.Has(name) { // a label of the series goes before an external one
				b.Set(name, value)
			}
		}
		add(b.Labels(), l)
	}
	return plan, nil
}

// work shares the plan among the workers. It returns what the server did not give.
func (s *Starter) work(ctx context.Context, server *remote.Reader, plan []source) (missed []missing, err error) {
	g, ctx := errgroup.WithContext(ctx)
	next := make(chan source)
	g.Go(func() error {
		defer close(next)
		told := s.o.Now()
		for i, x := range plan {
			select {
			case next <- x:
			case <-ctx.Done():
				return ctx.Err()
			}
			if now := s.o.Now(); now.Sub(told) >= logEvery {
				told = now
				s.o.Logger.Info("warm start of the detector goes on", "series", len(plan), "begun", i+1, "done", s.done.Load(), "failed", s.failed.Load())
			}
		}
		return nil
	})
	failures := new(atomic.Int64)
	var mu sync.Mutex // of missed
	for range s.o.Config.Workers {
		g.Go(func() error {
			w := worker{Starter: s, server: server, failures: failures}
			for x := range next {
				failure, err := w.warm(ctx, x)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				s.done.Add(1)
				if failure != nil || err != nil {
					s.failed.Add(1)
				}
				if failure != nil {
					mu.Lock()
					missed = append(missed, missing{x, failure})
					mu.Unlock()
				}
				if err != nil {
					s.tell(x, err)
				}
			}
			return nil
		})
	}
	err = g.Wait()
	return missed, err
}

// tell logs a series whose history was not read.
func (s *Starter) tell(x source, err error) {
	s.o.Logger.Warn("a series was not warmed, or not in whole", "series", x.local, "error", err)
}
