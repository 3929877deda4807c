package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/prometheus/prometheus/tsdb/chunks"

	"github.com/tocsinhq/tocsin/internal/disk"
)

// chunksHeadDir is where the TSDB keeps the full chunks of its head.
const chunksHeadDir = "chunks_head"

// asideChunkFiles puts aside what keeps the TSDB from opening its files of chunks: the
// first whose header is not one, or before which one is missing, and all after it. They
// go together, for the TSDB takes no gaps, and reads from its log what was written
// behind the last chunk that it finds. What is damaged behind a header the TSDB mends itself.
func asideChunkFiles(o TSDBOptions, aside *asideFolder) ([]Damage, error) {
	dir := filepath.Join(o.Dir, chunksHeadDir)
	files, err := segmentsIn(dir)
	if err != nil {
		return nil, fmt.Errorf("look for damaged files of chunks: %w", err)
	}
	first, cause := 0, ""
	for ; first < len(files); first++ {
		f := files[first]
		if first > 0 && f.number != files[first-1].number+1 {
			cause = fmt.Sprintf("the file before it, number %d, is missing", f.number-1)
			break
		}
		if cause, err = chunkHeader(f.path, first == len(files)-1); err != nil {
			return nil, fmt.Errorf("look for damaged files of chunks: %w", err)
		}
		if cause != "" {
			break
		}
	}
	if cause == "" {
		return nil, nil
	}
	for _, f := range files[first:] {
		if _, err := aside.keep(f.path, chunksHeadDir); err != nil {
			return nil, err
		}
		if err := os.Remove(f.path); err != nil {
			return nil, fmt.Errorf("put damaged file of chunks aside: %w", err)
		}
	}
	found := Damage{At: o.now(), Log: chunksHeadDir, Segment: files[first].name, Cause: cause, Kept: aside.dir}
	return []Damage{found}, errors.Join(disk.SyncFolder(dir), aside.prune())
}

// chunkHeader returns why the header of a file of chunks is none. One that was not
// written, of the last file, is no damage: a kill leaves that, and the TSDB removes it.
func chunkHeader(path string, last bool) (cause string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var header [chunks.HeadChunkFileHeaderSize]byte
	n, err := io.ReadFull(f, header[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", err
	}
	magic := binary.BigEndian.Uint32(header[:])
	switch {
	case last && magic == 0:
		return "", nil
	case n < len(header):
		return fmt.Sprintf("has %d bytes, want a header of %d", n, len(header)), nil
	case magic != chunks.MagicHeadChunks:
		return fmt.Sprintf("begins with %08x, want %08x", magic, chunks.MagicHeadChunks), nil
	case header[chunks.MagicChunksSize] != 1:
		return fmt.Sprintf("has format %d, want 1", header[chunks.MagicChunksSize]), nil
	}
	return "", nil
}
