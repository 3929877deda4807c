package incident_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
)

// mixed is reports that open, join, park, come along, change and end.
func mixed() []incident.Occurrence {
	var out []incident.Occurrence
	for i := range 30 {
		t := after(time.Duration(i) * time.Second)
		out = append(out,
			strong(fmt.Sprintf("m%d", i%5), fmt.Sprintf("s%d", i%3), t),
			alert(fmt.Sprintf("A%d", i%7), fmt.Sprintf("s%d", i%13), t),
			anomaly("weak", fmt.Sprintf("s%d", i%4), t))
		if i%4 == 3 {
			out = append(out, cleared(alert(fmt.Sprintf("A%d", (i-3)%7), fmt.Sprintf("s%d", (i-3)%13), t), t))
		}
	}
	return out
}

// In whatever parts reports come, the same incidents come of them, before and
// after a restart.
func TestApplyAll_InParts_SameAsOneByOne(t *testing.T) {
	for _, size := range []int{2, 7, 1000} {
		want := newBench(t, func(c *incident.Config) { c.StormIncidents = 6 })
		for _, o := range mixed() {
			want.apply(o)
		}
		got := newBench(t, func(c *incident.Config) { c.StormIncidents = 6 })
		for part := range slices.Chunk(mixed(), size) {
			if err := got.m.ApplyAll(ctx, part); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if d := cmp.Diff(want.story(), got.story()); d != "" {
				t.Fatalf("parts of %d: events -want +got:\n%s", size, d)
			}
			for i := range want.ids {
				id := fmt.Sprintf("inc-%03d", i+1)
				a, aEvents := want.get(id)
				b, bEvents := got.get(id)
				if d := cmp.Diff(asJSON(t, a, aEvents), asJSON(t, b, bEvents)); d != "" {
					t.Errorf("parts of %d: %s -want +got:\n%s", size, id, d)
				}
			}
			want.restart()
			got.restart()
		}
	}
}

func asJSON(t *testing.T, v ...any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestApplyAll_NotStored_NothingChanged(t *testing.T) {
	b := newBench(t)
	b.apply(alert("A", "one", noon))
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	err := b.m.ApplyAll(cancelled, []incident.Occurrence{alert("B", "two", noon), alert("C", "one", noon)})
	if err == nil {
		t.Fatal("got no error, want that of the database")
	}
	b.want("inc-001 opened")
	if i, _ := b.get("inc-001"); len(i.Occurrences) != 1 {
		t.Errorf("got %d occurrences, want 1", len(i.Occurrences))
	}
	if err := b.m.ApplyAll(ctx, []incident.Occurrence{alert("B", "two", noon), alert("C", "one", noon)}); err != nil {
		t.Fatal(err)
	}
	open, err := b.m.List(ctx, incident.Filter{})
	if err != nil || len(open) != 2 {
		t.Errorf("got %d incidents (%v), want 2", len(open), err)
	}
}

func TestApplyAll_InvalidAmongOthers_OthersAreTakenIn(t *testing.T) {
	b := newBench(t)
	err := b.m.ApplyAll(ctx, []incident.Occurrence{{Key: "no name", At: noon}, alert("A", "one", noon)})
	if !errors.Is(err, incident.ErrInvalid) {
		t.Errorf("got %v, want %v", err, incident.ErrInvalid)
	}
	b.want("inc-001 opened")
}
