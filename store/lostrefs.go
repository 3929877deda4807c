package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"

	"github.com/tocsinhq/tocsin/internal/disk"
)

// refsNote is the word for the note of the references of dropped series.
const refsNote = "references-note"

// recoverRefs puts a note of dropped references that cannot be used aside and makes another.
// What matters is that no reference which something on the disk has is given to a series of
// other labels, so that the highest of those takes its place. It reads logs and chunks once
// more than a start does. It is called after asideChunkFiles, while no TSDB is open.
func recoverRefs(o TSDBOptions, r *baseRefs, damaged error, aside *asideFolder) ([]Damage, error) {
	if damaged == nil {
		return nil, nil
	}
	path := filepath.Join(o.Dir, baseRefsFile)
	if _, err := aside.keep(path, ""); err != nil {
		return nil, err
	}
	highest, err := highestRef(o)
	if err != nil {
		return nil, fmt.Errorf("find the references of series anew: %w", err)
	}
	// The new one replaces the old at once: a start without any would give all away.
	if highest > 0 {
		err = r.write(uint64(highest))
	} else if err = os.Remove(path); err == nil {
		err = disk.SyncFolder(o.Dir)
	}
	if err != nil {
		return nil, fmt.Errorf("replace the damaged %s: %w", path, err)
	}
	r.kept = uint64(highest)
	found := Damage{At: o.now(), Log: refsNote, Segment: fmt.Sprint(highest), Cause: damaged.Error(), Kept: aside.dir}
	return []Damage{found}, aside.prune()
}

// highestRef returns the highest reference that logs and files of chunks have. What the
// TSDB will find damaged in a file of chunks it drops, with all that follows.
func highestRef(o TSDBOptions) (chunks.HeadSeriesRef, error) {
	logs := repairer{o: o}
	if err := logs.lookAtAll(); err != nil {
		return 0, err
	}
	highest := logs.decoder.highest
	files, err := chunks.NewChunkDiskMapper(nil, filepath.Join(o.Dir, chunksHeadDir), chunkenc.NewPool(), chunks.MinWriteBufferSize, 0)
	if err != nil {
		return 0, err
	}
	err = files.IterateAllChunks(func(ref chunks.HeadSeriesRef, _ chunks.ChunkDiskMapperRef, _, _ int64, _ uint16, _ chunkenc.Encoding, _ bool) error {
		highest = max(highest, ref)
		return nil
	})
	var corrupt *chunks.CorruptionErr
	if errors.As(err, &corrupt) {
		err = nil
	}
	return highest, errors.Join(err, files.Close())
}
