package logs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/logs/segment"
	"github.com/tocsinhq/tocsin/logs/wal"
)

// recover finds the segments that count, makes away with those that were not finished,
// reads the logs that were not sealed, and returns the number of the next one.
func (s *Store) recover() (next uint64, err error) {
	logs, err := s.listLogs()
	if err != nil {
		return 0, err
	}
	// The name of the folder is no part of the pattern: it may have any signs.
	names, err := fs.Glob(os.DirFS(s.dir), "????-??-??/*")
	if err != nil {
		return 0, err
	}
	next = 1
	replaced := map[string]bool{}
	for _, name := range names {
		path := filepath.Join(s.dir, filepath.FromSlash(name))
		last, ours := lastOf(path)
		if !ours && !strings.HasSuffix(path, tmpSuffix) {
			continue
		}
		// The names of files that were replaced are never used again.
		next = max(next, last+1)
		if seq, single := sequenceOf(path); !ours || single && slices.Contains(logs, seq) {
			if err := removeFile(path); err != nil {
				return 0, err
			}
			s.metrics.unfinished.Inc()
			continue
		}
		f, replaces, err := s.openFile(path)
		if err != nil {
			if err := s.setAside(path, err); err != nil {
				return 0, err
			}
			continue
		}
		for _, name := range replaces {
			replaced[filepath.Join(filepath.Dir(path), name)] = true
		}
		s.files = append(s.files, f)
	}
	var errs []error
	s.files = slices.DeleteFunc(s.files, func(f *file) bool {
		if replaced[f.path] {
			errs = append(errs, f.remove())
		}
		return replaced[f.path]
	})
	for _, seq := range logs {
		next = max(next, seq+1)
		errs = append(errs, s.readLog(seq))
	}
	queued, err := s.queued()
	if err != nil {
		return 0, err
	}
	for _, seq := range queued {
		next = max(next, seq+1)
	}
	return next, errors.Join(errs...)
}

// sequenceOf returns the number of the log that a segment was made from; false for
// one that was merged of several and for a name that is no segment's.
func sequenceOf(path string) (seq uint64, ok bool) {
	name, ok := strings.CutSuffix(filepath.Base(path), segmentSuffix)
	if !ok {
		return 0, false
	}
	seq, err := strconv.ParseUint(name, 10, 64)
	return seq, err == nil
}

// lastOf returns the highest number of a log whose records are in a segment, made from
// one log or merged.
func lastOf(path string) (seq uint64, ok bool) {
	name := strings.TrimSuffix(filepath.Base(path), segmentSuffix)
	if merged, ok := strings.CutPrefix(name, mergedPrefix); ok {
		name, _, _ = strings.Cut(merged, "-")
	}
	seq, err := strconv.ParseUint(name, 10, 64)
	return seq, err == nil
}

// listLogs returns the numbers of the logs that are there, in order.
func (s *Store) listLogs() ([]uint64, error) { return logsIn(s.walDir()) }

// logsIn returns the numbers of the logs in a folder, in order.
func logsIn(dir string) ([]uint64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []uint64
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".wal")
		if seq, err := strconv.ParseUint(name, 10, 64); ok && err == nil {
			out = append(out, seq)
		}
	}
	slices.Sort(out)
	return out, nil
}

// openFile reads what is always known of a segment.
func (s *Store) openFile(path string) (f *file, replaces []string, err error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, nil, err
	}
	x, err := s.dec.ReadIndex(in, info.Size())
	if err != nil {
		return nil, nil, err
	}
	if len(x.Blocks) == 0 {
		return nil, nil, fmt.Errorf("%w: a segment without blocks", segment.ErrCorrupt)
	}
	f = newFile(path, info.Size(), x)
	f.settled.Store(true)
	return f, x.Replaces, nil
}

// setAside moves a damaged file to where nobody reads it and a person finds it.
func (s *Store) setAside(path string, why error) error {
	if !errors.Is(why, segment.ErrCorrupt) {
		return why
	}
	to := filepath.Join(s.brokenDir(), filepath.Base(filepath.Dir(path))+"-"+filepath.Base(path))
	s.metrics.damaged("segment").Inc()
	s.log.Error("a damaged file of the log store was moved aside; its records are missing from queries", "file", path, "to", to, "error", why)
	if err := os.Rename(path, to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// readLog makes a head of the records in a log, to be sealed.
func (s *Store) readLog(seq uint64) error {
	path := s.walPath(seq)
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read write-ahead log: %w", err)
	}
	h := newHead(seq, nil, s.cfg.Limits.MaxStreams)
	h.begun = s.now()
	bad := 0
	d, _ := wal.Scan(data, func(packed []byte, _ int64) error {
		payload, err := unpacked(packed)
		if err == nil {
			err = h.add(payload)
		}
		if err != nil {
			bad++ // its checksum is right: written by another release, or a fault of ours
		}
		return nil
	})
	if d.Torn > 0 {
		s.metrics.torn.Add(int(d.Torn))
	}
	if d.Frames+bad > 0 {
		to := filepath.Join(s.brokenDir(), fmt.Sprintf("%012d-%d.wal", seq, s.now().Unix()))
		s.metrics.damaged("wal").Add(d.Frames + bad)
		s.log.Error("a write-ahead log of the log store is damaged; what could be read is kept and the file was copied aside",
			"file", path, "to", to, "skipped_bytes", d.Bytes, "skipped_frames", d.Frames+bad)
		if err := os.WriteFile(to, data, 0o640); err != nil {
			return fmt.Errorf("keep damaged write-ahead log: %w", err)
		}
	}
	if len(h.rows) > 0 {
		s.log.Info("records of a write-ahead log are back", "file", path, "records", len(h.rows), "newest", time.Unix(0, h.newest).UTC())
	}
	s.sealing = append(s.sealing, h)
	s.metrics.replayed.Add(len(h.rows))
	return nil
}

// removeLog deletes a file that may be gone.
func removeLog(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
