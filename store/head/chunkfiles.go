package head

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/fileutil"
)

const (
	// chunkFileSize bounds a file. Files are sparse, so that this claims no space.
	chunkFileSize = 1 << chunkOffsetBits
	// Where a chunk is in a file: number of the file, offset, length.
	chunkOffsetBits = 25
	chunkSizeBits   = 12
	chunkFileBits   = 63 - chunkOffsetBits - chunkSizeBits
	// chunkBuffer is how much is written to a file at once.
	chunkBuffer = 256 << 10
	chunkSum    = 4
)

// filePlace makes the place of a chunk in a file.
func filePlace(file uint32, offset, size int) place {
	return place(file)<<(chunkOffsetBits+chunkSizeBits) | place(offset)<<chunkSizeBits | place(size)
}

func (p place) file() uint32  { return uint32(p >> (chunkOffsetBits + chunkSizeBits)) }
func (p place) offset() int   { return int(p >> chunkSizeBits & (1<<chunkOffsetBits - 1)) }
func (p place) fileSize() int { return int(p & (1<<chunkSizeBits - 1)) }

// chunkFiles keep full chunks on the disk for as long as they are in no block. They
// hold nothing that the log has not: a folder is emptied when it is opened, but for
// files that an image of the head refers to (see chunkstate.go). A chunk is
// its checksum and its bytes. What is written waits in a buffer first, from which it is
// read too; when the disk does not take it, it stays there and no more is taken.
//
// Prometheus' own files of the kind are not used because an error of theirs is for
// good: after it they take no chunk any more, or hand out wrong places.
type chunkFiles struct {
	dir      string
	readOnly bool          // no chunk is taken
	failed   atomic.Uint64 // chunks that were not taken

	mu      sync.RWMutex // of all below; readers hold it while they look at mapped memory
	files   map[uint32]*chunkFile
	last    *chunkFile // is being written; nil before the first
	next    uint32     // number of the next file
	pending []byte     // of last, from last.size on
	writeAt func(f *os.File, b []byte, off int64) (int, error)
}

type chunkFile struct {
	number uint32
	size   int // bytes in the file
	synced int // of them outlast a crash
	maxt   int64
	out    *os.File // nil when no more is written
	mapped *fileutil.MmapFile
}

// openChunkFiles returns files in a folder, which is made or emptied.
func openChunkFiles(dir string) (*chunkFiles, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("empty the folder of chunks: %w", err)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("make a folder for chunks: %w", err)
	}
	return newChunkFiles(dir), nil
}

func newChunkFiles(dir string) *chunkFiles {
	return &chunkFiles{
		dir: dir, files: map[uint32]*chunkFile{}, next: 1, pending: make([]byte, 0, chunkBuffer),
		writeAt: (*os.File).WriteAt,
	}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// write takes a chunk of so many bytes, which put appends to what it is given, whose
// newest sample is at maxt. It reports false, and counts it, if the disk does not take
// it now, and without counting if it is only read.
func (c *chunkFiles) write(size int, maxt int64, put func(dst []byte) []byte) (place, bool) {
	if c.readOnly {
		return 0, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.makeRoom(chunkSum + size); err != nil {
		c.failed.Add(1)
		return 0, false
	}
	from := len(c.pending)
	at := filePlace(c.last.number, c.last.size+from, size)
	c.pending = put(c.pending[:from+chunkSum])
	binary.LittleEndian.PutUint32(c.pending[from:], crc32.Checksum(c.pending[from+chunkSum:], castagnoli))
	c.last.maxt = max(c.last.maxt, maxt)
	return at, true
}

// makeRoom makes sure that buffer and file have room. The caller holds mu.
func (c *chunkFiles) makeRoom(size int) error {
	full := c.last == nil || c.last.size+len(c.pending)+size > chunkFileSize
	if full || len(c.pending)+size > cap(c.pending) {
		if err := c.flush(); err != nil {
			return err
		}
	}
	if full {
		return c.turn()
	}
	return nil
}

// flush writes the buffer. The caller holds mu.
func (c *chunkFiles) flush() error {
	if len(c.pending) == 0 {
		return nil
	}
	if _, err := c.writeAt(c.last.out, c.pending, int64(c.last.size)); err != nil {
		return err
	}
	c.last.size += len(c.pending)
	c.pending = c.pending[:0]
	return nil
}

// turn begins a new file. The caller holds mu.
func (c *chunkFiles) turn() error {
	if c.next >= 1<<chunkFileBits {
		return errors.New("no more numbers of chunk files; start again")
	}
	name := c.name(c.next)
	out, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	err = out.Truncate(chunkFileSize)
	var mapped *fileutil.MmapFile
	if err == nil {
		mapped, err = fileutil.OpenMmapFileWithSize(name, chunkFileSize)
	}
	if err != nil {
		return errors.Join(err, out.Close(), os.Remove(name))
	}
	if c.last != nil {
		c.last.finish()
	}
	c.last = &chunkFile{number: c.next, maxt: never, out: out, mapped: mapped}
	c.files[c.next] = c.last
	c.next++
	return nil
}

func (c *chunkFiles) name(number uint32) string {
	return filepath.Join(c.dir, fmt.Sprintf("%08d", number))
}

// finish closes what is not needed to read. An error of it means nothing here: what was
// written is read through memory.
func (f *chunkFile) finish() {
	if f.out != nil {
		f.out.Close()
		f.out = nil
	}
}

// read returns a copy of a chunk, or storage.ErrNotFound when its file has gone.
func (c *chunkFiles) read(p place) ([]byte, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	f := c.files[p.file()]
	if f == nil {
		return nil, storage.ErrNotFound
	}
	offset, size := p.offset(), chunkSum+p.fileSize()
	var b []byte
	if f == c.last && offset >= f.size {
		b = c.pending[offset-f.size:][:size]
	} else {
		b = f.mapped.Bytes()[offset:][:size]
	}
	if have, want := crc32.Checksum(b[chunkSum:], castagnoli), binary.LittleEndian.Uint32(b); have != want {
		return nil, fmt.Errorf("chunk at %d in %s: checksum %08x, want %08x: the disk or memory is damaged", offset, c.name(f.number), have, want)
	}
	return slices.Clone(b[chunkSum:]), nil
}

// truncate removes files that hold nothing from maxt on. Nobody looks for what is in
// them any more.
func (c *chunkFiles) truncate(maxt int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last != nil && c.last.maxt < maxt {
		c.last.finish()
		c.last, c.pending = nil, c.pending[:0]
	}
	var errs []error
	for number, f := range c.files {
		if f != c.last && f.maxt < maxt {
			errs = append(errs, f.mapped.Close(), os.Remove(c.name(number)))
			delete(c.files, number)
		}
	}
	return errors.Join(errs...)
}

// bytes returns what is on the disk.
func (c *chunkFiles) bytes() int64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	n := int64(0)
	for _, f := range c.files {
		n += int64(f.size)
	}
	return n
}

// close closes all files. They serve no one after.
func (c *chunkFiles) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for number, f := range c.files {
		f.finish()
		errs = append(errs, f.mapped.Close())
		delete(c.files, number)
	}
	c.last = nil
	return errors.Join(errs...)
}
