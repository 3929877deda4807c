package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/wlog"
)

// repairs bounds how often one opening repairs the logs.
const repairs = 3

// openRepaired opens the base of a generation on a folder whose logs may be damaged. Damage shows
// when the TSDB changes its log while it is opened; then its change is undone, the
// log is repaired our way and the TSDB opened again. What was found is returned
// also with an error.
func openRepaired(o TSDBOptions, d *DB, gen *generation) ([]Damage, error) {
	if err := errors.Join(undoOpening(o.Dir), finishRewriting(o.Dir)); err != nil {
		return nil, err
	}
	found, err := closeGaps(o)
	if err != nil {
		return found, err
	}
	blocks, err := blockCheck{o: o}.run()
	found = append(found, blocks...)
	if err = errors.Join(err, pruneBlocks(o)); err != nil {
		return found, err
	}
	aside := newAsideFolder(o.Dir, o.now())
	files, err := asideChunkFiles(o, aside)
	if found = append(found, files...); err != nil {
		return found, err
	}
	var damaged error
	gen.refs, damaged, err = newBaseRefs(o.Dir, func(err error) {
		o.Logger.Warn("a series may be given late samples of another one at the next start", "err", err)
	})
	if err != nil {
		return found, err
	}
	refs, err := recoverRefs(o, gen.refs, damaged, aside)
	if found = append(found, refs...); err != nil {
		return found, err
	}
	if err := gen.refs.reserve(o); err != nil {
		return found, err
	}
	for turn := 0; ; turn++ {
		g, err := newGuard(o.Dir)
		if err != nil {
			return found, err
		}
		db, parts, openErr := openEmbedded(o, d, gen)
		touched, err := g.touched()
		if err != nil {
			return found, errors.Join(err, closeIf(db))
		}
		var corrupt *wlog.CorruptionErr
		if !touched && !errors.As(openErr, &corrupt) {
			if openErr != nil && turn < repairs { // perhaps for a damaged block
				blocks, err := blockCheck{o: o, open: true}.run()
				found = append(found, blocks...)
				if err = errors.Join(err, endIf(len(blocks) > 0, g)); err != nil {
					return found, errors.Join(openErr, err)
				}
				if len(blocks) > 0 {
					continue
				}
			}
			if err := g.end(); err != nil {
				return found, errors.Join(err, closeIf(db))
			}
			gen.base, gen.parts = db, parts
			return found, openErr
		}
		if turn == repairs { // the TSDB sees what we do not; its repair stands
			d, err := g.keepTouched(o, aside)
			found = append(found, d...)
			if err = errors.Join(openErr, err, g.end(), aside.prune()); err != nil {
				return found, errors.Join(err, closeIf(db))
			}
			gen.base, gen.parts = db, parts
			return found, nil
		}
		if err := closeIf(db); err != nil {
			o.Logger.Warn("sample store was closed to repair its log", "err", err)
		}
		if err := errors.Join(g.restore(), g.end()); err != nil {
			return found, err
		}
		more, err := repairLogs(o, "", aside)
		found = append(found, more...)
		if err == nil {
			err = aside.prune()
		}
		if err != nil {
			return found, err
		}
	}
}

// endIf gives a guard up if the opening that it was for is to be tried again.
func endIf(again bool, g guard) error {
	if !again {
		return nil
	}
	return g.end()
}

func closeIf(db *tsdb.DB) error {
	if db == nil {
		return nil
	}
	return db.Close()
}

// finishRewriting puts away what an earlier repair left that did not come to its end.
func finishRewriting(dir string) error {
	left := []string{filepath.Join(dir, rewritingDir)}
	for _, pattern := range []string{"*.restored", "*.repair"} {
		for _, name := range logNames {
			// The folder may have any signs in its name and is no part of the pattern.
			found, err := fs.Glob(os.DirFS(filepath.Join(dir, name)), pattern)
			if err != nil {
				return err
			}
			for _, file := range found {
				left = append(left, filepath.Join(dir, name, file))
			}
		}
	}
	for _, path := range left {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("remove what an earlier repair of the log left: %w", err)
		}
	}
	return nil
}

// keepTouched keeps the segments that the TSDB changed or deleted.
func (g guard) keepTouched(o TSDBOptions, aside *asideFolder) ([]Damage, error) {
	var found []Damage
	for _, name := range logNames {
		segments, err := segmentsIn(filepath.Join(g.dir(), name))
		if err != nil {
			return found, err
		}
		first := true
		for _, s := range segments {
			same, err := sameFile(s.path, filepath.Join(g.tsdb, name, s.name))
			if err != nil {
				return found, err
			}
			if same {
				continue
			}
			if _, err := aside.keep(s.path, name); err != nil {
				return found, err
			}
			if first {
				found = append(found, Damage{At: o.now(), Log: name, Segment: s.name, Records: 1, Unrepaired: true, Kept: aside.dir})
				first = false
			}
		}
	}
	return found, nil
}
