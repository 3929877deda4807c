package store

import (
	"encoding/binary"
	"hash/maphash"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/telemetry"
)

// identity stands for the labels of a series as they came: 128 bits of two
// hashes keyed by random seeds of this process. Two different label sets
// share one by chance once in 2^128, and nobody who does not know the seeds
// can look for such a pair, so a hit is not compared byte by byte.
type identity [2]uint64

// hasher makes identities. It is safe for concurrent use.
type hasher [2]maphash.Seed

func newHasher() hasher { return hasher{maphash.MakeSeed(), maphash.MakeSeed()} }

// ofPairs returns the identity of labels as they came off the wire, unsorted
// and unchecked, and the buffer it used.
func (h *hasher) ofPairs(pairs []telemetry.Pair, buf []byte) (identity, []byte) {
	buf = buf[:0]
	for i := range pairs {
		buf = binary.AppendUvarint(buf, uint64(len(pairs[i].Name)))
		buf = append(buf, pairs[i].Name...)
		buf = binary.AppendUvarint(buf, uint64(len(pairs[i].Value)))
		buf = append(buf, pairs[i].Value...)
	}
	return h.sum(buf), buf
}

// ofLabels returns the identity of a label set: that of its pairs in order.
func (h *hasher) ofLabels(ls labels.Labels, buf []byte) (identity, []byte) {
	buf = buf[:0]
	ls.Range(func(l labels.Label) {
		buf = binary.AppendUvarint(buf, uint64(len(l.Name)))
		buf = append(buf, l.Name...)
		buf = binary.AppendUvarint(buf, uint64(len(l.Value)))
		buf = append(buf, l.Value...)
	})
	return h.sum(buf), buf
}

func (h *hasher) sum(b []byte) identity {
	return identity{maphash.Bytes(h[0], b), maphash.Bytes(h[1], b)}
}
