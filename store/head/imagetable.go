package head

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
)

// end writes the table.
func (w *imageWriter) end(h *Head, segment int, files []chunkFileState) error {
	var b []byte
	u := func(v uint64) { b = binary.AppendUvarint(b, v) }
	u(uint64(segment))
	u(uint64(h.o.BlockRange))
	u(h.highest.Load())
	u(uint64(w.all))
	u(uint64(len(w.pids)))
	u(uint64(len(w.parts)))
	for _, p := range w.parts {
		b = append(b, byte(p.kind))
		u(uint64(p.offset))
		u(uint64(p.size))
		u(uint64(p.count))
		b = binary.BigEndian.AppendUint32(b, p.sum)
	}
	u(uint64(len(files)))
	for _, f := range files {
		u(uint64(f.number))
		u(uint64(f.size))
		b = binary.AppendVarint(b, f.maxt)
	}
	end := binary.BigEndian.AppendUint64(nil, imageMagic)
	end = binary.BigEndian.AppendUint32(end, imageVersion)
	end = binary.BigEndian.AppendUint64(end, uint64(w.at))
	end = binary.BigEndian.AppendUint32(end, uint32(len(b)))
	end = binary.BigEndian.AppendUint32(end, crc32.Checksum(b, castagnoli))
	end = binary.BigEndian.AppendUint32(end, crc32.Checksum(end, castagnoli))
	if err := w.put(b); err != nil {
		return err
	}
	return w.put(end)
}

// image is one that is open to be read.
type image struct {
	f          *os.File
	bytes      int64
	segment    int
	blockRange int64
	highest    uint64
	series     int
	pairs      int
	parts      [imageKinds][]imagePart
	files      []chunkFileState
}

// openImage opens an image and reads its table.
func openImage(path string) (*image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	m := &image{f: f}
	if err := m.table(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return m, nil
}

// stillAt returns an error of fs.ErrNotExist unless a path is that of the image.
func (m *image) stillAt(path string) error {
	own, err := m.f.Stat()
	if err != nil {
		return err
	}
	now, err := os.Stat(path)
	if err == nil && !os.SameFile(own, now) {
		err = fmt.Errorf("image %s was replaced: %w", path, fs.ErrNotExist)
	}
	return err
}

// imageTableMost bounds the table: of images of a hundred times as many series as
// anybody has.
const imageTableMost = 64 << 20

func (m *image) table() error {
	info, err := m.f.Stat()
	if err != nil {
		return err
	}
	m.bytes = info.Size()
	at := m.bytes - imageEnd
	if at < 0 {
		return badImage("it has %d bytes", m.bytes)
	}
	var end [imageEnd]byte
	if _, err := m.f.ReadAt(end[:], at); err != nil {
		return err
	}
	sum := binary.BigEndian.Uint32(end[imageEnd-4:])
	if have := crc32.Checksum(end[:imageEnd-4], castagnoli); have != sum || binary.BigEndian.Uint64(end[:]) != imageMagic {
		return badImage("it does not end as an image does")
	}
	if v := binary.BigEndian.Uint32(end[8:]); v != imageVersion {
		return badImage("version %d, want %d", v, imageVersion)
	}
	from, size := binary.BigEndian.Uint64(end[12:]), binary.BigEndian.Uint32(end[20:])
	if size > imageTableMost || from > uint64(at) || uint64(at)-from != uint64(size) {
		return badImage("table of %d bytes at %d of %d", size, from, at)
	}
	b, err := m.read(imagePart{offset: int64(from), size: int(size), sum: binary.BigEndian.Uint32(end[24:])}, nil)
	if err != nil {
		return err
	}
	return m.decode(b, int64(from))
}

// decode reads the table of an image whose parts take so many bytes.
func (m *image) decode(b []byte, bytes int64) error {
	in := &recordFields{b: b}
	segment, blockRange := in.uvarint(), in.uvarint()
	m.highest = in.uvarint()
	series, pairs, parts := in.uvarint(), in.uvarint(), in.uvarint()
	if segment > 1<<31-1 || blockRange > 1<<62 || m.highest > maxRef || series > uint64(bytes) || pairs > uint64(bytes) || parts > uint64(len(in.b)) {
		return badImage("%d series in segment %d, %d parts", series, segment, parts)
	}
	m.segment, m.blockRange, m.series, m.pairs = int(segment), int64(blockRange), int(series), int(pairs)
	var counts [imageKinds]int
	next := int64(0)
	for range parts {
		kind, offset, size, count := in.byte(), in.uvarint(), in.uvarint(), in.uvarint()
		p := imagePart{kind: int(kind), offset: int64(offset), size: int(size), count: int(count), sum: binary.BigEndian.Uint32(in.take(4))}
		if in.bad || kind >= imageKinds || offset != uint64(next) || size > imagePartMost || count > size || int64(size) > bytes-next {
			return badImage("part of kind %d with %d bytes at %d", kind, size, offset)
		}
		next += int64(size)
		counts[kind] += p.count
		m.parts[kind] = append(m.parts[kind], p)
	}
	if counts[floatsPart] != m.series || counts[labelsPart] != m.series || counts[pairsPart] != m.pairs || next != bytes {
		return badImage("%d and %d series of %d, %d pairs of %d", counts[floatsPart], counts[labelsPart], m.series, counts[pairsPart], m.pairs)
	}
	files := in.uvarint()
	if files > uint64(len(in.b)) {
		return badImage("%d chunk files", files)
	}
	for range files {
		number, size := in.uvarint(), in.uvarint()
		if number >= 1<<chunkFileBits || size > chunkFileSize {
			return badImage("chunk file %d of %d bytes", number, size)
		}
		m.files = append(m.files, chunkFileState{uint32(number), int(size), in.varint()})
	}
	if in.bad || len(in.b) > 0 {
		return badImage("table with %d bytes too many", len(in.b))
	}
	return nil
}

// read returns a part, in buf if there is room.
func (m *image) read(p imagePart, buf []byte) ([]byte, error) {
	buf = slices.Grow(buf[:0], p.size)[:p.size]
	if _, err := m.f.ReadAt(buf, p.offset); err != nil {
		return buf, err
	}
	if have := crc32.Checksum(buf, castagnoli); have != p.sum {
		return buf, badImage("part at %d: checksum %08x, want %08x", p.offset, have, p.sum)
	}
	return buf, nil
}

// imagesIn lists the segments of the images in the folder of a head, newest first.
func imagesIn(dir string) ([]int, error) {
	found, err := imageNames(dir)
	if err != nil {
		return nil, err
	}
	var out []int
	for _, name := range found {
		if n, err := strconv.ParseUint(strings.TrimPrefix(name, imagePrefix), 10, 31); err == nil {
			out = append(out, int(n))
		}
	}
	slices.Sort(out)
	slices.Reverse(out)
	return out, nil
}

// putAside renames an image that cannot be used. The next one that is written removes it.
func putAside(path string) error {
	if err := os.Rename(path, path+imageDamaged); err != nil {
		return fmt.Errorf("put image %s aside: %w", path, err)
	}
	return nil
}
