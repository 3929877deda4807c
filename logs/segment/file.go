package segment

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"github.com/klauspost/compress/zstd"

	"github.com/tocsinhq/tocsin/logs/wire"
)

const (
	fileMark    = "TOCLOGS1"
	trailerSize = 8 + 4 + 4 + 4 + 8
	maxIndex    = 256 << 20 // bytes of an index before compression
	maxBlocks   = 1 << 16
)

// Index is what a file says of itself.
type Index struct {
	// Replaces are the names of the files whose rows this one took over: who finds both
	// has to do away with those.
	Replaces []string
	Streams  []Stream // of all blocks
	Blocks   []Info   // in the order of the file
}

// MinTime returns the time of the oldest row in nanoseconds.
func (x *Index) MinTime() int64 {
	least := int64(math.MaxInt64)
	for i := range x.Blocks {
		least = min(least, x.Blocks[i].MinTime)
	}
	return least
}

// MaxTime returns the time of the newest row in nanoseconds.
func (x *Index) MaxTime() int64 {
	most := int64(math.MinInt64)
	for i := range x.Blocks {
		most = max(most, x.Blocks[i].MaxTime)
	}
	return most
}

// Rows returns how many rows the file has.
func (x *Index) Rows() int {
	n := 0
	for i := range x.Blocks {
		n += x.Blocks[i].Rows
	}
	return n
}

// Writer writes a file: blocks as they come, then the index.
type Writer struct {
	out     io.Writer
	at      int64
	index   Index
	streams map[string]int
}

// NewWriter begins a file.
func NewWriter(out io.Writer) (*Writer, error) {
	if _, err := io.WriteString(out, fileMark); err != nil {
		return nil, fmt.Errorf("begin log segment: %w", err)
	}
	return &Writer{out: out, at: int64(len(fileMark)), streams: make(map[string]int)}, nil
}

// Add appends a block, which an Encoder made or which was read from another file.
// Info.Streams are places in streams.
func (w *Writer) Add(block []byte, info Info, streams []Stream) error {
	if len(w.index.Blocks) == maxBlocks {
		return fmt.Errorf("write log segment: want at most %d blocks", maxBlocks)
	}
	used := make([]int, len(info.Streams))
	for i, s := range info.Streams {
		key := streams[s].Key()
		at, ok := w.streams[key]
		if !ok {
			at = len(w.index.Streams)
			w.streams[key] = at
			w.index.Streams = append(w.index.Streams, streams[s])
		}
		used[i] = at
	}
	info.Offset, info.Size, info.Streams = w.at, int64(len(block)), used
	if _, err := w.out.Write(block); err != nil {
		return fmt.Errorf("write log block: %w", err)
	}
	w.at += info.Size
	w.index.Blocks = append(w.index.Blocks, info)
	return nil
}

// Finish writes the index and returns it with the length of the file.
func (w *Writer) Finish(replaces []string) (*Index, int64, error) {
	w.index.Replaces = replaces
	raw := w.index.append(nil)
	if len(raw) > maxIndex {
		return nil, 0, fmt.Errorf("write index of log segment: want at most %d bytes, got %d", maxIndex, len(raw))
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, 0, fmt.Errorf("write index of log segment: %w", err)
	}
	packed := z.EncodeAll(raw, nil)
	trailer := binary.LittleEndian.AppendUint64(nil, uint64(w.at))
	trailer = binary.LittleEndian.AppendUint32(trailer, uint32(len(packed)))
	trailer = binary.LittleEndian.AppendUint32(trailer, uint32(len(raw)))
	trailer = binary.LittleEndian.AppendUint32(trailer, crc32.Checksum(packed, castagnoli))
	trailer = append(trailer, fileMark...)
	for _, part := range [][]byte{packed, trailer} {
		if _, err := w.out.Write(part); err != nil {
			return nil, 0, fmt.Errorf("write index of log segment: %w", err)
		}
		w.at += int64(len(part))
	}
	return &w.index, w.at, nil
}

func (x *Index) append(b []byte) []byte {
	b = append(b, 1) // version
	b = wire.AppendUvarint(b, uint64(len(x.Replaces)))
	for _, name := range x.Replaces {
		b = wire.AppendBytes(b, name)
	}
	b = wire.AppendUvarint(b, uint64(len(x.Streams)))
	for i := range x.Streams {
		b = AppendStream(b, &x.Streams[i])
	}
	base := int64(0)
	if len(x.Blocks) > 0 {
		base = x.MinTime()
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(base))
	b = wire.AppendUvarint(b, uint64(len(x.Blocks)))
	for i := range x.Blocks {
		b = x.Blocks[i].append(b, base)
	}
	return b
}

// ReadIndex reads the index of a file of that size.
func (d *Decoder) ReadIndex(in io.ReaderAt, size int64) (*Index, error) {
	var trailer [trailerSize]byte
	if size < int64(len(fileMark)+trailerSize) {
		return nil, fmt.Errorf("%w: a file of %d bytes is no log segment", ErrCorrupt, size)
	}
	if _, err := in.ReadAt(trailer[:], size-trailerSize); err != nil {
		return nil, fmt.Errorf("read trailer of log segment: %w", err)
	}
	at := int64(binary.LittleEndian.Uint64(trailer[:]))
	length, rawLength := binary.LittleEndian.Uint32(trailer[8:]), binary.LittleEndian.Uint32(trailer[12:])
	if string(trailer[20:]) != fileMark || at < 0 || at+int64(length)+trailerSize != size || rawLength > maxIndex {
		return nil, fmt.Errorf("%w: the file does not end as a log segment does", ErrCorrupt)
	}
	packed := make([]byte, length)
	if _, err := in.ReadAt(packed, at); err != nil {
		return nil, fmt.Errorf("read index of log segment: %w", err)
	}
	if crc32.Checksum(packed, castagnoli) != binary.LittleEndian.Uint32(trailer[16:]) {
		return nil, fmt.Errorf("%w: the index has a wrong checksum", ErrCorrupt)
	}
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxIndex), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return nil, fmt.Errorf("read index of log segment: %w", err)
	}
	defer z.Close()
	raw, err := z.DecodeAll(packed, make([]byte, 0, rawLength))
	if err != nil {
		return nil, fmt.Errorf("%w: the index does not decompress: %v", ErrCorrupt, err)
	}
	return parseIndex(raw, at)
}

// parseIndex reads what Index.append wrote, for blocks that end before end.
func parseIndex(raw []byte, end int64) (*Index, error) {
	r := &wire.Reader{B: raw}
	if v := r.Byte(); r.Err == nil && v != 1 {
		return nil, fmt.Errorf("log segment of version %d, want 1: it was written by a later release", v)
	}
	x := &Index{Replaces: make([]string, r.Count("names", len(r.B), 1))}
	for i := range x.Replaces {
		x.Replaces[i] = r.Text()
	}
	x.Streams = make([]Stream, r.Count("streams", len(r.B), 2))
	for i := range x.Streams {
		x.Streams[i] = ReadStream(r)
	}
	base := int64(r.Uint64())
	x.Blocks = make([]Info, r.Count("blocks", maxBlocks, 8))
	for i := range x.Blocks {
		x.Blocks[i] = readInfo(r, base, end, len(x.Streams))
	}
	if r.Err != nil {
		return nil, r.Err
	}
	return x, nil
}
