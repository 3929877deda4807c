package keyhash

import (
	"math/bits"
	"testing"
)

// hashers are one for each way in which the processor at hand can go.
func hashers() map[string]*Hasher {
	out := map[string]*Hasher{}
	for name, want := range map[string]struct{ aes, both bool }{"maphash": {}, "four lanes": {aes: true}, "two by two": {true, true}} {
		h := New()
		if want.aes && !h.aes || want.both && !h.both {
			continue
		}
		h.aes, h.both = want.aes, want.both
		out[name] = h
	}
	return out
}

// text is n bytes that repeat little.
func text(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*i>>2 + i)
	}
	return b
}

func TestHasher_InputsThatDiffer_HaveHashesThatDiffer(t *testing.T) {
	for name, h := range hashers() {
		t.Run(name, func(t *testing.T) {
			seen := map[[2]uint64]string{}
			meet := func(b []byte) {
				lo, hi := h.Of(b)
				if other, have := seen[[2]uint64{lo, hi}]; have && other != string(b) {
					t.Fatalf("%q and %q have one hash", other, b)
				}
				seen[[2]uint64{lo, hi}] = string(b)
			}
			zeros := make([]byte, 400)
			for n := range len(zeros) {
				meet(zeros[:n])
				meet(text(n))
			}
			for _, n := range []int{1, 15, 63, 64, 65, 127, 128, 129, 200, 279} {
				for i := range n {
					for bit := range 8 {
						b := text(n)
						b[i] ^= 1 << bit
						meet(b)
					}
				}
			}
			// The lanes are not alike, nor are their turns: blocks in another order.
			b := text(320)
			for i := range 20 {
				for j := range i {
					c := append([]byte(nil), b...)
					copy(c[16*i:], b[16*j:16*j+16])
					copy(c[16*j:], b[16*i:16*i+16])
					meet(c)
				}
			}
		})
	}
}

func TestHasher_OneInput_HasOneHash(t *testing.T) {
	for name, h := range hashers() {
		for n := range 300 {
			b := append(make([]byte, n%7), text(n)...)[n%7:] // at another address
			lo, hi := h.Of(text(n))
			if l, u := h.Of(b); l != lo || u != hi {
				t.Fatalf("%s: %d bytes have two hashes", name, n)
			}
		}
	}
}

func TestHasher_BothWaysOfAES_Agree(t *testing.T) {
	h, ok := hashers()["two by two"]
	if !ok {
		t.Skip("the processor has not the rounds of AES for two blocks")
	}
	for n := stride; n < 700; n++ {
		b := text(n)
		lo, hi := lanes(&h.secret, &b[0], n, n)
		if l, u := h.Of(b); l != lo || u != hi {
			t.Fatalf("%d bytes: got %x %x, want %x %x", n, l, u, lo, hi)
		}
	}
}

func TestNew_SecretsDiffer(t *testing.T) {
	a, b := New(), New()
	lo, hi := a.Of(text(100))
	if l, u := b.Of(text(100)); l == lo || u == hi {
		t.Error("two hashers give one hash")
	}
}

// Each bit of the input turns half of the bits of the hash, over many inputs.
func TestHasher_OneBit_TurnsHalfOfTheHash(t *testing.T) {
	for name, h := range hashers() {
		turned, of := 0, 0
		for _, n := range []int{20, 64, 100, 279} {
			base := text(n)
			lo, hi := h.Of(base)
			for i := range 8 * n {
				base[i/8] ^= 1 << (i % 8)
				l, u := h.Of(base)
				base[i/8] ^= 1 << (i % 8)
				d := bits.OnesCount64(l^lo) + bits.OnesCount64(u^hi)
				if d < 25 || d > 103 { // seven standard deviations
					t.Errorf("%s: bit %d of %d bytes turns %d of 128", name, i, n, d)
				}
				turned, of = turned+d, of+128
			}
		}
		if share := float64(turned) / float64(of); share < 0.49 || share > 0.51 {
			t.Errorf("%s: got a share of %.3f, want a half", name, share)
		}
	}
}

func TestHasher_DoesNotAllocate(t *testing.T) {
	for name, h := range hashers() {
		for _, n := range []int{10, 100, 1000} {
			b := text(n)
			if got := testing.AllocsPerRun(10, func() { h.Of(b) }); got != 0 {
				t.Errorf("%s: %d bytes: got %v allocations", name, n, got)
			}
		}
	}
}

func BenchmarkOf(b *testing.B) {
	for name, h := range hashers() {
		b.Run(name, func(b *testing.B) {
			x := text(279)
			b.SetBytes(279)
			for b.Loop() {
				h.Of(x)
			}
		})
	}
}
