//go:build !unix

package tail

import (
	"io/fs"
	"os"
)

// identity is the name alone where there are no inodes.
func identity(info fs.FileInfo) string { return "file/" + info.Name() }

func open(path string) (*os.File, error) { return os.Open(path) }
