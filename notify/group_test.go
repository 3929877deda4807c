package notify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/notify"
)

// groupMsg is a message about a group; an alert whose name begins with a minus
// has ended.
func groupMsg(group string, n int, reason string, alerts ...string) notify.Message {
	g := &notify.Group{Key: group, Receiver: "team", Reason: reason, Labels: map[string]string{"alertname": group}}
	for _, a := range alerts {
		name, resolved := strings.CutPrefix(a, "-")
		g.Alerts = append(g.Alerts, notify.GroupAlert{
			Labels: map[string]string{"alertname": name}, Fingerprint: name, StartsAt: t0, Resolved: resolved,
		})
	}
	return notify.Message{Key: fmt.Sprintf("group/%s/%d", group, n), Group: g}
}

func (b *bench) enqueueGroup(m notify.Message, channel string) bool {
	b.t.Helper()
	ok, err := b.EnqueueGroup(context.Background(), m, channel)
	if err != nil {
		b.t.Fatal(err)
	}
	return ok
}

// groupFake remembers the groups it was told of.
type groupFake struct {
	fake
	groups []string
}

func (f *groupFake) Send(ctx context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	t, err := f.fake.Send(ctx, m, t)
	if err == nil && m.Group != nil {
		var alerts []string
		for _, a := range m.Group.Alerts {
			name := a.Fingerprint
			if a.Resolved {
				name = "-" + name
			}
			alerts = append(alerts, name)
		}
		f.groups = append(f.groups, m.Key+" "+m.Group.Reason+" "+strings.Join(alerts, ","))
	}
	return t, err
}

func TestEnqueueGroup_OnItsReceiverOnlyAndOnce(t *testing.T) {
	r, other := &groupFake{fake: fake{name: "receiver/team"}}, &fake{name: "slack"}
	b := newBench(t, nil, r, other)
	m := groupMsg("g", 1, notify.GroupFirst, "a")
	if !b.enqueueGroup(m, "receiver/team") || b.enqueueGroup(m, "receiver/team") {
		t.Error("want it to be new once")
	}
	b.deliver(t0)
	if b.enqueueGroup(m, "receiver/team") {
		t.Error("new again after it was told")
	}
	b.deliver(t0)
	if diff := cmp.Diff([]string{"group/g/1 first a"}, r.groups); diff != "" {
		t.Error(diff)
	}
	if other.attempts() != 0 {
		t.Error("another channel was told")
	}
	if diff := cmp.Diff([]string{"1 group/first receiver/team sent"}, b.states("group/g")); diff != "" {
		t.Error(diff)
	}
}

func TestEnqueueGroup_IncidentsAreNotToldToReceivers(t *testing.T) {
	r, slack := &fake{name: "receiver/team"}, &fake{name: "slack"}
	b := newBench(t, nil, r, slack)
	b.enqueue(msg("i1", 1, incident.EventOpened, "receiver/team"))
	b.enqueue(msg("i2", 2, incident.EventOpened))
	b.enqueue(msg("i3", 3, incident.EventOpened, "receiver/team", "slack"))
	b.deliver(t0)
	if diff := cmp.Diff([]string{"i2/2", "i3/3"}, slack.keys()); len(r.keys()) != 0 || diff != "" {
		t.Errorf("receiver was told %v, want nothing; the channel is told what its receivers are not told as groups: %s", r.keys(), diff)
	}
}

func TestEnqueueGroup_Refuses(t *testing.T) {
	b := newBench(t, nil, &fake{name: "receiver/team"})
	f := func(m notify.Message, channel, want string) {
		t.Helper()
		if _, err := b.EnqueueGroup(context.Background(), m, channel); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("err = %v, want %q", err, want)
		}
	}
	f(notify.Message{Key: "k"}, "receiver/team", "want a message with a key and a group")
	f(groupMsg("g", 1, notify.GroupFirst), "receiver/gone", `"receiver/gone", which is not configured`)
	if _, err := b.Enqueue(context.Background(), groupMsg("g", 1, notify.GroupFirst)); err == nil || !strings.Contains(err.Error(), "EnqueueGroup") {
		t.Errorf("Enqueue of a group: %v", err)
	}
}

// TestEnqueueGroup_NewerTakesTheirPlace: while the receiver is down, one message
// with the present state waits. It is still the first word, and an alert that
// ended meanwhile is part of it.
func TestEnqueueGroup_NewerTakesTheirPlace(t *testing.T) {
	down := true
	r := &groupFake{fake: fake{name: "receiver/team"}}
	r.answer = func(context.Context, notify.Message) error {
		if down {
			return retry(0)
		}
		return nil
	}
	b := newBench(t, func(c *notify.Config) { c.GiveUp = yamldoc.Duration(time.Hour) }, r)
	b.enqueueGroup(groupMsg("g", 1, notify.GroupFirst, "a"), "receiver/team")
	b.enqueueGroup(groupMsg("g", 2, notify.GroupChanged, "-a", "b"), "receiver/team")
	b.enqueueGroup(groupMsg("h", 1, notify.GroupFirst, "x"), "receiver/team")
	b.enqueueGroup(groupMsg("g", 3, notify.GroupChanged, "b", "c"), "receiver/team")
	b.deliver(t0)
	down = false
	b.deliver(t0.Add(time.Minute))
	if diff := cmp.Diff([]string{"group/h/1 first x", "group/g/3 first b,c,-a"}, r.groups); diff != "" {
		t.Error(diff)
	}
	if got := b.counter(`tocsin_notify_merged_total{channel="receiver/team",reason="newer"}`); got != 2 {
		t.Errorf("merged_total = %d, want 2", got)
	}
	down = true
	b.clock.set(t0.Add(2 * time.Minute))
	b.enqueueGroup(groupMsg("g", 4, notify.GroupChanged, "c"), "receiver/team")
	b.deliver(t0.Add(2 * time.Minute))
	b.clock.set(t0.Add(61 * time.Minute))
	b.enqueueGroup(groupMsg("g", 5, notify.GroupResolved, "-c"), "receiver/team")
	if next := b.deliver(t0.Add(62 * time.Minute)); !next.IsZero() {
		t.Errorf("next = %v, want it given up: the time counts from the oldest message that it stands for", next)
	}
}

func TestEnqueueGroup_TooManyAlertsAreCounted(t *testing.T) {
	var got *notify.Group
	r := &fake{name: "receiver/team", answer: func(_ context.Context, m notify.Message) error {
		got = m.Group
		return nil
	}}
	b := newBench(t, nil, r)
	m := groupMsg("g", 1, notify.GroupFirst)
	for i := range notify.MaxGroupAlerts + 7 {
		m.Group.Alerts = append(m.Group.Alerts, notify.GroupAlert{Fingerprint: fmt.Sprint(i)})
	}
	b.enqueueGroup(m, "receiver/team")
	b.deliver(t0)
	if got == nil || len(got.Alerts) != notify.MaxGroupAlerts || got.TruncatedAlerts != 7 || len(m.Group.Alerts) != notify.MaxGroupAlerts+7 {
		t.Error("want the maximum told, 7 counted, and the caller's group left alone")
	}
}

func TestGroup_JSON(t *testing.T) {
	b, err := json.Marshal(groupMsg("g", 1, notify.GroupFirst, "a").Group)
	want := `{"key":"g","receiver":"team","labels":{"alertname":"g"},"alerts":[{"labels":{"alertname":"a"},"starts_at":"2026-03-02T10:00:00Z","fingerprint":"a"}],"reason":"first"}`
	if err != nil || string(b) != want {
		t.Errorf("%s, %v\nwant %s", b, err, want)
	}
}
