package alertmanager

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/alert"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/window"
)

const long = 10 * time.Hour

// What is told differently from Alertmanager, and why it is better so; each is a
// row of docs/alertmanager.md.
func TestRouter_Differences(t *testing.T) {
	inhibits := "inhibit_rules:\n- source_matchers: [alertname=Root]\n  target_matchers: [alertname=Leaf]\n"
	for _, s := range []struct {
		name  string
		conf  string
		steps []step
		end   time.Duration
		want  []string
	}{
		{"an end is told though a silence came between", simple(""), []step{
			at(0, ev("Down", 0, long)), {at: 10 * minute, silence: "alertname=Down", until: 5 * time.Hour}, at(20*minute, ev("Down", 0, 20*minute)),
		}, time.Hour, []string{"000030.0 a first notification [Down]", "001230.0 a all alerts resolved [-Down]"}},
		{"an end is told though the alert is inhibited", simple("") + inhibits, []step{
			at(0, ev("Leaf", 0, long)), at(10*minute, ev("Root", 10*minute, long)), at(20*minute, ev("Leaf", 0, 20*minute)),
		}, 30 * minute, []string{"000030.0 a first notification [Leaf]", "000630.0 a first notification [Root]", "001230.0 a all alerts resolved [-Leaf]"}},
		{"what burns on when a silence ends is told again", simple(""), []step{
			at(0, ev("Down", 0, long)), {at: 10 * minute, silence: "alertname=Down", until: 22 * minute},
		}, 30 * minute, []string{"000030.0 a first notification [Down]", "001530.0 a new alerts added [Down]"}},
		{"it repeats when the interval has passed", strings.Replace(simple(""), "67m", "15m", 1), []step{
			at(0, ev("Down", 0, long)),
		}, 32 * minute, []string{"000030.0 a first notification [Down]", "000930.0 a repeat interval elapsed [Down]", "001830.0 a repeat interval elapsed [Down]"}},
		{"who hears no ends hears when it comes back", simple("  routes:\n  - {receiver: quiet, matchers: [team=q]}\n"), []step{
			at(0, ev("X team=q i=1", 0, long), ev("X team=q i=2", 0, long)), at(10*minute, ev("X team=q i=1", 0, 10*minute)),
			at(20*minute, ev("X team=q i=1", 20*minute, long)),
		}, 30 * minute, []string{"000030.0 quiet first notification [X,i=1,team=q X,i=2,team=q]", "001230.0 quiet new alerts added [X,i=1,team=q X,i=2,team=q]"}},
		{"the end of what nobody knew of is no news", simple(""), []step{
			at(0, ev("X i=1", 0, long)), at(10*minute, ev("X i=2", minute, 9*minute)),
		}, 30 * minute, []string{"000030.0 a first notification [X,i=1]"}},
		{"an end is told in a time in which the route is muted", simple("  mute_time_intervals: []\n") +
			"time_intervals:\n- name: late\n  time_intervals: [{times: [{start_time: '00:30', end_time: '03:00'}]}]\n", nil, 0, nil},
	} {
		if s.steps == nil {
			continue // below, since the root may not be muted
		}
		t.Run(s.name, func(t *testing.T) {
			sc := scenario{name: s.name, conf: s.conf, steps: s.steps, end: s.end}
			if got := throughOurs(t, sc, nil); !slices.Equal(got, s.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(s.want, "\n  "))
			}
			if am := throughAlertmanager(t, sc); slices.Equal(am, s.want) {
				t.Error("Alertmanager does the same now; the documentation may say so")
			}
		})
	}
}

func TestRouter_MutedTime_HoldsBackStartsNotEnds(t *testing.T) {
	b := newBench(t, simple("  routes:\n  - {receiver: b, matchers: [team=b], mute_time_intervals: [late]}\n")+
		"time_intervals:\n- name: late\n  time_intervals: [{times: [{start_time: '00:30', end_time: '03:00'}]}]\n")
	b.put(ev("X team=b", 0, long))
	b.to(40 * minute)
	b.put(ev("X team=b", 0, 40*minute), ev("Y team=b", 40*minute, long))
	b.to(4 * time.Hour)
	b.want("000030.0 b first notification [X,team=b]", "002430.0 b all alerts resolved [-X,team=b]", "010830.0 b first notification [Y,team=b]")
}

func TestRouter_MaintenanceWindow_TellsWhatBurnsWhenItEnds(t *testing.T) {
	b := newBench(t, simple(""), window.Config{Name: "patching", Matchers: []string{`host=~"db-.*"`}, Cron: "10 0 * * *", Duration: 30 * 60e9})
	b.put(ev("Before host=db-1", 0, long))
	b.to(15 * minute)
	b.put(ev("During host=db-1", 15*minute, long), ev("Gone host=db-1", 15*minute, long), ev("During host=web", 15*minute, long))
	b.to(20 * minute)
	b.put(ev("Gone host=db-1", 15*minute, 20*minute))
	b.to(50 * minute)
	b.want(
		"000030.0 a first notification [Before,host=db-1]",
		"000930.0 a first notification [During,host=web]",
		"002430.0 a new alerts added [Before,host=db-1]",
		"002430.0 a new alerts added [During,host=db-1 During,host=web]",
	)
}

// A message that is decided on is in the outbox exactly once, whatever fails
// between the decision and there.
func TestRouter_KilledBetweenDecisionAndOutbox_TellsOnce(t *testing.T) {
	for _, how := range []string{"outbox refuses, then a kill", "kill after the outbox took it"} {
		t.Run(how, func(t *testing.T) {
			b := newBench(t, simple(""))
			b.put(ev("Down", 0, long))
			b.now = start.Add(30 * time.Second)
			if how == "outbox refuses, then a kill" {
				b.fail = errors.New("disk is full")
				b.tick()
				b.fail = nil
			} else {
				// What a kill before the row was deleted leaves.
				b.tick()
				body, err := json.Marshal(b.sent[0].m)
				must(t, err)
				_, err = b.db.Exec("INSERT INTO am_outgoing (channel, body) VALUES (?, ?)", b.sent[0].channel, body)
				must(t, err)
			}
			b.restart()
			b.to(4 * minute)
			if got := b.lines(); len(got) != 1 || !strings.HasSuffix(got[0], "a first notification [Down]") {
				t.Errorf("got %q, want it once", got)
			}
		})
	}
}

func TestRouter_ReloadThatMovesAlerts_RepeatsNothingAndLosesNothing(t *testing.T) {
	b := newBench(t, simple(""))
	b.put(ev("Down team=x", 0, long), ev("Slow team=x", 0, long))
	b.to(minute)
	// Now grouped otherwise, for the same receiver; and one more receiver.
	b.plan = planOf(t, simple("  routes:\n  - {receiver: a, matchers: [team=x], group_by: [team], continue: true}\n  - {receiver: b, matchers: [alertname=Slow]}\n"))
	must(t, b.r.Replace(t.Context(), b.plan, b.now))
	b.to(20 * minute)
	b.put(ev("Down team=x", 0, 20*minute), ev("Slow team=x", 0, 20*minute))
	b.to(30 * minute)
	b.want(
		"000030.0 a first notification [Down,team=x]", "000030.0 a first notification [Slow,team=x]",
		"000090.0 b first notification [Slow,team=x]",
		"001290.0 a all alerts resolved [-Down,team=x -Slow,team=x]", "001290.0 b all alerts resolved [-Slow,team=x]",
	)
}

func TestRouter_DownLongerThanTheLease_IsNoEnd(t *testing.T) {
	b := newBench(t, simple(""))
	b.put(ev("Down", 0, 5*minute))
	b.to(2 * minute)
	b.now = start.Add(20 * minute) // the sender went on, and nobody listened
	b.restart()
	b.tick()
	b.put(ev("Down", 0, 25*minute))
	b.to(24 * minute)
	b.want("000030.0 a first notification [Down]")
	b.to(40 * minute) // and now nobody sends
	if got := b.lines(); len(got) != 2 || !strings.HasSuffix(got[1], "all alerts resolved [-Down]") {
		t.Errorf("got %q, want an end", got)
	}
}

func TestRouter_Full_RefusesAndCounts(t *testing.T) {
	b := newBench(t, simple(""))
	b.r.o.Config.MaxAlerts = 2
	refused, err := b.r.Put(t.Context(), OriginReceived, []*alert.Alert{ev("A", 0, long), ev("B", 0, long), ev("C", 0, long), ev("A", 0, long)}, b.now)
	if err != nil || refused != 1 {
		t.Errorf("got %d refused, %v; want one", refused, err)
	}
	if n := b.r.metrics.set.GetOrCreateCounter(`tocsin_alertmanager_alerts_dropped_total{reason="too_many_alerts"}`).Get(); n != 1 {
		t.Errorf("counted %d, want 1", n)
	}
}

func TestRouter_Observe_ToldOnceForEachChange_AndAgainWhenRefused(t *testing.T) {
	b := newBench(t, simple("  routes:\n  - {receiver: none, matchers: [team=n]}\n"))
	b.refuse = errors.New("database is locked")
	b.put(ev("Down", 0, long), ev("X team=n", 0, long))
	b.tick()
	b.refuse = nil
	b.to(minute)
	b.put(ev("Down", 0, long+1))
	b.to(2 * minute)
	b.put(ev("Down", 0, 2*minute))
	b.to(20 * minute)
	var got []string
	for _, o := range b.observed {
		got = append(got, fmt.Sprintf("%s %t %v", o.Labels["alertname"], o.Ended, o.Receivers))
	}
	slices.Sort(got)
	want := []string{"Down false map[a:true]", "Down true map[a:true]", "X false map[none:false]"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if n := len(b.r.Alerts()); n != 1 {
		t.Errorf("got %d alerts, want the one that burns", n)
	}
	var rows int
	if err := b.db.QueryRow("SELECT COUNT(*) FROM am_alerts").Scan(&rows); err != nil || rows != 1 {
		t.Errorf("got %d rows, %v; want 1", rows, err)
	}
}

func TestRouter_Reconcile_HealsWhatWasMissed(t *testing.T) {
	b := newBench(t, simple(""))
	rule := func(*alert.Alert) Origin { return OriginRule }
	lost := ev("Lost", 0, -1)
	if _, err := b.r.Put(t.Context(), OriginRule, []*alert.Alert{ev("Stays", 0, -1), ev("Ended", 0, -1)}, b.now); err != nil {
		t.Fatal(err)
	}
	b.to(time.Minute)
	must(t, b.r.Reconcile(t.Context(), []*alert.Alert{ev("Stays", 0, -1), lost}, rule, b.now))
	b.to(10 * minute)
	b.want("000030.0 a first notification [Ended]", "000030.0 a first notification [Stays]",
		"000060.0 a first notification [Lost]", "000330.0 a all alerts resolved [-Ended]")
}

func TestRouter_NamedChannels_AreInNoGroupButInhibit(t *testing.T) {
	b := newBench(t, simple("")+"inhibit_rules:\n- source_matchers: [alertname=Root]\n  target_matchers: [alertname=Leaf]\n")
	if _, err := b.r.Put(t.Context(), OriginChannel, []*alert.Alert{ev("Root", 0, -1)}, b.now); err != nil {
		t.Fatal(err)
	}
	b.put(ev("Leaf", 0, long))
	b.to(time.Hour)
	b.want()
}

func TestRouter_Muted_AnIncidentWhoseAlertsAreAllMuted(t *testing.T) {
	b := newBench(t, simple(""), window.Config{Name: "patching", Matchers: []string{"service=batch"}, Cron: "0 0 * * *", Duration: 60 * 60e9})
	b.silence("00000000-0000-0000-0000-000000000001", "host=a", 0, time.Hour)
	occ := func(name, host string, c incident.Condition) incident.Occurrence {
		return incident.Occurrence{Name: name, Service: "pay", Strong: true, Condition: c, Severity: incident.SeverityCritical, Labels: map[string]string{"host": host}}
	}
	for _, tt := range []struct {
		name string
		inc  incident.Incident
		want string
	}{
		{"all silenced", incident.Incident{Occurrences: []incident.Occurrence{occ("X", "a", incident.ConditionFiring), occ("Y", "a", incident.ConditionHeld)}}, "silence"},
		{"one burns on", incident.Incident{Occurrences: []incident.Occurrence{occ("X", "a", incident.ConditionFiring), occ("Y", "b", incident.ConditionFiring)}}, ""},
		{"the other has cleared", incident.Incident{Occurrences: []incident.Occurrence{occ("X", "a", incident.ConditionFiring), occ("Y", "b", incident.ConditionCleared)}}, "silence"},
		{"resolved", incident.Incident{State: incident.StateResolved, Occurrences: []incident.Occurrence{occ("X", "a", incident.ConditionCleared)}}, ""},
		{"window, by the service", incident.Incident{Occurrences: []incident.Occurrence{{Name: "X", Service: "batch", Strong: true, Condition: incident.ConditionFiring}}}, "maintenance"},
		{"evidence does not count", incident.Incident{Occurrences: []incident.Occurrence{occ("X", "a", incident.ConditionFiring), {Name: "m", Service: "pay", Condition: incident.ConditionFiring}}}, "silence"},
	} {
		m, err := b.r.Muted(t.Context(), notify.Message{Incident: tt.inc}, "pager", start.Add(minute))
		if err != nil || m.Reason != tt.want {
			t.Errorf("%s: got %+v, %v; want %q", tt.name, m, err, tt.want)
		}
		if tt.want != "" && !m.Until.Equal(start.Add(time.Hour)) {
			t.Errorf("%s: until %v, want an hour from the start", tt.name, m.Until)
		}
	}
	if m, _ := b.r.Muted(t.Context(), notify.Message{Group: &notify.Group{}}, "receiver/a", start); m.Reason != "" {
		t.Errorf("a group was decided on already; got %+v", m)
	}
}
