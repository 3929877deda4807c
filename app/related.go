package app

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rca"
)

// suspectLeast is the probability from which a first suspect is relied on where
// incidents with the same one may be one incident.
const suspectLeast = 0.5

// related is what the incident manager asks the other parts, answered from
// memory because it asks under its lock.
type related struct {
	mu       sync.Mutex
	suspects map[string]string // by incident: the id of the change suspected first, or the service that all points to

	failing atomic.Bool  // samples cannot be stored
	blind   atomic.Int64 // ms; until then what is missing may only not have been sent again
}

// suspect names the change that is suspected first of an incident, else the service
// at which it most surely began; "" if neither is likely enough.
func (r *related) suspect(id string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.suspects[id]
}

// ranked takes up a new ranking of an incident.
func (r *related) ranked(id string, x rca.Ranking) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.suspects == nil {
		r.suspects = make(map[string]string)
	}
	switch {
	case len(x.Findings) > 0 && x.Findings[0].Change != nil && x.Findings[0].Probability >= suspectLeast:
		r.suspects[id] = x.Findings[0].Change.ID
	case x.Analysis != nil && x.Analysis.PrimaryCause != nil && x.Analysis.PrimaryCause.Confidence == rca.High:
		r.suspects[id] = "service " + x.Analysis.PrimaryCause.Service
	default:
		delete(r.suspects, id)
	}
}

// over forgets what has ended.
func (r *related) over(i incident.Incident) {
	if i.State.Over() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.suspects, i.ID)
	}
}

// lagging says whether our own intake lags at a time: nothing can be stored, or
// could not until a moment ago.
func (r *related) lagging(at time.Time) bool {
	return r.failing.Load() || at.UnixMilli() < r.blind.Load()
}

// resumeSuspects reads what was suspected of open incidents before the start.
func (c *Core) resumeSuspects(ctx context.Context) error {
	open, err := c.incidents.List(ctx, incident.Filter{States: openStates, Limit: 1000})
	if err != nil {
		return err
	}
	for _, i := range open {
		x, _, err := c.rankings.Latest(ctx, i.ID)
		if err != nil {
			return err
		}
		c.related.ranked(i.ID, x)
	}
	return nil
}
