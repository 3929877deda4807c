//go:build linux || darwin || freebsd

package disk

import "syscall"

// Free returns the bytes that an ordinary process may still write to the
// file system of dir, and its size.
func Free(dir string) (free, size uint64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, 0, err
	}
	return uint64(s.Bavail) * uint64(s.Bsize), uint64(s.Blocks) * uint64(s.Bsize), nil
}
