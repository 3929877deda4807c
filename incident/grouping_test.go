package incident_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// path is a path of calls from web over cart to db; lone is on none.
func path(a, b string) float64 {
	if a == "lone" || b == "lone" {
		return 0
	}
	return 0.8
}

func withPath(t *testing.T, edit ...func(*incident.Config)) *bench {
	b := newBench(t, edit...)
	b.related = path
	b.restart()
	return b
}

func TestManager_OneFaultAtFiveServices_IsOneIncident(t *testing.T) {
	b := withPath(t)
	for i, s := range []string{"db", "cart", "web", "mail", "search"} {
		b.apply(symptom("latency", s, after(time.Duration(i)*5*time.Second)))
	}
	b.apply(symptom("latency", "lone", after(30*time.Second)))
	b.want("inc-001 opened", "inc-001 attached", "inc-001 attached", "inc-001 attached", "inc-001 attached", "inc-002 opened")
	_, events := b.get("inc-001")
	if !strings.HasPrefix(events[1].Text, "cart (affinity 0.") || !strings.Contains(events[1].Text, "topology 0.80") {
		t.Errorf("want why it joined, got %q", events[1].Text)
	}
}

func TestManager_WeakOrLate_DoesNotChain(t *testing.T) {
	b := withPath(t)
	s := symptom("latency", "db", noon)
	b.apply(s)
	b.apply(cleared(s, after(time.Minute)))
	for i := 2; i < 8; i++ { // weak ones never move the last strong report
		b.apply(anomaly("cpu", "cart", after(time.Duration(i)*30*time.Second)))
	}
	b.apply(symptom("latency", "web", after(5*time.Minute)))
	i, _ := b.get("inc-002")
	if i.Service != "web" {
		t.Errorf("want an incident of its own for web, got\n%s", b.story())
	}
}

func TestManager_SameSuspect_MergesAtTheSecondLook(t *testing.T) {
	b := newBench(t)
	known := false // that one calls the other
	b.related = func(string, string) float64 {
		if known {
			return 0.8
		}
		return 0
	}
	b.suspect = func(string) string { return "deploy-42" }
	b.restart()
	x, y := alert("high_errors", "db", noon), alert("high_errors", "cart", after(time.Second))
	b.apply(x)
	b.apply(y)
	b.tick(after(5 * time.Second))
	known = true
	b.tick(after(10 * time.Second))
	b.want("inc-001 opened", "inc-002 opened")
	b.restart()
	b.tick(after(20 * time.Second))
	b.want("inc-001 opened", "inc-002 opened", "inc-002 merged", "inc-001 attached")
	i, _ := b.get("inc-002") // leads to the survivor
	if i.ID != "inc-001" || len(i.Occurrences) != 2 || len(i.Merged) != 1 {
		t.Errorf("got %s with %d occurrences, merged %v", i.ID, len(i.Occurrences), i.Merged)
	}
	own, events, err := b.m.GetOwn(ctx, "inc-002")
	if err != nil || own.State != incident.StateMerged || own.MergedInto != "inc-001" || !strings.Contains(events[1].Text, "deploy-42") {
		t.Errorf("got %+v %v %v", own, events, err)
	}
	if i, err := b.m.Ack(ctx, "inc-002", "ada", "", after(time.Minute)); err != nil || i.ID != "inc-001" || i.State != incident.StateAcknowledged {
		t.Errorf("ack of the old id: got %s %s, %v", i.ID, i.State, err)
	}
	b.apply(cleared(y, after(2*time.Minute)))
	b.apply(cleared(x, after(2*time.Minute)))
	b.tick(after(7 * time.Minute))
	if i, _ := b.get("inc-001"); i.State != incident.StateResolved {
		t.Errorf("the survivor is %s", i.State)
	}
}

func TestManager_MergeAndSplitByHand(t *testing.T) {
	b := newBench(t)
	x, y := alert("x", "a", noon), alert("y", "b", after(time.Second))
	b.apply(x)
	b.apply(y)
	i, err := b.m.Merge(ctx, "inc-002", "inc-001", "ada", "one outage", after(time.Minute))
	if err != nil || i.ID != "inc-001" || len(i.Occurrences) != 2 {
		t.Fatalf("got %s with %d, %v", i.ID, len(i.Occurrences), err)
	}
	if _, err := b.m.Merge(ctx, "inc-002", "inc-001", "ada", "", after(time.Minute)); !errors.Is(err, incident.ErrConflict) {
		t.Errorf("again: got %v, want ErrConflict", err)
	}
	if _, err := b.m.Split(ctx, "inc-001", "nothing", "ada", "", after(time.Minute)); !errors.Is(err, incident.ErrNotFound) {
		t.Errorf("unknown key: got %v", err)
	}
	n, err := b.m.Split(ctx, "inc-001", y.Key, "ada", "two after all", after(2*time.Minute))
	if err != nil || n.ID != "inc-003" || n.SplitFrom != "inc-001" || n.State != incident.StateOpen {
		t.Fatalf("got %+v, %v", n, err)
	}
	if _, err := b.m.Split(ctx, "inc-001", x.Key, "ada", "", after(2*time.Minute)); !errors.Is(err, incident.ErrConflict) {
		t.Errorf("the last one: got %v, want ErrConflict", err)
	}
	b.restart()
	b.apply(cleared(y, after(3*time.Minute))) // goes where it is now
	b.tick(after(8 * time.Minute))
	one, _ := b.get("inc-001")
	three, _ := b.get("inc-003")
	if one.State != incident.StateOpen || three.State != incident.StateResolved {
		t.Errorf("got %s and %s, want open and resolved", one.State, three.State)
	}
}

func TestManager_TooOld_OpensALinkedSuccessor(t *testing.T) {
	b := newBench(t)
	x := alert("x", "a", noon)
	b.apply(x)
	b.apply(at(x, after(7*time.Hour))) // what it knows goes on
	b.apply(alert("y", "a", after(7*time.Hour)))
	b.apply(alert("z", "a", after(7*time.Hour+time.Minute)))
	b.want("inc-001 opened", "inc-002 opened", "inc-001 linked", "inc-002 attached")
	one, _ := b.get("inc-001")
	two, _ := b.get("inc-002")
	if one.Successor != "inc-002" || two.Predecessor != "inc-001" {
		t.Errorf("got %q and %q", one.Successor, two.Predecessor)
	}
}

func TestManager_DataNeverBack_Expires_AndMayReopen(t *testing.T) {
	b := newBench(t, func(c *incident.Config) { c.ExpireAfter = yamldoc.Duration(time.Hour) })
	x := alert("x", "a", noon)
	b.apply(x)
	b.apply(held(x, after(time.Minute)))
	b.tick(after(60 * time.Minute))
	b.want("inc-001 opened", "inc-001 held")
	b.tick(after(61 * time.Minute))
	_, events := b.get("inc-001")
	if want := "no data of 1 occurrence that had not recovered since 12:01:00 UTC; whether it recovered is not known"; events[2].Text != want {
		t.Errorf("got %q, want %q", events[2].Text, want)
	}
	b.apply(again(x, after(70*time.Minute)))
	b.want("inc-001 opened", "inc-001 held", "inc-001 expired", "inc-001 reopened")
}

func TestManager_Mitigated_OpensAgainOnWhatIsNew(t *testing.T) {
	b := newBench(t)
	x := alert("x", "a", noon)
	b.apply(x)
	if i, err := b.m.Mitigate(ctx, "inc-001", incident.ActorSelf, "rolled back", after(time.Minute)); err != nil || i.State != incident.StateMitigated || i.Mitigated.IsZero() {
		t.Fatalf("got %s, %v", i.State, err)
	}
	b.apply(at(x, after(2*time.Minute))) // still the old episode
	b.want("inc-001 opened", "inc-001 mitigated")
	b.apply(alert("y", "a", after(3*time.Minute)))
	b.want("inc-001 opened", "inc-001 mitigated", "inc-001 reopened")
}

func TestManager_FalsePositive_EndsForGood(t *testing.T) {
	b := newBench(t)
	x := alert("x", "a", noon)
	b.apply(x)
	i, err := b.m.FalsePositive(ctx, "inc-001", "ada", "load test", after(time.Minute))
	if err != nil || i.State != incident.StateFalsePositive {
		t.Fatalf("got %s, %v", i.State, err)
	}
	b.apply(at(x, after(2*time.Minute)))
	b.apply(cleared(x, after(3*time.Minute)))
	b.apply(again(x, after(4*time.Minute)))
	b.want("inc-001 opened", "inc-001 false_positive", "inc-002 opened")
	if _, err := b.m.Ack(ctx, "inc-001", "ada", "", after(5*time.Minute)); !errors.Is(err, incident.ErrConflict) {
		t.Errorf("got %v, want ErrConflict", err)
	}
	if two, _ := b.get("inc-002"); two.RecurrenceOf != "inc-001" {
		t.Errorf("recurrence of %q", two.RecurrenceOf)
	}
}

func TestManager_ClosedByHand_DoesNotReopen(t *testing.T) {
	b := newBench(t)
	x := alert("x", "a", noon)
	b.apply(x)
	b.apply(cleared(x, after(time.Minute)))
	b.tick(after(6 * time.Minute))
	if _, err := b.m.Close(ctx, "inc-001", "ada", "", after(7*time.Minute)); err != nil {
		t.Fatal(err)
	}
	b.apply(again(x, after(8*time.Minute)))
	b.want("inc-001 opened", "inc-001 cleared", "inc-001 resolved", "inc-001 closed", "inc-002 opened")
}

func TestManager_Candidate_IsListedByItsState(t *testing.T) {
	b := newBench(t)
	b.apply(strong("cpu", "a", noon))
	list := func(f incident.Filter) int {
		l, err := b.m.List(ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		return len(l)
	}
	if n := list(incident.Filter{}); n != 0 {
		t.Errorf("listed without being asked for: %d", n)
	}
	if n := list(incident.Filter{States: []incident.State{incident.StateCandidate}}); n != 1 {
		t.Errorf("got %d candidates, want 1", n)
	}
	b.restart()
	b.apply(strong("disk", "a", after(time.Second)))
	b.apply(strong("net", "a", after(2*time.Second)))
	b.want("inc-001 candidate", "inc-001 opened")
	if i, _ := b.get("inc-001"); i.State != incident.StateOpen || len(i.Occurrences) != 3 || i.NeverOpened {
		t.Errorf("got %s with %d", i.State, len(i.Occurrences))
	}
}

func TestManager_SeverityFallsAfterACooldown(t *testing.T) {
	b := newBench(t)
	x := alert("x", "a", noon)
	x.Severity = incident.SeverityCritical
	y := alert("y", "a", noon)
	b.apply(x)
	b.apply(y)
	b.apply(cleared(x, after(time.Minute)))
	b.tick(after(29 * time.Minute))
	b.tick(after(31 * time.Minute))
	b.want("inc-001 opened", "inc-001 attached", "inc-001 cleared", "inc-001 lowered")
	if i, _ := b.get("inc-001"); i.Severity != incident.SeverityWarning {
		t.Errorf("got %s", i.Severity)
	}
}

func TestManager_OurOwnLag_MakesNoStormOfMissingData(t *testing.T) {
	b := newBench(t)
	b.lagging = func(at time.Time) bool { return at.Before(after(10 * time.Minute)) }
	b.restart()
	x := alert("x", "a", noon)
	b.apply(x)
	b.apply(held(x, after(time.Minute)))
	gone := symptom("request_rate", "b", after(time.Minute))
	gone.Kind = "missing"
	b.apply(gone)
	b.want("inc-001 opened")
	if n := b.counted(`tocsin_incident_dropped_total{reason="blind"}`); n != 2 {
		t.Errorf("counted %d, want 2", n)
	}
	b.apply(held(x, after(11*time.Minute)))
	b.want("inc-001 opened", "inc-001 held")
}

func TestManager_Storm_LinksItsMembers(t *testing.T) {
	b := newBench(t, func(c *incident.Config) { c.StormIncidents = 2 })
	for i, s := range []string{"a", "b", "c"} {
		b.apply(alert("x", s, after(time.Duration(i)*time.Second)))
	}
	u, _ := b.get("inc-003")
	m, _ := b.get("inc-001")
	if strings.Join(u.Members, " ") != "inc-001 inc-002" || m.Umbrella != "inc-003" {
		t.Errorf("got members %v, umbrella %q", u.Members, m.Umbrella)
	}
}

func TestManager_WhatOftenComesBack_IsBelievedLater(t *testing.T) {
	b := newBench(t, func(c *incident.Config) { c.FlapChanges = 50 })
	x := alert("x", "a", noon)
	start := noon
	for range 4 { // each time it comes back 9 minutes after it ended
		b.apply(again(x, start))
		b.apply(cleared(x, start.Add(time.Minute)))
		start = start.Add(10 * time.Minute)
	}
	end := start.Add(-9 * time.Minute)
	b.tick(end.Add(8 * time.Minute))
	if i, _ := b.get("inc-001"); i.State != incident.StateOpen {
		t.Errorf("after 8 minutes: %s, want open: it usually comes back after 9", i.State)
	}
	b.tick(end.Add(9 * time.Minute))
	if i, _ := b.get("inc-001"); i.State != incident.StateResolved {
		t.Errorf("after 9 minutes: %s", i.State)
	}
}

func TestManager_RowsOfBefore_LoadAsTheyAre(t *testing.T) {
	b := newBench(t)
	b.apply(alert("x", "a", noon))
	b.apply(alert("y", "b", noon))
	// What an earlier version stored knows nothing of services, labels and prints.
	for _, q := range []string{
		`UPDATE incidents SET body = json_remove(body, '$.memory.services', '$.memory.signature', '$.memory.marks', '$.memory.last_strong', '$.memory.severe')`,
		`UPDATE incidents SET state = 'acknowledged', body = json_set(body, '$.state', 'acknowledged') WHERE service = 'b'`,
		`DELETE FROM incident_habits`,
	} {
		if _, err := b.db.ExecContext(ctx, q); err != nil {
			t.Fatal(err)
		}
	}
	b.restart()
	b.apply(alert("z", "a", after(time.Minute)))
	b.apply(alert("z", "b", after(time.Minute)))
	b.want("inc-001 opened", "inc-002 opened", "inc-001 attached", "inc-002 attached")
	if i, _ := b.get("inc-002"); i.State != incident.StateAcknowledged {
		t.Errorf("got %s", i.State)
	}
}
