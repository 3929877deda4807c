package alertmanager

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/common/model"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/silence"
)

// Options are what a Router stands on.
type Options struct {
	DB       *sql.DB // from store.OpenState; stays the caller's
	Config   Config
	Plan     *Plan
	Silences *silence.Store
	// Enqueue puts a message about a group into the outbox for one channel. It
	// writes nothing when the key is known, and returns only when what it wrote
	// is on disk.
	Enqueue func(ctx context.Context, m notify.Message, channel string) (bool, error)
	// Observe is told of alerts that others sent, once for each change of their
	// state, many at once in a storm; nil: nobody asks. What it refuses with an
	// error is told again.
	Observe func(ctx context.Context, list []Observed) error
	Now     func() time.Time // the wall clock, or the story's; for Run and the API
	Logger  *slog.Logger     // nil: nothing is logged
	Metrics *metrics.Set     // nil: a set of its own
}

// Router holds alerts and their groups. Its methods are safe for concurrent use;
// it starts no goroutine but in Run.
type Router struct {
	o       Options
	log     *slog.Logger
	metrics *routerMetrics
	wake    chan struct{}

	mu      sync.Mutex
	plan    *Plan
	ids     map[*dispatch.Route]string // of the routes of plan
	alerts  map[model.Fingerprint]*entry
	groups  map[string]*group
	sources *sources
	stale   []*entry        // with rows that are older than they are
	removed []int64         // rows to delete
	rows    int64           // the latest row
	gone    map[string]bool // rows of groups to delete
	due     []message       // decided, not on disk
	clock   time.Time       // as stored
	seq     int64           // number of the last message; only grows

	sendMu  sync.Mutex // one sender of am_outgoing at a time
	unsent  bool       // there may be rows in am_outgoing
	lookMu  sync.Mutex // one caller of Observe at a time
	unknown map[model.Fingerprint]bool
}

// message is one that a channel has to be sent.
type message struct {
	channel string
	m       notify.Message
}

// New reads what is stored and puts it in the order of the plan.
func New(ctx context.Context, o Options) (*Router, error) {
	if o.DB == nil || o.Plan == nil || o.Silences == nil || o.Enqueue == nil || o.Now == nil {
		return nil, errors.New("alertmanager: want a database, a plan, silences, an outbox and a clock")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	r := &Router{
		o: o, log: o.Logger.With("component", "alertmanager"), wake: make(chan struct{}, 1),
		alerts: map[model.Fingerprint]*entry{}, groups: map[string]*group{},
		gone: map[string]bool{}, unknown: map[model.Fingerprint]bool{}, unsent: true,
	}
	r.metrics = newRouterMetrics(o.Metrics, r)
	old, err := r.load(ctx)
	if err != nil {
		return nil, fmt.Errorf("load alerts: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.arrange(o.Plan, old, o.Now())
	return r, r.write(ctx)
}

// Replace puts another plan in the place of the present one. Groups whose route
// is in both go on as they are.
func (r *Router) Replace(ctx context.Context, p *Plan, at time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	ids := r.ids
	old := make(map[string]storedGroup, len(r.groups))
	for id, g := range r.groups {
		old[id] = storedGroup{Key: g.key, Route: ids[g.route], Receiver: g.route.RouteOpts.Receiver, Labels: g.labels, Next: g.next, live: g.sent}
	}
	r.groups = map[string]*group{}
	for _, e := range r.alerts {
		e.groups = map[*group]bool{}
	}
	r.arrange(p, old, at)
	r.signal()
	if err := r.write(ctx); err != nil {
		return fmt.Errorf("store groups of the new configuration: %w", err)
	}
	return nil
}

// arrange sorts all alerts into the groups of a plan. old are the groups that
// were there, by id. The caller holds mu.
func (r *Router) arrange(p *Plan, old map[string]storedGroup, at time.Time) {
	r.plan, r.sources = p, newSources(p.rules)
	r.ids = routeIDs(p.routes)
	heard := map[string][]map[model.Fingerprint]time.Time{} // by channel: what it was told burns
	for _, s := range old {
		for c, t := range s.sentBy() {
			m := map[model.Fingerprint]time.Time{}
			for fp := range t.firing {
				m[fp] = t.at
			}
			heard[c] = append(heard[c], m)
		}
	}
	for _, fp := range sortedFingerprints(r.alerts) {
		e := r.alerts[fp]
		r.sources.add(e)
		if e.origin == OriginChannel {
			continue
		}
		routes := p.root.Match(e.alert.Labels)
		e.routes = len(routes)
		for _, route := range routes {
			labels := groupLabels(e.alert.Labels, route)
			id := idOf(r.ids[route], labels)
			s, ok := old[id]
			if e.endedAt(at) && !(ok && s.waitsFor(fp)) {
				continue // the group was told of its end, or never of the alert
			}
			g := r.groups[id]
			if g == nil {
				g = r.newGroup(id, route, labels, at)
				if ok {
					g.next, g.sent, g.dirty = s.Next, s.sentBy(), true
				}
			}
			if !ok {
				r.carry(g, fp, heard)
			}
			g.members[fp] = e
			e.groups[g] = true
		}
	}
	for id := range old {
		if r.groups[id] == nil {
			r.gone[id] = true
		}
	}
}

// carry notes in a group that is new what its channels were told of an alert as
// part of another group, so that a change of routes repeats nothing.
func (r *Router) carry(g *group, fp model.Fingerprint, heard map[string][]map[model.Fingerprint]time.Time) {
	for _, c := range r.plan.channels[g.route.RouteOpts.Receiver] {
		for _, m := range heard[c.name] {
			at, ok := m[fp]
			if !ok {
				continue
			}
			t := g.sent[c.name]
			if t == nil {
				t = newTold()
				g.sent[c.name] = t
			}
			t.firing[fp], t.known[fp] = true, true
			if at.After(t.at) {
				t.at = at
			}
		}
	}
}

func (r *Router) newGroup(id string, route *dispatch.Route, labels model.LabelSet, at time.Time) *group {
	g := &group{
		id: id, route: route, labels: labels, members: map[model.Fingerprint]*entry{},
		sent: map[string]*told{}, dirty: true,
	}
	g.key = groupKey(g.route, labels)
	g.next = at.Add(g.route.RouteOpts.GroupWait)
	r.groups[id] = g
	delete(r.gone, id)
	return g
}

// Plan returns the plan in force.
func (r *Router) Plan() *Plan {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.plan
}

// signal wakes Run without waiting.
func (r *Router) signal() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}
