package head

import "github.com/prometheus/prometheus/model/value"

// NumStale returns how many series have ended with a staleness marker. It looks at each.
func (h *Head) NumStale() int {
	n := 0
	h.floats.each(func(id ID, _ int64) {
		if _, v, ok := h.floats.newest(id); ok && value.IsStaleNaN(v) {
			n++
		}
	})
	return n
}
