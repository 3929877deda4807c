package feedback_test

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/rca/feedback"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

func open(t *testing.T) *feedback.Store {
	t.Helper()
	db, err := store.OpenState(context.Background(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return feedback.NewStore(db)
}

func rows() []rca.Finding {
	return []rca.Finding{{Change: &telemetry.Change{ID: "c1"}, Title: "one"}, {Title: rca.NoneTitle}, {Change: &telemetry.Change{ID: "c2"}, Title: "two"}}
}

func TestStore_Labels_TheLastWordOfEachIncident(t *testing.T) {
	s, ctx := open(t), context.Background()
	say := func(f feedback.Feedback) feedback.Feedback {
		t.Helper()
		f.At, f.Actor, f.Rows = noon, "ops", rows()
		f, err := s.Record(ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	say(feedback.Feedback{Incident: "a", Kind: feedback.RightCause})
	say(feedback.Feedback{Incident: "b", Kind: feedback.RightCause, Cause: "c2"})
	say(feedback.Feedback{Incident: "c", Kind: feedback.RightCause})
	say(feedback.Feedback{Incident: "a", Kind: feedback.WrongCause, Right: feedback.None}) // thought again
	say(feedback.Feedback{Incident: "c", Kind: feedback.FalseAlarm})                       // had no cause at all
	say(feedback.Feedback{Incident: "b", Kind: feedback.Expected})                         // says nothing of the cause
	labels, err := s.Labels(ctx)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][2]int{}
	for _, l := range labels {
		got[l.Incident] = [2]int{l.Right, l.Wrong}
	}
	if want := map[string][2]int{"a": {1, -1}, "b": {2, -1}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if is, err := s.SaidFalse(ctx, "c"); err != nil || !is {
		t.Errorf("c is a false alarm: got %v, %v", is, err)
	}
	if is, _ := s.SaidFalse(ctx, "a"); is {
		t.Error("a is none")
	}
	for _, bad := range []feedback.Feedback{
		{Incident: "x", Kind: feedback.RightCause, Cause: "c9", Rows: rows()},
		{Incident: "x", Kind: feedback.WrongCause, Cause: "c1", Right: "c1", Rows: rows()},
		{Incident: "x", Kind: feedback.RightCause},
	} {
		if _, err := s.Record(ctx, bad); !errors.Is(err, feedback.ErrInvalid) {
			t.Errorf("%+v: got %v, want it refused", bad, err)
		}
	}
}

func TestStore_Expectations_EndAndCount(t *testing.T) {
	s, ctx := open(t), context.Background()
	e, err := s.Expect(ctx, good())
	if err != nil || e.ID == 0 {
		t.Fatal(err)
	}
	if err := s.Matched(ctx, e.ID, noon.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	active, err := s.Active(ctx, noon.Add(2*time.Minute))
	if err != nil || len(active) != 1 || active[0].Matched != 1 || !active[0].LastMatch.Equal(noon.Add(time.Minute)) {
		t.Fatalf("got %+v, %v", active, err)
	}
	ended, err := s.EndExpectation(ctx, e.ID, "ann", noon.Add(3*time.Minute))
	if err != nil || ended.EndedBy != "ann" {
		t.Fatalf("got %+v, %v", ended, err)
	}
	if again, err := s.EndExpectation(ctx, e.ID, "bob", noon.Add(4*time.Minute)); err != nil || again.EndedBy != "ann" {
		t.Errorf("ended twice: got %+v, %v", again, err)
	}
	if active, _ := s.Active(ctx, noon.Add(4*time.Minute)); len(active) != 0 {
		t.Errorf("still active: %+v", active)
	}
	if all, _ := s.Expectations(ctx, 10); len(all) != 1 {
		t.Errorf("got %+v", all)
	}
	if _, err := s.EndExpectation(ctx, 99, "ann", noon); !errors.Is(err, feedback.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	for range feedback.MaxActive - 1 { // at noon the ended one held, too
		if _, err := s.Expect(ctx, good()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Expect(ctx, good()); !errors.Is(err, feedback.ErrInvalid) || !strings.Contains(err.Error(), "end some of them") {
		t.Errorf("one too many: got %v", err)
	}
}

// Undo brings back the weights of any earlier row bit for bit, and is not undone by
// the next label.
func TestStore_Undo_RestoresBitForBit(t *testing.T) {
	s, ctx := open(t), context.Background()
	first, err := s.SaveRefit(ctx, feedback.Refit(operator(1, 60, biased), rca.Weights{}, "t", noon))
	if err != nil || !first.Taken {
		t.Fatalf("got %+v, %v", first, err)
	}
	now, err := s.Current(ctx)
	if err != nil || !reflect.DeepEqual(now.Weights, first.Weights) {
		t.Fatalf("stored weights %+v differ from %+v, %v", now.Weights, first.Weights, err)
	}
	other := biased
	other.Multipliers = map[string]float64{"time": 0.3, "effect": 2.2}
	second, err := s.SaveRefit(ctx, feedback.Refit(operator(2, 60, other), now.Weights, "t", noon.Add(time.Hour)))
	if err != nil || !second.Taken || reflect.DeepEqual(second.Weights, first.Weights) {
		t.Fatalf("got %+v, %v", second, err)
	}
	for _, to := range []int64{first.ID, 0, second.ID} {
		old, err := s.Row(ctx, to)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.SaveRefit(ctx, feedback.Undo(old, "ops", "worse", noon.Add(2*time.Hour))); err != nil {
			t.Fatal(err)
		}
		now, err := s.Current(ctx)
		if err != nil || now.To != to || !reflect.DeepEqual(now.Weights, old.Weights) {
			t.Errorf("back to %d: got %+v, %v; want %+v", to, now.Weights, err, old.Weights)
		}
	}
	history, err := s.Refits(ctx)
	if err != nil || len(history) != 5 || feedback.Due(operator(3, 200, biased), history) {
		t.Errorf("%d rows, %v; want 5, and no refit without asking after an undo", len(history), err)
	}
	if !feedback.Due(operator(3, 20, biased), nil) || feedback.Due(operator(3, 9, biased), nil) {
		t.Error("want a first refit from ten labels on")
	}
	if _, err := s.Row(ctx, 77); !errors.Is(err, feedback.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	refused, err := s.SaveRefit(ctx, feedback.Refit(nil, now.Weights, "t", noon))
	if err != nil || refused.Taken {
		t.Fatalf("got %+v, %v", refused, err)
	}
	if after, _ := s.Current(ctx); after.ID == refused.ID {
		t.Error("a row that was not taken is in force")
	}
}
