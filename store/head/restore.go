package head

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/prometheus/prometheus/tsdb/wlog"
)

// begun is what the replay of the log goes on from: nothing, or an image.
type begun struct {
	segment   int // the first to be read; 0: all
	ids       refTable
	described *descriptions
	newest    []int64 // by ID, what the image has
}

// restore fills an empty head from its newest image that is whole. Others are put aside
// and counted. Without one the folder of chunks is emptied; with one, others than its files
// are left there.
func (h *Head) restore(truncated int64) (begun, error) {
	h.images.last = -1
	segments, err := imagesIn(h.o.Dir)
	if err != nil {
		return begun{}, err
	}
	dir := filepath.Join(h.o.Dir, chunksDir)
	for _, segment := range segments {
		b, err := h.restoreFrom(segment, dir, truncated)
		if err == nil {
			h.images.last = segment
			return b, nil
		}
		h.images.damaged.Add(1)
		h.o.logger().Warn("an image of the head cannot be used; it is put aside and the log read", "image", h.imagePath(segment), "err", err)
		h.forget()
		if err := putAside(h.imagePath(segment)); err != nil {
			return begun{}, err
		}
	}
	files, err := openChunkFiles(dir)
	h.empty(files)
	return begun{}, err
}

func (h *Head) empty(files *chunkFiles) {
	h.files = files
	h.floats = newFloats(h.o.BlockRange, files)
	h.index = newIndex()
}

func (h *Head) restoreFrom(segment int, dir string, truncated int64) (b begun, err error) {
	h.empty(nil)
	m, err := openImage(h.imagePath(segment))
	if err != nil {
		return b, err
	}
	defer m.f.Close()
	if m.segment != segment || m.blockRange != h.o.BlockRange {
		return b, badImage("segment %d and blocks of %d ms, want %d and %d", m.segment, m.blockRange, segment, h.o.BlockRange)
	}
	if err := hasSegment(filepath.Join(h.o.Dir, walDir), segment); err != nil {
		return b, err
	}
	files, err := adoptChunkFiles(dir, m.files, truncated, h.o.ReadOnly)
	if err != nil {
		return b, err
	}
	h.empty(files)
	if h.o.ReadOnly {
		if err := m.stillAt(h.imagePath(segment)); err != nil {
			return b, err
		}
	}
	for range m.series {
		if h.floats.add(0) == 0 {
			return b, ErrFull
		}
	}
	b = begun{segment: segment, described: new(descriptions), newest: make([]int64, idAt(m.series))}
	r := restoring{image: m, head: h, begun: &b}
	if err := r.run(truncated); err != nil {
		return b, err
	}
	h.highest.Store(m.highest)
	h.images.bytes.Store(m.bytes)
	return b, r.tell()
}

// restoreShared is restore while another process may be writing to the folder, of which
// nothing is changed. That process removes images, chunk files and segments that it needs no
// more, and after a start without an image it gives their names to others. So all files
// of an image are open, and nothing was truncated meanwhile, before the image is found to be
// there still; else it begins anew. What is open stays readable after it was removed.
func (h *Head) restoreShared() (begun, error) {
	for try := 1; ; try++ {
		truncated, err := readTruncated(h.o.Dir)
		if err != nil {
			return begun{}, err
		}
		b, err := h.restoreNewest(truncated)
		if err == nil {
			now, nerr := readTruncated(h.o.Dir)
			if nerr == nil && now == truncated {
				h.minValid.Store(truncated)
				h.readers = newReaders(truncated)
				return b, nil
			}
			err = errors.Join(nerr, fmt.Errorf("samples older than %d were dropped meanwhile: %w", now, fs.ErrNotExist))
		}
		h.forget()
		if !errors.Is(err, fs.ErrNotExist) || try == openTries {
			h.o.logger().Info("no image of the head can be used; the whole log is read", "dir", h.o.Dir, "err", err)
			h.minValid.Store(truncated)
			h.readers = newReaders(truncated)
			h.empty(nil)
			return begun{}, nil
		}
	}
}

// restoreNewest fills an empty head from the newest image; without one it stays empty.
func (h *Head) restoreNewest(truncated int64) (begun, error) {
	segments, err := imagesIn(h.o.Dir)
	if err != nil {
		return begun{}, err
	}
	if len(segments) == 0 {
		h.empty(nil)
		return begun{}, nil
	}
	return h.restoreFrom(segments[0], filepath.Join(h.o.Dir, chunksDir), truncated)
}

// forget gives up what was read from an image.
func (h *Head) forget() {
	if h.files != nil {
		h.files.close() // it was only read
		h.files = nil
	}
	h.highest.Store(0)
	h.images.bytes.Store(0)
}

// hasSegment returns an error if a log cannot be read from a segment on.
func hasSegment(dir string, segment int) error {
	if _, covers, err := wlog.LastCheckpoint(dir); err == nil && covers >= segment {
		return nil // then that is read, which has all that is needed
	}
	_, err := os.Stat(wlog.SegmentName(dir, segment))
	return err
}

// idAt returns the ID that the head gives as the k-th, from 0.
func idAt(k int) ID {
	const per = 1<<recordPageBits - 1
	return ID(k/per<<recordPageBits + k%per + 1)
}
