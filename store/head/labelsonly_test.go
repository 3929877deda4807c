package head

import (
	"fmt"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
)

// Labels of several series share memory, which grows with how many are asked for.
func TestQuerier_LabelsOnly_StayAfterTheQuerier(t *testing.T) {
	h := openHead(t, testOptions(t))
	defer closeHead(t, h)
	const n = 2000
	h.Begin()
	for i := range n {
		make1(t, h, i)
	}
	h.End()
	q, err := h.Querier(0, 10)
	if err != nil {
		t.Fatal(err)
	}
	hints := &storage.SelectHints{Start: 0, End: 10, Func: "series"}
	all := labels.MustNewMatcher(labels.MatchEqual, "__name__", "m")
	if set := q.Select(t.Context(), true, hints, all); set.Next() || set.Err() != nil {
		t.Fatalf("a series without samples is told of, or %v", set.Err())
	}
	for i := range n {
		commit(t, h, Sample{ID: h.index.get(seriesName(i)), T: 5, V: 1})
	}
	var kept []storage.Series
	set := q.Select(t.Context(), false, hints, all)
	for set.Next() {
		kept = append(kept, set.At())
	}
	if set.Err() != nil || len(set.Warnings()) > 0 {
		t.Fatal(set.Err(), set.Warnings())
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if len(h.readers.active) != 0 {
		t.Errorf("%d readers are left", len(h.readers.active))
	}
	seen := map[string]bool{}
	for _, s := range kept {
		seen[s.Labels().String()] = true
		if it := s.Iterator(nil); it.Next() != 0 {
			t.Fatalf("%s has a sample", s.Labels())
		}
	}
	for i := range n {
		if !seen[seriesName(i).String()] {
			t.Fatalf("%s is missing", seriesName(i))
		}
	}
	if len(seen) != n || len(kept) != n {
		t.Errorf("%d series, %d of them different", len(kept), len(seen))
	}
}

func TestQuerier_LabelsOnly_WithoutWriting_AreTheSame(t *testing.T) {
	h := openHead(t, testOptions(t))
	defer closeHead(t, h)
	h.Begin()
	ids := []ID{make1(t, h, 1), make1(t, h, 2)}
	h.End()
	written, _ := h.index.labelsOf(ids, nil)
	h.index.writes = false
	built, _ := h.index.labelsOf(append(ids, 99), nil)
	if fmt.Sprint(written) != fmt.Sprint(built) || len(built) != 2 {
		t.Errorf("got %v and %v", written, built)
	}
}

func TestPairSet_FewAndMany_HoldEachOnce(t *testing.T) {
	for _, most := range []int{3, 10_000} {
		var s pairSet
		s.ready(1000, most)
		if (s.few != nil) != (most == 3) {
			t.Errorf("%d of 1000: few %t", most, s.few != nil)
		}
		s.ready(5000, most)
		for _, pid := range []pairID{1, 63, 64, 999, 4999} {
			if !s.add(pid) || s.add(pid) {
				t.Errorf("pair %d of %d", pid, most)
			}
		}
	}
}
