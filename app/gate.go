package app

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// gate stands before the observer while the detector reads what was stored after its
// checkpoint: it is to see the samples of a series in order, and the daemon is not to
// wait. What is stored meanwhile is not shown; it is in the store before it comes here,
// and is read from there by who opens the gate. A gate is open when it is made.
type gate struct {
	*observer
	shut atomic.Bool
	mu   sync.RWMutex // held to open it
}

// passes waits while the gate is being opened, and reports whether it is open.
func (g *gate) passes() bool {
	if !g.shut.Load() {
		return true
	}
	g.mu.RLock()
	defer g.mu.RUnlock()
	return !g.shut.Load()
}

// Observe is the observer's, or shows nothing.
func (g *gate) Observe(all []telemetry.Observation, from, to int) int {
	if !g.passes() {
		return to
	}
	return g.observer.Observe(all, from, to)
}

// ObserveHistogram is the observer's, or shows nothing.
func (g *gate) ObserveHistogram(slot uint64, h telemetry.HistogramSample) bool {
	return !g.passes() || g.observer.ObserveHistogram(slot, h)
}

// open opens the gate when do has shown what came while it was shut. Whoever stores
// samples waits for do; after an error the gate stays shut.
func (g *gate) open(do func() error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := do(); err != nil {
		return err
	}
	g.shut.Store(false)
	return nil
}

// CatchUp feeds the bank, which has the last checkpoint, the samples that the store
// received after it, so that a restart forgets nothing and what happened meanwhile is
// told. It is called once, and only with CoreOptions.CatchUpLater: samples are stored and
// queries answered while it reads; whoever stores waits at its end while what came
// meanwhile is read, a second or two for a million series. Until then there is no silence,
// and no checkpoint. It does nothing where there is nothing to catch up with.
func (c *Core) CatchUp(ctx context.Context) error { return c.openGate(ctx, true) }

// openGate opens the gate, if it is shut, when all that came after the checkpoint was read:
// most of it beside others who store, so that they wait for the rest alone, or all of it
// at once where nobody does.
func (c *Core) openGate(ctx context.Context, beside bool) error {
	if !c.CatchingUp() {
		return nil
	}
	begun := c.now()
	var fed int
	var err error
	if beside {
		fed, err = c.catchUp(ctx, c.caughtUp)
	}
	if err == nil {
		err = c.gate.open(func() error {
			n, err := c.catchUp(ctx, c.caughtUp) // of each series what came since
			fed += n
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("restore detector: read stored samples: %w", err)
	}
	c.log.Info("detector restored", "series", c.bank.Len(), "samples_after_checkpoint", fed, "took", c.now().Sub(begun).Round(time.Millisecond))
	return nil
}

// CatchingUp reports whether the detector has not seen yet what was stored after its
// checkpoint.
func (c *Core) CatchingUp() bool { return c.gate.shut.Load() }
