//go:build unix

package tail

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// identity returns what stays the same when a file is renamed.
func identity(info fs.FileInfo) string {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return fmt.Sprintf("file/%d:%d", s.Dev, s.Ino)
	}
	return "file/" + info.Name()
}

// open opens a file for reading. It does not wait if the file turned into a pipe.
func open(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}
