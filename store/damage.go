package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/dustin/go-humanize"
)

// Damage is something in the logs of samples, or a block of them, that could not be
// read when the store was opened.
type Damage struct {
	At      time.Time // when it was found
	Log     string    // wal, wbl (late samples) or checkpoint; with head- before it, that of the head
	Segment string    // the file's name
	Records int       // at least so many lost; a record is part of one write
	Bytes   int64     // that could not be read
	Missing int       // segments that are not there at all
	// Cut: the log ended within its last record, as it does when the process is
	// killed while it writes. Nothing that was acknowledged is lost by that.
	Cut bool
	// Unrepaired: the damage was left to the TSDB, which drops all that follows it.
	Unrepaired bool
	// Cause is why a block (Log is block, Segment its name), a file of chunks (chunks_head),
	// the note of what is in blocks (head-note) or that of references (references-note,
	// Segment the highest that was found) cannot be read.
	Cause string
	Kept  string // where the file is kept as it was; empty if nothing could be kept
}

// String says what was lost and where the rest of it is, in one sentence.
func (d Damage) String() string {
	at := d.At.UTC().Format(time.RFC3339)
	switch {
	case d.Cause != "" && d.Log == chunksHeadDir:
		return fmt.Sprintf("at %s file %s of %s could not be read and was put aside with those after it: %s; what the log has of them is read from there; they are kept in %s", at, d.Segment, d.Log, d.Cause, d.Kept)
	case d.Cause != "" && d.Log == headNote:
		return fmt.Sprintf("at %s the note of what is in blocks is wrong and was put aside: %s; all of the log was read, and nothing is lost; it is kept in %s", at, d.Cause, d.Kept)
	case d.Cause != "" && d.Log == refsNote:
		return fmt.Sprintf("at %s the note of the highest reference of dropped series (%s) could not be used and was put aside: %s; log and chunks have none above %s, and no new series gets one up to that: nothing is lost, and no samples are mixed; it is kept in %s", at, baseRefsFile, d.Cause, d.Segment, d.Kept)
	case d.Cause != "":
		return fmt.Sprintf("at %s block %s could not be read and was put aside: %s; its samples are missing, all others are there; it is kept as %s", at, d.Segment, d.Cause, d.Kept)
	case d.Missing > 0:
		return fmt.Sprintf("at %s %d segments of the %s were missing before %s; samples in them are lost", at, d.Missing, d.Log, d.Segment)
	case d.Unrepaired:
		return fmt.Sprintf("at %s segment %s of the %s was damaged and could not be repaired; what follows the damage is lost, and the files are kept in %s", at, d.Segment, d.Log, d.Kept)
	case d.Cut:
		return fmt.Sprintf("at %s the last record of segment %s of the %s was incomplete (%s); the file is kept as %s", at, d.Segment, d.Log, humanize.IBytes(uint64(d.Bytes)), d.Kept)
	}
	return fmt.Sprintf("at %s segment %s of the %s was damaged: %d or more records of samples (%s) are lost, all others were recovered; the file is kept as %s",
		at, d.Segment, d.Log, d.Records, humanize.IBytes(uint64(d.Bytes)), d.Kept)
}

// damageLog remembers what was lost since the process began.
type damageLog struct {
	mu      sync.Mutex
	all     []Damage // the latest keepDamages
	records int
	bytes   int
	missing int
	cuts    int
	places  int
	blocks  int
	chunks  int
	notes   int
	refs    int
}

const keepDamages = 20

func (l *damageLog) note(o TSDBOptions, found []Damage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range found {
		if d.Cut {
			l.cuts++
			o.Logger.Info("log of samples ended within a record, as it does after a kill; the record was removed", "log", d.Log, "segment", d.Segment, "bytes", d.Bytes, "kept", d.Kept)
			continue
		}
		l.all = append(l.all, d)
		if d.Cause != "" {
			o.Logger.Error("samples on disk are damaged", "damage", d.String())
			switch d.Log {
			case chunksHeadDir:
				l.chunks++
			case headNote:
				l.notes++
			case refsNote:
				l.refs++
			default:
				l.blocks++
			}
			continue
		}
		o.Logger.Error("log of samples was damaged", "damage", d.String())
		l.places++
		l.records += d.Records
		l.bytes += int(d.Bytes)
		l.missing += d.Missing
	}
	l.all = l.all[max(0, len(l.all)-keepDamages):]
}

// expose makes the counts readable as metrics.
func (l *damageLog) expose(set *metrics.Set) {
	for name, n := range map[string]*int{
		`tocsin_store_log_damages_total{kind="damaged"}`:    &l.places,
		`tocsin_store_log_damages_total{kind="cut"}`:        &l.cuts,
		"tocsin_store_log_lost_records_total":               &l.records,
		"tocsin_store_log_lost_bytes_total":                 &l.bytes,
		"tocsin_store_log_missing_segments_total":           &l.missing,
		"tocsin_store_damaged_blocks_total":                 &l.blocks,
		"tocsin_store_damaged_chunk_files_total":            &l.chunks,
		`tocsin_store_log_damages_total{kind="note"}`:       &l.notes,
		`tocsin_store_log_damages_total{kind="references"}`: &l.refs,
	} {
		set.NewGauge(name, func() float64 {
			l.mu.Lock()
			defer l.mu.Unlock()
			return float64(*n)
		})
	}
}

// Damages returns what could not be read from the logs since the process began,
// the oldest first; logs that were cut off by a kill are not among it.
func (d *DB) Damages() []Damage {
	d.damages.mu.Lock()
	defer d.damages.mu.Unlock()
	return slices.Clone(d.damages.all)
}

// What is put aside is bounded: the oldest goes first.
const (
	corruptDir       = "wal-corrupt"
	keepCorrupt      = 10      // repairs
	keepCorruptBytes = 1 << 30 // over all
	// asideTime is the form of the names of folders in which something is put aside.
	asideTime = "20060102T150405.000Z"
)

// asideFolder keeps damaged files of one repair under wal-corrupt/<time>.
type asideFolder struct {
	root, dir string
}

func newAsideFolder(tsdb string, now time.Time) *asideFolder {
	root := filepath.Join(tsdb, corruptDir)
	return &asideFolder{root: root, dir: filepath.Join(root, now.UTC().Format(asideTime))}
}

// keep gives a file a second name in the folder, so that it stays when the first
// is replaced, and returns it.
func (a *asideFolder) keep(path, kind string) (string, error) {
	to := filepath.Join(a.dir, kind, filepath.Base(path))
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return "", fmt.Errorf("keep damaged log: %w", err)
	}
	if err := replaceByLink(path, to); err != nil {
		return "", fmt.Errorf("keep damaged log: %w", err)
	}
	return to, nil
}

// prune removes the oldest repairs above the bounds, but never the latest.
func (a *asideFolder) prune() error {
	entries, err := os.ReadDir(a.root) // sorted by name, which is by time
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("prune damaged logs: %w", err)
	}
	var total int64
	for i, e := range slices.Backward(entries) {
		path := filepath.Join(a.root, e.Name())
		size, err := folderSize(path)
		if err != nil {
			return fmt.Errorf("prune damaged logs: %w", err)
		}
		total += size
		age := len(entries) - 1 - i
		if age == 0 || age < keepCorrupt && total <= keepCorruptBytes {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("prune damaged logs: %w", err)
		}
	}
	return nil
}

func folderSize(dir string) (int64, error) {
	var n int64
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		n += info.Size()
		return nil
	})
	return n, err
}
