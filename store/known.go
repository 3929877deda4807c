package store

import "github.com/tocsinhq/tocsin/telemetry"

// Known tells of series with labels in wire form whether the writer knows the labels,
// and leaves in Key and Place what it found of that for Write. What stands in Wire need not be
// labels: it is called known when it is the very bytes of labels that were once looked
// at. One in 2^32 of others may be, too; Write then finds out and unpacks the labels.
func (w *Writer) Known(series []telemetry.Series, known []bool) {
	for i := range series {
		if s := &series[i]; s.Wire != nil {
			id := w.hasher.sum(s.Wire)
			s.Key = id
			w.cache.fetchCell(id)
		}
	}
	for i := range series {
		s := &series[i]
		if s.Wire != nil {
			s.Place = uint32(w.cache.look(s.Key))
		}
		known[i] = s.Place != 0
	}
}
