package template

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
)

// What is kept of a miner is a sequence of records, each with its length and a
// checksum: a header of a stream that is known, a template as the line it was made
// of, what was seen of it, an alias, a tombstone. Forms, signatures and texts are made
// again from the lines, by the same code as the first time.

type recordKind byte

const (
	recTemplate recordKind = iota + 1
	recStats
	recAlias
	recGrave
	recBranch
)

// record is any of the five; only the fields of its kind are in use.
type record struct {
	kind    recordKind
	service string
	id, to  uint64
	// of a template
	version uint64
	line    []byte
	at      uint32 // where the header ends
	branch  uint64
	mask    mask
	flags   byte // 1 given, 2 other
	level   byte // of other
	// of its stats
	first, last, count uint64
	levels             [7]uint64
	// of a branch
	lines               uint64
	depth, ends, marked byte // marked: 1 marked, 2 known
	timed, all          uint64
	marks               [colDash + 1]uint64
	ways                map[uint64]uint32 // of the stream
}

const (
	flagGiven = 1
	flagOther = 2
)

var checksums = crc32.MakeTable(crc32.Castagnoli)

// maxRecord bounds a record; a template's line has at most a header and maxBytes.
const maxRecord = 64 << 10

// appendRecord appends a record with its length and checksum.
func appendRecord(b []byte, r *record) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0, byte(r.kind))
	b = appendBytes(b, r.service)
	b = binary.AppendUvarint(b, r.id)
	switch r.kind {
	case recTemplate:
		b = binary.AppendUvarint(b, r.version)
		b = appendBytes(b, r.line)
		b = binary.AppendUvarint(b, uint64(r.at))
		b = binary.AppendUvarint(b, r.branch)
		b = binary.AppendUvarint(b, r.mask[0])
		b = binary.AppendUvarint(b, r.mask[1])
		b = append(b, r.flags, r.level)
		b = binary.AppendUvarint(b, r.first)
	case recStats:
		for _, v := range []uint64{r.first, r.last, r.count} {
			b = binary.AppendUvarint(b, v)
		}
		for _, v := range r.levels {
			b = binary.AppendUvarint(b, v)
		}
	case recAlias:
		b = binary.AppendUvarint(b, r.to)
	case recGrave:
		b = binary.AppendUvarint(b, r.last)
	case recBranch:
		b = binary.AppendUvarint(b, r.branch)
		b = binary.AppendUvarint(b, r.lines)
		b = append(b, r.depth, r.ends, r.marked)
		b = binary.AppendUvarint(b, r.timed)
		b = binary.AppendUvarint(b, r.all)
		for _, n := range r.marks {
			b = binary.AppendUvarint(b, n)
		}
		b = binary.AppendUvarint(b, uint64(len(r.ways)))
		for _, k := range slices.Sorted(maps.Keys(r.ways)) {
			b = binary.AppendUvarint(binary.LittleEndian.AppendUint64(b, k), uint64(r.ways[k]))
		}
	}
	body := b[start+8:]
	binary.LittleEndian.PutUint32(b[start:], uint32(len(body)))
	binary.LittleEndian.PutUint32(b[start+4:], crc32.Checksum(body, checksums))
	return b
}

func appendBytes[T string | []byte](b []byte, v T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(v))), v...)
}

// errTorn says that what is left is not a whole record: the end of a file that was
// being written when the power went.
var errTorn = errors.New("record cut short or damaged")

// readRecord reads the record that b begins with and returns what comes after it. The
// record's line aliases b.
func readRecord(b []byte, r *record) ([]byte, error) {
	if len(b) < 9 {
		return b, errTorn
	}
	n := binary.LittleEndian.Uint32(b)
	if n == 0 || n > maxRecord || int(n) > len(b)-8 {
		return b, errTorn
	}
	body, rest := b[8:8+n], b[8+n:]
	if crc32.Checksum(body, checksums) != binary.LittleEndian.Uint32(b[4:]) {
		return b, errTorn
	}
	d := decoder{b: body[1:]}
	*r = record{kind: recordKind(body[0])}
	r.service = string(d.bytes())
	r.id = d.uvarint()
	switch r.kind {
	case recTemplate:
		r.version = d.uvarint()
		r.line = d.bytes()
		r.at = uint32(min(d.uvarint(), maxRecord))
		r.branch = d.uvarint()
		r.mask[0], r.mask[1] = d.uvarint(), d.uvarint()
		r.flags, r.level = d.byte(), d.byte()
		r.first = d.uvarint()
		if int(r.at) > len(r.line) {
			return rest, fmt.Errorf("a template whose header of %d bytes is longer than its line of %d", r.at, len(r.line))
		}
	case recStats:
		r.first, r.last, r.count = d.uvarint(), d.uvarint(), d.uvarint()
		for i := range r.levels {
			r.levels[i] = d.uvarint()
		}
	case recAlias:
		r.to = d.uvarint()
	case recGrave:
		r.last = d.uvarint()
	case recBranch:
		r.branch, r.lines = d.uvarint(), d.uvarint()
		r.depth, r.ends, r.marked = d.byte(), d.byte(), d.byte()
		r.timed, r.all = d.uvarint(), d.uvarint()
		for i := range r.marks {
			r.marks[i] = d.uvarint()
		}
		n := d.uvarint()
		if n > maxWays {
			return rest, fmt.Errorf("a header with %d ways, more than %d", n, maxWays)
		}
		r.ways = make(map[uint64]uint32, n)
		for range n {
			k := d.fixed()
			r.ways[k] = uint32(d.uvarint())
		}
		if r.depth > maxColumns || columnSort(r.ends) > colDash {
			return rest, fmt.Errorf("a header of %d columns that ends with sort %d", r.depth, r.ends)
		}
	default:
		return rest, fmt.Errorf("a record of unknown kind %d", r.kind)
	}
	if d.bad || len(d.b) > 0 {
		return rest, fmt.Errorf("a record of kind %d with fields that do not fit its length", r.kind)
	}
	return rest, nil
}

// decoder reads fields; bad is set once one does not fit.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) fixed() uint64 {
	if len(d.b) < 8 {
		d.bad, d.b = true, nil
		return 0
	}
	v := binary.LittleEndian.Uint64(d.b)
	d.b = d.b[8:]
	return v
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.bad = true
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

func (d *decoder) bytes() []byte {
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		d.bad, d.b = true, nil
		return nil
	}
	v := d.b[:n:n]
	d.b = d.b[n:]
	return v
}
