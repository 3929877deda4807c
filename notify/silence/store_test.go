package silence_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	amsilence "github.com/prometheus/alertmanager/silence"
	"github.com/prometheus/alertmanager/silence/silencepb"
	"github.com/prometheus/common/model"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tocsinhq/tocsin/notify/silence"
	"github.com/tocsinhq/tocsin/store"
)

var t0 = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

func open(t *testing.T, path string) (*silence.Store, func()) {
	t.Helper()
	db, err := store.OpenState(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := silence.New(context.Background(), silence.Options{DB: db})
	if err != nil {
		t.Fatal(err)
	}
	return s, func() { db.Close() }
}

func of(id string, from, to time.Time, ms ...*silencepb.Matcher) *silencepb.Silence {
	return &silencepb.Silence{
		Id: id, MatcherSets: []*silencepb.MatcherSet{{Matchers: ms}}, StartsAt: timestamppb.New(from), EndsAt: timestamppb.New(to),
		UpdatedAt: timestamppb.New(from), CreatedBy: "oncall", Comment: "known",
	}
}

func eq(n, v string) *silencepb.Matcher {
	return &silencepb.Matcher{Type: silencepb.Matcher_EQUAL, Name: n, Pattern: v}
}

// Silences are asked about on event time, and are the same after a restart.
func TestStore_MatchingOnEventTime_OverARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, done := open(t, path)
	re := &silencepb.Matcher{Type: silencepb.Matcher_REGEXP, Name: "host", Pattern: "db-.*"}
	not := &silencepb.Matcher{Type: silencepb.Matcher_NOT_EQUAL, Name: "severity", Pattern: "critical"}
	for _, sil := range []*silencepb.Silence{
		of("00000000-0000-4000-8000-000000000001", t0, t0.Add(time.Hour), re, not),
		of("00000000-0000-4000-8000-000000000002", t0.Add(30*time.Minute), t0.Add(2*time.Hour), eq("host", "db-1")),
	} {
		if err := s.Put(t.Context(), sil); err != nil {
			t.Fatal(err)
		}
	}
	check := func(s *silence.Store) {
		t.Helper()
		for _, tt := range []struct {
			at   time.Duration
			set  model.LabelSet
			want string // last digits of the ids
		}{
			{-time.Second, model.LabelSet{"host": "db-1"}, ""},
			{0, model.LabelSet{"host": "db-1"}, "1"},
			{0, model.LabelSet{"host": "db-1", "severity": "critical"}, ""},
			{0, model.LabelSet{"host": "web"}, ""},
			{45 * time.Minute, model.LabelSet{"host": "db-1"}, "21"},
			{time.Hour, model.LabelSet{"host": "db-1"}, "2"},
			{2 * time.Hour, model.LabelSet{"host": "db-1"}, ""},
		} {
			got := ""
			for _, m := range s.Matching(tt.set, t0.Add(tt.at)) {
				got += m.ID[len(m.ID)-1:]
				if m.By != "oncall" || m.Comment != "known" {
					t.Errorf("got %+v", m)
				}
			}
			if got != tt.want {
				t.Errorf("at %s %v: got %q, want %q", tt.at, tt.set, got, tt.want)
			}
		}
	}
	check(s)
	done()
	s, done = open(t, path)
	check(s)
	if err := s.ExpireAt(t.Context(), "00000000-0000-4000-8000-000000000002", t0.Add(40*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if n := len(s.Matching(model.LabelSet{"host": "db-1"}, t0.Add(45*time.Minute))); n != 1 {
		t.Errorf("after its end: got %d silences, want the other", n)
	}
	if err := s.ExpireAt(t.Context(), "nobody", t0); !errors.Is(err, amsilence.ErrNotFound) {
		t.Errorf("unknown: got %v", err)
	}
	if err := s.Prune(t.Context(), t0.Add(3*time.Hour+silence.Retention)); err != nil {
		t.Fatal(err)
	}
	done()
	s, done = open(t, path)
	defer done()
	if s.Matching(model.LabelSet{"host": "db-1"}, t0) != nil {
		t.Error("a silence that expired long ago is still there")
	}
}

// Alertmanager's own checks stand before a silence that people make.
func TestStore_Set_ChecksAndReplaces(t *testing.T) {
	s, done := open(t, filepath.Join(t.TempDir(), "state.db"))
	defer done()
	now := time.Now()
	for _, sil := range []*silencepb.Silence{
		of("", now, now.Add(time.Hour)),
		of("", now, now.Add(time.Hour), eq("a", "")),
		of("", now, now.Add(-time.Hour), eq("a", "b")),
		of("00000000-0000-4000-8000-000000000009", now, now.Add(time.Hour), eq("a", "b")),
	} {
		if err := s.Set(t.Context(), sil); err == nil {
			t.Errorf("want %v refused", sil)
		}
	}
	sil := of("", now, now.Add(time.Hour), eq("a", "b"))
	if err := s.Set(t.Context(), sil); err != nil || sil.Id == "" {
		t.Fatal(err)
	}
	first := sil.Id
	sil.MatcherSets[0].Matchers = append(sil.MatcherSets[0].Matchers, eq("c", "d"))
	sil.UpdatedAt = nil
	if err := s.Set(t.Context(), sil); err != nil || sil.Id == first {
		t.Errorf("other matchers make another silence; got %v, %v", sil.Id == first, err)
	}
	soon := time.Now().Add(time.Second)
	if got := s.Matching(model.LabelSet{"a": "b"}, soon); len(got) != 0 {
		t.Errorf("the old one goes on: %v", got)
	}
	if got := s.Matching(model.LabelSet{"a": "b", "c": "d"}, soon); len(got) != 1 {
		t.Errorf("the new one is not in force: %v", got)
	}
}

func TestStore_ManyAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, done := open(t, path)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if err := s.Set(t.Context(), of("", time.Now(), time.Now().Add(time.Hour), eq("i", fmt.Sprint(i)))); err != nil {
				t.Error(err)
			}
			s.Matching(model.LabelSet{"i": "1"}, time.Now())
		})
	}
	all.Wait()
	done()
	s, done = open(t, path)
	defer done()
	for i := range 20 {
		if len(s.Matching(model.LabelSet{"i": model.LabelValue(fmt.Sprint(i))}, time.Now().Add(time.Second))) != 1 {
			t.Errorf("silence %d is not on disk", i)
		}
	}
}
