package changes

import "sync"

// maxDeliveries is how many deliveries are remembered: providers repeat one within
// minutes, or by hand. One that is forgotten does no harm, as its changes have ids.
const maxDeliveries = 4096

// deliveries remembers the last ones that were taken whole.
type deliveries struct {
	mu    sync.Mutex
	set   map[string]struct{}
	order []string // a ring
	next  int
}

func newDeliveries(n int) *deliveries {
	return &deliveries{set: make(map[string]struct{}, n), order: make([]string, n)}
}

func (d *deliveries) has(key string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := d.set[key]
	return ok
}

func (d *deliveries) add(key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.set[key]; ok {
		return
	}
	delete(d.set, d.order[d.next])
	d.order[d.next], d.set[key] = key, struct{}{}
	d.next = (d.next + 1) % len(d.order)
}
