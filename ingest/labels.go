package ingest

import (
	"unsafe"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/telemetry"
)

// AppendLabels appends labels to those of a series of a batch. The pairs alias the
// memory of the labels, which they keep alive and nobody writes to.
func AppendLabels(to []telemetry.Pair, ls labels.Labels) []telemetry.Pair {
	ls.Range(func(l labels.Label) {
		to = append(to, telemetry.Pair{Name: Alias(l.Name), Value: Alias(l.Value)})
	})
	return to
}

// Alias gives the bytes of a string without a copy. They must not be written to.
func Alias(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
