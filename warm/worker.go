package warm

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/store/remote"
	"github.com/tocsinhq/tocsin/telemetry"
)

// errLeftAlone is told once for all series that the server was not asked for.
var errLeftAlone = errors.New("the server is not asked any more")

// perBank is how many series a bank beside is used for: one chunk of states.
const perBank = 255

// mostTries bounds how often the newest samples are read again because others
// came meanwhile; each time takes less than a scrape.
const mostTries = 10

// worker warms one series at a time.
type worker struct {
	*Starter
	server   *remote.Reader
	failures *atomic.Int64 // of the server in a row, of all workers
	bank     *detector.Bank
}

// warm replays the history of one series and has the bank adopt what was learned.
// failure is why the server gave nothing, err what else went wrong.
func (w *worker) warm(ctx context.Context, x source) (failure, err error) {
	if x.buckets != nil {
		return w.histogram(ctx, x)
	}
	var past []telemetry.Sample
	if !x.remote.IsEmpty() {
		var native uint64
		if past, native, failure = w.ask(ctx, x.remote); len(past) == 0 && native > 0 {
			return w.histogram(ctx, x)
		}
	}
	if err := w.renew(); err != nil {
		return failure, err
	}
	slot := w.bank.Register(x.local)
	newest := int64(math.MinInt64)
	// Silences are told of what was sent here. When a server could not scrape, as where it
	// was started anew, is not known, and nobody was told of that.
	replay := func(samples []telemetry.Sample, here bool) {
		for _, p := range samples {
			if p.T > newest {
				if here && newest > math.MinInt64 {
					w.bank.Pass(slot, p.T)
				}
				w.bank.Observe(slot, p.T, p.V)
				newest = p.T
			}
		}
		w.samples.Add(int64(len(samples)))
	}
	replay(past, false)
	for range mostTries {
		samples, err := w.o.Samples(ctx, x.local, newest)
		if err != nil {
			return failure, fmt.Errorf("read the store: %w", err)
		}
		if replay(samples, true); newest == math.MinInt64 {
			return failure, nil // there is nothing of it
		}
		live := w.o.Bank.Register(x.local)
		if _, known := w.o.Bank.Last(live); !known {
			// Nobody has promised that it will go on here: it is missed only
			// once it has sent something. The next sample takes that back.
			w.bank.Observe(slot, newest, math.Float64frombits(value.StaleNaN))
		}
		lost, tell, done := w.o.Bank.Adopt(live, w.bank, slot)
		if tell {
			w.o.Tell(lost)
		}
		if done {
			return failure, nil
		}
	}
	return failure, fmt.Errorf("samples come faster than they are read back, in %d tries", mostTries)
}

// renew gives the worker another bank when it has none, or that is full.
func (w *worker) renew() error {
	if w.bank != nil && w.bank.Len() < perBank {
		return nil
	}
	c := w.o.Detector
	if w.o.Away != nil {
		c.Away = w.o.Away()
	}
	// Each is a service of its own: what the others of a batch spend is not
	// what its service has spent.
	bank, err := detector.NewBank(c, detector.WithServices(labels.Labels.String))
	w.bank = bank
	return err
}

// ask reads what the server has of a series: floats, and how many histograms. After
// mostFailures in a row it is left alone; see Starter.workLater.
func (w *worker) ask(ctx context.Context, remote labels.Labels) (samples []telemetry.Sample, histograms uint64, err error) {
	if w.failures.Load() >= mostFailures {
		return nil, 0, errLeftAlone
	}
	now := w.o.Now()
	samples, histograms, err = w.server.Samples(ctx, remote, now.Add(-w.o.Config.Lookback.Std()), now)
	if w.answered(err) != nil {
		return nil, 0, err
	}
	return samples, histograms, nil
}

// answered takes note of whether the server has answered, and returns the error.
func (w *worker) answered(err error) error {
	if err == nil {
		w.failures.Store(0)
		return nil
	}
	w.short.Store(true)
	w.failures.Add(1)
	return err
}
