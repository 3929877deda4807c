package template

import "encoding/binary"

// Classes of bytes. A word is a run of bytes that are neither blank nor delimiter.
const (
	isBlank = 1 << iota
	isDelim
	isDigit
	isHexLetter // a-f and A-F
	isLetter    // the other letters, and all bytes of letters beyond ASCII
	isJoiner    // what else can stand in a word
)

// classes holds the class of every byte.
var classes = func() (t [256]uint8) {
	for i := range t {
		switch b := byte(i); {
		case b == ' ' || b == '\t' || b == '\r' || b == '\n' || b == 0:
			t[i] = isBlank
		case b >= '0' && b <= '9':
			t[i] = isDigit
		case b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F':
			t[i] = isHexLetter
		case b >= 'g' && b <= 'z' || b >= 'G' && b <= 'Z' || b >= 0x80:
			t[i] = isLetter
		default:
			t[i] = isJoiner
		}
	}
	for _, b := range []byte("=,;()[]{}\"'`|<>#") {
		t[b] = isDelim
	}
	return t
}()

// mix spreads the bits of x; it is a bijection, the finaliser of SplitMix64
// (G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014, doi:10.1145/2660193.2660195).
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	x ^= x >> 31
	return x
}

// hashOf is a hash that is the same on every machine and in every version.
func hashOf(b []byte) uint64 {
	n := len(b)
	h := uint64(n) * 0x9e3779b97f4a7c15
	switch {
	case n >= 8:
		for i := 0; i+8 < n; i += 8 {
			h = (h ^ binary.LittleEndian.Uint64(b[i:])) * 0xff51afd7ed558ccd
			h ^= h >> 32
		}
		h ^= binary.LittleEndian.Uint64(b[n-8:])
	case n >= 4:
		h ^= uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(b[n-4:]))<<32
	case n > 0:
		h ^= uint64(b[0]) | uint64(b[n/2])<<8 | uint64(b[n-1])<<16
	}
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>29
}
