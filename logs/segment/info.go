package segment

import (
	"github.com/tocsinhq/tocsin/logs/wire"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Levels are how many there are: unknown and the six of telemetry.Severity.
const Levels = 7

// LevelOf returns the number of a severity's level: 0 for unknown, 1 for trace, to 6
// for fatal.
func LevelOf(s telemetry.Severity) int {
	if s == 0 || s > 24 {
		return 0
	}
	return int(s-1)/4 + 1
}

// LevelName returns the name of a level by its number.
func LevelName(n int) string {
	if n <= 0 || n >= Levels {
		return telemetry.SeverityUnknown.String()
	}
	return telemetry.Severity(4*n - 3).String()
}

// TemplateCount is how many rows of a block are of a template.
type TemplateCount struct {
	ID   uint64
	Rows int
}

// Info is what the index says of a block.
type Info struct {
	Offset    int64 // in the file
	Size      int64 // bytes
	Rows      int
	Text      int64 // bytes of all bodies
	MinTime   int64 // nanoseconds, of the oldest row
	MaxTime   int64 // of the newest
	Levels    [Levels]int
	Templates []TemplateCount // by id
	Streams   []int           // places in the list of the file's streams, or of those given to the encoder
}

func (i *Info) append(b []byte, base int64) []byte {
	b = wire.AppendUvarint(b, uint64(i.Offset))
	b = wire.AppendUvarint(b, uint64(i.Size))
	b = wire.AppendUvarint(b, uint64(i.Rows))
	b = wire.AppendUvarint(b, uint64(i.Text))
	b = wire.AppendUvarint(b, uint64(i.MinTime-base))
	b = wire.AppendUvarint(b, uint64(i.MaxTime-i.MinTime))
	for _, n := range i.Levels {
		b = wire.AppendUvarint(b, uint64(n))
	}
	b = wire.AppendUvarint(b, uint64(len(i.Templates)))
	last := uint64(0)
	for _, t := range i.Templates {
		b = wire.AppendUvarint(b, t.ID-last)
		b = wire.AppendUvarint(b, uint64(t.Rows))
		last = t.ID
	}
	b = wire.AppendUvarint(b, uint64(len(i.Streams)))
	for _, s := range i.Streams {
		b = wire.AppendUvarint(b, uint64(s))
	}
	return b
}

// readInfo reads what append wrote, for a file of that size and with so many streams.
func readInfo(r *wire.Reader, base, size int64, streams int) Info {
	i := Info{
		Offset: int64(r.Uvarint()), Size: int64(r.Uvarint()), Rows: r.Count("rows", MaxRows, 0), Text: int64(r.Uvarint()),
		MinTime: base + int64(r.Uvarint()),
	}
	i.MaxTime = i.MinTime + int64(r.Uvarint())
	if i.Offset < 0 || i.Size < headSize || i.Size > size || i.Offset > size-i.Size {
		r.Fail("a block outside of the file")
	}
	for l := range i.Levels {
		i.Levels[l] = r.Count("rows of a level", i.Rows, 0)
	}
	i.Templates = make([]TemplateCount, r.Count("templates", i.Rows, 2))
	last := uint64(0)
	for t := range i.Templates {
		last += r.Uvarint()
		i.Templates[t] = TemplateCount{last, r.Count("rows of a template", i.Rows, 0)}
	}
	i.Streams = make([]int, r.Count("streams", streams, 1))
	for s := range i.Streams {
		if i.Streams[s] = int(r.Uvarint()); i.Streams[s] >= streams || i.Streams[s] < 0 {
			r.Fail("a stream that is not in the list")
			return i
		}
	}
	return i
}
