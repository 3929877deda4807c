package store

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/dustin/go-humanize"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/tocsinhq/tocsin/internal/disk"
)

// diskFull reports whether an error is that of a disk, or of a quota, that is full.
func diskFull(err error) bool {
	var s *sqlite.Error
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.As(err, &s) && s.Code()&0xff == sqlite3.SQLITE_FULL
}

// AdviseRoom adds to an error of a full disk, which ended the daemon, where to make room
// and how much. Other errors, and nil, stay as they are.
func AdviseRoom(err error, dir string, c Config) error {
	if !diskFull(err) {
		return err
	}
	g := disk.Guard{Dir: dir, Min: max(1, uint64(c.MinFreeDisk))}
	free, want, ok := g.Room()
	have := ""
	if ok {
		have = fmt.Sprintf(" (%s free)", humanize.IBytes(free))
	}
	return fmt.Errorf("%w\nthe disk of data folder %q is full%s: make room there, so that %s are free (storage.min_free_disk, or 1%% of the disk), or move the folder to a larger disk and name it by --storage.path; nothing that was stored is lost, and nothing in the folder need be deleted",
		err, dir, have, humanize.IBytes(want))
}
