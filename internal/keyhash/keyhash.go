// Package keyhash makes 128 bits of some bytes under a secret key, in one pass and
// without an allocation. It is for tables in which two keys must never be taken for
// one, whoever chooses them: nobody who does not know the secret, which lives as long
// as the process, can look for two that are alike.
package keyhash

import (
	"crypto/rand"
	"hash/maphash"
)

// Hasher holds a secret. It is safe for concurrent use and must be made by New.
type Hasher struct {
	secret secret
	aes    bool // the processor has the rounds of AES
	both   bool // it has them for two blocks at once
	seeds  [2]maphash.Seed
}

// secret is what the four lanes begin with and the keys of the four rounds.
type secret struct {
	lanes  [4][16]byte
	rounds [4][16]byte
}

// New returns a hasher with a secret of its own.
func New() *Hasher {
	h := &Hasher{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
	h.aes, h.both = ways()
	for i := range 4 {
		_, _ = rand.Read(h.secret.lanes[i][:]) // never fails
		_, _ = rand.Read(h.secret.rounds[i][:])
	}
	return h
}

// stride is how many bytes the lanes take at once.
const stride = 64

// Of returns the hash of b in two halves.
//
// Where the processor has AES: four lanes begin with secrets of their own and take
// blocks of 16 bytes in turn, each by exclusive or and four rounds with secret keys; the
// last 64 bytes are taken in any case, some of them for the second time. The lanes and
// the length are put together by exclusive or and four more rounds. Blocks that differ
// leave four rounds with a given difference with a probability of at most 2^-113 over the
// keys (L. Keliher, J. Sui: Exact maximum expected differential and linear probability
// for two-round Advanced Encryption Standard, IET Information Security 1(2), 2007), so
// two inputs of one length that somebody has chosen without the secret meet with about
// that. It is the way of the message authentication code Pelican (J. Daemen, V. Rijmen,
// 2005) in four lanes. Elsewhere it is two hashes of hash/maphash with seeds of their own.
func (h *Hasher) Of(b []byte) (lo, hi uint64) {
	switch {
	case !h.aes:
		return maphash.Bytes(h.seeds[0], b), maphash.Bytes(h.seeds[1], b)
	case len(b) < stride:
		return h.short(b)
	case h.both:
		return wide(&h.secret, &b[0], len(b), len(b))
	}
	return lanes(&h.secret, &b[0], len(b), len(b))
}

// short is Of for what does not fill the lanes. The length tells the zeros behind b
// from those in it.
func (h *Hasher) short(b []byte) (lo, hi uint64) {
	var whole [stride]byte
	copy(whole[:], b)
	return lanes(&h.secret, &whole[0], stride, len(b))
}
