package detector

import "github.com/cespare/xxhash/v2"

// lately knows the classic histograms of which a bucket was registered a short while ago:
// their buckets come together, and their labels are to be made of those of a bucket, hashed
// and looked for once, not for each. It is found by the bytes of the labels of a bucket
// without le, all of which are compared. A place never goes to another histogram, so that
// what it knows stays right. The caller holds the register lock of histograms.
type lately [latelyKept]struct {
	key []byte
	at  uint32
}

// latelyKept bounds how many are known, of as many requests that come at once.
const latelyKept = 32

// find returns the place of a histogram, or 0 if it is not among them.
func (k *lately) find(key []byte) uint32 {
	if x := &k[xxhash.Sum64(key)%latelyKept]; string(x.key) == string(key) {
		return x.at
	}
	return 0
}

// keep makes a histogram one of them, for another.
func (k *lately) keep(key []byte, at uint32) {
	x := &k[xxhash.Sum64(key)%latelyKept]
	x.key, x.at = append(x.key[:0], key...), at
}
