package logs

import (
	"fmt"
	"os"

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

// syncDir brings the names in a folder to the disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync folder %q: %w", dir, err)
	}
	return nil
}
