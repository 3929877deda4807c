package silence

import (
	"slices"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/pkg/labels"
	"github.com/prometheus/common/model"
)

// Match is a silence that is in force.
type Match struct {
	ID      string
	By      string // who made it
	Comment string
	Until   time.Time
}

// Matching returns the silences that are in force at the time for a set of
// labels, the one that lasts longest first.
func (s *Store) Matching(lset model.LabelSet, at time.Time) []Match {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Match
	for id, h := range s.byID {
		sil := h.pb.Silence
		if at.Before(sil.StartsAt.AsTime()) || !at.Before(sil.EndsAt.AsTime()) {
			continue
		}
		if slices.ContainsFunc(h.matchers, func(m labels.Matchers) bool { return m.Matches(lset) }) {
			out = append(out, Match{ID: id, By: sil.CreatedBy, Comment: sil.Comment, Until: sil.EndsAt.AsTime()})
		}
	}
	slices.SortFunc(out, func(a, b Match) int {
		if c := b.Until.Compare(a.Until); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out
}

// Any reports whether a silence is in force at the time, which makes most
// questions short.
func (s *Store) Any(at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.byID {
		if !at.Before(h.pb.Silence.StartsAt.AsTime()) && at.Before(h.pb.Silence.EndsAt.AsTime()) {
			return true
		}
	}
	return false
}
