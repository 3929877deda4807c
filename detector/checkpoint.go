package detector

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"github.com/prometheus/prometheus/model/labels"
)

// A checkpoint is a stream, all numbers little-endian:
//
//	magic    8 bytes
//	version  uint32
//	sizes    uint32 bytes of one state, uint32 bytes of one page
//	count    uint32 places, from 1
//	         histograms, see histogram_checkpoint.go
//	places   a byte: 0 when empty; 1 and then uvarint label pairs; per pair name and value, each uvarint length and bytes;
//	         state; page if the state's flags say so
//	services see writeServices
//	check    uint32 CRC-32C of all bytes before it
const (
	checkpointMagic   = "tocsinDT"
	checkpointVersion = 6
)

// ErrCheckpoint is wrapped by errors of Restore that lie in the bytes read:
// damaged, cut short, or written by another version.
var ErrCheckpoint = errors.New("unusable detector checkpoint")

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	stateSize  = binary.Size(series{})
	pageSize   = binary.Size(page{})
)

// Checkpoint writes the state of every series registered when it begins. It
// needs memory for one chunk, and holds up samples of one chunk at a time while
// that is copied. Series are consistent each, not with one another; histograms
// are copied before the series that they feed, so that what they derive again
// after Restore is nothing new to those.
func (b *Bank) Checkpoint(w io.Writer) error {
	out := &summed{w: bufio.NewWriterSize(w, 1<<18), sum: crc32.New(castagnoli)}
	classics, natives := b.histograms.sizes()
	n := b.places() // after sizes: the series of all these histograms are among them
	head := append([]byte(nil), checkpointMagic...)
	for _, x := range []int{checkpointVersion, stateSize, pageSize, n} {
		head = binary.LittleEndian.AppendUint32(head, uint32(x))
	}
	out.write(head)
	b.histograms.checkpoint(out, classics, natives, b.derives)
	var copied [chunkSize]series
	var pages [chunkSize]page
	var buf []byte
	for i := 0; i*chunkSize <= n; i++ {
		b.copyChunk(i, &copied, &pages)
		for j := range copied {
			slot := i*chunkSize + j
			if slot == 0 || slot > n {
				continue
			}
			l, ok := b.labelsOf(slotOf(uint32(slot), uint32(copied[j].Generation)))
			if !ok || !copied[j].has(flagUsed) {
				out.write([]byte{0})
				continue
			}
			buf = appendLabels(append(buf[:0], 1), l)
			buf, _ = binary.Append(buf, binary.LittleEndian, &copied[j])
			if copied[j].has(flagPage) {
				buf, _ = binary.Append(buf, binary.LittleEndian, &pages[j])
			}
			out.write(buf)
		}
	}
	b.writeServices(out)
	return out.finish()
}

func (b *Bank) copyChunk(i int, states *[chunkSize]series, pages *[chunkSize]page) {
	c := b.series.at(i)
	if c == nil {
		return
	}
	c.Lock()
	defer c.Unlock()
	*states = c.series
	for j := range states {
		if states[j].has(flagPage) {
			pages[j] = *b.days.at(states[j].Page)
		}
	}
}

func appendLabels(buf []byte, l labels.Labels) []byte {
	buf = binary.AppendUvarint(buf, uint64(l.Len()))
	l.Range(func(x labels.Label) {
		buf = binary.AppendUvarint(buf, uint64(len(x.Name)))
		buf = append(buf, x.Name...)
		buf = binary.AppendUvarint(buf, uint64(len(x.Value)))
		buf = append(buf, x.Value...)
	})
	return buf
}

// summed writes through a checksum and keeps the first error.
type summed struct {
	w   *bufio.Writer
	sum hash.Hash32
	err error
}

func (s *summed) write(p []byte) {
	if s.err != nil {
		return
	}
	s.sum.Write(p)
	if _, err := s.w.Write(p); err != nil {
		s.err = fmt.Errorf("writing detector checkpoint: %w", err)
	}
}

func (s *summed) finish() error {
	if s.err != nil {
		return s.err
	}
	if _, err := s.w.Write(binary.LittleEndian.AppendUint32(nil, s.sum.Sum32())); err != nil {
		return fmt.Errorf("writing detector checkpoint: %w", err)
	}
	if err := s.w.Flush(); err != nil {
		return fmt.Errorf("writing detector checkpoint: %w", err)
	}
	return nil
}

// Restore reads what Checkpoint wrote into an empty bank; slots of series are the
// same as they were unless some had been evicted, those of histograms and buckets
// are given out anew. After it every sample gets the verdict that it would have got had
// the bank never stopped. Series beyond Config.MaxSeries are left out and
// counted as refused. On error the bank is as empty as before; errors.Is
// ErrCheckpoint tells bad bytes from a reader's error. What families have shown is
// worked out from the states.
func (b *Bank) Restore(r io.Reader) error {
	if err := b.restore(r); err != nil {
		return err
	}
	b.learnFamilies()
	return nil
}

func (b *Bank) restore(r io.Reader) error {
	in := &checked{r: bufio.NewReaderSize(r, 1<<18), sum: crc32.New(castagnoli)}
	count, err := in.head()
	if err != nil {
		return err
	}
	fresh := &Bank{params: b.params, most: b.most, byHash: make(map[uint64]uint32), entries: make([]entry, 1),
		budgets: b.budgets, families: new(families)}
	fresh.services.of = b.services.of
	if err := fresh.histograms.restore(in, b.most); err != nil {
		return err
	}
	for i := range count {
		if err := fresh.restoreSeries(in); err != nil {
			return fmt.Errorf("series %d of %d: %w", i+1, count, err)
		}
	}
	if err := fresh.restoreServices(in); err != nil {
		return err
	}
	if err := in.tail(); err != nil {
		return err
	}
	fresh.linkHistograms()
	b.histograms.register.Lock() // first, as where histograms are registered
	defer b.histograms.register.Unlock()
	b.register.Lock()
	defer b.register.Unlock()
	if len(b.entries) > 1 {
		return fmt.Errorf("restoring detector checkpoint: want an empty bank, got one with %d series", len(b.entries)-1)
	}
	b.byHash, b.entries, b.live = fresh.byHash, fresh.entries, fresh.live
	b.series.chunks.Store(fresh.series.chunks.Load())
	b.services.byName, b.services.names, b.services.free = fresh.services.byName, fresh.services.names, fresh.services.free
	b.services.slab.chunks.Store(fresh.services.slab.chunks.Load())
	b.days.mu.Lock()
	b.days.used = fresh.days.used
	b.days.pages.chunks.Store(fresh.days.pages.chunks.Load())
	b.days.mu.Unlock()
	b.refused.Add(fresh.refused.Load())
	b.histograms.adopt(&fresh.histograms)
	return nil
}

// restoreSeries reads one series into a bank that nobody else sees yet.
func (b *Bank) restoreSeries(in *checked) error {
	used, err := in.ReadByte()
	if err != nil || used == 0 {
		return err
	}
	l, err := in.labels()
	if err != nil {
		return err
	}
	var s series
	if err := in.decode(&s, stateSize); err != nil {
		return err
	}
	var d page
	if s.has(flagPage) {
		if err := in.decode(&d, pageSize); err != nil {
			return err
		}
	}
	if b.live >= b.most {
		b.refused.Add(1)
		return nil
	}
	slot := b.add(l.Hash(), l, 0)
	if s.has(flagPage) {
		s.Page = b.days.take()
		*b.days.at(s.Page) = d
	}
	into := &b.series.at(int(slot.place()) / chunkSize).series[slot.place()%chunkSize]
	s.Service, s.Generation = into.Service, into.Generation
	if s.has(flagAble) {
		b.services.at(s.Service).join(&b.params, s.LastTime)
	}
	*into = s
	return nil
}

// checked reads through a checksum.
type checked struct {
	r   *bufio.Reader
	sum hash.Hash32
	buf []byte
	err error // the first, of the readers that keep it
}

// take reads exactly n bytes; they are valid until the next call.
func (c *checked) take(n int) ([]byte, error) {
	if cap(c.buf) < n {
		c.buf = make([]byte, n)
	}
	c.buf = c.buf[:n]
	if _, err := io.ReadFull(c.r, c.buf); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("%w: it ends early; it was cut short or is still being written", ErrCheckpoint)
		}
		return nil, fmt.Errorf("reading detector checkpoint: %w", err)
	}
	c.sum.Write(c.buf)
	return c.buf, nil
}

// ReadByte lets binary.ReadUvarint read through the checksum.
func (c *checked) ReadByte() (byte, error) {
	p, err := c.take(1)
	if err != nil {
		return 0, err
	}
	return p[0], nil
}

func (c *checked) head() (count int, err error) {
	p, err := c.take(len(checkpointMagic) + 16)
	if err != nil {
		return 0, err
	}
	if !bytes.HasPrefix(p, []byte(checkpointMagic)) {
		return 0, fmt.Errorf("%w: it does not begin with %q", ErrCheckpoint, checkpointMagic)
	}
	p = p[len(checkpointMagic):]
	number := func(i int) int { return int(binary.LittleEndian.Uint32(p[4*i:])) }
	if v := number(0); v != checkpointVersion {
		return 0, fmt.Errorf("%w: it has version %d and this program reads version %d; run the program that wrote it, or remove it to learn anew",
			ErrCheckpoint, v, checkpointVersion)
	}
	if s, d := number(1), number(2); s != stateSize || d != pageSize {
		return 0, fmt.Errorf("%w: its states have %d and %d bytes, want %d and %d", ErrCheckpoint, s, d, stateSize, pageSize)
	}
	return number(3), nil
}

// tail compares the checksum and makes sure that nothing follows.
func (c *checked) tail() error {
	want := c.sum.Sum32()
	p, err := c.take(4)
	if err != nil {
		return err
	}
	if got := binary.LittleEndian.Uint32(p); got != want {
		return fmt.Errorf("%w: checksum is %08x, want %08x: it is damaged", ErrCheckpoint, got, want)
	}
	if _, err := c.r.ReadByte(); err != io.EOF {
		return fmt.Errorf("%w: bytes follow its end", ErrCheckpoint)
	}
	return nil
}

// Bounds on labels, far above what ingest lets in, keep damaged lengths from
// asking for memory before the checksum can tell.
const (
	mostPairs = 4096
	mostText  = 1 << 20
)

func (c *checked) labels() (labels.Labels, error) {
	n, err := c.length(mostPairs)
	if err != nil {
		return labels.EmptyLabels(), err
	}
	build := labels.NewScratchBuilder(n)
	for range n {
		name, err := c.text()
		if err != nil {
			return labels.EmptyLabels(), err
		}
		val, err := c.text()
		if err != nil {
			return labels.EmptyLabels(), err
		}
		build.Add(name, val)
	}
	build.Sort()
	return build.Labels(), nil
}

func (c *checked) text() (string, error) {
	n, err := c.length(mostText)
	if err != nil {
		return "", err
	}
	p, err := c.take(n)
	return string(p), err
}

func (c *checked) length(most uint64) (int, error) {
	n, err := binary.ReadUvarint(c)
	if err != nil {
		if errors.Is(err, ErrCheckpoint) {
			return 0, err
		}
		return 0, fmt.Errorf("%w: length: %w", ErrCheckpoint, err)
	}
	if n > most {
		return 0, fmt.Errorf("%w: length %d, want at most %d: it is damaged", ErrCheckpoint, n, most)
	}
	return int(n), nil
}

func (c *checked) decode(into any, size int) error {
	p, err := c.take(size)
	if err != nil {
		return err
	}
	if _, err := binary.Decode(p, binary.LittleEndian, into); err != nil {
		return fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	return nil
}
