package template

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/tocsinhq/tocsin/internal/disk"
)

// Journal keeps a miner in one file: a snapshot, and behind it each template as it
// is made. A template is in the file a second after it was made, or when Flush
// returns. What is lost with the last second comes back with the next line of its
// sort, under the same id; only its count is less.
type Journal struct {
	path  string
	miner *Miner

	mu      sync.Mutex // of the file
	file    *os.File
	size    int64 // of the file
	compact int64 // of the file after the last snapshot
}

// magic begins the file; its last byte is the version of the records.
const magic = "tocsintm\x01"

// maxFile bounds what is read back.
const maxFile = 2 << 30

// Open returns a miner that knows what the file at path says, and the journal that
// keeps it there. A file that does not exist is made. What comes after a damaged
// record is not read, as after a crash; the number of bytes left out is returned. It
// is an error if the file is not one of a miner.
func Open(path string, cfg Config) (m *Miner, j *Journal, leftOut int64, err error) {
	m = New(cfg)
	j = &Journal{path: path, miner: m}
	body, err := readFile(path)
	if err != nil {
		return nil, nil, 0, err
	}
	if len(body) > 0 {
		if len(body) < len(magic) || string(body[:len(magic)]) != magic {
			return nil, nil, 0, fmt.Errorf("%s is not a file of log templates of this version; move it away to start with none", path)
		}
		leftOut = int64(len(m.read(body[len(magic):])))
	}
	m.journaled = true
	if err := j.Compact(); err != nil {
		return nil, nil, 0, err
	}
	return m, j, leftOut, nil
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading the log templates: %w", err)
	case info.Size() > maxFile:
		return nil, fmt.Errorf("reading the log templates: %s has %d bytes, more than %d; move it away to start with none", path, info.Size(), maxFile)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the log templates: %w", err)
	}
	return body, nil
}

// read takes back all whole records of b and returns what is left. A record that is
// whole but makes no sense is passed over.
func (m *Miner) read(b []byte) []byte {
	var r record
	for len(b) > 0 {
		rest, err := readRecord(b, &r)
		if errors.Is(err, errTorn) {
			return b
		}
		if err == nil {
			m.restore(&r)
		}
		b = rest
	}
	return nil
}

// Flush writes what was made since the last time and returns when it is on disk.
func (j *Journal) Flush() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.miner.noteHeads()
	pending, lost := j.miner.takePending()
	if lost {
		return j.rewrite()
	}
	if len(pending) == 0 {
		return nil
	}
	n, err := j.file.Write(pending)
	j.size += int64(n)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		// What is behind a piece of a record is not read back: begin a new file next time.
		j.miner.loseNothing()
		return fmt.Errorf("writing log templates to %s: %w", j.path, err)
	}
	if j.size > 4*j.compact+1<<20 {
		return j.rewrite()
	}
	return nil
}

// Compact writes a snapshot in place of the file.
func (j *Journal) Compact() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.rewrite()
}

func (j *Journal) rewrite() error {
	j.miner.takePending() // the snapshot holds it
	b := []byte(magic)
	j.miner.snapshot(func(r *record) { b = appendRecord(b, r) })
	next := j.path + ".next"
	err := writeSynced(next, b)
	if err == nil {
		err = os.Rename(next, j.path)
	}
	if err == nil {
		err = disk.SyncFolder(filepath.Dir(j.path))
	}
	if err != nil {
		j.miner.loseNothing()
		return fmt.Errorf("writing log templates: %w", err)
	}
	f, err := os.OpenFile(j.path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return fmt.Errorf("opening the log templates again: %w", err)
	}
	if j.file != nil {
		j.file.Close()
	}
	j.file, j.size, j.compact = f, int64(len(b)), int64(len(b))
	return nil
}

func writeSynced(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Close writes a snapshot and closes the file.
func (j *Journal) Close() error {
	err := j.Compact()
	j.mu.Lock()
	defer j.mu.Unlock()
	return errors.Join(err, j.file.Close())
}

// Run flushes every second and writes a snapshot every ten minutes until ctx ends;
// report is told of each error. It does not close the journal.
func (j *Journal) Run(ctx context.Context, report func(error)) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		do := j.Flush
		if n%600 == 0 {
			do = j.Compact // counts too
		}
		if err := do(); err != nil {
			report(err)
		}
	}
}

// takePending returns what waits to be written, and whether some of it did not fit.
func (m *Miner) takePending() (pending []byte, lost bool) {
	m.pendMu.Lock()
	defer m.pendMu.Unlock()
	pending, lost = m.pending, m.lost
	m.pending, m.lost = nil, false
	return pending, lost
}

// loseNothing makes the next flush a snapshot.
func (m *Miner) loseNothing() {
	m.pendMu.Lock()
	m.lost = true
	m.pendMu.Unlock()
}
