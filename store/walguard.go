package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// The TSDB's own repair of a damaged log deletes everything behind the damage
// while the TSDB is being opened. So that nothing is lost by it, every segment
// gets a second name in a folder beside before the TSDB is opened: a guard. That
// costs no space and no time worth telling.
const (
	guardDir = "wal-guard"
	// doneSuffix marks a guard that was given up on purpose.
	doneSuffix = ".done"
)

// logNames are the folders of the two logs: of samples in order, and of late ones.
var logNames = [...]string{"wal", "wbl"}

// guard is a second name for each segment as it was before the TSDB was opened.
type guard struct{ tsdb string }

func (g guard) dir() string { return filepath.Join(g.tsdb, guardDir) }

// undoOpening makes the segments what they were before an opening that did not come
// to its end, whose guard is still there.
func undoOpening(tsdb string) error {
	g := guard{tsdb}
	if err := os.RemoveAll(g.dir() + doneSuffix); err != nil {
		return fmt.Errorf("guard the log: %w", err)
	}
	if _, err := os.Stat(g.dir()); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := g.restore(); err != nil {
		return err
	}
	return g.end()
}

// newGuard names the segments.
func newGuard(tsdb string) (guard, error) {
	g := guard{tsdb}
	making := g.dir() + ".new"
	if err := os.RemoveAll(making); err != nil {
		return g, fmt.Errorf("guard the log: %w", err)
	}
	for _, name := range logNames {
		segments, err := segmentsIn(filepath.Join(tsdb, name))
		if err != nil {
			return g, fmt.Errorf("guard the log: %w", err)
		}
		to := filepath.Join(making, name)
		if err := os.MkdirAll(to, 0o750); err != nil {
			return g, fmt.Errorf("guard the log: %w", err)
		}
		for _, s := range segments {
			if err := os.Link(s.path, filepath.Join(to, s.name)); err != nil {
				return g, fmt.Errorf("guard the log: %w; the data folder must be on a file system with hard links", err)
			}
		}
	}
	if err := os.Rename(making, g.dir()); err != nil {
		return g, fmt.Errorf("guard the log: %w", err)
	}
	return g, nil
}

// touched reports whether the TSDB changed or deleted a segment while it was
// being opened, which it does only to repair.
func (g guard) touched() (bool, error) {
	for _, name := range logNames {
		segments, err := segmentsIn(filepath.Join(g.dir(), name))
		if err != nil {
			return false, fmt.Errorf("compare the log: %w", err)
		}
		for _, s := range segments {
			same, err := sameFile(s.path, filepath.Join(g.tsdb, name, s.name))
			if err != nil || !same {
				return true, err
			}
		}
	}
	return false, nil
}

// restore makes the segments again what they were before the opening. Segments
// that came later are removed if they are empty, as those of an opening are that
// did not come to its end. Others are from a program that knows no guards: then
// the log is left as that program has made it.
func (g guard) restore() error {
	for _, name := range logNames {
		guarded, err := segmentsIn(filepath.Join(g.dir(), name))
		if err != nil {
			return fmt.Errorf("restore the log: %w", err)
		}
		present, err := segmentsIn(filepath.Join(g.tsdb, name))
		if err != nil {
			return fmt.Errorf("restore the log: %w", err)
		}
		known := func(s segment) bool {
			return slices.ContainsFunc(guarded, func(x segment) bool { return x.name == s.name })
		}
		if slices.ContainsFunc(present, func(s segment) bool { return !known(s) && s.size > 0 }) {
			continue
		}
		for _, s := range present {
			if known(s) {
				continue
			}
			if err := os.Remove(s.path); err != nil {
				return fmt.Errorf("restore the log: %w", err)
			}
		}
		for _, s := range guarded {
			if err := replaceByLink(s.path, filepath.Join(g.tsdb, name, s.name)); err != nil {
				return fmt.Errorf("restore the log: %w", err)
			}
		}
	}
	return nil
}

// end gives the guard up. After its first step, which is atomic, it counts no more.
func (g guard) end() error {
	if err := os.Rename(g.dir(), g.dir()+doneSuffix); err != nil {
		return fmt.Errorf("end the guard of the log: %w", err)
	}
	if err := os.RemoveAll(g.dir() + doneSuffix); err != nil {
		return fmt.Errorf("end the guard of the log: %w", err)
	}
	return nil
}

// replaceByLink makes path a second name of from, whatever it was.
func replaceByLink(from, path string) error {
	same, err := sameFile(from, path)
	if err != nil || same {
		return err
	}
	tmp := path + ".restored" // no number, so no segment to the TSDB
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Link(from, tmp); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// sameFile reports whether both names are of one file; b need not exist.
func sameFile(a, b string) (bool, error) {
	x, err := os.Stat(a)
	if err != nil {
		return false, err
	}
	y, err := os.Stat(b)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return os.SameFile(x, y), nil
}

// segment is one file of a log.
type segment struct {
	name, path string
	number     int
	size       int64
}

// segmentsIn lists the segments in a folder by number; none if there is no folder.
func segmentsIn(dir string) ([]segment, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []segment
	for _, e := range entries {
		n, err := strconv.Atoi(e.Name())
		if err != nil || e.IsDir() {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		out = append(out, segment{name: e.Name(), path: filepath.Join(dir, e.Name()), number: n, size: info.Size()})
	}
	slices.SortFunc(out, func(a, b segment) int { return a.number - b.number })
	return out, nil
}
