package notify

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/incident"
)

// Options are what an Outbox needs.
type Options struct {
	DB       *sql.DB          // from store.OpenState; stays the caller's
	Channels []Channel        // every channel that may be told; each name once
	Config   Config           // validated
	Logger   *slog.Logger     // nil: nothing is logged
	Metrics  *metrics.Set     // nil: a set of its own
	Now      func() time.Time // nil: time.Now; for the times of rows and for Run
	Jitter   func() float64   // in [0, 1); nil: random
	// Mute says whether a message may be told on a channel at the time given;
	// nil: everything may. It is asked before each try, so it must be quick. An
	// error is logged and counted, and the message is told.
	Mute func(ctx context.Context, m Message, channel string, at time.Time) (Mute, error)
	// Present returns the message about an incident as it stands now: its
	// latest event, ranking and links; the key is not used. It is asked when a
	// mute ends and before an escalation. Nil: what was true at the event is
	// taken for the present, and nothing escalates.
	Present func(ctx context.Context, incident string) (Message, error)
	// Escalated is told of each step of an escalation before its messages are
	// written, with a key that is the same when the step is repeated after a
	// crash; nil: nobody is.
	Escalated func(ctx context.Context, incident, key, text string, at time.Time) error
}

// Outbox is the durable queue between incidents and channels. Rows live in the
// tables outbox and threads; nothing that matters is kept in memory, so a new
// Outbox with other channels may take over from an old one whose Run has
// ended. Enqueue, Deliver, Deliveries and Wake are safe for concurrent use.
type Outbox struct {
	db      *sql.DB
	cfg     Config
	backoff Backoff
	router  Router
	lanes   []*lane
	byName  map[string]*lane
	log     *slog.Logger
	metrics outboxMetrics
	now     func() time.Time
	jitter  func() float64
	muted   func(ctx context.Context, m Message, channel string, at time.Time) (Mute, error)
	present func(ctx context.Context, incident string) (Message, error)
	tellOf  func(ctx context.Context, incident, key, text string, at time.Time) error
	climb   *lane    // of the escalations; has no channel
	gone    *lane    // of all channels that are not configured any more
	warned  sync.Map // names of missing channels already logged
}

// NewOutbox returns an outbox that does nothing until Run or Deliver is
// called. It refuses channels of the same name and a default channel that is
// not among the channels.
func NewOutbox(o Options) (*Outbox, error) {
	if o.DB == nil {
		return nil, errors.New("notify: want a state database, got none")
	}
	b := &Outbox{
		db: o.DB, cfg: o.Config, byName: make(map[string]*lane), log: o.Logger,
		metrics: newOutboxMetrics(o.Metrics), now: o.Now, jitter: o.Jitter, muted: o.Mute, present: o.Present, tellOf: o.Escalated,
		climb: &lane{wake: make(chan struct{}, 1)}, gone: new(lane),
		backoff: Backoff{Min: time.Duration(o.Config.RetryMin), Max: time.Duration(o.Config.RetryMax)},
	}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	b.log = b.log.With("component", "notify")
	if b.now == nil {
		b.now = time.Now
	}
	if b.jitter == nil {
		b.jitter = rand.Float64
	}
	var names []string // of those that incidents are told to
	for _, c := range o.Channels {
		name := c.Name()
		if b.byName[name] != nil {
			return nil, fmt.Errorf("notify: want each channel name once, got %q again", name)
		}
		l := newLane(c)
		b.lanes = append(b.lanes, l)
		b.byName[name] = l
		if !strings.HasPrefix(name, ReceiverPrefix) {
			names = append(names, name)
		}
	}
	b.router = NewRouter(o.Config, names)
	if missing := b.router.Missing(o.Config.Default); len(missing) > 0 {
		return nil, fmt.Errorf("notify: default: want names of configured channels, got %q", missing)
	}
	return b, nil
}

// Missing returns those of the names that no channel has; see Router.Missing.
func (b *Outbox) Missing(names []string) []string { return b.router.Missing(names) }

// Enqueue writes one row for each channel that is to hear of the message and
// returns how many it wrote. It is idempotent by key and channel: repeated, it
// returns 0. When it returns without error the rows are on disk. An empty key
// is an error.
func (b *Outbox) Enqueue(ctx context.Context, m Message) (int, error) {
	if m.Group != nil {
		return 0, fmt.Errorf("enqueue message %s: want one about an incident, got one about group %s; groups have EnqueueGroup", m.Key, m.Group.Key)
	}
	if m.Key == "" || m.Event.Incident == "" {
		return 0, fmt.Errorf("enqueue message: want a key and an incident, got key %q, incident %q", m.Key, m.Event.Incident)
	}
	route := b.router.Route(m)
	b.reportMissing(route.Missing)
	m.Told = route.Channels
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("enqueue message %s: %w", m.Key, err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	plan, err := b.plan(ctx, tx, m, route)
	if err != nil {
		return 0, fmt.Errorf("enqueue message %s: %w", m.Key, err)
	}
	done := make([]inserted, len(plan))
	for i, p := range plan {
		if done[i], err = b.insert(ctx, tx, m, p); err != nil {
			return 0, fmt.Errorf("enqueue message %s for %s: %w", m.Key, p.lane.name, err)
		}
	}
	climbs, err := b.ladder(ctx, tx, m, route)
	if err != nil {
		return 0, fmt.Errorf("enqueue message %s: escalations: %w", m.Key, err)
	}
	if len(plan) == 0 {
		if err := b.nobody(ctx, tx, m, route); err != nil {
			return 0, fmt.Errorf("enqueue message %s: %w", m.Key, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return 0, fmt.Errorf("enqueue message %s: %w", m.Key, err)
	}
	if climbs {
		b.climb.signal()
	}
	return b.enqueuedAll(m, plan, done), nil
}

// enqueuedAll counts what Enqueue wrote, wakes the workers concerned, and
// returns how many rows are new.
func (b *Outbox) enqueuedAll(m Message, plan []planned, done []inserted) int {
	written := 0
	for i, p := range plan {
		d := done[i]
		switch {
		case d.full:
			b.metrics.finished(p.lane.name, StateDropped, "queue_full", 1)
			b.log.Error("message dropped: too many wait on the channel", "channel", p.lane.name, "key", m.Key, "max_waiting", b.cfg.MaxWaiting)
			continue
		case !d.written:
			continue
		}
		written++
		p.lane.waiting.Add(1)
		b.metrics.enqueued(p.lane.name, p.quiet)
		if d.merged > 0 {
			b.metrics.finished(p.lane.name, StateMerged, d.why, d.merged)
		}
		p.lane.signal()
	}
	return written
}

// nobody counts a message that makes no row, and journals it when that is not
// the way of its event but of the incident: a message that somebody may miss.
func (b *Outbox) nobody(ctx context.Context, tx *sql.Tx, m Message, route Route) error {
	reason := route.Reason
	if reason == "" {
		reason = "event"
	}
	b.metrics.notRouted(reason)
	if reason == "own_event" || reason == "event" || reason == "receiver" || !slices.Contains(announceable, m.Event.Kind) {
		return nil
	}
	var again bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM notify_log WHERE subject = ? AND key = ? AND what = 'unrouted')`, m.Subject(), m.Key).Scan(&again)
	if err != nil || again {
		return err
	}
	detail := "no channel is configured for it"
	if reason == "severity" {
		detail = fmt.Sprintf("severity %s is below what its channels want", m.Incident.Severity)
	}
	return b.journal(ctx, tx, Entry{At: b.now(), What: WhatUnrouted, Subject: m.Subject(), Key: m.Key, Event: m.kind(), Reason: reason, Detail: detail})
}

// planned is one row that a message makes.
type planned struct {
	lane  *lane
	quiet bool
}

// plan decides on the rows of a message from its route and from what each
// channel was told of the incident so far.
func (b *Outbox) plan(ctx context.Context, tx *sql.Tx, m Message, route Route) ([]planned, error) {
	told, err := toldChannels(ctx, tx, m.Event.Incident)
	if err != nil {
		return nil, err
	}
	if route.Reason == "own_event" {
		return nil, nil
	}
	routed, announce := set(route.Channels), set(route.Announce)
	joins := m.Event.Kind == incident.EventAttached && !m.Incident.State.Over()
	var out []planned
	for _, l := range b.lanes {
		switch {
		case announce[l.name], told[l.name] && b.router.announces(l.name, m.Event.Kind):
			out = append(out, planned{lane: l})
		case joins && routed[l.name] && !told[l.name] && b.router.announces(l.name, incident.EventOpened):
			out = append(out, planned{lane: l})
		case l.edits && told[l.name]:
			out = append(out, planned{lane: l, quiet: true})
		}
	}
	return out, nil
}

// reportMissing counts names of channels that are not configured and logs each
// once in the life of the outbox.
func (b *Outbox) reportMissing(names []string) {
	for _, n := range names {
		b.metrics.missing.Inc()
		if _, again := b.warned.LoadOrStore(n, true); !again {
			b.log.Warn("alerts name a channel that is not configured; its messages go to the other channels named, or to the default ones", "channel", n)
		}
	}
}

// Wake makes every worker of Run look at the queue now.
func (b *Outbox) Wake() {
	for _, l := range b.lanes {
		l.signal()
	}
}

func set(names []string) map[string]bool {
	out := make(map[string]bool, len(names))
	for _, n := range names {
		out[n] = true
	}
	return out
}
