package head

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"

	logrecord "github.com/prometheus/prometheus/tsdb/record"
	"github.com/prometheus/prometheus/tsdb/wlog"
)

// segments are the open files of a log, to be read one after the other.
type segments []*wlog.Segment

func (s segments) close() {
	for _, f := range s {
		f.Close() // only read
	}
}

// openTries bounds how often the list of files is made anew because another process
// deletes some of them meanwhile.
const openTries = 20

// openSegments opens the latest checkpoint and what came after it. Of a log that has been
// read up to before a segment only that and what came after is opened, unless it has
// become part of the checkpoint. All files are open
// before the first is read, so that none can be deleted in between, and that nobody
// has made another checkpoint meanwhile is looked at last: the files of the one before
// it would be on their way out. A folder that does not exist is an empty log.
func openSegments(dir string, since int) (segments, error) {
	for try := 1; ; try++ {
		files, err := tryOpenSegments(dir, since)
		if err == nil {
			return files, nil
		}
		files.close()
		if !errors.Is(err, fs.ErrNotExist) || try == openTries {
			return nil, fmt.Errorf("open the log %s: %w", dir, err)
		}
	}
}

func tryOpenSegments(dir string, since int) (files segments, err error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	from := since
	checkpoint, covers, err := wlog.LastCheckpoint(dir)
	if err != nil && !errors.Is(err, logrecord.ErrNotFound) {
		return nil, err
	}
	if err == nil && (since == 0 || covers >= since) {
		from = covers + 1
		numbers, err := segmentNumbers(checkpoint)
		if err != nil {
			return files, err
		}
		if files, err = openEach(files, checkpoint, numbers); err != nil {
			return files, err
		}
	}
	numbers, err := segmentNumbers(dir)
	if err != nil {
		return files, err
	}
	numbers = slices.DeleteFunc(numbers, func(n int) bool { return n < from })
	for i, n := range numbers {
		if n != from+i {
			return files, fmt.Errorf("segment %s: %w", wlog.SegmentName(dir, from+i), fs.ErrNotExist)
		}
	}
	if files, err = openEach(files, dir, numbers); err != nil {
		return files, err
	}
	if now, _, err := wlog.LastCheckpoint(dir); now != checkpoint {
		return files, errors.Join(fmt.Errorf("checkpoint %q: %w", checkpoint, fs.ErrNotExist), err)
	}
	return files, nil
}

func openEach(files segments, dir string, numbers []int) (segments, error) {
	for _, n := range numbers {
		f, err := wlog.OpenReadSegment(wlog.SegmentName(dir, n))
		if err != nil {
			return files, err
		}
		files = append(files, f)
	}
	return files, nil
}

// segmentNumbers lists the segments in a folder.
func segmentNumbers(dir string) ([]int, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []int
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil && !e.IsDir() {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}
