//go:build !amd64

package keyhash

// ways returns that the processor has none of them.
func ways() (aes, both bool) { return false, false }

// lanes and wide are not written for other processors and not called there.
func lanes(*secret, *byte, int, int) (lo, hi uint64) { return 0, 0 }

func wide(*secret, *byte, int, int) (lo, hi uint64) { return 0, 0 }
