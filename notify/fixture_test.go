package notify_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"go.uber.org/goleak"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var t0 = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// told is one call of a fake channel.
type told struct {
	key    string
	kind   incident.EventKind
	quiet  bool
	thread notify.Thread
}

// fake is a channel that answers as scripted and remembers what it was told.
type fake struct {
	name  string
	edits bool
	// answer is asked before a message counts as told; nil means always nil.
	answer func(ctx context.Context, m notify.Message) error

	mu    sync.Mutex
	got   []told
	tries int
}

func (f *fake) Name() string { return f.name }
func (f *fake) Edits() bool  { return f.edits }

func (f *fake) Send(ctx context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	f.mu.Lock()
	f.tries++
	f.mu.Unlock()
	if f.answer != nil {
		if err := f.answer(ctx, m); err != nil {
			return t, err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got = append(f.got, told{m.Key, m.Event.Kind, m.Quiet, t})
	if f.edits && t == "" {
		t = notify.Thread("thread of " + m.Incident.ID)
	}
	return t, nil
}

func (f *fake) keys() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, g := range f.got {
		out = append(out, g.key)
	}
	return out
}

// last returns key and kind of the latest message.
func (f *fake) last() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.got) == 0 {
		return ""
	}
	g := f.got[len(f.got)-1]
	return g.key + " " + string(g.kind)
}

func (f *fake) attempts() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tries
}

var errDown = errors.New("down")

func retry(after time.Duration) error { return &notify.RetryError{After: after, Err: errDown} }

// clock is a hand-set clock.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// bench is an outbox with what a test wants to look at.
type bench struct {
	*notify.Outbox
	t     *testing.T
	db    *sql.DB
	clock *clock
	set   *metrics.Set
}

func openState(t *testing.T, dir string) *sql.DB {
	t.Helper()
	db, err := store.OpenState(context.Background(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func newBench(t *testing.T, alter func(*notify.Config), channels ...notify.Channel) *bench {
	t.Helper()
	return newBenchIn(t, t.TempDir(), alter, channels...)
}

func newBenchIn(t *testing.T, dir string, alter func(*notify.Config), channels ...notify.Channel) *bench {
	t.Helper()
	b := &bench{t: t, db: openState(t, dir), clock: &clock{now: t0}, set: metrics.NewSet()}
	cfg := notify.DefaultConfig()
	cfg.Channels = nil
	if alter != nil {
		alter(&cfg)
	}
	var err error
	b.Outbox, err = notify.NewOutbox(notify.Options{
		DB: b.db, Channels: channels, Config: cfg, Metrics: b.set, Now: b.clock.Now,
		Jitter: func() float64 { return 0.5 },
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// newBenchWith is a bench whose outbox has further options.
func newBenchWith(t *testing.T, alter func(*notify.Options), channels ...notify.Channel) *bench {
	t.Helper()
	b := newBench(t, nil, channels...)
	o := notify.Options{
		DB: b.db, Channels: channels, Config: quietDefaults(), Metrics: b.set, Now: b.clock.Now,
		Jitter: func() float64 { return 0.5 },
	}
	alter(&o)
	var err error
	if b.Outbox, err = notify.NewOutbox(o); err != nil {
		t.Fatal(err)
	}
	return b
}

// journal returns the whole journal, oldest first, as "what reason key detail".
func (b *bench) journal() []string {
	b.t.Helper()
	entries, err := b.Journal(context.Background(), notify.JournalFilter{Oldest: true, Limit: 10000})
	if err != nil {
		b.t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", e.What, e.Reason, e.Key, e.Detail)))
	}
	return out
}

// enqueue puts a message into the outbox at the clock's time.
func (b *bench) enqueue(m notify.Message) int {
	b.t.Helper()
	n, err := b.Enqueue(context.Background(), m)
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

// deliver sets the clock and makes one pass.
func (b *bench) deliver(at time.Time) time.Time {
	b.t.Helper()
	b.clock.set(at)
	next, err := b.Deliver(context.Background(), at)
	if err != nil {
		b.t.Fatal(err)
	}
	return next
}

func (b *bench) states(id string) []string {
	b.t.Helper()
	ds, err := b.Deliveries(context.Background(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	var out []string
	for _, d := range ds {
		out = append(out, fmt.Sprintf("%d %s %s %s", d.Seq, d.Kind, d.Channel, d.State))
	}
	return out
}

func (b *bench) counter(name string) int {
	return int(b.set.GetOrCreateCounter(name).Get())
}

// msg is a message of an open critical incident.
func msg(id string, seq int64, kind incident.EventKind, channels ...string) notify.Message {
	e := incident.Event{Seq: seq, Incident: id, Kind: kind, At: t0, Actor: "tocsin", Text: string(kind)}
	state := incident.StateOpen
	if kind == incident.EventResolved {
		state = incident.StateResolved
	}
	m := notify.Message{Key: notify.Key(e), Event: e, Incident: incident.Incident{
		ID: id, Service: "checkout", Title: "error rate is high", State: state,
		Severity: incident.SeverityCritical, Onset: t0, Opened: t0, Updated: t0,
	}}
	if len(channels) > 0 {
		m.Incident.Occurrences = []incident.Occurrence{{Name: "error_rate", Channels: channels}}
	}
	return m
}

func copyDir(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}
