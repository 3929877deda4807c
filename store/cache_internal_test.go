package store

import (
	"fmt"
	"sync"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/store/head"
	"github.com/tocsinhq/tocsin/telemetry"
)

func TestCache_FindsWhatWasAddedThroughGrowthAndSweeps(t *testing.T) {
	c := newCache()
	h := newHasher()
	id := func(i int) identity {
		id, _ := h.ofLabels(labels.FromStrings("__name__", "m", "i", fmt.Sprint(i)), nil)
		return id
	}
	const n = 5000
	places := map[place]bool{}
	for i := range n {
		p := c.add(id(i), 0, storage.SeriesRef(i), 0, uint32(i%2))
		if again := c.add(id(i), 0, 1e6, 0, uint32(i%2)); again != p || places[p] {
			t.Fatalf("series %d: got places %d and %d, taken before: %t", i, p, again, places[p])
		}
		places[p] = true
	}
	check := func(step int) {
		t.Helper()
		for i := range n {
			p := c.get(id(i), 1)
			if want := i%2 == 1 || step == 0; want != (p != 0) {
				t.Fatalf("series %d: found %t, want %t", i, p != 0, want)
			}
			if p != 0 && c.at(p).ref != uint64(i) {
				t.Fatalf("series %d: got the place of %d", i, c.at(p).ref)
			}
		}
	}
	for i := range n {
		if p := c.look(id(i)); p == 0 || c.at(p).id != id(i) {
			t.Fatalf("series %d is not found", i)
		}
	}
	c.alias(id(-1), c.look(id(1)))
	c.alias(id(-2), c.look(id(2)))
	if got := c.len(); got != n+2 {
		t.Errorf("got %d spellings, want %d", got, n+2)
	}
	if got := c.sweep(1); got != n/2+1 {
		t.Errorf("swept %d spellings, want %d", got, n/2+1)
	}
	check(1)
	if c.get(id(-1), 1) != c.get(id(1), 1) || c.get(id(-2), 1) != 0 {
		t.Error("a spelling does not follow its series")
	}
	// Places are used again, and nobody finds the one who was there before.
	p := c.add(id(n), 0, 7, 0, 1)
	if !places[p] {
		t.Errorf("place %d is new although %d were free", p, n/2)
	}
	check(1)
}

func TestCache_SameTagIsNotTheSameSeries(t *testing.T) {
	c := newCache()
	a, b := identity{1<<40 | 1, 5}, identity{1<<40 | 3, 5} // same tag and same cell
	p := c.add(a, 0, 1, 0, 0)
	if got := c.get(b, 0); got != 0 {
		t.Errorf("a series that was never added is at %d", got)
	}
	q := c.add(b, 0, 2, 0, 0)
	if p == q || c.get(a, 0) != p || c.get(b, 0) != q {
		t.Errorf("got %d and %d, want %d and %d", c.get(a, 0), c.get(b, 0), p, q)
	}
}

func TestCache_ManyAtOnce(t *testing.T) {
	c := newCache()
	h := newHasher()
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 4000 {
				id, _ := h.ofLabels(labels.FromStrings("i", fmt.Sprint((i*7+g)%1500)), nil)
				p := c.get(id, uint32(i%3))
				if p == 0 {
					p = c.add(id, 0, storage.SeriesRef(id[1]), 0, uint32(i%3))
				}
				m := c.lock(p)
				m.Lock()
				if c.is(p, id) && c.at(p).ref != id[1] {
					t.Errorf("found another series under %x", id)
				}
				m.Unlock()
				if i%500 == 0 {
					c.sweep(1)
				}
			}
		})
	}
	wg.Wait()
}

func TestHasher_OneIdentityForOneSpelling(t *testing.T) {
	h := newHasher()
	ls := labels.FromStrings("__name__", "m", "a", "b", "long", string(make([]byte, 300)))
	want, _ := h.ofLabels(ls, nil)
	var s telemetry.Series
	var wire []byte
	ls.Range(func(l labels.Label) {
		s.Labels = append(s.Labels, telemetry.Pair{Name: []byte(l.Name), Value: []byte(l.Value)})
		wire = telemetry.AppendWire(wire, l.Name, l.Value)
	})
	if got, _ := h.ofSeries(&s, nil); got != want {
		t.Errorf("pairs: got %x, want %x", got, want)
	}
	if end, n := telemetry.PlainLabels(wire, 0); end != len(wire) || n != 3 {
		t.Fatalf("%d of %d bytes are in wire form", end, len(wire))
	}
	packed := telemetry.Series{Wire: wire}
	if got, _ := h.ofSeries(&packed, nil); got != want {
		t.Errorf("wire form: got %x, want %x", got, want)
	}
	if got := packed.Unpack(); len(got) != 3 || string(got[2].Name) != "long" || len(got[2].Value) != 300 {
		t.Errorf("unpacked: got %d labels", len(got))
	}
}

func TestCache_DropFromHead_ForgetsThoseAndNoOthers(t *testing.T) {
	c := newCache()
	const n = 3000
	var gone []head.ID
	for i := range n {
		c.add(identity{uint64(i)<<32 | 1, uint64(i)}, head.ID(i+1), 0, 0, 0)
		if i%3 == 0 {
			gone = append(gone, head.ID(i+1))
		}
	}
	c.dropFromHead(newIDSet(gone))
	left := 0
	c.each(func(s *series) {
		if s.head != 0 {
			left++
			if s.head%3 == 1 {
				t.Errorf("series %d is still known", s.head)
			}
		}
	})
	if left != n-len(gone) {
		t.Errorf("%d left, want %d", left, n-len(gone))
	}
}

// BenchmarkCache_DropFromHead is how long writers wait for the cache of a million series
// when the head drops half of them.
func BenchmarkCache_DropFromHead(b *testing.B) {
	c := newCache()
	var gone []head.ID
	for i := range 1_000_000 {
		c.add(identity{uint64(i)<<32 | 1, uint64(i) * 0x9e3779b97f4a7c15}, head.ID(i+1), 0, 0, 0)
		if i%2 == 0 {
			gone = append(gone, head.ID(i+1))
		}
	}
	for b.Loop() {
		c.dropFromHead(newIDSet(gone))
	}
}
