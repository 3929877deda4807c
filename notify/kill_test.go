package notify_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

const (
	kills     = 200
	storm     = 30 // services that break
	stormTick = 15 * time.Second
)

var unknown = telemetry.Number(math.NaN())

// heard is one message as it arrived outside; deaths says in which life.
type heard struct {
	key, subject string
	kind         incident.EventKind
	seq          int64
	deaths       int
	burning      bool
}

// world is what outlives the process: alerts that fire and end, and receivers.
type world struct {
	t      *testing.T
	rng    *rand.Rand
	now    time.Time
	life   *mortal
	deaths int
	calm   bool // nobody dies any more
	firing [storm]bool
	ever   [storm]bool
	muted  map[int]time.Time // services under maintenance, until when
	heard  map[string][]heard
}

// receiver is a channel of the world: it may be down, slow down, refuse, and the
// process may die before or just after it has taken a message.
type receiver struct {
	name  string
	edits bool
	bad   float64 // share of tries that fail
	w     *world
}

func (r *receiver) Name() string { return r.name }
func (r *receiver) Edits() bool  { return r.edits }

func (r *receiver) Send(_ context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	w := r.w
	if w.life.dead() {
		return t, errKilled
	}
	if !w.calm && w.rng.Float64() < 0.01 {
		w.life.kill() // before it arrives
		return t, errKilled
	}
	if w.rng.Float64() < r.bad {
		return t, retry(time.Duration(w.rng.IntN(2)) * 20 * time.Second)
	}
	if !m.Quiet {
		w.heard[r.name] = append(w.heard[r.name], heard{m.Key, m.Subject(), m.Event.Kind, m.Event.Seq, w.deaths, m.Burning()})
	}
	if !w.calm && w.rng.Float64() < 0.01 {
		w.life.kill() // after it has arrived, before that is known
	}
	return "thread " + notify.Thread(m.Subject()), nil
}

// mute is a maintenance of some services, on the channel ops only.
func (w *world) mute(_ context.Context, m notify.Message, channel string, at time.Time) (notify.Mute, error) {
	var n int
	if _, err := fmt.Sscanf(m.Incident.Service, "svc%d", &n); err != nil || channel != "ops" || !at.Before(w.muted[n]) {
		return notify.Mute{}, nil
	}
	return notify.Mute{Reason: notify.MuteMaintenance, Detail: "work", Until: w.muted[n]}, nil
}

// process is one life of the daemon's part that tells: manager, responder and
// outbox, as app wires them.
type process struct {
	incidents *incident.Manager
	outbox    *notify.Outbox
}

func (w *world) start(ctx context.Context, path string, statements int64) (*process, func(), error) {
	db := w.life.open(w.t, path, statements)
	stop := func() { db.Close() }
	icfg := incident.DefaultConfig()
	icfg.StormIncidents, icfg.ResolveAfter = 1000, yamldoc.Duration(30*time.Second)
	m, err := incident.NewManager(ctx, incident.ManagerOptions{DB: db, Config: icfg})
	if err != nil {
		return nil, stop, err
	}
	cfg := quietDefaults()
	cfg.Default = []string{"slack", "pager", "ops"}
	cfg.Escalations = []notify.EscalationConfig{{Name: "boss", Steps: []notify.EscalationStep{{After: minutes(2), Tell: []string{"boss"}}}}}
	box, err := notify.NewOutbox(notify.Options{
		DB: db, Config: cfg, Now: func() time.Time { return w.now }, Jitter: w.rng.Float64, Mute: w.mute,
		Channels: []notify.Channel{
			&receiver{name: "slack", edits: true, bad: 0.1, w: w}, &receiver{name: "pager", bad: 0.3, w: w},
			&receiver{name: "ops", w: w}, &receiver{name: "boss", bad: 0.1, w: w},
		},
		Present: func(ctx context.Context, id string) (notify.Message, error) {
			inc, events, err := m.Get(ctx, id)
			if err != nil {
				return notify.Message{}, err
			}
			return notify.Message{Incident: inc, Event: events[len(events)-1]}, nil
		},
		Escalated: func(ctx context.Context, id, key, text string, at time.Time) error {
			_, _, err := m.AppendEvent(ctx, incident.Event{Incident: id, Kind: incident.EventNotified, At: at, Actor: "tocsin", Text: text, Key: key})
			return err
		},
	})
	return &process{m, box}, stop, err
}

// step is what happens in a tick: alerts are reported as they are, people
// acknowledge, events are responded to, messages are delivered.
func (w *world) step(ctx context.Context, p *process) error {
	for n := range storm {
		if !w.ever[n] {
			continue
		}
		o := incident.Occurrence{
			Key: fmt.Sprint("alert", n), Source: incident.SourceAlert, Name: "errors", Service: fmt.Sprint("svc", n), Severity: incident.SeverityCritical,
			Condition: incident.ConditionCleared, Strong: true, Symptom: true, Since: t0, At: w.now, Value: 1,
			Expected: unknown, Lower: unknown, Upper: unknown, Threshold: unknown, Score: unknown,
		}
		if w.firing[n] {
			o.Condition = incident.ConditionFiring
		}
		if err := p.incidents.Apply(ctx, o); err != nil {
			return err
		}
	}
	if err := p.incidents.Tick(ctx, w.now); err != nil {
		return err
	}
	if w.rng.Float64() < 0.1 {
		list, err := p.incidents.List(ctx, incident.Filter{States: []incident.State{incident.StateOpen}})
		if err != nil {
			return err
		}
		if len(list) > 0 {
			if _, err := p.incidents.Ack(ctx, list[w.rng.IntN(len(list))].ID, "ops", "", w.now); err != nil {
				return err
			}
		}
	}
	if err := respond(ctx, p); err != nil {
		return err
	}
	_, err := p.outbox.Deliver(ctx, w.now)
	return err
}

// respond is what app.Core.Respond does with the outbox.
func respond(ctx context.Context, p *process) error {
	seq, err := p.incidents.Cursor(ctx, "respond")
	if err != nil {
		return err
	}
	recs, err := p.incidents.EventsAfter(ctx, seq, 1000)
	if err != nil {
		return err
	}
	for _, r := range recs {
		if _, err := p.outbox.Enqueue(ctx, notify.Message{Key: notify.Key(r.Event), Event: r.Event, Incident: r.Incident}); err != nil {
			return err
		}
		if err := p.incidents.SetCursor(ctx, "respond", r.Event.Seq); err != nil {
			return err
		}
	}
	return nil
}

// move changes the world by one tick.
func (w *world) move() {
	w.now = w.now.Add(stormTick)
	for range 1 + w.rng.IntN(2) {
		n := w.rng.IntN(storm)
		w.firing[n] = !w.firing[n]
		w.ever[n] = w.ever[n] || w.firing[n]
	}
	if w.rng.Float64() < 0.2 {
		w.muted[w.rng.IntN(storm)] = w.now.Add(time.Duration(1+w.rng.IntN(10)) * time.Minute)
	}
}

// TestProperty_TwoHundredKills: a storm in which the process is killed at 200
// random moments, between any two statements of the database and around any
// send. In the end no incident is unannounced, nobody who heard of a beginning
// misses the end, order holds, and of each life at most the one message for each
// channel that was in doubt has arrived twice, with the same key.
// One storm takes minutes under the race detector; KILL_SEED plays others.
func TestProperty_TwoHundredKills(t *testing.T) {
	seed := uint64(1)
	if s := os.Getenv("KILL_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("KILL_SEED: want a number, got %q", s)
		}
		seed = n
	}
	twoHundredKills(t, seed)
}

func twoHundredKills(t *testing.T, seed uint64) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := store.OpenState(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	w := &world{t: t, rng: rand.New(rand.NewPCG(seed, seed)), now: t0, life: new(mortal), muted: map[int]time.Time{}, heard: map[string][]heard{}}
	for w.deaths < kills {
		p, stop, err := w.start(ctx, path, int64(1+w.rng.IntN(1200)))
		for err == nil {
			w.move()
			err = w.step(ctx, p)
		}
		stop()
		if !errors.Is(err, errKilled) && !w.life.dead() {
			t.Fatalf("life %d ended by itself: %v", w.deaths, err)
		}
		w.deaths++
	}
	// The storm is over: all recovers, half of it under maintenance, and what
	// waits is told.
	w.firing, w.calm = [storm]bool{}, true
	clear(w.muted)
	for n := 0; n < storm; n += 2 {
		w.muted[n] = w.now.Add(24 * time.Hour)
	}
	p, stop, err := w.start(ctx, path, 1<<40)
	defer stop()
	for range 200 {
		if err == nil {
			w.now = w.now.Add(stormTick)
			err = w.step(ctx, p)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	w.check(ctx, p)
}

// check holds what arrived against the log of events.
func (w *world) check(ctx context.Context, p *process) {
	t := w.t
	recs, err := p.incidents.EventsAfter(ctx, 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	told := []incident.EventKind{incident.EventOpened, incident.EventRaised, incident.EventReopened, incident.EventResolved, incident.EventAcked}
	opened, expected := 0, 0
	for _, r := range recs {
		if r.Event.Kind == incident.EventOpened {
			opened++
		}
		if !slices.Contains(told, r.Event.Kind) {
			continue
		}
		expected++
		for _, ch := range []string{"slack", "pager"} {
			if n := w.count(ch, notify.Key(r.Event)); n < 1 || n > 2 {
				t.Errorf("channel %s got %s (%s) %d times", ch, notify.Key(r.Event), r.Event.Kind, n)
			}
		}
	}
	total := 0
	for ch, list := range w.heard {
		total += len(list)
		w.checkChannel(ch, list)
	}
	w.checkMuted(ctx, p, recs)
	t.Logf("%d kills, %d incidents, %d events to tell, %d messages arrived", w.deaths, opened, expected, total)
	if opened < storm/2 || len(w.heard["boss"]) == 0 {
		t.Errorf("%d incidents opened, %d escalated: the storm is too small to show anything", opened, len(w.heard["boss"]))
	}
}

func (w *world) count(channel, key string) int {
	n := 0
	for _, h := range w.heard[channel] {
		if h.key == key {
			n++
		}
	}
	return n
}

// checkChannel holds order within each incident, and that of each life at most
// one message arrived again.
func (w *world) checkChannel(channel string, list []heard) {
	last, first := map[string]int64{}, map[string]int{}
	again := map[int]int{} // doubles by the life whose death left them in doubt
	for _, h := range list {
		if before, ok := first[h.key]; ok {
			again[before]++
			if before == h.deaths {
				w.t.Errorf("channel %s: %s arrived twice in one life", channel, h.key)
			}
			continue
		}
		first[h.key] = h.deaths
		if h.seq < last[h.subject] && !strings.Contains(h.key, "escalation") {
			w.t.Errorf("channel %s: %s came after event %d", channel, h.key, last[h.subject])
		}
		last[h.subject] = max(last[h.subject], h.seq)
	}
	for life, n := range again {
		if n > 1 {
			w.t.Errorf("channel %s: %d messages of life %d arrived twice, want at most the one in doubt", channel, n, life)
		}
	}
}

// checkMuted: on the channel that maintenance mutes, each incident was either
// told or dropped with its reason, and who heard that it burns heard the end.
func (w *world) checkMuted(ctx context.Context, p *process, recs []incident.EventRecord) {
	dropped := map[string]bool{}
	entries, err := p.outbox.Journal(ctx, notify.JournalFilter{Channel: "ops", What: []notify.What{notify.WhatDropped}, Limit: 1 << 20})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range entries {
		dropped[e.Subject] = true
	}
	burning := map[string]bool{}
	known := map[string]bool{}
	for _, h := range w.heard["ops"] {
		burning[h.subject], known[h.subject] = h.burning, true
	}
	held := 0
	for _, r := range recs {
		if r.Event.Kind != incident.EventOpened {
			continue
		}
		id := r.Event.Incident
		if !known[id] && !dropped[id] {
			w.t.Errorf("incident %s was neither told nor dropped", id)
		}
		if burning[id] {
			w.t.Errorf("incident %s is over, and the last word about it was that it burns", id)
		}
		if dropped[id] {
			held++
		}
	}
	if held == 0 {
		w.t.Error("nothing ended under maintenance: the storm shows nothing about mutes")
	}
}
