package incident_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
)

// play sends the reports, ticks and resolutions of a random but repeatable day
// to a bench, and calls between before each step.
func play(b *bench, seed uint64, steps int, between func(step int)) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	now := noon
	going := map[string]incident.Occurrence{}
	for step := range steps {
		between(step)
		now = now.Add(time.Duration(5+rnd.IntN(120)) * time.Second)
		service := fmt.Sprintf("s%d", rnd.IntN(3))
		var o incident.Occurrence
		switch n := rnd.IntN(4); n {
		case 0:
			o = alert(fmt.Sprintf("a%d", rnd.IntN(2)), service, now)
		case 1:
			o = anomaly(fmt.Sprintf("w%d", rnd.IntN(3)), service, now)
		default:
			o = strong(fmt.Sprintf("m%d", rnd.IntN(4)), service, now)
		}
		if old, ok := going[o.Key]; ok {
			o.Since = old.Since
			switch rnd.IntN(4) {
			case 0, 1:
				o = cleared(o, now)
				delete(going, o.Key)
			case 2:
				o = held(o, now)
			}
		} else {
			going[o.Key] = o
		}
		b.apply(o)
		if rnd.IntN(3) == 0 {
			b.tick(now)
		}
		if rnd.IntN(40) == 0 {
			now = now.Add(time.Duration(rnd.IntN(60)) * time.Minute)
			b.tick(now)
		}
		if rnd.IntN(25) == 0 {
			list, err := b.m.List(ctx, incident.Filter{States: []incident.State{incident.StateOpen}})
			if err != nil {
				b.t.Fatal(err)
			}
			if len(list) > 0 {
				if _, err := b.m.Resolve(ctx, list[0].ID, "release-bot", "", now); err != nil {
					b.t.Fatal(err)
				}
			}
		}
	}
}

func (b *bench) texts() string {
	events, err := b.m.EventsAfter(ctx, 0, 100000)
	if err != nil {
		b.t.Fatal(err)
	}
	var out []string
	for _, e := range events {
		out = append(out, fmt.Sprintf("%d %s %s %s %s | %s %s %s", e.Event.Seq, e.Event.At.Format(time.TimeOnly), e.Event.Incident, e.Event.Kind, e.Event.Text,
			e.Incident.Title, e.Incident.State, e.Incident.Severity))
	}
	return strings.Join(out, "\n")
}

func TestManager_RestartAtAnyPoint_SameEvents(t *testing.T) {
	kinds := map[incident.EventKind]int{}
	for seed := range uint64(3) {
		straight := newBench(t)
		play(straight, seed, 180, func(int) {})
		restarted := newBench(t)
		play(restarted, seed, 180, func(int) { restarted.restart() })
		want, got := straight.texts(), restarted.texts()
		if d := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); d != "" {
			t.Fatalf("seed %d: -straight +restarted:\n%s", seed, d)
		}
		events, _ := straight.m.EventsAfter(ctx, 0, 100000)
		for _, e := range events {
			kinds[e.Event.Kind]++
		}
	}
	for _, k := range []incident.EventKind{incident.EventOpened, incident.EventAttached, incident.EventCleared, incident.EventHeld,
		incident.EventResolved, incident.EventReopened, incident.EventNote} {
		if kinds[k] == 0 {
			t.Errorf("the day had no %s event, so it proves nothing of it", k)
		}
	}
}

func TestManager_RepeatedReports_ChangeNothing(t *testing.T) {
	once, twice := newBench(t), newBench(t)
	a := alert("x", "a", noon)
	reports := []incident.Occurrence{a, symptom("error_rate", "a", after(time.Second)), anomaly("cpu", "a", after(2*time.Second)),
		held(a, after(time.Minute)), at(a, after(2*time.Minute)), cleared(a, after(3*time.Minute)),
		cleared(symptom("error_rate", "a", after(time.Second)), after(4*time.Minute))}
	for _, o := range reports {
		once.apply(o)
		for range 3 {
			twice.apply(o)
		}
	}
	once.tick(after(20 * time.Minute))
	twice.tick(after(20 * time.Minute))
	twice.tick(after(20 * time.Minute))
	if d := cmp.Diff(once.texts(), twice.texts()); d != "" {
		t.Errorf("-once +thrice:\n%s", d)
	}
}

func TestManager_Refresh_IsWrittenOnceAMinute(t *testing.T) {
	b := newBench(t)
	a := alert("x", "a", noon)
	b.apply(a)
	stored := func() float64 {
		b.restart()
		i, _ := b.get("inc-001")
		return float64(i.Occurrences[0].Value)
	}
	a.Value = 0.5
	b.apply(at(a, after(10*time.Second)))
	if i, _ := b.get("inc-001"); i.Occurrences[0].Value != 0.5 {
		t.Errorf("in memory: got %v, want the fresh value", i.Occurrences[0].Value)
	}
	if list, _ := b.m.List(ctx, incident.Filter{}); list[0].Occurrences[0].Value != 0.5 {
		t.Errorf("listed: got %v, want the fresh value", list[0].Occurrences[0].Value)
	}
	if got := stored(); got != 0.312 {
		t.Errorf("after 10 s: stored %v, want the first value", got)
	}
	b.apply(at(a, after(70*time.Second)))
	if got := stored(); got != 0.5 {
		t.Errorf("after 70 s: stored %v, want the fresh value", got)
	}
	a.Value = 0.6
	b.apply(at(a, after(80*time.Second)))
	b.tick(after(10 * time.Minute))
	if got := stored(); got != 0.6 {
		t.Errorf("after a tick: stored %v, want the fresh value", got)
	}
	b.want("inc-001 opened")
}

func TestManager_EventsCarryTheIncidentAsItStood(t *testing.T) {
	b := newBench(t)
	b.apply(symptom("error_rate", "a", noon))
	c := alert("x", "a", after(time.Second))
	c.Severity = incident.SeverityCritical
	b.apply(c)
	events, err := b.m.EventsAfter(ctx, 0, 10)
	if err != nil || len(events) != 3 {
		t.Fatal(events, err)
	}
	for i, want := range []struct {
		kind incident.EventKind
		sev  incident.Severity
		n    int
	}{{incident.EventOpened, "warning", 1}, {incident.EventAttached, "warning", 2}, {incident.EventRaised, "critical", 2}} {
		e := events[i]
		if e.Event.Kind != want.kind || e.Incident.Severity != want.sev || len(e.Incident.Occurrences) != want.n {
			t.Errorf("event %d: got %s %s %d, want %v", i, e.Event.Kind, e.Incident.Severity, len(e.Incident.Occurrences), want)
		}
	}
}
