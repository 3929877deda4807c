package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// closeGaps gives segments other numbers where one is missing, since the TSDB wants
// them to follow one another from the checkpoint on, or from 0 without one. It
// says how many are missing.
func closeGaps(o TSDBOptions) ([]Damage, error) {
	gap, err := hasGap(o.Dir)
	if err != nil || !gap {
		return nil, err
	}
	r := repairer{o: o}
	if err := errors.Join(r.lookAtAll(), r.reserve()); err != nil {
		return nil, err
	}
	var found []Damage
	for _, name := range logNames {
		dir := filepath.Join(o.Dir, name)
		segments, err := segmentsIn(dir)
		if err != nil {
			return nil, fmt.Errorf("look for missing segments of the log: %w", err)
		}
		if len(segments) == 0 {
			continue
		}
		covered, err := coveredIn(dir, name, segments)
		if err != nil {
			return nil, err
		}
		d, err := closeGapsIn(dir, segments, covered)
		if err != nil {
			return nil, fmt.Errorf("close a gap in the log: %w", err)
		}
		if d.Missing > 0 {
			d.Log, d.At = name, o.now()
			found = append(found, d)
		}
	}
	return found, nil
}

// coveredIn returns the number of the last segment that need not be there.
func coveredIn(dir, name string, segments []segment) (int, error) {
	if name != "wal" {
		return segments[0].number - 1, nil // a log without checkpoints may begin anywhere
	}
	covered := -1
	err := eachCheckpoint(dir, func(_ string, n int) error { covered = max(covered, n); return nil })
	return covered, err
}

// hasGap reports whether a segment is missing.
func hasGap(tsdb string) (bool, error) {
	for _, name := range logNames {
		dir := filepath.Join(tsdb, name)
		segments, err := segmentsIn(dir)
		if err != nil {
			return false, fmt.Errorf("look for missing segments of the log: %w", err)
		}
		if len(segments) == 0 {
			continue
		}
		covered, err := coveredIn(dir, name, segments)
		if err != nil {
			return false, err
		}
		if segments[0].number > covered+1 || segments[len(segments)-1].number-segments[0].number != len(segments)-1 {
			return true, nil
		}
	}
	return false, nil
}

// closeGapsIn does so in one folder. What a checkpoint covers is deleted, as the
// TSDB would have done, when it does not reach up to the rest.
func closeGapsIn(dir string, segments []segment, covered int) (d Damage, err error) {
	next := covered + 1
	first := len(segments)
	for i, s := range segments {
		if s.number >= next {
			first = i
			break
		}
	}
	old, rest := segments[:first], segments[first:]
	whole := true
	for i, s := range old {
		whole = whole && s.number == next-len(old)+i
	}
	if !whole {
		for _, s := range old {
			if err := os.Remove(s.path); err != nil {
				return d, err
			}
		}
	}
	for _, s := range rest {
		if s.number != next+d.Missing {
			if d.Segment == "" {
				d.Segment = fmt.Sprintf("%08d", next)
			}
			d.Missing = s.number - next
		}
		if s.number != next {
			if err := os.Rename(s.path, filepath.Join(dir, fmt.Sprintf("%08d", next))); err != nil {
				return d, err
			}
		}
		next++
	}
	return d, nil
}
