package head

import (
	"math/rand/v2"
	"testing"
)

func TestLookup_RandomAddsAndDrops_FindsWhatIsThere(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var l lookup
	hashes := map[uint32]uint32{} // by number
	// Few hashes, also at the ends of parts, so that runs of cells are long and wrap.
	hash := func() uint32 {
		return uint32(r.IntN(3))<<30 | ^uint32(0)>>(32-lookupBits)*uint32(r.IntN(2)) | uint32(r.IntN(40))*7
	}
	next := uint32(1)
	most := 0
	for step := range 100_000 {
		if grow := step/10_000%2 == 0; r.IntN(10) < 3 != grow {
			h := hash()
			l.add(h, next)
			hashes[next] = h
			next++
		} else {
			for n, h := range hashes { // any
				l.drop(h, n)
				delete(hashes, n)
				break
			}
		}
		most = max(most, len(hashes))
		if step%1000 == 0 {
			for n, h := range hashes {
				if got := l.find(h, func(m uint32) bool { return m == n }); got != n {
					t.Fatalf("step %d: found %d for %d with hash %x", step, got, n, h)
				}
			}
		}
	}
	for n, h := range hashes {
		l.drop(h, n)
		if l.find(h, func(m uint32) bool { return m == n }) != 0 {
			t.Fatalf("%d is still there", n)
		}
	}
	if most < 2000 {
		t.Errorf("never more than %d at once", most)
	}
	for i := range l.parts {
		if p := &l.parts[i]; p.used != 0 || len(p.cells) > 2*leastCells {
			t.Errorf("part %d has %d of %d cells in use", i, p.used, len(p.cells))
		}
	}
}

func TestLookup_DropOfWhatIsNotThere_ChangesNothing(t *testing.T) {
	var l lookup
	l.drop(7, 1)
	l.add(7, 1)
	l.drop(7, 2)
	l.drop(8, 1)
	if got := l.find(7, func(uint32) bool { return true }); got != 1 {
		t.Errorf("found %d, want 1", got)
	}
}
