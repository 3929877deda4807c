package keyhash

import "golang.org/x/sys/cpu"

// ways returns what the processor has: the rounds of AES, and of two blocks at once.
func ways() (aes, both bool) {
	return cpu.X86.HasAES, cpu.X86.HasAVX512VAES && cpu.X86.HasAVX2
}

// lanes is the hash of the n bytes from b on, at least stride, of which length count.
//
//go:noescape
func lanes(s *secret, b *byte, n, length int) (lo, hi uint64)

// wide returns what lanes does, two lanes at once.
//
//go:noescape
func wide(s *secret, b *byte, n, length int) (lo, hi uint64)
