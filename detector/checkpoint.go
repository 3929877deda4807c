package detector

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/bits"
	"unsafe"

	"github.com/prometheus/prometheus/model/labels"
)

// A checkpoint is a stream, all numbers little-endian:
//
//	magic    8 bytes
//	version  uint32
//	sizes    uint32 bytes of one state, uint32 bytes of one page
//	count    uint32 places, from 1
//	blocks   see blocksWriter; the first byte of each says of what it is, and those
//	         of one sort follow each other in the order below:
//	         classic and native histograms, see histogram_checkpoint.go
//	         series: those of one chunk; a bit for each place that has one, labels
//	         of each, states of all, pages of those whose flags say so
//	         services, see writeServices
//
// Labels are told apart from those before them, see labelsWriter. States and the like
// are written as flat does. Versions 10 and 11 are read too: their pages
// have no ebb, and version 10 has no budgets of services.
const (
	checkpointMagic   = "tocsinDT"
	checkpointVersion = 12
	checkpointOldest  = 10 // that is read
	checkpointEbbs    = 12 // in which pages have Ebb
	checkpointHead    = len(checkpointMagic) + 16
)

// blockKind says what is in a block of a checkpoint.
type blockKind uint8

const (
	classicBlock blockKind = 1 + iota
	nativeBlock
	seriesBlock
	servicesBlock
	blockKinds
)

// ErrCheckpoint is wrapped by errors of Restore that lie in the bytes read:
// damaged, cut short, or written by another version.
var ErrCheckpoint = errors.New("unusable detector checkpoint")

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	stateForm  = flatOf[series]()
	pageForm   = flatOf[page]()
)

// pageSize returns how many bytes a page has in checkpoints of a version: until the eleventh
// it ended before Ebb.
func pageSize(version int) int {
	if version < checkpointEbbs {
		return pageForm.size - int(unsafe.Sizeof(page{}.Ebb))
	}
	return pageForm.size
}

// Checkpoint writes the state of every series registered when it begins. It
// needs memory for one chunk, and holds up samples of one chunk at a time while
// that is copied. Series are consistent each, not with one another; histograms
// are copied before the series that they feed, so that what they derive again
// after Restore is nothing new to those.
func (b *Bank) Checkpoint(w io.Writer) error {
	classics, natives := b.histograms.sizes()
	n := b.places() // after sizes: the series of all these histograms are among them
	head := append([]byte(nil), checkpointMagic...)
	for _, x := range []int{checkpointVersion, stateForm.size, pageForm.size, n} {
		head = binary.LittleEndian.AppendUint32(head, uint32(x))
	}
	out := newBlocksWriter(w, head)
	b.histograms.checkpoint(out, classics, natives, b.derives)
	c := new(copiedChunk)
	for i := 0; i*chunkSize <= n; i++ {
		if b.copyChunk(i, n, c); c.there == (placeBits{}) {
			continue
		}
		out.begin(seriesBlock)
		c.append(out)
		out.end()
	}
	b.writeServices(out)
	return out.finish()
}

// placeBits has a bit for each place of a chunk.
type placeBits [chunkSize / 8]byte

func (p *placeBits) set(j int)      { p[j/8] |= 1 << (j % 8) }
func (p *placeBits) has(j int) bool { return p[j/8]&(1<<(j%8)) != 0 }

// count returns how many bits are set.
func (p *placeBits) count() (n int) {
	for _, x := range p {
		n += bits.OnesCount8(x)
	}
	return n
}

// copiedChunk is what a checkpoint has of a chunk.
type copiedChunk struct {
	there  placeBits
	labels [chunkSize]labels.Labels
	states [chunkSize]series
	pages  [chunkSize]page
}

// copyChunk copies the series of chunk i at places up to n.
func (b *Bank) copyChunk(i, n int, into *copiedChunk) {
	into.there = placeBits{}
	c := b.series.at(i)
	if c == nil {
		return
	}
	c.Lock()
	into.states = c.series
	for j := range into.states {
		if s := &into.states[j]; s.has(flagPage) {
			into.pages[j] = *b.days.at(s.Page)
			s.clear(flagEven) // by parameters that may be others when it is read
		}
	}
	c.Unlock()
	b.register.RLock()
	defer b.register.RUnlock()
	for j := range into.states {
		place, s, ok := i*chunkSize+j, &into.states[j], false
		if place == 0 || place > n || !s.has(flagUsed) {
			continue
		}
		if into.labels[j], ok = b.labelsAt(slotOf(uint32(place), uint32(s.Generation))); ok {
			into.there.set(j)
		}
	}
}

// append appends the chunk to a block.
func (c *copiedChunk) append(out *blocksWriter) {
	b := append(out.buf, c.there[:]...)
	var names labelsWriter
	for j := range c.states {
		if c.there.has(j) {
			b = names.append(b, c.labels[j])
		}
	}
	for j := range c.states {
		if c.there.has(j) {
			b = stateForm.append(b, &c.states[j])
		}
	}
	for j := range c.states {
		if c.there.has(j) && c.states[j].has(flagPage) {
			b = pageForm.append(b, &c.pages[j])
		}
	}
	out.buf = b
}
