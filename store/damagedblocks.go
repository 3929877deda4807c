package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/tocsinhq/tocsin/internal/disk"
)

// The TSDB does not open while one block cannot be opened, and one that appears later keeps
// it from loading any other, so that nothing leaves memory any more. Such a block is put
// aside, and all that others have is there.

const (
	damagedBlocksDir = "blocks-damaged"
	// blockUntouched is how long nothing in a block that appears in operation was written
	// before it is taken for damaged: it may be on its way here.
	blockUntouched = 10 * time.Minute
)

// errIncomplete is of a block that opens, but fails each query of what is missing.
var errIncomplete = errors.New("files of chunks are missing")

// blockCheck puts damaged blocks of one TSDB aside.
type blockCheck struct {
	o    TSDBOptions
	open bool                 // open them: to be asked only after the TSDB could not, as it takes as long
	skip func(ulid.ULID) bool // those that are in use; nil: none
	old  time.Time            // only blocks that were not touched since; zero: all
}

// run returns what was put aside, also with an error.
func (c blockCheck) run() ([]Damage, error) {
	entries, err := os.ReadDir(c.o.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for damaged blocks: %w", err)
	}
	replaced := map[ulid.ULID]bool{} // by a block that is whole; the TSDB deletes them
	damaged := map[ulid.ULID]error{}
	var order []ulid.ULID
	for _, e := range entries {
		id, err := ulid.ParseStrict(e.Name())
		if err != nil || !e.IsDir() || c.skip != nil && c.skip(id) {
			continue
		}
		meta, err := c.look(filepath.Join(c.o.Dir, e.Name()))
		if err != nil {
			damaged[id] = err
			order = append(order, id)
			continue
		}
		for _, p := range meta.Compaction.Parents {
			replaced[p.ULID] = true
		}
	}
	var found []Damage
	for _, id := range order {
		if replaced[id] || environmental(damaged[id]) || c.touched(id) {
			continue
		}
		kept, err := c.putAside(id)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted meanwhile
		}
		if err != nil {
			return found, err
		}
		found = append(found, Damage{At: c.o.now(), Log: "block", Segment: id.String(), Cause: damaged[id].Error(), Kept: kept})
	}
	return found, nil
}

// look returns what is wrong with a block.
func (c blockCheck) look(dir string) (meta tsdb.BlockMeta, err error) {
	b, err := os.ReadFile(filepath.Join(dir, "meta.json"))
	if err != nil {
		return meta, err
	}
	if err := json.Unmarshal(b, &meta); err != nil {
		return meta, fmt.Errorf("meta.json: %w", err)
	}
	if meta.Version != 1 {
		return meta, nil // for a newer program; the TSDB passes over it
	}
	files, err := segmentsIn(filepath.Join(dir, "chunks"))
	if err != nil {
		return meta, err
	}
	if n := len(files); n == 0 && meta.Stats.NumChunks > 0 || n > 0 && (files[0].number != 1 || files[n-1].number != n) {
		return meta, errIncomplete
	}
	if !c.open {
		return meta, nil
	}
	block, err := tsdb.OpenBlock(slog.New(slog.DiscardHandler), dir, nil, nil)
	if err != nil {
		return meta, err
	}
	return meta, block.Close()
}

// environmental reports whether an error is one of the system and not of the block: that
// is to be told, and mended where it is.
func environmental(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOMEM)
}

// touched reports whether something was written in a block of late.
func (c blockCheck) touched(id ulid.ULID) (yes bool) {
	if c.old.IsZero() {
		return false
	}
	err := filepath.WalkDir(filepath.Join(c.o.Dir, id.String()), func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		yes = yes || err == nil && info.ModTime().After(c.old)
		return err
	})
	return yes || err != nil
}

// putAside moves a block to where no TSDB looks, and returns the place.
func (c blockCheck) putAside(id ulid.ULID) (string, error) {
	to := filepath.Join(c.o.Dir, damagedBlocksDir, c.o.now().UTC().Format(asideTime), id.String())
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return "", fmt.Errorf("put damaged block %s aside: %w", id, err)
	}
	if err := os.Rename(filepath.Join(c.o.Dir, id.String()), to); err != nil {
		return "", fmt.Errorf("put damaged block %s aside: %w", id, err)
	}
	return to, errors.Join(disk.SyncFolder(filepath.Dir(to)), disk.SyncFolder(c.o.Dir))
}

// pruneBlocks removes what was put aside longer ago than samples are kept.
func pruneBlocks(o TSDBOptions) error {
	root := filepath.Join(o.Dir, damagedBlocksDir)
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("prune damaged blocks: %w", err)
	}
	for _, e := range entries {
		at, err := time.Parse(asideTime, e.Name())
		if err != nil || o.Config.Retention <= 0 || o.now().Sub(at) < time.Duration(o.Config.Retention) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(root, e.Name())); err != nil {
			return fmt.Errorf("prune damaged blocks: %w", err)
		}
	}
	return nil
}

// asideInUse puts aside blocks that others put into the folder of an open store and that
// cannot be read.
func (d *DB) asideInUse(g *generation) error {
	inUse := map[ulid.ULID]bool{}
	for _, b := range g.base.Blocks() {
		inUse[b.Meta().ULID] = true
	}
	found, err := blockCheck{o: d.o, open: true, skip: func(id ulid.ULID) bool { return inUse[id] }, old: d.o.now().Add(-blockUntouched)}.run()
	d.damages.note(d.o, found)
	return err
}
