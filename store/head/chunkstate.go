package head

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/prometheus/prometheus/tsdb/fileutil"

	"github.com/tocsinhq/tocsin/internal/disk"
)

// chunkFileState is what an image knows of a chunk file.
type chunkFileState struct {
	number uint32
	size   int
	maxt   int64
}

// sync writes what is in the buffer and returns when all chunks taken so far outlast a
// crash, with the files by number.
func (c *chunkFiles) sync() ([]chunkFileState, error) {
	states, dirty, err := c.flushed()
	if err != nil {
		return nil, err
	}
	for _, d := range dirty {
		if err := syncFile(c.name(d.number)); err != nil {
			return nil, err
		}
	}
	if err := disk.SyncFolder(c.dir); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range dirty {
		if f := c.files[d.number]; f != nil {
			f.synced = d.size
		}
	}
	return states, nil
}

// flushed writes the buffer and returns all files, and those with something that may not
// outlast a crash.
func (c *chunkFiles) flushed() (states, dirty []chunkFileState, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.flush(); err != nil {
		return nil, nil, err
	}
	for _, f := range c.files {
		s := chunkFileState{f.number, f.size, f.maxt}
		states = append(states, s)
		if f.synced < f.size {
			dirty = append(dirty, s)
		}
	}
	slices.SortFunc(states, func(a, b chunkFileState) int { return cmp.Compare(a.number, b.number) })
	return states, dirty, nil
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// adoptChunkFiles opens those of an image's files that have chunks from mint on. The
// others stay until removeOthers. New files get higher numbers than all that are there;
// with readOnly there are none, and the folder is another's.
func adoptChunkFiles(dir string, states []chunkFileState, mint int64, readOnly bool) (*chunkFiles, error) {
	c := newChunkFiles(dir)
	c.readOnly = readOnly
	if err := c.adopt(states, mint); err != nil {
		return nil, errors.Join(fmt.Errorf("open chunk files of the image: %w", err), c.close())
	}
	return c, nil
}

func (c *chunkFiles) adopt(states []chunkFileState, mint int64) error {
	if !c.readOnly {
		if err := os.MkdirAll(c.dir, 0o777); err != nil {
			return err
		}
		there, err := c.numbers()
		if err != nil {
			return err
		}
		if len(there) > 0 {
			c.next = slices.Max(there) + 1
		}
	}
	for _, s := range states {
		if s.maxt < mint || s.size == 0 {
			continue
		}
		c.next = max(c.next, s.number+1)
		if c.files[s.number] != nil {
			return badImage("chunk file %d twice", s.number)
		}
		info, err := os.Stat(c.name(s.number))
		if err != nil {
			return err
		}
		if info.Size() != chunkFileSize {
			return fmt.Errorf("%s has %d bytes, want %d", c.name(s.number), info.Size(), chunkFileSize)
		}
		mapped, err := fileutil.OpenMmapFileWithSize(c.name(s.number), chunkFileSize)
		if err != nil {
			return err
		}
		c.files[s.number] = &chunkFile{number: s.number, size: s.size, synced: s.size, maxt: s.maxt, mapped: mapped}
	}
	return nil
}

// numbers lists the files in the folder.
func (c *chunkFiles) numbers() ([]uint32, error) {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return nil, err
	}
	var out []uint32
	for _, e := range entries {
		if n, err := strconv.ParseUint(e.Name(), 10, chunkFileBits); err == nil {
			out = append(out, uint32(n))
		}
	}
	return out, nil
}

// removeOthers removes the files that were not adopted.
func (c *chunkFiles) removeOthers() error {
	there, err := c.numbers()
	if err != nil {
		return err
	}
	var errs []error
	for _, n := range there {
		if c.files[n] == nil {
			errs = append(errs, os.Remove(c.name(n)))
		}
	}
	return errors.Join(errs...)
}
