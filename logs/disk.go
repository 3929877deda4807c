package logs

import (
	"fmt"

	"github.com/dustin/go-humanize"
)

// refuseDisk returns what makes the error of a disk that is too full for records;
// stopping early also leaves room to seal what is in the log.
func refuseDisk(dir string) func(free, want uint64) error {
	return func(free, want uint64) error {
		return fmt.Errorf("%w: disk of %q has %s free, want at least %s (logs.min_free_disk); nothing is accepted until there is room",
			ErrReadOnly, dir, humanize.IBytes(free), humanize.IBytes(want))
	}
}
