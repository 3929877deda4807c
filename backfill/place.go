package backfill

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/tocsinhq/tocsin/internal/disk"
)

const (
	metaFile    = "meta.json"
	metaVersion = 1
)

// place moves a block that was written in the folder from to the folder of a
// TSDB, where it appears as a whole. It is on the disk when place returns.
func place(from, to string, id ulid.ULID) error {
	dir := filepath.Join(from, id.String())
	if err := markPart(filepath.Join(dir, metaFile)); err != nil {
		return fmt.Errorf("block %s: %w", id, err)
	}
	if err := disk.SyncFolder(dir); err != nil {
		return fmt.Errorf("block %s: %w", id, err)
	}
	if err := os.Rename(dir, filepath.Join(to, id.String())); err != nil {
		return fmt.Errorf("put block into the store: %w", err)
	}
	return disk.SyncFolder(to)
}

// markPart notes in the description of a block that it is no whole piece of the
// head; see the package comment.
func markPart(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	meta := struct {
		Version int `json:"version"`
		*tsdb.BlockMeta
	}{BlockMeta: new(tsdb.BlockMeta)}
	if err := json.Unmarshal(text, &meta); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if meta.Version != metaVersion {
		return fmt.Errorf("%s: want version %d, got %d", path, metaVersion, meta.Version)
	}
	meta.Compaction.SetSelectedSeries()
	if text, err = json.MarshalIndent(meta, "", "\t"); err != nil {
		return err
	}
	return replace(path, text)
}

// replace writes a file anew so that either text is there after a crash.
func replace(path string, text []byte) error {
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return os.Rename(tmp, path)
}

// readMeta reads the description of a block.
func readMeta(dir string) (described, error) {
	path := filepath.Join(dir, metaFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return described{}, err
	}
	d := described{dir: dir}
	if err := json.Unmarshal(text, &d.BlockMeta); err != nil {
		return described{}, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}
