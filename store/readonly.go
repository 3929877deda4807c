package store

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// OpenReadOnly opens the samples of a data folder for reading, from minT to maxT
// in milliseconds, also while a daemon is writing there; a folder of Prometheus
// itself will do as well. It shows what was in the log when it was opened, and
// replays that log, during which it does not return. The querier and all that
// comes from it are for one goroutine at a time. Nothing in the folder is
// changed, but hard links to some of its files are kept in a temporary folder
// beside them until close is called, so it must be possible to write there.
func OpenReadOnly(dir string, minT, maxT int64, log *slog.Logger) (q storage.Querier, close func() error, err error) {
	path, err := samplesDir(dir)
	if err != nil {
		return nil, nil, err
	}
	db, err := tsdb.OpenDBReadOnly(path, "", log)
	if err != nil {
		return nil, nil, fmt.Errorf("open sample store %q for reading: %w", path, err)
	}
	q, err = db.Querier(minT, maxT)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open sample store %q for reading: %w", path, err), db.Close())
	}
	return q, func() error { return errors.Join(q.Close(), db.Close()) }, nil
}

// samplesDir finds the TSDB in a data folder.
func samplesDir(dir string) (string, error) {
	for _, path := range [...]string{filepath.Join(dir, "tsdb"), dir} {
		_, err := os.Stat(filepath.Join(path, "wal"))
		if err == nil {
			return path, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("open sample store %q for reading: %w", dir, err)
		}
	}
	return "", fmt.Errorf("no sample store in %q: want the folder of --storage.path, which has tsdb/wal in it, or a data folder of Prometheus", dir)
}
