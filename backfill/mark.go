package backfill

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/tocsinhq/tocsin/internal/disk"
)

// Dir is the folder, inside a data folder, of what imports need beside the store:
// the journal, blocks that are being written, and marks.
const Dir = "imports"

const markSuffix = ".mark.json"

// Mark tells a daemon which time got a history that its detector has not seen. It
// is a file until the daemon has learned from it.
type Mark struct {
	ID     string      `json:"id"`
	Source string      `json:"source"`
	From   int64       `json:"from"` // ms, of the first sample
	To     int64       `json:"to"`   // ms, of the last sample
	Blocks []ulid.ULID `json:"blocks"`
	Made   time.Time   `json:"made"`
}

// WriteMark leaves a mark in a data folder, over one with the same ID.
func WriteMark(data string, m Mark) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	dir := filepath.Join(data, Dir)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("mark of an import: %w", err)
	}
	if err := replace(filepath.Join(dir, m.ID+markSuffix), text); err != nil {
		return fmt.Errorf("mark of an import: %w", err)
	}
	return disk.SyncFolder(dir)
}

// Marks returns the marks in a data folder, the oldest first; none is no error. A
// mark that cannot be read is named in the error beside the others.
func Marks(data string) ([]Mark, error) {
	dir := filepath.Join(data, Dir)
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("marks of imports: %w", err)
	}
	var out []Mark
	var wrong error
	for _, f := range files {
		id, is := strings.CutSuffix(f.Name(), markSuffix)
		if !is {
			continue
		}
		path := filepath.Join(dir, f.Name())
		text, err := os.ReadFile(path)
		if err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("mark of an import: %w", err))
			continue
		}
		var m Mark
		if err := json.Unmarshal(text, &m); err != nil || m.ID != id || m.To < m.From {
			wrong = errors.Join(wrong, fmt.Errorf("mark of an import %s is damaged; remove it, and the import's series learn at the next start without a checkpoint: %w", path, err))
			continue
		}
		out = append(out, m)
	}
	slices.SortStableFunc(out, func(a, b Mark) int { return a.Made.Compare(b.Made) })
	return out, wrong
}

// RemoveMark removes a mark after what it stands for was done. One that is gone
// is no error.
func RemoveMark(data string, m Mark) error {
	err := os.Remove(filepath.Join(data, Dir, m.ID+markSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
