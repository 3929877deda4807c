package disk

import (
	"errors"
	"fmt"
	"os"
)

// SyncFolder brings the names in a folder to the disk: those of files that were made,
// renamed or removed there.
func SyncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync folder %q: %w", dir, err)
	}
	return nil
}
