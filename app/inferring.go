package app

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/change/infer"
	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

const (
	inferFile = "versions.json" // in the data folder: what infer.Watcher knows
	// inferSaveEvery is the least time between two writings of it, but for the last.
	inferSaveEvery = 15 * time.Second
	// inferDeployed is how long before a restart a deployment is looked for that explains it.
	inferDeployed = 6 * time.Hour
)

// inferring sees changes in what is written.
type inferring struct {
	watch *infer.Watcher
	mu    sync.RWMutex
	slots map[uint64]uint64 // of the bank, by the id of a followed series
	saved time.Time
}

// openInferring makes the watcher and reads what an earlier process knew. What cannot
// be read is put aside: versions are learnt anew.
func (c *Core) openInferring(o CoreOptions) error {
	names := o.Config.Rules.EnvironmentLabels
	c.inferring = &inferring{slots: map[uint64]uint64{}, watch: infer.New(infer.Options{
		Config: o.Config.Changes.Feed.Inferred, Service: c.owner.Service,
		Environment: func(l labels.Labels) string {
			for _, n := range names {
				if v := l.Get(n); v != "" {
					return v
				}
			}
			return ""
		},
	})}
	o.Metrics.RegisterMetricsWriter(c.inferring.watch.WriteMetrics)
	return c.versionsKept().load(c.log, c.inferring.watch.Load)
}

func (c *Core) versionsKept() keepsake {
	return keepsake{filepath.Join(c.dir, inferFile), "what is known of versions"}
}

// saveInferred writes what is known of versions in place of the old.
func (c *Core) saveInferred() error { return c.versionsKept().save(c.inferring.watch.Save) }

// register returns the slot under which the writer is to show a series that has the
// given slot of the bank: the same one, but for the few that are followed.
func (i *inferring) register(l labels.Labels, slot uint64) uint64 {
	id, ok := i.watch.Register(l)
	if !ok {
		return slot
	}
	i.mu.Lock()
	i.slots[id] = slot
	i.mu.Unlock()
	return uint64(detector.OutsideSlot) | id
}

// observe shows a sample of a followed series and returns the slot of the bank for it;
// false if the series is to be registered again.
func (i *inferring) observe(slot uint64, t int64, v float64) (uint64, bool) {
	id := slot &^ uint64(detector.OutsideSlot)
	if !i.watch.Observe(id, t, v) {
		i.mu.Lock()
		delete(i.slots, id)
		i.mu.Unlock()
		return 0, false
	}
	i.mu.RLock()
	defer i.mu.RUnlock()
	return i.slots[id], true
}

// StepInferred records the changes that telemetry shows by event time t. While samples
// are read that came after the checkpoint it does nothing: they come series by series.
func (c *Core) StepInferred(ctx context.Context, t time.Time) error {
	if c.CatchingUp() {
		return nil
	}
	i := c.inferring
	var deployments []telemetry.Change
	if i.watch.Restarting() {
		var err error
		if deployments, err = c.feed.List(ctx, change.Filter{Kind: telemetry.KindDeployment, From: t.Add(-inferDeployed), Limit: page}); err != nil {
			return err
		}
	}
	for _, r := range i.watch.Tick(t, func(service, env string, from, to time.Time) bool {
		return deployedBetween(deployments, service, env, from, to)
	}) {
		ch, _, changed, err := c.feed.RecordInferred(ctx, r.Change, t)
		if _, invalid := errors.AsType[*change.InvalidError](err); invalid {
			c.log.Warn("a change that was seen in telemetry cannot be recorded", "service", r.Change.Service, "error", err)
			continue
		}
		if err != nil {
			return err
		}
		if !changed || ch.Kind == telemetry.KindRestart {
			continue
		}
		if err := c.told(ctx, ch, t); err != nil {
			return err
		}
	}
	if t.Sub(i.saved).Abs() >= inferSaveEvery && i.watch.Changed() {
		i.saved = t
		return c.saveInferred()
	}
	return nil
}

// deployedBetween says whether a deployment of a service was under way at any time
// between two. One whose end nobody told is taken to last for an hour.
func deployedBetween(list []telemetry.Change, service, env string, from, to time.Time) bool {
	for _, d := range list {
		if d.Service != service || d.Environment != env && d.Environment != "" && env != "" {
			continue
		}
		end := d.Finished
		if end.IsZero() {
			end = d.Started.Add(time.Hour)
		}
		if !d.Started.After(to) && !end.Before(from) {
			return true
		}
	}
	return false
}

// suspects are the changes that may be causes. A restart that nobody made is a thing
// that happens to a service in trouble.
type suspects struct{ feed *change.Feed }

var _ rca.Changes = suspects{}

// List returns changes but for restarts.
func (s suspects) List(ctx context.Context, f change.Filter) ([]telemetry.Change, error) {
	list, err := s.feed.List(ctx, f)
	return withoutRestarts(list), err
}

func withoutRestarts(list []telemetry.Change) []telemetry.Change {
	out := make([]telemetry.Change, 0, len(list))
	for _, ch := range list {
		if ch.Kind != telemetry.KindRestart {
			out = append(out, ch)
		}
	}
	return out
}
