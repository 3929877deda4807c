package change_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/change/verdict"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

func seen(t *testing.T, f *change.Feed, c telemetry.Change) telemetry.Change {
	t.Helper()
	if c.Kind == "" {
		c.Kind = telemetry.KindDeployment
	}
	out, _, _, err := f.RecordInferred(context.Background(), c, c.Started.Add(5*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func version(id, v string, started time.Time) telemetry.Change {
	return telemetry.Change{ID: id, Service: "pay", VersionFrom: "v1", VersionTo: v, Started: started,
		Finished: started.Add(2 * time.Minute), Status: telemetry.StatusSucceeded, Sources: []string{"telemetry/version"}}
}

func line(c telemetry.Change) string {
	return fmt.Sprintf("%s %s->%s %s %s-%s %v", c.ID, c.VersionFrom, c.VersionTo, c.Status, c.Started.Sub(noon), c.Finished.Sub(noon), c.Sources)
}

func all(t *testing.T, f *change.Feed) []string {
	t.Helper()
	list, err := f.List(context.Background(), change.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range list {
		out = append(out, line(c))
	}
	return out
}

func TestInferred_AndReported_AreOne_InBothOrders(t *testing.T) {
	told := telemetry.Change{ID: "run-1", Service: "pay", Environment: "production", VersionTo: "2", Author: "ann",
		Started: noon.Add(-3 * time.Minute), Finished: noon.Add(5 * time.Minute), Status: telemetry.StatusSucceeded}
	for _, first := range []string{"told", "seen"} {
		f, _ := newFeed(t)
		if first == "told" {
			record(t, f, told, noon.Add(5*time.Minute))
			seen(t, f, version("seen-1", "v2", noon))
		} else {
			got := seen(t, f, version("seen-1", "v2", noon))
			if _, err := f.SaveVerdict(context.Background(), got.ID, verdict.Verdict{State: verdict.Collecting, At: noon}); err != nil {
				t.Fatal(err)
			}
			record(t, f, told, noon.Add(5*time.Minute))
			if _, words, ok, err := f.Verdict(context.Background(), "run-1"); !ok || err != nil || len(words) != 1 {
				t.Errorf("the verdict did not come along: %v %v %v", words, ok, err)
			}
		}
		want := []string{"run-1 v1->2 succeeded -3m0s-5m0s [reported telemetry/version]"}
		if d := cmp.Diff(want, all(t, f)); d != "" {
			t.Errorf("%s first: %s", first, d)
		}
		seen(t, f, version("seen-1", "v2", noon)) // again, under the id that leads to it
		if d := cmp.Diff(want, all(t, f)); d != "" {
			t.Errorf("%s first, seen again: %s", first, d)
		}
		if c, err := f.Get(context.Background(), "seen-1"); err != nil || c.ID != "run-1" || c.Environment != "production" || c.Author != "ann" {
			t.Errorf("got %+v, %v", c, err)
		}
	}
}

func TestInferred_StaysApart(t *testing.T) {
	f, _ := newFeed(t)
	record(t, f, telemetry.Change{ID: "other version", Service: "pay", VersionTo: "v7", Started: noon, Status: telemetry.StatusSucceeded}, noon)
	record(t, f, telemetry.Change{ID: "too long ago", Service: "pay", VersionTo: "v2", Started: noon.Add(-5 * time.Hour), Status: telemetry.StatusSucceeded}, noon.Add(-5*time.Hour))
	record(t, f, telemetry.Change{ID: "no version, too long ago", Service: "pay", Started: noon.Add(-30 * time.Minute), Status: telemetry.StatusSucceeded}, noon.Add(-30*time.Minute))
	record(t, f, telemetry.Change{ID: "other service", Service: "cart", Started: noon, Status: telemetry.StatusSucceeded}, noon)
	record(t, f, telemetry.Change{ID: "other kind", Kind: telemetry.KindFlag, Service: "pay", Started: noon, Status: telemetry.StatusSucceeded}, noon)
	c := version("seen-1", "v2", noon)
	c.Environment = "staging"
	record(t, f, telemetry.Change{ID: "other environment", Service: "pay", Environment: "production", Started: noon, Status: telemetry.StatusSucceeded}, noon)
	if got := seen(t, f, c); got.ID != "seen-1" || !got.Inferred() {
		t.Errorf("got %s", line(got))
	}
}

func TestInferred_WhatIsNotTold_IsFilledInUntilItIs(t *testing.T) {
	f, _ := newFeed(t)
	record(t, f, telemetry.Change{Service: "pay", Started: noon.Add(-time.Minute)}, noon)
	seen(t, f, version("seen-1", "v2", noon))
	if d := cmp.Diff([]string{"id-1 v1->v2 succeeded -1m0s-2m0s [reported telemetry/version]"}, all(t, f)); d != "" {
		t.Error(d)
	}
	// The pipeline's own end, told without an id and a version, takes the place of the seen one.
	record(t, f, telemetry.Change{Service: "pay", Finished: noon.Add(9 * time.Minute), Status: telemetry.StatusFailed}, noon.Add(9*time.Minute))
	if d := cmp.Diff([]string{"id-1 v1->v2 failed -1m0s-9m0s [reported telemetry/version]"}, all(t, f)); d != "" {
		t.Error(d)
	}
}

func TestInferred_SeveralWays_AreOne(t *testing.T) {
	f, _ := newFeed(t)
	rollout := telemetry.Change{ID: "r", Service: "pay", Started: noon, Status: telemetry.StatusStarted, Sources: []string{"telemetry/rollout"}}
	image := version("i", "sha256abc", noon.Add(time.Minute))
	image.Sources = []string{"telemetry/image"}
	seen(t, f, rollout)
	seen(t, f, image)
	seen(t, f, version("v", "v2", noon.Add(2*time.Minute)))
	rollout.Status, rollout.Finished = telemetry.StatusSucceeded, noon.Add(6*time.Minute)
	seen(t, f, rollout)
	seen(t, f, version("w", "v3", noon.Add(9*time.Minute))) // the same source, another version: another change
	want := []string{
		"w v1->v3 succeeded 9m0s-11m0s [telemetry/version]",
		"r v1->v2 succeeded 0s-6m0s [telemetry/image telemetry/rollout telemetry/version]",
	}
	if d := cmp.Diff(want, all(t, f)); d != "" {
		t.Error(d)
	}
}

func TestRollback_IsMarkedOnceAndWithinTheWindow(t *testing.T) {
	db, err := store.OpenState(context.Background(), t.TempDir()+"/state.db")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	f := change.NewFeed(db, change.Options{RollbackWindow: 72 * time.Hour})
	at := func(h int) time.Time { return noon.Add(time.Duration(h) * time.Hour) }
	deploy := func(id, v string, h int, status telemetry.ChangeStatus) telemetry.Change {
		c := telemetry.Change{ID: id, Service: "pay", VersionTo: v, Started: at(h), Status: status}
		if status != telemetry.StatusStarted {
			c.Finished = at(h)
		}
		out, _ := record(t, f, c, at(h))
		return out
	}
	status := func(id string) telemetry.ChangeStatus {
		c, err := f.Get(context.Background(), id)
		if err != nil {
			t.Fatal(err)
		}
		return c.Status
	}
	deploy("a", "v1", 0, telemetry.StatusSucceeded)
	deploy("b", "v2", 1, telemetry.StatusSucceeded)
	deploy("x", "v3", 2, telemetry.StatusFailed) // never ran
	c := deploy("c", "v1", 3, telemetry.StatusStarted)
	if c.Labels[change.LabelRevert] != "b" || status("b") != telemetry.StatusSucceeded {
		t.Errorf("begun: got %v, b is %s", c.Labels, status("b"))
	}
	c, _ = record(t, f, telemetry.Change{ID: "c", Service: "pay", Finished: at(3).Add(time.Minute), Status: telemetry.StatusSucceeded}, at(4))
	if c.Labels[change.LabelRevert] != "b" || status("b") != telemetry.StatusRolledBack || status("x") != telemetry.StatusFailed {
		t.Errorf("done: got %v, b is %s", c.Labels, status("b"))
	}
	if d := deploy("d", "v1", 5, telemetry.StatusSucceeded); d.Labels[change.LabelRevert] != "" {
		t.Errorf("a redeployment is a rollback of %v", d.Labels)
	}
	deploy("e", "v4", 6, telemetry.StatusSucceeded)
	if g := deploy("g", "v1", 200, telemetry.StatusSucceeded); g.Labels[change.LabelRevert] != "" {
		t.Errorf("after the window: %v", g.Labels)
	}
	// One that is marked by whoever tells it needs no version.
	deploy("h", "v5", 201, telemetry.StatusSucceeded)
	record(t, f, telemetry.Change{ID: "k", Service: "pay", Started: at(202), Status: telemetry.StatusSucceeded, Labels: map[string]string{change.LabelRevert: "h"}}, at(202))
	if status("h") != telemetry.StatusRolledBack {
		t.Errorf("h is %s", status("h"))
	}
}
