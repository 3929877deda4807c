package logs

import (
	"container/list"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/tocsinhq/tocsin/logs/segment"
)

const (
	segmentSuffix = ".seg"
	tmpSuffix     = ".tmp"
	// indexMemory bounds the indexes that are kept in memory.
	indexMemory = 64 << 20
)

// file is a segment in use, with the little that is always known of it.
type file struct {
	path   string
	day    string
	name   string
	size   int64
	rows   int
	blocks int
	oldest int64
	newest int64
	levels [segment.Levels]int

	// settled says that the log it was made from is gone: from then on it may be merged.
	settled atomic.Bool

	mu   sync.Mutex
	in   *os.File // open while somebody reads
	refs int
	dead bool // to be deleted when nobody reads
}

func newFile(path string, size int64, x *segment.Index) *file {
	f := &file{
		path: path, day: filepath.Base(filepath.Dir(path)), name: filepath.Base(path), size: size,
		rows: x.Rows(), blocks: len(x.Blocks), oldest: x.MinTime(), newest: x.MaxTime(),
	}
	for i := range x.Blocks {
		for l, n := range x.Blocks[i].Levels {
			f.levels[l] += n
		}
	}
	return f
}

// acquire opens the file for a reader; false if it is gone.
func (f *file) acquire() (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead {
		return false, nil
	}
	if f.in == nil {
		in, err := os.Open(f.path)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("open log segment: %w", err)
		}
		f.in = in
	}
	f.refs++
	return true, nil
}

// release ends what acquire began. The last reader closes the file.
func (f *file) release() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refs--
	if f.refs > 0 {
		return nil
	}
	err := f.closeLocked()
	if f.dead {
		err = errors.Join(err, removeFile(f.path))
	}
	return err
}

func (f *file) closeLocked() error {
	if f.in == nil {
		return nil
	}
	err := f.in.Close()
	f.in = nil
	return err
}

// close closes the file whoever reads.
func (f *file) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closeLocked()
}

// remove deletes the file, now or when its last reader has ended.
func (f *file) remove() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = true
	if f.refs > 0 {
		return nil
	}
	return errors.Join(f.closeLocked(), removeFile(f.path))
}

// removeFile deletes a file that may be gone, and its folder if that is empty then.
func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err == nil && len(left) == 0 {
		return os.Remove(filepath.Dir(path))
	}
	return nil
}

// indexCache keeps the indexes that were asked for last.
type indexCache struct {
	mu    sync.Mutex
	limit int64
	bytes int64
	order *list.List // of *cachedIndex, the latest first
	by    map[string]*list.Element
}

type cachedIndex struct {
	path  string
	index *segment.Index
	bytes int64
}

func newIndexCache(limit int64) *indexCache {
	return &indexCache{limit: limit, order: list.New(), by: make(map[string]*list.Element)}
}

// get returns the index of a file that is acquired.
func (c *indexCache) get(dec *segment.Decoder, f *file) (*segment.Index, error) {
	c.mu.Lock()
	if e, ok := c.by[f.path]; ok {
		c.order.MoveToFront(e)
		c.mu.Unlock()
		return e.Value.(*cachedIndex).index, nil
	}
	c.mu.Unlock()
	x, err := dec.ReadIndex(f.in, f.size)
	if err != nil {
		return nil, fmt.Errorf("log segment %q: %w", f.path, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.by[f.path]; ok {
		return x, nil
	}
	e := &cachedIndex{f.path, x, indexBytes(x)}
	c.by[f.path] = c.order.PushFront(e)
	c.bytes += e.bytes
	for c.bytes > c.limit && c.order.Len() > 1 {
		old := c.order.Remove(c.order.Back()).(*cachedIndex)
		delete(c.by, old.path)
		c.bytes -= old.bytes
	}
	return x, nil
}

// indexBytes is about the memory of an index.
func indexBytes(x *segment.Index) int64 {
	n := int64(256)
	for i := range x.Streams {
		n += 64
		for _, l := range x.Streams[i].Labels {
			n += 32 + int64(len(l.Name)+len(l.Value))
		}
	}
	for i := range x.Blocks {
		n += 192 + 16*int64(len(x.Blocks[i].Templates)) + 8*int64(len(x.Blocks[i].Streams))
	}
	return n
}
