package segment

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/tocsinhq/tocsin/logs/wire"
)

func (e *Encoder) infoOf(rows []Row) Info {
	info := Info{Rows: len(rows), MinTime: rows[0].Time, MaxTime: rows[0].Time}
	for i := range rows {
		info.MinTime, info.MaxTime = min(info.MinTime, rows[i].Time), max(info.MaxTime, rows[i].Time)
		info.Levels[LevelOf(rows[i].Severity)]++
		info.Text += int64(len(rows[i].Body))
	}
	for _, g := range e.groups {
		if n := len(info.Templates); n > 0 && info.Templates[n-1].ID == g.template {
			info.Templates[n-1].Rows += len(g.rows)
			continue
		}
		info.Templates = append(info.Templates, TemplateCount{g.template, len(g.rows)})
	}
	return info
}

// localStreams numbers the streams that are used, by their first use.
func (e *Encoder) localStreams(rows []Row, streams []Stream) (local map[uint32]uint32, used []int) {
	local = make(map[uint32]uint32)
	for _, i := range e.order {
		s := rows[i].Stream
		if _, ok := local[s]; !ok {
			local[s] = uint32(len(used))
			used = append(used, int(s))
		}
	}
	return local, used
}

func (e *Encoder) meta(rows []Row, streams []Stream, used []int, info Info) {
	b := wire.AppendUvarint(e.raw[secMeta], uint64(len(rows)))
	b = binary.LittleEndian.AppendUint64(b, uint64(info.MinTime))
	b = wire.AppendUvarint(b, uint64(len(used)))
	for _, s := range used {
		b = AppendStream(b, &streams[s])
	}
	b = wire.AppendUvarint(b, uint64(len(e.groups)))
	for _, g := range e.groups {
		b = binary.LittleEndian.AppendUint64(b, g.template)
		b = wire.AppendUvarint(b, uint64(len(g.rows)))
		b = appendSkeleton(b, rows[g.first].Body, e.spans[g.first])
		for _, n := range g.sizes {
			b = wire.AppendUvarint(b, uint64(n))
		}
		if g.apart {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
	}
	e.raw[secMeta] = b
}

func (e *Encoder) origin(rows []Row, local map[uint32]uint32) {
	b := e.raw[secOrigin]
	for _, i := range e.order {
		b = wire.AppendUvarint(b, uint64(local[rows[i].Stream]))
	}
	for _, i := range e.order {
		b = append(b, byte(rows[i].Severity))
	}
	e.raw[secOrigin] = b
}

// traces writes the lists of ids, the span of each row, the trace of each span, and the
// trace of each row unless its span tells.
func (e *Encoder) traces() {
	list := make([]byte, 0, 16*len(e.traceList.list))
	for _, id := range e.traceList.list {
		list = append(list, id[:]...)
	}
	b := wire.AppendBytes(e.raw[secTraces], list)
	list = list[:0]
	for _, id := range e.spanList.list {
		list = append(list, id[:]...)
	}
	b = wire.AppendBytes(b, list)
	traceOf := make([]uint32, len(e.spanList.list)+1) // of each span, 0 of none
	for i, s := range e.spanList.of {
		if s > 0 && traceOf[s] == 0 {
			traceOf[s] = e.traceList.of[i]
		}
	}
	b = appendPlaces(b, traceOf[1:])
	places := make([]uint32, len(e.order))
	for k, i := range e.order {
		places[k] = e.spanList.of[i]
	}
	b = appendPlaces(b, places)
	for k, i := range e.order {
		places[k] = 0
		if t := e.traceList.of[i]; t != traceOf[e.spanList.of[i]] {
			places[k] = t + 1
		}
	}
	e.raw[secTraces] = appendPlaces(b, places)
}

// assemble compresses the sections behind a head. The filter is not compressed, since
// it does not shrink.
func (e *Encoder) assemble(b []byte) ([]byte, error) {
	start := len(b)
	b = append(b, make([]byte, headSize)...)
	binary.LittleEndian.PutUint32(b[start:], blockMark)
	for s, raw := range e.raw {
		if len(raw) > MaxBlockText {
			return b[:start], fmt.Errorf("encode log block: want at most %d bytes in a section, got %d; make blocks of fewer rows", MaxBlockText, len(raw))
		}
		from := len(b)
		switch {
		case len(raw) == 0:
		case s == secBloom:
			b = append(b, raw...)
		default:
			b = e.zstd.EncodeAll(raw, b)
		}
		head := b[start+4+12*s:]
		binary.LittleEndian.PutUint32(head, uint32(len(b)-from))
		binary.LittleEndian.PutUint32(head[4:], uint32(len(raw)))
		binary.LittleEndian.PutUint32(head[8:], crc32.Checksum(b[from:], castagnoli))
	}
	head := b[start : start+headSize]
	binary.LittleEndian.PutUint32(head[headSize-4:], crc32.Checksum(head[:headSize-4], castagnoli))
	return b, nil
}
