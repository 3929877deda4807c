package change_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func newFeed(t *testing.T) (*change.Feed, *metrics.Set) {
	t.Helper()
	db, err := store.OpenState(context.Background(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	n := 0
	set := metrics.NewSet()
	return change.NewFeed(db, change.Options{Metrics: set, NewID: func(time.Time) string {
		n++
		return fmt.Sprintf("id-%d", n)
	}}), set
}

func record(t *testing.T, f *change.Feed, c telemetry.Change, at time.Time) (telemetry.Change, bool) {
	t.Helper()
	out, created, err := f.Record(context.Background(), c, at)
	if err != nil {
		t.Fatalf("record %+v: %v", c, err)
	}
	return out, created
}

func TestFeed_Defaults(t *testing.T) {
	f, _ := newFeed(t)
	got, created := record(t, f, telemetry.Change{Service: " checkout "}, noon)
	want := telemetry.Change{ID: "id-1", Kind: telemetry.KindDeployment, Service: "checkout", Started: noon,
		Status: telemetry.StatusStarted, Received: noon}
	if d := cmp.Diff(want, got); d != "" || !created {
		t.Errorf("created %v, -want +got:\n%s", created, d)
	}
	got, _ = record(t, f, telemetry.Change{Service: "cart", Finished: noon.Add(-time.Minute)}, noon)
	if got.Status != telemetry.StatusSucceeded || !got.Started.Equal(noon.Add(-time.Minute)) {
		t.Errorf("finished only: got status %s started %s", got.Status, got.Started)
	}
	got, _ = record(t, f, telemetry.Change{Service: "stock", Status: telemetry.StatusFailed}, noon)
	if !got.Finished.Equal(noon) || !got.Started.Equal(noon) {
		t.Errorf("failed without times: got %s to %s", got.Started, got.Finished)
	}
	stored, err := f.Get(context.Background(), "id-1")
	if d := cmp.Diff(want, stored); d != "" || err != nil {
		t.Errorf("stored: %v -want +got:\n%s", err, d)
	}
	if _, err := f.Get(context.Background(), "id-9"); !errors.Is(err, change.ErrNotFound) {
		t.Errorf("unknown id: got %v, want ErrNotFound", err)
	}
}

func TestFeed_SameID_FollowsLife(t *testing.T) {
	f, set := newFeed(t)
	start := telemetry.Change{ID: "d1", Service: "checkout", VersionTo: "v42", Started: noon, Labels: map[string]string{"team": "a"}}
	record(t, f, start, noon)
	if _, created := record(t, f, start, noon.Add(time.Second)); created {
		t.Error("repeat: created")
	}
	end := telemetry.Change{ID: "d1", Service: "checkout", Status: telemetry.StatusSucceeded, Finished: noon.Add(time.Minute),
		Labels: map[string]string{"region": "eu"}}
	got, created := record(t, f, end, noon.Add(time.Minute))
	if created || got.Status != telemetry.StatusSucceeded || got.VersionTo != "v42" || len(got.Labels) != 2 || !got.Received.Equal(noon) {
		t.Errorf("end: created %v, got %+v", created, got)
	}
	if got, _ := record(t, f, start, noon.Add(2*time.Minute)); got.Status != telemetry.StatusSucceeded {
		t.Errorf("late start reopened: %s", got.Status)
	}
	end.Status = telemetry.StatusFailed
	if got, _ := record(t, f, end, noon.Add(2*time.Minute)); got.Status != telemetry.StatusSucceeded {
		t.Errorf("second end replaced the first: %s", got.Status)
	}
	end.Status, end.Finished = telemetry.StatusRolledBack, noon.Add(9*time.Minute)
	got, _ = record(t, f, end, noon.Add(9*time.Minute))
	if got.Status != telemetry.StatusRolledBack || !got.Finished.Equal(noon.Add(time.Minute)) {
		t.Errorf("rollback: got %s finished %s", got.Status, got.Finished)
	}
	for name, want := range map[string]uint64{"created": 1, "updated": 2, "repeated": 3} {
		if got := set.GetOrCreateCounter(`tocsin_change_recorded_total{result="` + name + `"}`).Get(); got != want {
			t.Errorf("%s: got %d, want %d", name, got, want)
		}
	}
}

func TestFeed_SameID_OtherThing_IsRefused(t *testing.T) {
	f, _ := newFeed(t)
	record(t, f, telemetry.Change{ID: "d1", Service: "checkout", Started: noon}, noon)
	for field, c := range map[string]telemetry.Change{
		"service":     {ID: "d1", Service: "cart"},
		"kind":        {ID: "d1", Service: "checkout", Kind: telemetry.KindFlag},
		"environment": {ID: "d1", Service: "checkout", Environment: "staging"},
		"finished":    {ID: "d1", Service: "checkout", Finished: noon.Add(-time.Hour)},
	} {
		_, _, err := f.Record(context.Background(), c, noon)
		wantField(t, err, field)
	}
}

func TestFeed_Pairing_WithoutID(t *testing.T) {
	base := telemetry.Change{Service: "checkout", Environment: "prod", VersionTo: "v42"}
	with := func(edit func(*telemetry.Change)) telemetry.Change {
		c := base
		edit(&c)
		return c
	}
	start := with(func(c *telemetry.Change) { c.Started = noon })
	for name, tc := range map[string]struct {
		second telemetry.Change
		at     time.Time
		pairs  bool
	}{
		"finish":                   {with(func(c *telemetry.Change) { c.Status = telemetry.StatusFailed }), noon.Add(5 * time.Minute), true},
		"finish with its start":    {with(func(c *telemetry.Change) { c.Started, c.Finished = noon.Add(time.Second), noon.Add(time.Minute) }), noon.Add(5 * time.Minute), true},
		"finish of another start":  {with(func(c *telemetry.Change) { c.Started, c.Finished = noon.Add(10*time.Minute), noon.Add(11*time.Minute) }), noon.Add(15 * time.Minute), false},
		"finish after a day":       {with(func(c *telemetry.Change) { c.Status = telemetry.StatusSucceeded }), noon.Add(25 * time.Hour), false},
		"finish before the start":  {with(func(c *telemetry.Change) { c.Finished = noon.Add(-time.Hour) }), noon, false},
		"other version":            {with(func(c *telemetry.Change) { c.VersionTo, c.Status = "v43", telemetry.StatusFailed }), noon.Add(time.Minute), false},
		"other environment":        {with(func(c *telemetry.Change) { c.Environment, c.Status = "dev", telemetry.StatusFailed }), noon.Add(time.Minute), false},
		"other kind":               {with(func(c *telemetry.Change) { c.Kind, c.Status = telemetry.KindFlag, telemetry.StatusFailed }), noon.Add(time.Minute), false},
		"same start told twice":    {start, noon.Add(3 * time.Hour), true},
		"start again without time": {base, noon.Add(3 * time.Hour), false},
		"start again at once":      {base, noon.Add(3 * time.Second), true},
	} {
		t.Run(name, func(t *testing.T) {
			f, _ := newFeed(t)
			one, _ := record(t, f, start, noon)
			two, created := record(t, f, tc.second, tc.at)
			if got := two.ID == one.ID; got != tc.pairs || created == tc.pairs {
				t.Fatalf("paired %v created %v, want paired %v: %+v", got, created, tc.pairs, two)
			}
			again, created := record(t, f, tc.second, tc.at.Add(time.Second))
			if created || again.ID != two.ID {
				t.Errorf("told again: created %v, id %s, want %s", created, again.ID, two.ID)
			}
		})
	}
}

func TestFeed_WrongFields_AllListed(t *testing.T) {
	f, set := newFeed(t)
	_, _, err := f.Record(context.Background(), telemetry.Change{
		ID: strings.Repeat("x", 200), Kind: "deploy", Service: " ", Environment: "a\x00b", VersionTo: "\xff",
		Started: noon.Add(time.Hour), Finished: noon, Status: "done", Author: strings.Repeat("x", 999),
		Link: "javascript:alert(1)", Summary: strings.Repeat("x", 3000),
		Labels: map[string]string{"": "x", "long": strings.Repeat("x", 2000)},
	}, noon)
	wantField(t, err, "id", "kind", "service", "environment", "version_to", "started", "finished", "status", "author", "link", "summary", "labels", "labels.long")
	for _, part := range []string{`want one of deployment, config`, `got "deploy"`, `2026-03-02T13:00:00Z`} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("got %q, want %q in it", err, part)
		}
	}
	many := map[string]string{}
	for i := range 65 {
		many[fmt.Sprint(i)] = "x"
	}
	_, _, err = f.Record(context.Background(), telemetry.Change{Service: "a", Labels: many, Status: telemetry.StatusStarted,
		Started: time.UnixMilli(-5), Finished: noon, Link: "https://x/" + strings.Repeat("y", 3000)}, noon)
	wantField(t, err, "started", "status", "link", "labels")
	if list, err := f.List(context.Background(), change.Filter{}); err != nil || len(list) != 0 {
		t.Errorf("stored %v, %v", list, err)
	}
	if got := set.GetOrCreateCounter(`tocsin_change_rejected_total{reason="invalid"}`).Get(); got != 2 {
		t.Errorf("rejected: got %d, want 2", got)
	}
}

func wantField(t *testing.T, err error, fields ...string) {
	t.Helper()
	var invalid *change.InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("got %v, want an InvalidError of %v", err, fields)
	}
	var got []string
	for _, f := range invalid.Fields {
		got = append(got, f.Field)
	}
	if d := cmp.Diff(fields, got); d != "" {
		t.Errorf("fields -want +got:\n%s", d)
	}
}

func TestFeed_ListAndPrune(t *testing.T) {
	f, _ := newFeed(t)
	ctx := context.Background()
	for i := range 5 {
		record(t, f, telemetry.Change{Service: []string{"a", "b"}[i%2], Environment: "prod", Kind: telemetry.KindFlag, VersionTo: fmt.Sprint(i),
			Started: noon.Add(time.Duration(i) * time.Minute)}, noon.Add(time.Hour))
	}
	ids := func(filter change.Filter) string {
		list, err := f.List(ctx, filter)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, c := range list {
			out = append(out, c.VersionTo)
		}
		return strings.Join(out, " ")
	}
	for _, c := range []struct {
		filter change.Filter
		want   string
	}{
		{change.Filter{}, "4 3 2 1 0"},
		{change.Filter{Service: "a"}, "4 2 0"},
		{change.Filter{From: noon.Add(time.Minute), To: noon.Add(3 * time.Minute)}, "2 1"},
		{change.Filter{From: noon.Add(time.Minute + 1)}, "4 3 2"},
		{change.Filter{Limit: 2}, "4 3"},
		{change.Filter{Kind: telemetry.KindDeployment}, ""},
		{change.Filter{Kind: telemetry.KindFlag, Environment: "prod", Service: "b"}, "3 1"},
	} {
		if got := ids(c.filter); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.filter, got, c.want)
		}
	}
	if n, err := f.Prune(ctx, noon.Add(2*time.Minute)); n != 2 || err != nil {
		t.Errorf("prune: got %d, %v, want 2", n, err)
	}
	if got := ids(change.Filter{}); got != "4 3 2" {
		t.Errorf("after prune: got %q", got)
	}
}

func TestFeed_ClosedStore_SaysWhatItWasDoing(t *testing.T) {
	db, err := store.OpenState(context.Background(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	f := change.NewFeed(db, change.Options{})
	c, _, err := f.Record(context.Background(), telemetry.Change{Service: "a"}, noon)
	if err != nil || len(c.ID) != 26 {
		t.Fatalf("got id %q, %v; want a ULID", c.ID, err)
	}
	db.Close()
	ctx := context.Background()
	_, _, e1 := f.Record(ctx, telemetry.Change{Service: "a"}, noon)
	_, e2 := f.Get(ctx, "x")
	_, e3 := f.List(ctx, change.Filter{})
	_, e4 := f.Prune(ctx, noon)
	for i, e := range []error{e1, e2, e3, e4} {
		if e == nil || !strings.Contains(e.Error(), "change") {
			t.Errorf("call %d: got %v", i, e)
		}
	}
}
