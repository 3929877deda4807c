package alertmanager

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/silence/silencepb"
	"github.com/prometheus/common/model"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tocsinhq/tocsin/internal/amfile"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/silence"
	"github.com/tocsinhq/tocsin/notify/window"
	"github.com/tocsinhq/tocsin/store"
)

// start is when the clock of synctest begins, so that both sides of a comparison
// have the same times.
var start = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// bench drives a router on event time and keeps what it puts into the outbox.
type bench struct {
	t    testing.TB
	path string
	db   *sql.DB
	now  time.Time
	r    *Router
	sil  *silence.Store
	plan *Plan

	mu       sync.Mutex
	sent     []sentMessage
	keys     map[string]bool
	fail     error // of Enqueue
	observed []Observed
	refuse   error // of Observe
}

type sentMessage struct {
	at      time.Time
	channel string
	m       notify.Message
}

func planOf(t testing.TB, conf string, windows ...window.Config) *Plan {
	t.Helper()
	c, errs := amfile.Parse("am.yml", []byte(conf))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	p, err := NewPlan(PlanOptions{Config: c, Maintenance: windows, ExternalURL: "http://tocsin.test"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newBench(t testing.TB, conf string, windows ...window.Config) *bench {
	t.Helper()
	b := &bench{t: t, path: filepath.Join(t.TempDir(), "state.db"), now: start, keys: map[string]bool{}, plan: planOf(t, conf, windows...)}
	b.open()
	t.Cleanup(func() { b.db.Close() })
	return b
}

func (b *bench) open() {
	b.t.Helper()
	var err error
	if b.db, err = store.OpenState(context.Background(), b.path); err != nil {
		b.t.Fatal(err)
	}
	if b.sil, err = silence.New(context.Background(), silence.Options{DB: b.db}); err != nil {
		b.t.Fatal(err)
	}
	b.r, err = New(context.Background(), Options{
		DB: b.db, Config: DefaultConfig(), Plan: b.plan, Silences: b.sil, Enqueue: b.enqueue, Observe: b.observe,
		Now: func() time.Time { return b.now },
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// restart is what a kill leaves: nothing but the disk.
func (b *bench) restart() {
	b.t.Helper()
	b.db.Close()
	b.open()
}

func (b *bench) enqueue(_ context.Context, m notify.Message, channel string) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return false, b.fail
	}
	if b.keys[m.Key+channel] {
		return false, nil
	}
	b.keys[m.Key+channel] = true
	b.sent = append(b.sent, sentMessage{at: b.now, channel: channel, m: m})
	return true, nil
}

func (b *bench) observe(_ context.Context, list []Observed) error {
	if b.refuse != nil {
		return b.refuse
	}
	b.observed = append(b.observed, list...)
	return nil
}

// to moves the clock, with a Tick at every time that a group is due.
func (b *bench) to(at time.Duration) {
	b.t.Helper()
	end := start.Add(at)
	for {
		next := b.r.Next()
		if next.After(end) {
			break
		}
		if next.After(b.now) {
			b.now = next
		}
		b.tick()
	}
	b.now = end
	b.tick()
}

func (b *bench) tick() {
	b.t.Helper()
	if err := b.r.Tick(b.t.Context(), b.now); err != nil && b.fail == nil && b.refuse == nil {
		b.t.Fatal(err)
	}
}

// ev makes an alert of "name a=b c=d", which started and ends at offsets; a
// negative end is none.
func ev(labels string, starts, ends time.Duration) *alert.Alert {
	a := &alert.Alert{Alert: model.Alert{Labels: model.LabelSet{}, Annotations: model.LabelSet{}, StartsAt: start.Add(starts)}}
	for i, w := range strings.Fields(labels) {
		n, v, ok := strings.Cut(w, "=")
		if !ok && i == 0 {
			n, v = model.AlertNameLabel, w
		}
		a.Labels[model.LabelName(n)] = model.LabelValue(v)
	}
	if ends >= 0 {
		a.EndsAt = start.Add(ends)
	}
	return a
}

func (b *bench) put(alerts ...*alert.Alert) {
	b.t.Helper()
	for _, a := range alerts {
		a.UpdatedAt = b.now
	}
	if _, err := b.r.Put(b.t.Context(), OriginReceived, alerts, b.now); err != nil {
		b.t.Fatal(err)
	}
}

// silence puts one in force between two offsets, for "a=b c=~d".
func (b *bench) silence(id, matchers string, from, to time.Duration) {
	b.t.Helper()
	if err := b.sil.Put(b.t.Context(), silenceOf(id, matchers, from, to)); err != nil {
		b.t.Fatal(err)
	}
}

func silenceOf(id, matchers string, from, to time.Duration) *silencepb.Silence {
	set := &silencepb.MatcherSet{}
	for _, w := range strings.Fields(matchers) {
		n, v, _ := strings.Cut(w, "=")
		set.Matchers = append(set.Matchers, &silencepb.Matcher{Type: silencepb.Matcher_EQUAL, Name: n, Pattern: v})
	}
	return &silencepb.Silence{
		Id: id, MatcherSets: []*silencepb.MatcherSet{set}, StartsAt: timestamppb.New(start.Add(from)), EndsAt: timestamppb.New(start.Add(to)),
		UpdatedAt: timestamppb.New(start.Add(from)), CreatedBy: "oncall", Comment: "known",
	}
}

// lines writes what was sent, one line for each message.
func (b *bench) lines() []string {
	var out []string
	for _, s := range b.sent {
		out = append(out, line(s.at.Sub(start), s.channel, reasonOf(s.m.Group).String(), amAlerts(s.m.Group)))
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i] < out[j] })
	return out
}

func line(at time.Duration, channel, reason string, alerts []*alert.Alert) string {
	var names []string
	for _, a := range alerts {
		name := string(a.Labels[model.AlertNameLabel])
		for _, n := range slices.Sorted(labelNames(a.Labels)) {
			if n != model.AlertNameLabel {
				name += "," + string(n) + "=" + string(a.Labels[model.LabelName(n)])
			}
		}
		if !a.EndsAt.IsZero() {
			name = "-" + name
		}
		names = append(names, name)
	}
	return fmt.Sprintf("%08.1f %s %s [%s]", at.Seconds(), strings.TrimPrefix(channel, notify.ReceiverPrefix), reason, strings.Join(names, " "))
}

func labelNames(l model.LabelSet) func(func(string) bool) {
	return func(yield func(string) bool) {
		for n := range l {
			if !yield(string(n)) {
				return
			}
		}
	}
}

// want compares with what was sent.
func (b *bench) want(lines ...string) {
	b.t.Helper()
	got := b.lines()
	if !slices.Equal(got, lines) {
		b.t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(lines, "\n  "))
	}
}
