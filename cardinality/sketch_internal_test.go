package cardinality

import (
	"math/rand/v2"
	"strconv"
	"testing"
)

// leastCount returns the least count of all places.
func (s *sketch) leastCount() int64 {
	least := int64(-1)
	for _, p := range s.places {
		if least < 0 || p.Count < least {
			least = p.Count
		}
	}
	return least
}

func TestSketch_Full_TheLeastGivesWay(t *testing.T) {
	const most = 50
	s := newSketch(most)
	r := rand.New(rand.NewPCG(5, 6))
	for i := range 20_000 {
		k := key{"service", strconv.Itoa(r.IntN(1 + r.IntN(4*most)))}
		n := 1 + r.Int64N(3)
		before, least, full := s.places[k], s.leastCount(), len(s.places) == most
		var count int64
		if before != nil {
			count = before.Count
		}
		s.made(k, int64(i/100), n)
		got := s.places[k]
		want := place{Count: count + n}
		if before != nil {
			want.Over = before.Over
		} else if full {
			want = place{Count: least + n, Over: least}
		}
		if got == nil || got.Key != k || got.Count != want.Count || got.Over != want.Over {
			t.Fatalf("%d of %v: got %+v, want %+v", n, k, got, want)
		}
		if before == nil && len(got.History) != 1 {
			t.Fatalf("%v: the history of another: %v", k, got.History)
		}
		if len(s.least) != len(s.places) || len(s.places) > most {
			t.Fatalf("%d places, %d in order", len(s.places), len(s.least))
		}
		for at, x := range s.least {
			if s.places[x.of.Key] != x.of || x.rank > x.of.Count || at > 0 && s.least[(at-1)/2].rank > x.rank {
				t.Fatalf("number %d is out of order: rank %d of %+v", at, x.rank, x.of)
			}
		}
		if i%5000 == 4999 {
			s.trim(int64(i / 100))
		}
	}
}

func TestSketch_KeyThatWasForgotten_IsCountedAnew(t *testing.T) {
	s := newSketch(4)
	old, young := key{"a", "old"}, key{"a", "young"}
	s.made(young, keptSteps, 1)
	s.made(old, 0, 5)
	s.trim(keptSteps + 1)
	if len(s.places) != 1 || len(s.least) != 1 || s.places[young] == nil {
		t.Fatalf("got %d places, %d in order, want the young one", len(s.places), len(s.least))
	}
	s.made(old, keptSteps+2, 1)
	if p := s.places[old]; p == nil || p.Count != 1 || len(s.least) != 2 {
		t.Errorf("got %+v, want a place with a count of one", p)
	}
}
