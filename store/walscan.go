package store

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/prometheus/prometheus/util/compression"
)

// The form of a segment of the TSDB's log: pages of 32 KiB, in which fragments of
// records follow one another, each behind a header of seven bytes: type and
// compression, length, checksum. A zero in place of a type ends a page.
const (
	walPage     = 32 << 10
	walHeader   = 7
	walTypeMask = 7
	walSnappy   = 1 << 3
	walZstd     = 1 << 4
)

// Types of fragments.
const (
	walEnd byte = iota
	walFull
	walFirst
	walMiddle
	walLast
)

var walChecksums = crc32.MakeTable(crc32.Castagnoli)

// segmentScan says what a segment holds and what is lost in it.
type segmentScan struct {
	records int   // whole ones
	lost    int   // places where one or more records cannot be read
	bytes   int64 // that belong to no whole record
	cut     bool  // the file ends within a record, and that is all that is wrong
}

func (s segmentScan) damaged() bool { return s.lost > 0 }

// scanSegment reads a segment and hands every whole record to each, uncompressed
// and valid until each returns, also those behind damage: reading goes on at the
// next fragment or page where a record begins. The TSDB's own reader stops there.
// each says whether the record can be understood.
func scanSegment(path string, each func(rec []byte) bool) (segmentScan, error) {
	f, err := os.Open(path)
	if err != nil {
		return segmentScan{}, fmt.Errorf("read segment of the log: %w", err)
	}
	defer f.Close()
	s := segmentReader{each: each, decode: compression.NewSyncDecodeBuffer()}
	in := bufio.NewReaderSize(f, 32*walPage)
	page := make([]byte, walPage)
	for {
		n, err := io.ReadFull(in, page)
		if n > 0 {
			// As the TSDB does: what is missing of the last page is zeros.
			clear(page[n:])
			s.page(page, n)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return s.segmentScan, fmt.Errorf("read segment of the log %s: %w", path, err)
		}
	}
	if s.open { // the rest is missing
		s.cut = s.lost == 0
		s.drop(0)
	}
	return s.segmentScan, nil
}

type segmentReader struct {
	segmentScan
	each   func([]byte) bool
	decode compression.DecodeBuffer
	open   bool   // rec holds the begin of a record
	rec    []byte // fragments so far
}

// drop counts n bytes that cannot be read, and with them the record begun.
func (s *segmentReader) drop(n int) {
	s.lost++
	s.bytes += int64(n + len(s.rec))
	s.open, s.rec = false, s.rec[:0]
}

// page reads one page, of which the file has n bytes.
func (s *segmentReader) page(p []byte, n int) {
	for off := 0; off < len(p); {
		rest := p[off:]
		if rest[0]&walTypeMask == walEnd {
			if !zero(rest) {
				s.drop(n - off)
			}
			return
		}
		data, state := fragment(rest)
		beyond := off+walHeader+len(data) > n || state == fragmentShort && n < walPage
		switch {
		case state == fragmentGood:
			s.fragment(rest[0], data)
		case beyond: // the file ends within it
			s.cut = s.lost == 0
			s.drop(n - off)
			return
		case state == fragmentBad && plausible(rest):
			s.drop(walHeader + len(data))
		default:
			s.drop(n - off)
			return
		}
		off += walHeader + len(data)
	}
}

// fragment takes one good fragment.
func (s *segmentReader) fragment(header byte, data []byte) {
	typ := header & walTypeMask
	begins := typ == walFull || typ == walFirst
	switch {
	case begins && s.open: // the end of the record before is missing
		s.drop(0)
	case !begins && !s.open: // of a record whose begin is lost and counted, or at the begin of the file
		if s.lost == 0 {
			s.lost++
		}
		s.bytes += int64(walHeader + len(data))
		return
	case typ > walLast:
		s.drop(walHeader + len(data))
		return
	}
	s.open, s.rec = true, append(s.rec, data...)
	if typ != walFull && typ != walLast {
		return
	}
	kind := compression.None
	switch {
	case header&walSnappy != 0:
		kind = compression.Snappy
	case header&walZstd != 0:
		kind = compression.Zstd
	}
	rec, err := compression.Decode(kind, s.rec, s.decode)
	if err != nil || !s.each(rec) {
		s.drop(walHeader)
		return
	}
	s.records++
	s.open, s.rec = false, s.rec[:0]
}

type fragmentState int

const (
	fragmentGood  fragmentState = iota
	fragmentShort               // the page ends within it
	fragmentBad                 // its checksum is wrong
)

// fragment takes the data of the fragment at the begin of p.
func fragment(p []byte) ([]byte, fragmentState) {
	if len(p) < walHeader {
		return nil, fragmentShort
	}
	n := int(binary.BigEndian.Uint16(p[1:]))
	if walHeader+n > len(p) {
		return nil, fragmentShort
	}
	data := p[walHeader : walHeader+n]
	if crc32.Checksum(data, walChecksums) != binary.BigEndian.Uint32(p[3:]) {
		return data, fragmentBad
	}
	return data, fragmentGood
}

// plausible reports whether the length of a bad fragment leads to the next one.
func plausible(p []byte) bool {
	next := p[walHeader+int(binary.BigEndian.Uint16(p[1:])):]
	if len(next) == 0 || next[0]&walTypeMask == walEnd {
		return zero(next)
	}
	_, state := fragment(next)
	return state == fragmentGood
}

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
