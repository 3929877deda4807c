package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

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
	numbers, names, err := chunkFiles(dir)
	if err != nil || len(numbers) == 0 {
		return nil, err
	}
	first, cause := 0, ""
	for ; first < len(numbers); first++ {
		n := numbers[first]
		if first > 0 && n != numbers[first-1]+1 {
			cause = fmt.Sprintf("the file before it, number %d, is missing", n-1)
			break
		}
		if cause, err = chunkHeader(filepath.Join(dir, names[n]), first == len(numbers)-1); err != nil {
			return nil, fmt.Errorf("look for damaged files of chunks: %w", err)
		}
		if cause != "" {
			break
		}
	}
	if cause == "" {
		return nil, nil
	}
	found := Damage{At: o.now(), Log: chunksHeadDir, Segment: names[numbers[first]], Cause: cause, Kept: aside.dir}
	for _, n := range numbers[first:] {
		path := filepath.Join(dir, names[n])
		if _, err := aside.keep(path, chunksHeadDir); err != nil {
			return nil, err
		}
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("put damaged file of chunks aside: %w", err)
		}
	}
	return []Damage{found}, errors.Join(disk.SyncFolder(dir), aside.prune())
}

// chunkFiles returns the numbers of the files of chunks in order, and the name of each.
func chunkFiles(dir string) (numbers []int, names map[int]string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("look for damaged files of chunks: %w", err)
	}
	names = map[int]string{}
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil {
			numbers, names[n] = append(numbers, n), e.Name()
		}
	}
	slices.Sort(numbers)
	return numbers, names, nil
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
