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

	"github.com/tocsinhq/tocsin/store/head"
)

// OpenReadOnly opens the samples of a data folder for reading, from minT to maxT
// in milliseconds, also while a daemon is writing there; a folder of Prometheus
// itself will do as well. It shows what was in the logs when it was opened, which it
// replays, as far as an image of the head does not spare it that, and does not return
// meanwhile. The querier and all that
// comes from it are for one goroutine at a time. Nothing in the folder is
// changed, but hard links to some of its files are kept in a temporary folder
// beside them until close is called, so it must be possible to write there.
func OpenReadOnly(dir string, minT, maxT int64, log *slog.Logger) (q storage.Querier, close func() error, err error) {
	path, err := samplesDir(dir)
	if err != nil {
		return nil, nil, err
	}
	var undo []func() error
	close = func() (err error) {
		for i := range undo {
			err = errors.Join(err, undo[len(undo)-1-i]())
		}
		return err
	}
	fail := func(err error) (storage.Querier, func() error, error) {
		return nil, nil, errors.Join(fmt.Errorf("open sample store %q for reading: %w", path, err), close())
	}
	// The head comes first: what leaves it meanwhile is in a block by then.
	recent, h, err := openHeadReadOnly(path, minT, maxT, log)
	if err != nil {
		return fail(err)
	}
	if h != nil {
		undo = append(undo, h.Close)
	}
	if recent != nil {
		undo = append(undo, recent.Close)
	}
	db, err := tsdb.OpenDBReadOnly(path, "", log)
	if err != nil {
		return fail(err)
	}
	undo = append(undo, db.Close)
	if maxT, err = blocksAlone(path, db, maxT); err != nil {
		return fail(err)
	}
	past, err := db.Querier(minT, maxT)
	if err != nil {
		return fail(err)
	}
	undo = append(undo, past.Close)
	if recent == nil {
		return past, close, nil
	}
	return storage.NewMergeQuerier([]storage.Querier{recent, past}, nil, storage.ChainedSeriesMerge), close, nil
}

// openHeadReadOnly opens the head in the folder of a TSDB and a querier on it, both nil
// if there is none, or nothing of that time in it.
func openHeadReadOnly(tsdbDir string, minT, maxT int64, log *slog.Logger) (storage.Querier, *head.Head, error) {
	had, err := hasHead(tsdbDir)
	if err != nil || !had {
		return nil, nil, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	h, err := head.Open(head.Options{Dir: filepath.Join(tsdbDir, headDir), Logger: log, BlockRange: tsdb.DefaultBlockDuration, ReadOnly: true})
	if err != nil {
		return nil, nil, err
	}
	if h.MinTime() > maxT || h.MaxTime() < minT {
		return nil, h, nil
	}
	q, err := h.Querier(minT, maxT)
	if err != nil {
		return nil, nil, errors.Join(err, h.Close())
	}
	return q, h, nil
}

// blocksAlone returns the end of the blocks for a TSDB that has no log, as after an
// import or in a copy of blocks, and maxT for others: beyond the blocks a log would
// be looked for in vain.
func blocksAlone(tsdbDir string, db *tsdb.DBReadOnly, maxT int64) (int64, error) {
	if _, err := os.Stat(filepath.Join(tsdbDir, "wal")); !errors.Is(err, fs.ErrNotExist) {
		return maxT, err
	}
	blocks, err := db.Blocks()
	if err != nil || len(blocks) == 0 {
		return maxT, err
	}
	return min(maxT, blocks[len(blocks)-1].Meta().MaxTime-1), nil
}

// samplesDir finds the TSDB in a data folder: it has a log, or blocks alone.
func samplesDir(dir string) (string, error) {
	for _, path := range [...]string{filepath.Join(dir, "tsdb"), dir} {
		_, err := os.Stat(filepath.Join(path, "wal"))
		if err == nil {
			return path, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("open sample store %q for reading: %w", dir, err)
		}
		if blocks, _ := fs.Glob(os.DirFS(path), "*/meta.json"); len(blocks) > 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("no sample store in %q: want the folder of --storage.path, which has tsdb/wal or blocks in it, or a data folder of Prometheus", dir)
}
