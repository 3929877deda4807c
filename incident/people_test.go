package incident_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/incident"
)

func TestManager_Ack(t *testing.T) {
	b := newBench(t)
	a := alert("x", "a", noon)
	b.apply(a)
	i, err := b.m.Ack(ctx, "inc-001", "release-bot", "looking", after(time.Minute))
	if err != nil || i.State != incident.StateAcknowledged || !i.Acked.Equal(after(time.Minute)) {
		t.Fatalf("got %+v, %v", i, err)
	}
	if _, err := b.m.Ack(ctx, "inc-001", "bob", "", after(2*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.m.Ack(ctx, "inc-001", "bob", "me too", after(2*time.Minute)); err != nil {
		t.Fatal(err)
	}
	b.want("inc-001 opened", "inc-001 acknowledged", "inc-001 note")
	_, events := b.get("inc-001")
	if events[1].Text != "acknowledged by release-bot: looking" || events[1].Actor != "release-bot" {
		t.Errorf("got %+v", events[1])
	}
	b.apply(cleared(a, after(3*time.Minute)))
	b.tick(after(8 * time.Minute))
	if _, err := b.m.Ack(ctx, "inc-001", "release-bot", "", after(9*time.Minute)); !errors.Is(err, incident.ErrConflict) {
		t.Errorf("resolved: got %v, want ErrConflict", err)
	}
}

func TestManager_PeoplesMistakes(t *testing.T) {
	b := newBench(t)
	b.apply(alert("x", "a", noon))
	for name, c := range map[string]struct {
		id, actor, note string
		want            error
	}{
		"no such incident": {"inc-999", "release-bot", "x", incident.ErrNotFound},
		"no actor":         {"inc-001", " ", "x", incident.ErrInvalid},
		"no note":          {"inc-001", "release-bot", " ", incident.ErrInvalid},
		"long actor":       {"inc-001", strings.Repeat("x", 300), "x", incident.ErrInvalid},
		"long note":        {"inc-001", "release-bot", strings.Repeat("x", 5000), incident.ErrInvalid},
	} {
		if _, err := b.m.Note(ctx, c.id, c.actor, c.note, noon); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if _, _, err := b.m.Get(ctx, "inc-999"); !errors.Is(err, incident.ErrNotFound) {
		t.Errorf("get: got %v", err)
	}
	b.want("inc-001 opened")
}

func TestManager_ResolvedByHand_AbsorbsTheEpisode(t *testing.T) {
	b := newBench(t)
	a := alert("x", "a", noon)
	b.apply(a)
	if _, err := b.m.Resolve(ctx, "inc-001", "release-bot", "known", after(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.m.Resolve(ctx, "inc-001", "bob", "", after(time.Minute)); err != nil {
		t.Fatal(err)
	}
	for i := 2; i < 120; i += 10 {
		b.apply(at(a, after(time.Duration(i)*time.Minute)))
		b.tick(after(time.Duration(i) * time.Minute))
		if i == 52 {
			b.restart()
		}
	}
	b.apply(held(a, after(120*time.Minute)))
	b.want("inc-001 opened", "inc-001 resolved", "inc-001 closed")
	_, events := b.get("inc-001")
	if want := "resolved by release-bot: known (1 occurrence still going on)"; events[1].Text != want {
		t.Errorf("got %q, want %q", events[1].Text, want)
	}
	b.apply(cleared(a, after(121*time.Minute)))
	b.apply(again(a, after(125*time.Minute)))
	b.want("inc-001 opened", "inc-001 resolved", "inc-001 closed", "inc-002 opened")
}

func TestManager_ResolvedByHand_NewEpisodeReopens(t *testing.T) {
	b := newBench(t)
	a := alert("x", "a", noon)
	other := alert("y", "a", after(time.Second))
	b.apply(a)
	b.apply(other)
	if _, err := b.m.Resolve(ctx, "inc-001", "release-bot", "", after(time.Minute)); err != nil {
		t.Fatal(err)
	}
	b.apply(cleared(other, after(2*time.Minute)))
	b.apply(again(a, after(10*time.Minute))) // its end was not seen, but it began anew
	b.want("inc-001 opened", "inc-001 attached", "inc-001 resolved", "inc-001 reopened")
	b.apply(cleared(a, after(11*time.Minute)))
	b.tick(after(16 * time.Minute))
	if i, _ := b.get("inc-001"); i.State != incident.StateResolved {
		t.Errorf("state %s: the clear that was absorbed must count", i.State)
	}
}

func TestManager_AppendEvent_IsIdempotentByKey(t *testing.T) {
	b := newBench(t)
	b.apply(alert("x", "a", noon))
	ev := incident.Event{Incident: "inc-001", Kind: incident.EventSuspects, At: after(time.Second), Text: "deployment a v2", Key: "c1"}
	one, added, err := b.m.AppendEvent(ctx, ev)
	if err != nil || !added || one.Seq == 0 || one.Actor != "tocsin" {
		t.Fatalf("got %+v %v %v", one, added, err)
	}
	two, added, err := b.m.AppendEvent(ctx, ev)
	if err != nil || added || two.Seq != one.Seq {
		t.Errorf("again: got %+v %v %v", two, added, err)
	}
	ev.Key = ""
	if _, added, err := b.m.AppendEvent(ctx, ev); err != nil || !added {
		t.Errorf("without key: got %v %v", added, err)
	}
	ev.Incident = "inc-999"
	if _, _, err := b.m.AppendEvent(ctx, ev); !errors.Is(err, incident.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	ev.Kind = incident.EventResolved
	if _, _, err := b.m.AppendEvent(ctx, ev); !errors.Is(err, incident.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	b.want("inc-001 opened", "inc-001 suspects", "inc-001 suspects")
}

func TestManager_ListAndCursor(t *testing.T) {
	b := newBench(t)
	x := alert("x", "a", noon)
	b.apply(x)
	b.apply(alert("x", "b", after(time.Minute)))
	b.apply(cleared(x, after(time.Minute)))
	b.tick(after(6 * time.Minute))
	for _, c := range []struct {
		f    incident.Filter
		want string
	}{
		{incident.Filter{}, "inc-002 inc-001"},
		{incident.Filter{States: []incident.State{incident.StateOpen, incident.StateAcknowledged}}, "inc-002"},
		{incident.Filter{Service: "a"}, "inc-001"},
		{incident.Filter{From: after(time.Second)}, "inc-002"},
		{incident.Filter{To: after(time.Minute)}, "inc-001"},
		{incident.Filter{Limit: 1}, "inc-002"},
		{incident.Filter{Service: "zz"}, ""},
	} {
		list, err := b.m.List(ctx, c.f)
		if err != nil || list == nil {
			t.Fatal(list, err)
		}
		var ids []string
		for _, i := range list {
			ids = append(ids, i.ID)
		}
		if got := strings.Join(ids, " "); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.f, got, c.want)
		}
	}
	if seq, err := b.m.Cursor(ctx, "respond"); seq != 0 || err != nil {
		t.Errorf("first: got %d, %v", seq, err)
	}
	for _, seq := range []int64{3, 7} {
		if err := b.m.SetCursor(ctx, "respond", seq); err != nil {
			t.Fatal(err)
		}
	}
	if seq, err := b.m.Cursor(ctx, "respond"); seq != 7 || err != nil {
		t.Errorf("got %d, %v, want 7", seq, err)
	}
	records, err := b.m.EventsAfter(ctx, 1, 1)
	if err != nil || len(records) != 1 || records[0].Event.Seq != 2 || records[0].Incident.ID != "inc-002" || records[0].Incident.State != incident.StateOpen {
		t.Errorf("got %+v, %v", records, err)
	}
}
