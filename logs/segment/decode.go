package segment

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/tocsinhq/tocsin/logs/wire"
)

// maxDecoded bounds the memory that the columns of one group may take.
const maxDecoded = 512 << 20

// Decoder decompresses sections. It is safe for concurrent use.
type Decoder struct{ zstd *zstd.Decoder }

// NewDecoder returns a decoder.
func NewDecoder() (*Decoder, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(MaxBlockText), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return nil, fmt.Errorf("make decoder of log blocks: %w", err)
	}
	return &Decoder{z}, nil
}

// Close gives the decoder's memory back.
func (d *Decoder) Close() { d.zstd.Close() }

// Skeleton is what the bodies of a group have in common: the parts between variables,
// one more than there are variables.
type Skeleton struct {
	Template uint64
	Rows     int
	Parts    [][]byte
	first    int             // the place of the group's first row
	at, size [numStreams]int // of its columns in each stream
	apart    bool            // between any two variables a run ends
}

// Block is a block that is being read. What is not asked for is not read or
// decompressed. Rows are numbered by group and then by time. It is for one goroutine;
// what it returns is shared and must not be changed.
type Block struct {
	dec  *Decoder
	in   io.ReaderAt
	at   int64 // of the first section
	head [sections]struct{ size, raw, sum uint32 }
	from [sections]int64

	rows      int
	least     int64
	streams   []Stream
	skeletons []Skeleton

	times    []int64
	ranks    []uint32
	stream   []uint32
	severity []byte
	traces   []byte
	traceOf  []uint32
	spans    []byte
	spanOf   []uint32
	values   [numStreams][]byte // the columns of all groups, as they lie on disk
	loaded   bool               // values
	columns  [][][][]byte
	attrs    *attributes
	owners   []owner
}

// OpenBlock reads the head of the block that lies at offset and is size bytes long.
func (d *Decoder) OpenBlock(in io.ReaderAt, offset, size int64) (*Block, error) {
	var head [headSize]byte
	if _, err := in.ReadAt(head[:], offset); err != nil {
		return nil, fmt.Errorf("read head of log block at %d: %w", offset, err)
	}
	if binary.LittleEndian.Uint32(head[:]) != blockMark ||
		binary.LittleEndian.Uint32(head[headSize-4:]) != crc32.Checksum(head[:headSize-4], castagnoli) {
		return nil, fmt.Errorf("%w: no block begins at %d", ErrCorrupt, offset)
	}
	b := &Block{dec: d, in: in, at: offset + headSize}
	end := b.at
	for s := range b.head {
		h := head[4+12*s:]
		b.head[s].size = binary.LittleEndian.Uint32(h)
		b.head[s].raw = binary.LittleEndian.Uint32(h[4:])
		b.head[s].sum = binary.LittleEndian.Uint32(h[8:])
		b.from[s] = end
		end += int64(b.head[s].size)
		if b.head[s].raw > MaxBlockText {
			return nil, fmt.Errorf("%w: section %d of the block at %d is of %d bytes", ErrCorrupt, s, offset, b.head[s].raw)
		}
	}
	if end != offset+size {
		return nil, fmt.Errorf("%w: the block at %d is of %d bytes, want %d", ErrCorrupt, offset, end-offset, size)
	}
	return b, nil
}

// section reads and decompresses a section.
func (b *Block) section(s int) ([]byte, error) {
	h := b.head[s]
	if h.size == 0 {
		if h.raw != 0 {
			return nil, fmt.Errorf("%w: section %d is empty", ErrCorrupt, s)
		}
		return nil, nil
	}
	packed := make([]byte, h.size)
	if _, err := b.in.ReadAt(packed, b.from[s]); err != nil {
		return nil, fmt.Errorf("read section %d of log block at %d: %w", s, b.at-headSize, err)
	}
	if crc32.Checksum(packed, castagnoli) != h.sum {
		return nil, fmt.Errorf("%w: section %d of the block at %d has a wrong checksum", ErrCorrupt, s, b.at-headSize)
	}
	if s == secBloom {
		return packed, nil
	}
	raw, err := b.dec.zstd.DecodeAll(packed, make([]byte, 0, h.raw))
	if err != nil || len(raw) != int(h.raw) {
		return nil, fmt.Errorf("%w: section %d of the block at %d does not decompress to %d bytes: %v", ErrCorrupt, s, b.at-headSize, h.raw, err)
	}
	return raw, nil
}

func (b *Block) open(s int) (*wire.Reader, error) {
	raw, err := b.section(s)
	return &wire.Reader{B: raw}, err
}

// load reads what every other section needs.
func (b *Block) load() error {
	if b.skeletons != nil {
		return nil
	}
	r, err := b.open(secMeta)
	if err != nil {
		return err
	}
	b.rows = r.Count("rows", MaxRows, 0)
	b.least = int64(r.Uint64())
	streams := make([]Stream, r.Count("streams", MaxRows, 2))
	for i := range streams {
		streams[i] = ReadStream(r)
	}
	skeletons := make([]Skeleton, r.Count("skeletons", b.rows, 10))
	first := 0
	var at [numStreams]int
	for i := range skeletons {
		s := Skeleton{Template: r.Uint64(), Rows: r.Count("rows of a group", b.rows-first, 0), first: first}
		s.Parts = make([][]byte, r.Count("parts of a skeleton", MaxSpans+1, 1))
		for p := range s.Parts {
			s.Parts[p] = r.Bytes()
		}
		for n := range s.size {
			s.at[n] = at[n]
			s.size[n] = r.Count("bytes of columns", MaxBlockText-at[n], 0)
			at[n] += s.size[n]
		}
		s.apart = r.Byte() == 1
		if len(s.Parts) == 0 || s.Rows == 0 {
			r.Fail("a group without rows or parts")
			break
		}
		first += s.Rows
		skeletons[i] = s
	}
	if r.Err == nil && (first != b.rows || len(skeletons) == 0) {
		r.Fail("groups that do not hold all rows")
	}
	if r.Err != nil {
		return r.Err
	}
	b.streams, b.skeletons = streams, skeletons
	b.columns = make([][][][]byte, len(skeletons))
	return nil
}

// Streams returns the streams that rows are of.
func (b *Block) Streams() ([]Stream, error) {
	err := b.load()
	return b.streams, err
}

// Skeletons returns what the groups have in common, in the order of the rows.
func (b *Block) Skeletons() ([]Skeleton, error) {
	if err := b.load(); err != nil {
		return nil, err
	}
	return b.skeletons, nil
}

// Bounds returns the numbers of the rows of a group: [first, end).
func (s *Skeleton) Bounds() (first, end int) { return s.first, s.first + s.Rows }

// MayHold says whether every probe may be in the block. It reads the filter, and the
// skeletons only if the filter alone does not do.
func (b *Block) MayHold(probes []Probe) (bool, error) {
	if len(probes) == 0 {
		return true, nil
	}
	raw, err := b.section(secBloom)
	if err != nil {
		return false, err
	}
	filter := bloom(raw)
	for _, p := range probes {
		if filter.has(p.hashes) {
			continue
		}
		if p.text == nil {
			return false, nil
		}
		if err := b.load(); err != nil {
			return false, err
		}
		if !b.inSkeletons(p.text) {
			return false, nil
		}
	}
	return true, nil
}

func (b *Block) inSkeletons(text []byte) bool {
	for _, s := range b.skeletons {
		for _, part := range s.Parts {
			if bytes.Contains(part, text) {
				return true
			}
		}
	}
	return false
}

// Times returns the time of each row in nanoseconds, and its rank among the rows of
// the same time: the order in which they came.
func (b *Block) Times() (times []int64, ranks []uint32, err error) {
	if b.times != nil {
		return b.times, b.ranks, nil
	}
	if err := b.load(); err != nil {
		return nil, nil, err
	}
	r, err := b.open(secTimes)
	if err != nil {
		return nil, nil, err
	}
	times, ranks = readTimes(r, b.skeletons, b.rows, b.least), make([]uint32, b.rows)
	for i := range ranks {
		ranks[i] = uint32(r.Count("ranks", b.rows, 0))
	}
	if r.Err != nil {
		return nil, nil, r.Err
	}
	b.times, b.ranks = times, ranks
	return times, ranks, nil
}

// Origin returns, for each row, the place of its stream in Streams, and its severity.
func (b *Block) Origin() (stream []uint32, severity []byte, err error) {
	if b.stream != nil {
		return b.stream, b.severity, nil
	}
	if err := b.load(); err != nil {
		return nil, nil, err
	}
	r, err := b.open(secOrigin)
	if err != nil {
		return nil, nil, err
	}
	stream = make([]uint32, b.rows)
	for i := range stream {
		stream[i] = uint32(r.Count("streams", len(b.streams)-1, 0))
	}
	severity = r.Take(b.rows)
	if r.Err != nil {
		return nil, nil, r.Err
	}
	b.stream, b.severity = stream, severity
	return stream, severity, nil
}

func (b *Block) loadTraces() error {
	if b.traceOf != nil {
		return nil
	}
	if err := b.load(); err != nil {
		return err
	}
	r, err := b.open(secTraces)
	if err != nil {
		return err
	}
	traces, spans := r.Bytes(), r.Bytes()
	if len(traces)%16 != 0 || len(spans)%8 != 0 || len(spans)/8 > b.rows {
		r.Fail("a list of ids of the wrong length")
	}
	ofSpan := readPlaces(r, len(spans)/8, uint32(len(traces)/16))
	spanOf := readPlaces(r, b.rows, uint32(len(spans)/8))
	traceOf := readPlaces(r, b.rows, uint32(len(traces)/16)+1)
	if r.Err != nil {
		return r.Err
	}
	for i, t := range traceOf {
		switch {
		case t > 0:
			traceOf[i] = t - 1
		case spanOf[i] > 0:
			traceOf[i] = ofSpan[spanOf[i]-1]
		}
	}
	b.traces, b.traceOf, b.spans, b.spanOf = traces, traceOf, spans, spanOf
	return nil
}

// Trace returns the ids of a row, zero if it has none.
func (b *Block) Trace(row int) (trace [16]byte, span [8]byte, err error) {
	if err := b.loadTraces(); err != nil {
		return trace, span, err
	}
	if at := b.traceOf[row]; at > 0 {
		copy(trace[:], b.traces[16*(at-1):])
	}
	if at := b.spanOf[row]; at > 0 {
		copy(span[:], b.spans[8*(at-1):])
	}
	return trace, span, nil
}

var (
	noTrace [16]byte
	noSpan  [8]byte
)
