package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/tsdb/fileutil"
)

// lockFile is the name of the lock inside a data folder.
const lockFile = "lock"

// LockDir creates dir if need be and takes its lock, so that one process at a
// time works on a data folder. The lock belongs to the open file: the system
// drops it when the process ends, however it ends, so a lock file left behind
// by a killed process is taken over. Release empties the file and gives the
// lock up; it is called once.
func LockDir(dir string) (release func() error, err error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("create data folder %q: %w", dir, err)
	}
	path := filepath.Join(dir, lockFile)
	lock, _, err := fileutil.Flock(path)
	if err != nil {
		if holder := lockHolder(path); holder != "" {
			return nil, fmt.Errorf("data folder %q is in use by process %s; stop it or choose another --storage.path", dir, holder)
		}
		return nil, fmt.Errorf("data folder %q is in use or cannot be locked; stop the other process or choose another --storage.path: %w", dir, err)
	}
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o640); err != nil {
		lock.Release()
		return nil, fmt.Errorf("write process number into the lock of data folder %q: %w", dir, err)
	}
	return func() error {
		if err := os.Truncate(path, 0); err != nil {
			lock.Release()
			return fmt.Errorf("empty the lock of data folder %q: %w", dir, err)
		}
		if err := lock.Release(); err != nil {
			return fmt.Errorf("release the lock of data folder %q: %w", dir, err)
		}
		return nil
	}, nil
}

// lockHolder returns the process number in a lock file, or nothing when the
// file holds none (its owner has not written it yet).
func lockHolder(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	pid := strings.TrimSpace(string(b))
	if _, err := strconv.Atoi(pid); err != nil {
		return ""
	}
	return pid
}
