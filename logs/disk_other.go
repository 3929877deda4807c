//go:build !(linux || darwin || freebsd)

package logs

import "errors"

// diskFree cannot tell on this system.
func diskFree(string) (free, size uint64, err error) { return 0, 0, errors.ErrUnsupported }
