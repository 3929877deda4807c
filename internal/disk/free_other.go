//go:build !(linux || darwin || freebsd)

package disk

import "errors"

// Free cannot tell on this system.
func Free(string) (free, size uint64, err error) { return 0, 0, errors.ErrUnsupported }
