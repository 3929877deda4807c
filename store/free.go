package store

import "github.com/tocsinhq/tocsin/internal/disk"

// FreeDisk returns the bytes that may still be written to the file system of a
// folder, and its size; an error where the system does not tell.
func FreeDisk(dir string) (free, size uint64, err error) { return disk.Free(dir) }
