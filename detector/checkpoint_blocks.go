package detector

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// The blocks of a checkpoint are each
//
//	size   uint32 bytes of the block
//	sum    uint32 CRC-32C of the sum of the block before, or of the head before the
//	       first, and of its bytes
//	bytes  of which the first is the kind
//
// and a block of no bytes is the end. So blocks can be checked and decoded each by
// itself, and none can be left out or change places unseen.
const (
	blockFrame = 8
	// blockBytes is how large a block becomes, but for its last record.
	blockBytes = 256 << 10
	// largestBlock bounds what a size is believed.
	largestBlock = 1 << 30
	// blockStep is how much of a block is read before memory is taken for more.
	blockStep = 4 << 20
)

// chained returns the sum of a block behind one with another sum.
func chained(before uint32, block []byte) uint32 {
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], before)
	return crc32.Update(crc32.Checksum(b[:], castagnoli), castagnoli, block)
}

// blocksWriter writes a checkpoint and keeps the first error.
type blocksWriter struct {
	w   io.Writer
	buf []byte // room for the frame, then the block at hand
	sum uint32
	err error
}

func newBlocksWriter(w io.Writer, head []byte) *blocksWriter {
	out := &blocksWriter{w: w, sum: crc32.Checksum(head, castagnoli)}
	out.write(head)
	return out
}

// begin begins a block.
func (o *blocksWriter) begin(kind blockKind) {
	o.buf = append(o.buf[:0], make([]byte, blockFrame)...)
	o.buf = append(o.buf, byte(kind))
}

// end writes the block at hand.
func (o *blocksWriter) end() {
	block := o.buf[blockFrame:]
	if len(block) > largestBlock && o.err == nil {
		o.err = fmt.Errorf("writing detector checkpoint: a block of %d bytes, want at most %d", len(block), largestBlock)
	}
	o.sum = chained(o.sum, block)
	binary.LittleEndian.PutUint32(o.buf, uint32(len(block)))
	binary.LittleEndian.PutUint32(o.buf[4:], o.sum)
	o.write(o.buf)
}

// next begins another block if the one at hand is large.
func (o *blocksWriter) next() {
	if len(o.buf) >= blockBytes {
		kind := blockKind(o.buf[blockFrame])
		o.end()
		o.begin(kind)
	}
}

func (o *blocksWriter) write(p []byte) {
	if o.err != nil {
		return
	}
	if _, err := o.w.Write(p); err != nil {
		o.err = fmt.Errorf("writing detector checkpoint: %w", err)
	}
}

// finish writes the end.
func (o *blocksWriter) finish() error {
	o.buf = append(o.buf[:0], make([]byte, blockFrame)...)
	o.end()
	return o.err
}

// blocksReader reads the blocks of a checkpoint.
type blocksReader struct {
	r       io.Reader
	sum     uint32
	version int
}

// head reads what stands before the blocks.
func (r *blocksReader) head() (count int, err error) {
	p := make([]byte, checkpointHead)
	if err := r.full(p); err != nil {
		return 0, err
	}
	if !bytes.HasPrefix(p, []byte(checkpointMagic)) {
		return 0, fmt.Errorf("%w: it does not begin with %q", ErrCheckpoint, checkpointMagic)
	}
	number := func(i int) int { return int(binary.LittleEndian.Uint32(p[len(checkpointMagic)+4*i:])) }
	if r.version = number(0); r.version < checkpointOldest || r.version > checkpointVersion {
		return 0, fmt.Errorf("%w: it has version %d and this program reads versions %d to %d; run the program that wrote it, or remove it to learn anew",
			ErrCheckpoint, r.version, checkpointOldest, checkpointVersion)
	}
	if s, d := number(1), number(2); s != stateForm.size || d != pageSize(r.version) {
		return 0, fmt.Errorf("%w: its states have %d and %d bytes, want %d and %d", ErrCheckpoint, s, d, stateForm.size, pageSize(r.version))
	}
	r.sum = crc32.Checksum(p, castagnoli)
	return number(3), nil
}

// readBlock is a block as it was read: whether its sum is right is to be asked.
type readBlock struct {
	bytes       []byte
	before, sum uint32
}

// next reads a block, into the memory of another; it has no bytes if it is the end,
// behind which nothing may follow.
func (r *blocksReader) next(room []byte) (b readBlock, err error) {
	var frame [blockFrame]byte
	if err := r.full(frame[:]); err != nil {
		return b, err
	}
	size := int(binary.LittleEndian.Uint32(frame[:]))
	if size > largestBlock {
		return b, fmt.Errorf("%w: length %d, want at most %d: it is damaged", ErrCheckpoint, size, largestBlock)
	}
	b = readBlock{bytes: room[:0], before: r.sum, sum: binary.LittleEndian.Uint32(frame[4:])}
	for len(b.bytes) < size { // a damaged size must not ask for more than is there
		n := min(size-len(b.bytes), blockStep)
		b.bytes = append(b.bytes, make([]byte, n)...)
		if err := r.full(b.bytes[len(b.bytes)-n:]); err != nil {
			return b, err
		}
	}
	r.sum = b.sum
	if size > 0 {
		return b, nil
	}
	if err := b.check(); err != nil {
		return b, err
	}
	if _, err := io.ReadFull(r.r, frame[:1]); err != io.EOF {
		return b, fmt.Errorf("%w: bytes follow its end", ErrCheckpoint)
	}
	return b, nil
}

// check compares the sum.
func (b *readBlock) check() error {
	if got := chained(b.before, b.bytes); got != b.sum {
		return fmt.Errorf("%w: checksum is %08x, want %08x: it is damaged", ErrCheckpoint, got, b.sum)
	}
	return nil
}

func (r *blocksReader) full(p []byte) error {
	if _, err := io.ReadFull(r.r, p); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("%w: it ends early; it was cut short or is still being written", ErrCheckpoint)
		}
		return fmt.Errorf("reading detector checkpoint: %w", err)
	}
	return nil
}
