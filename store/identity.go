package store

import (
	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/internal/keyhash"
	"github.com/tocsinhq/tocsin/telemetry"
)

// identity stands for the labels of a series as they came: 128 bits of a hash,
// keyed by secrets of this process, of the labels in wire form. Two different label
// sets share one by chance once in 2^127, and nobody who does not know the secrets
// can look for such a pair, so a hit is not compared byte by byte.
type identity [2]uint64

// hasher makes identities. It is safe for concurrent use.
type hasher struct{ *keyhash.Hasher }

func newHasher() hasher { return hasher{keyhash.New()} }

// ofSeries returns the identity of labels as they came off the wire, unsorted and
// unchecked, and the buffer that it used, if it did.
func (h *hasher) ofSeries(s *telemetry.Series, buf []byte) (identity, []byte) {
	if s.Key != (identity{}) {
		return s.Key, buf
	}
	if s.Wire != nil {
		return h.sum(s.Wire), buf
	}
	buf = buf[:0]
	for i := range s.Labels {
		buf = telemetry.AppendWire(buf, text(s.Labels[i].Name), text(s.Labels[i].Value))
	}
	return h.sum(buf), buf
}

// ofLabels returns the identity of a label set: that of its pairs in order.
func (h *hasher) ofLabels(ls labels.Labels, buf []byte) (identity, []byte) {
	buf = buf[:0]
	ls.Range(func(l labels.Label) { buf = telemetry.AppendWire(buf, l.Name, l.Value) })
	return h.sum(buf), buf
}

func (h *hasher) sum(b []byte) identity {
	lo, hi := h.Of(b)
	return identity{lo | 1, hi} // never zero
}
