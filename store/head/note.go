package head

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/internal/disk"
)

// truncatedFile has the time before which all samples are in blocks.
const truncatedFile = "truncated"

// writeTruncated notes that samples older than maxt are in blocks, before anything
// drops them, and returns when that will outlast a crash.
func writeTruncated(dir string, maxt int64) error {
	path := filepath.Join(dir, truncatedFile)
	err := func() error {
		f, err := os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(f, "%d\n", maxt)
		if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
			return err
		}
		if err := os.Rename(path+".tmp", path); err != nil {
			return err
		}
		return disk.SyncFolder(dir)
	}()
	if err != nil {
		return fmt.Errorf("note that samples older than %d are in blocks: %w", maxt, err)
	}
	return nil
}

// readTruncated returns the time before which all samples are in blocks, or
// math.MinInt64. The error is a *NoteError if the file has none.
func readTruncated(dir string) (int64, error) {
	path := filepath.Join(dir, truncatedFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return noTime, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the time that blocks reach up to: %w", err)
	}
	line, whole := strings.CutSuffix(string(b), "\n")
	t, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	if err != nil || !whole { // a number may have been cut
		return 0, &NoteError{Path: path, Cause: fmt.Sprintf("want one number and the end of its line, got %.40q", b)}
	}
	return t, nil
}

// NoteError says that what a head notes of when its samples are in blocks is wrong. Without
// the file all of the log is read, and what is in blocks too is moved there once more.
type NoteError struct {
	Path  string
	Cause string
}

func (e *NoteError) Error() string {
	return fmt.Sprintf("the time that blocks reach up to, in %s, cannot be: %s; delete the file to read all of the log", e.Path, e.Cause)
}

// believable returns a *NoteError if what was noted cannot be. Too late a time would have
// hidden samples that are in no block and kept new ones out. Truncate is never given one that
// is no border of blocks, or within half a block of the newest sample, which stays in the
// log. One that is too early does no harm, so that only what is plainly wrong is told: a time
// before 1970 of which there are no samples. old is how many the log has that were left out.
// It is called when the log has been read, before anything is changed for the note.
func (h *Head) believable(noted int64, old int64) error {
	if noted == noTime {
		return nil
	}
	most := h.o.InBlocks
	if newest := h.MaxTime(); newest != math.MinInt64 { // else all are hidden, or there is none
		most = max(most, newest-h.o.BlockRange/2)
	}
	cause := ""
	switch {
	case noted%h.o.BlockRange != 0:
		cause = fmt.Sprintf("blocks do not end at %s, but at each %s", noteTime(noted), time.Duration(h.o.BlockRange)*time.Millisecond)
	case noted > most:
		cause = fmt.Sprintf("%s is too late for the newest sample behind it and for the blocks", noteTime(noted))
	case noted < 0 && old == 0 && h.MinTime() >= 0:
		cause = fmt.Sprintf("it is %s, and there is no sample from before 1970", noteTime(noted))
	default:
		return nil
	}
	return &NoteError{Path: filepath.Join(h.o.Dir, truncatedFile), Cause: cause}
}

// noteTime writes a time as it is in the file, and for people.
func noteTime(t int64) string {
	return fmt.Sprintf("%d (%s)", t, time.UnixMilli(t).UTC().Format(time.RFC3339))
}
