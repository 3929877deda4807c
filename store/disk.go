package store

import (
	"fmt"

	"github.com/dustin/go-humanize"
)

// refuseDisk returns what makes the error of a disk that is too full for samples.
func refuseDisk(dir string) func(free, want uint64) error {
	return func(free, want uint64) error {
		return fmt.Errorf("%w: disk of %q has %s free, want at least %s; nothing is accepted until there is room",
			ErrReadOnly, dir, humanize.IBytes(free), humanize.IBytes(want))
	}
}

// RoomFor returns an error when a file of n bytes beside the samples would leave so
// little room on the disk that no samples could be accepted.
func (w *Writer) RoomFor(n int64) error {
	free, want, ok := w.disk.Room()
	if !ok || free >= want+uint64(n) {
		return nil
	}
	return fmt.Errorf("disk of %q has %s free, want %s for the file and %s to stay free",
		w.disk.Dir, humanize.IBytes(free), humanize.IBytes(uint64(n)), humanize.IBytes(want))
}
