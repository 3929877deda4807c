package backfill

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/prometheus/prometheus/tsdb/fileutil"
)

const stagingPrefix = "blocks."

// newStaging makes a folder in dir for blocks that are being written, and removes
// those that imports left which were killed: a folder in use has a lock that the
// system drops with its process.
func newStaging(dir string) (path string, remove func() error, err error) {
	old, err := fs.Glob(os.DirFS(dir), stagingPrefix+"*")
	if err != nil {
		return "", nil, err
	}
	for _, name := range old {
		path := filepath.Join(dir, name)
		lock, _, err := fileutil.Flock(stagingLock(path))
		if err != nil {
			continue // in use, or of somebody else
		}
		if err := errors.Join(os.RemoveAll(path), lock.Release(), os.Remove(stagingLock(path))); err != nil {
			return "", nil, fmt.Errorf("remove what an import left that was cut off: %w", err)
		}
	}
	if path, err = os.MkdirTemp(dir, stagingPrefix+"*"); err != nil {
		return "", nil, fmt.Errorf("make folder for the import: %w", err)
	}
	lock, _, err := fileutil.Flock(stagingLock(path))
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("lock folder of the import: %w", err), os.RemoveAll(path))
	}
	return path, func() error {
		return errors.Join(os.RemoveAll(path), lock.Release(), os.Remove(stagingLock(path)))
	}, nil
}

// stagingLock is beside the folder and not in it, so that the folder can be removed
// while the lock is held.
func stagingLock(path string) string {
	return filepath.Join(filepath.Dir(path), "lock."+filepath.Base(path))
}
