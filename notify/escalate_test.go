package notify_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/notify"
)

func minutes(n int) yamldoc.Duration { return yamldoc.Duration(time.Duration(n) * time.Minute) }

// ladder is an escalation: after 10 minutes the pager, 20 later the boss.
func ladder(repeat int) notify.EscalationConfig {
	return notify.EscalationConfig{Name: "pages", MinSeverity: incident.SeverityCritical, Repeat: repeat, Steps: []notify.EscalationStep{
		{After: minutes(10), Tell: []string{"pager"}}, {After: minutes(20), Tell: []string{"boss"}},
	}}
}

// climbers is a bench with an incident i1 whose present state the test holds.
type climbers struct {
	*bench
	slack, pager, boss *listener
	present            notify.Message
	mute               notify.Mute
	timeline           []string
	dir                string
}

func newClimbers(t *testing.T, es ...notify.EscalationConfig) *climbers {
	t.Helper()
	c := &climbers{
		slack: &listener{fake: fake{name: "slack"}}, pager: &listener{fake: fake{name: "pager"}}, boss: &listener{fake: fake{name: "boss"}},
		present: msg("i1", 1, incident.EventOpened), dir: t.TempDir(),
	}
	c.open(t, es...)
	return c
}

// open starts anew on the folder, as a restart or reload does.
func (c *climbers) open(t *testing.T, es ...notify.EscalationConfig) {
	t.Helper()
	if c.bench != nil {
		c.db.Close()
	}
	cfg := quietDefaults()
	cfg.Default, cfg.Escalations = []string{"slack"}, es
	c.bench = newBenchIn(t, c.dir, nil)
	var err error
	c.Outbox, err = notify.NewOutbox(notify.Options{
		DB: c.db, Channels: []notify.Channel{c.slack, c.pager, c.boss}, Config: cfg, Metrics: c.set, Now: c.clock.Now,
		Jitter:  func() float64 { return 0.5 },
		Mute:    func(context.Context, notify.Message, string, time.Time) (notify.Mute, error) { return c.mute, nil },
		Present: func(context.Context, string) (notify.Message, error) { return c.present, nil },
		Escalated: func(_ context.Context, id, key, text string, _ time.Time) error {
			c.timeline = append(c.timeline, id+": "+text)
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (c *climbers) event(seq int64, k incident.EventKind, state incident.State, at time.Time) {
	c.t.Helper()
	m := msg("i1", seq, k)
	m.Event.At, m.Event.Actor, m.Incident.State = at, "ops", state
	c.present = m
	c.clock.set(at)
	c.enqueue(m)
}

// run delivers whenever something is due, until the time given.
func (c *climbers) run(from, to time.Time) {
	c.t.Helper()
	for at := from; !at.IsZero() && !at.After(to); {
		next := c.deliver(at)
		if !next.IsZero() && !next.After(at) {
			next = at.Add(time.Second)
		}
		at = next
	}
	c.clock.set(to)
}

func (c *climbers) told() string {
	return fmt.Sprint(c.slack.keys(), c.pager.keys(), c.boss.keys())
}

func TestEscalate_StepsUntilExhausted(t *testing.T) {
	c := newClimbers(t, ladder(1))
	c.event(1, incident.EventOpened, incident.StateOpen, t0)
	if next := c.deliver(t0); !next.Equal(t0.Add(10 * time.Minute)) {
		t.Fatalf("next = %v, want the first step", next)
	}
	c.run(t0.Add(10*time.Minute), t0.Add(10*time.Minute))
	if len(c.pager.messages) != 1 || len(c.boss.messages) != 0 {
		t.Fatalf("told %s after the first step", c.told())
	}
	m := c.pager.messages[0]
	if m.Event.Kind != incident.EventOpened || m.Escalation == nil || m.Escalation.Step != 1 ||
		m.Escalation.String() != "nobody acknowledged since 2026-03-02T10:00:00Z; told before: slack (escalation pages, step 1)" {
		t.Errorf("%s with %+v", m.Event.Kind, m.Escalation)
	}
	c.run(t0.Add(10*time.Minute), t0.Add(3*time.Hour))
	if len(c.pager.messages) != 2 || len(c.boss.messages) != 2 || len(c.slack.messages) != 1 {
		t.Errorf("told %s, want pager and boss twice", c.told())
	}
	if got := c.pager.messages[1]; got.Event.Kind != incident.EventRaised || got.Escalation.Round != 2 || !got.Event.At.Equal(t0.Add(40*time.Minute)) {
		t.Errorf("second round: %s round %d at %v", got.Event.Kind, got.Escalation.Round, got.Event.At)
	}
	if len(c.timeline) != 4 || c.timeline[1] != "i1: nobody acknowledged for 30m0s: telling boss (escalation pages, step 2)" {
		t.Errorf("timeline %q", c.timeline)
	}
	log := strings.Join(c.journal(), "\n")
	if strings.Count(log, "escalated unacknowledged") != 4 || strings.Count(log, "escalated exhausted") != 1 {
		t.Errorf("journal:\n%s", log)
	}
}

func TestEscalate_StopsAtAckAndResolve(t *testing.T) {
	for state, kind := range map[incident.State]incident.EventKind{
		incident.StateAcknowledged: incident.EventAcked, incident.StateResolved: incident.EventResolved,
	} {
		c := newClimbers(t, ladder(0))
		c.event(1, incident.EventOpened, incident.StateOpen, t0)
		c.run(t0, t0.Add(15*time.Minute))
		c.event(2, kind, state, t0.Add(15*time.Minute))
		c.run(t0.Add(15*time.Minute), t0.Add(3*time.Hour))
		if len(c.boss.messages) != 0 {
			t.Errorf("%s: the boss was told", state)
		}
		if got := c.pager.last(); got != "i1/2 "+string(kind) {
			t.Errorf("%s: who was told by the escalation heard last %q", state, got)
		}
		if log := strings.Join(c.journal(), "\n"); !strings.Contains(log, "escalated "+string(state)+" i1/2 escalation pages ends: "+string(state)) {
			t.Errorf("%s: journal:\n%s", state, log)
		}
	}
}

// TestEscalate_AckedBeforeItIsKnown: the incident is acknowledged, but its event
// has not reached the outbox when the step is due.
func TestEscalate_AckedBeforeItIsKnown(t *testing.T) {
	c := newClimbers(t, ladder(0))
	c.event(1, incident.EventOpened, incident.StateOpen, t0)
	c.present.Incident.State = incident.StateAcknowledged
	c.run(t0, t0.Add(time.Hour))
	if len(c.pager.messages) != 0 {
		t.Error("the pager was told")
	}
}

func TestEscalate_ReopenedBeginsAgain(t *testing.T) {
	c := newClimbers(t, ladder(0))
	c.event(1, incident.EventOpened, incident.StateOpen, t0)
	c.event(2, incident.EventResolved, incident.StateResolved, t0.Add(5*time.Minute))
	c.run(t0, t0.Add(time.Hour))
	c.event(3, incident.EventReopened, incident.StateOpen, t0.Add(time.Hour))
	c.enqueue(c.present) // repeated after a crash
	c.run(t0.Add(time.Hour), t0.Add(time.Hour+15*time.Minute))
	if len(c.pager.messages) != 1 {
		t.Errorf("told %s, want the pager once", c.told())
	}
}

func TestEscalate_StandsStillWhileMuted(t *testing.T) {
	c := newClimbers(t, ladder(0))
	c.event(1, incident.EventOpened, incident.StateOpen, t0)
	c.run(t0, t0.Add(5*time.Minute))
	c.mute = notify.Mute{Reason: notify.MuteMaintenance, Detail: "db", Until: t0.Add(time.Hour)}
	c.run(t0.Add(5*time.Minute), t0.Add(time.Hour-time.Second))
	if len(c.pager.messages) != 0 {
		t.Fatal("the pager was told during the window")
	}
	c.mute = notify.Mute{}
	c.run(t0.Add(time.Hour), t0.Add(time.Hour+9*time.Minute))
	if len(c.pager.messages) != 0 {
		t.Fatal("the pager was told at once after the window, want ten minutes more")
	}
	c.run(t0.Add(time.Hour+9*time.Minute), t0.Add(time.Hour+10*time.Minute))
	if len(c.pager.messages) != 1 {
		t.Errorf("told %s", c.told())
	}
	log := strings.Join(c.journal(), "\n")
	if !strings.Contains(log, "escalated maintenance  escalation pages stands still: held back by maintenance window db") {
		t.Errorf("journal:\n%s", log)
	}
}

// TestEscalate_RestartAndReload: the state is on disk; a restart repeats no
// step, one that was due meanwhile is taken once, and an escalation that is no
// longer configured ends.
func TestEscalate_RestartAndReload(t *testing.T) {
	c := newClimbers(t, ladder(0))
	c.event(1, incident.EventOpened, incident.StateOpen, t0)
	c.run(t0, t0.Add(12*time.Minute))
	c.open(t, ladder(0))
	c.run(t0.Add(13*time.Minute), t0.Add(14*time.Minute))
	if len(c.pager.messages) != 1 {
		t.Fatalf("told %s after a restart", c.told())
	}
	c.open(t, ladder(0))
	c.run(t0.Add(5*time.Hour), t0.Add(6*time.Hour)) // down for hours
	if len(c.boss.messages) != 1 {
		t.Fatalf("told %s after hours", c.told())
	}
	c.present = msg("i2", 5, incident.EventOpened)
	c.clock.set(t0)
	c.enqueue(c.present)
	c.open(t)
	c.run(t0.Add(7*time.Hour), t0.Add(8*time.Hour))
	if log := strings.Join(c.journal(), "\n"); len(c.pager.messages) != 1 || !strings.Contains(log, "escalated removed  escalation pages is not configured any more") {
		t.Errorf("told %s, journal:\n%s", c.told(), log)
	}
}

func TestEscalate_Concerns(t *testing.T) {
	f := func(name string, alter func(*notify.EscalationConfig), m func(*notify.Message), want bool) {
		t.Helper()
		e := notify.EscalationConfig{Name: "x", Steps: []notify.EscalationStep{{After: minutes(1), Tell: []string{"pager"}}}}
		alter(&e)
		c := newClimbers(t, e)
		first := msg("i1", 1, incident.EventOpened)
		m(&first)
		c.enqueue(first)
		if next := c.deliver(t0); next.IsZero() == want {
			t.Errorf("%s: next = %v", name, next)
		}
	}
	as := func(*notify.Message) {}
	f("all", func(*notify.EscalationConfig) {}, as, true)
	f("severity", func(e *notify.EscalationConfig) { e.MinSeverity = incident.SeverityCritical }, as, true)
	f("lower", func(e *notify.EscalationConfig) { e.MinSeverity = incident.SeverityCritical },
		func(m *notify.Message) { m.Incident.Severity = incident.SeverityWarning }, false)
	f("service", func(e *notify.EscalationConfig) { e.Services = []string{"pay", "check*"} }, as, true)
	f("another", func(e *notify.EscalationConfig) { e.Services = []string{"pay", "check"} }, as, false)
	f("slash", func(e *notify.EscalationConfig) { e.Services = []string{"*"} },
		func(m *notify.Message) { m.Incident.Service = "team/pay" }, true)
	f("channel", func(e *notify.EscalationConfig) { e.Channels = []string{"slack"} }, as, true)
	f("not told there", func(e *notify.EscalationConfig) { e.Channels = []string{"boss"} }, as, false)
	f("acknowledged", func(*notify.EscalationConfig) {}, func(m *notify.Message) { m.Incident.State = incident.StateAcknowledged }, false)
}

func TestRun_Escalates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slack, pager := &fake{name: "slack"}, &fake{name: "pager"}
		cfg := quietDefaults()
		cfg.Default = []string{"slack"}
		cfg.Escalations = []notify.EscalationConfig{{Name: "x", Steps: []notify.EscalationStep{{After: minutes(10), Tell: []string{"pager"}}}}}
		b := &bench{t: t, db: openState(t, t.TempDir())}
		m := msg("i1", 1, incident.EventOpened)
		m.Event.At = time.Now()
		var err error
		b.Outbox, err = notify.NewOutbox(notify.Options{
			DB: b.db, Channels: []notify.Channel{slack, pager}, Config: cfg,
			Present: func(context.Context, string) (notify.Message, error) { return m, nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		stop := live(t, b)
		synctest.Wait()
		b.enqueue(m)
		<-time.After(10*time.Minute - time.Second)
		synctest.Wait()
		if len(pager.keys()) != 0 {
			t.Error("told too early")
		}
		<-time.After(2 * time.Second)
		synctest.Wait()
		if diff := cmp.Diff([]string{"opened"}, kindsOf(pager)); diff != "" {
			t.Error(diff)
		}
		stop()
	})
}

func kindsOf(f *fake) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, g := range f.got {
		out = append(out, string(g.kind))
	}
	return out
}
