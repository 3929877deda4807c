package store

import (
	"sync"

	"github.com/tocsinhq/tocsin/store/head"
	"github.com/tocsinhq/tocsin/telemetry"
)

// quickly appends those series from the front of a batch that need nothing but that:
// one good float that is newer than all before, of a series that is known to the cache
// and to the head. Nearly all are like that. It returns how many it took; the next one
// is for write. Neighbours share a lock, which is taken once for them.
func (r *request) quickly(batch []telemetry.Series, at []found) int {
	if !r.g.floats {
		return 0
	}
	c := r.w.cache
	var held *sync.Mutex
	n := 0
	for ; n < len(batch); n++ {
		in, f := &batch[n], &at[n]
		if f.place == 0 || len(in.Samples) != 1 || len(in.Histograms)+len(in.Exemplars) > 0 {
			break
		}
		p := &in.Samples[0]
		if !r.times.ok(p.T) || uint64(p.ST) > uint64(p.T) || p.T < r.valid {
			break
		}
		s := c.at(f.place)
		if m := c.lock(f.place); m != held {
			if held != nil {
				held.Unlock()
			}
			held = m
			held.Lock()
		}
		if s.id != f.id || s.head == 0 || s.newest == never || p.T <= s.newest {
			break
		}
		s.touch(r.minute)
		r.tx.Samples = append(r.tx.Samples, observation{ID: head.ID(s.head), Tag: uint32(f.place), T: p.T, V: p.V})
		s.accept(p.T, p.V)
	}
	if held != nil {
		held.Unlock()
	}
	r.result.Stored += n
	return n
}
