package detector

import (
	"encoding/binary"

	"github.com/prometheus/prometheus/model/labels"
)

// Labels of a checkpoint: uvarint pairs, and of each pair 0 if the labels before have
// the same pair at the same place, and else uvarint 1 and the bytes of the name, the
// name, uvarint bytes of the value, the value. Series that were made one after another
// have most of their pairs in common. A block begins with no labels before.

// labelsWriter knows the labels before.
type labelsWriter struct{ before, now []labels.Label }

func (w *labelsWriter) append(b []byte, l labels.Labels) []byte {
	w.before, w.now = w.now, w.before[:0]
	l.Range(func(x labels.Label) { w.now = append(w.now, x) })
	b = binary.AppendUvarint(b, uint64(len(w.now)))
	for i, x := range w.now {
		if i < len(w.before) && w.before[i] == x {
			b = append(b, 0)
			continue
		}
		b = binary.AppendUvarint(b, uint64(len(x.Name))+1)
		b = append(b, x.Name...)
		b = binary.AppendUvarint(b, uint64(len(x.Value)))
		b = append(b, x.Value...)
	}
	return b
}

// labelsReader knows the labels before. It keeps texts in the memory of the block.
type labelsReader struct {
	pairs []labels.Label
	build labels.ScratchBuilder
	begun bool
}

// Bounds on labels, far above what ingest lets in.
const (
	mostPairs = 4096
	mostText  = 1 << 20
)

// read returns the next labels of a block, in memory of their own.
func (r *labelsReader) read(in *fields) labels.Labels {
	if !r.begun {
		r.begun = true
		r.build = labels.NewScratchBuilder(32)
		r.build.SetUnsafeAdd(true)
	}
	n := in.length(mostPairs)
	had := len(r.pairs)
	for len(r.pairs) < n && in.err == nil {
		r.pairs = append(r.pairs, labels.Label{})
	}
	r.pairs = r.pairs[:n]
	sorted := true
	r.build.Reset()
	for i := range r.pairs {
		x := &r.pairs[i]
		switch size := in.length(mostText + 1); {
		case size > 0:
			x.Name = in.text(size - 1)
			x.Value = in.text(in.length(mostText))
		case i >= had:
			in.fail("a label is that of labels before, which have %d", had)
		}
		if in.err != nil {
			return labels.EmptyLabels()
		}
		sorted = sorted && (i == 0 || r.pairs[i-1].Name < x.Name)
		r.build.Add(x.Name, x.Value)
	}
	if !sorted {
		r.build.Sort()
	}
	return r.build.Labels() // a copy
}
