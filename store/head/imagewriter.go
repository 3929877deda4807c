package head

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/encoding"
	logrecord "github.com/prometheus/prometheus/tsdb/record"
)

// imageWriter writes one image.
type imageWriter struct {
	f      *os.File
	at     int64
	synced int64
	parts  []imagePart

	floats, labels []byte // parts that are being filled
	series         int    // in them
	all            int    // series in all

	pids    []pairID // in the order in which they were met
	numbers []uint32 // by pairID: place in pids and one more; 0: not met
}

func (w *imageWriter) write(h *Head, segment int) error {
	for no := range h.floats.pages() {
		if h.log.closing.Load() {
			return errLogClosed
		}
		first := ID(no << recordPageBits)
		p := h.floats.page(first)
		if p == nil {
			continue
		}
		if err := w.page(h, first, p); err != nil {
			return err
		}
		if max(len(w.floats), len(w.labels)) >= imagePartBytes {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	if err := w.flush(); err != nil {
		return err
	}
	if err := w.pairs(h.index); err != nil {
		return err
	}
	if h.o.Exemplars != nil {
		if err := w.exemplars(h.o.Exemplars); err != nil {
			return err
		}
	}
	files, err := h.files.sync()
	if err != nil {
		return fmt.Errorf("sync full chunks: %w", err)
	}
	return w.end(h, segment, files)
}

func (w *imageWriter) part(kind int, b []byte, count int) error {
	if count == 0 {
		return nil
	}
	p := imagePart{kind: kind, offset: w.at, size: len(b), count: count, sum: crc32.Checksum(b, castagnoli)}
	w.parts = append(w.parts, p)
	if err := w.put(b); err != nil {
		return err
	}
	if w.at-w.synced < imageSyncBytes {
		return nil
	}
	w.synced = w.at
	return w.f.Sync()
}

func (w *imageWriter) put(b []byte) error {
	n, err := w.f.Write(b)
	w.at += int64(n)
	return err
}

func (w *imageWriter) flush() error {
	err := errors.Join(w.part(floatsPart, w.floats, w.series), w.part(labelsPart, w.labels, w.series))
	w.floats, w.labels, w.series = w.floats[:0], w.labels[:0], 0
	return err
}

// page adds the series of a page.
func (w *imageWriter) page(h *Head, first ID, p *recordPage) error {
	var ids [1 << recordPageBits]ID
	var refs [1 << recordPageBits]uint64
	n := 0
	p.Lock()
	for i := range p.records {
		if r := &p.records[i]; r.ref.Load() != 0 {
			ids[n], refs[n] = first+ID(i)+1, r.ref.Load()
			w.floats = h.floats.appendImage(w.floats, r)
			n++
		}
	}
	p.Unlock()
	w.series += n
	w.all += n
	var hashes [1 << recordPageBits]uint32
	h.log.described.of(refs[:n], &hashes)
	h.index.mu.RLock()
	defer h.index.mu.RUnlock()
	for i, id := range ids[:n] {
		pids, ok := h.index.pairsOf(id)
		if !ok {
			return fmt.Errorf("series %d has no labels", id)
		}
		w.labels = binary.AppendUvarint(w.labels, refs[i])
		w.labels = binary.BigEndian.AppendUint32(w.labels, hashes[i])
		w.labels = binary.AppendUvarint(w.labels, uint64(len(pids)))
		for _, pid := range pids {
			w.labels = binary.AppendUvarint(w.labels, uint64(w.number(pid)))
		}
	}
	return nil
}

// number returns the number of a pair in the image.
func (w *imageWriter) number(pid pairID) uint32 {
	if int(pid) >= len(w.numbers) {
		w.numbers = append(w.numbers, make([]uint32, max(int(pid)+1-len(w.numbers), len(w.numbers)))...)
	}
	if w.numbers[pid] == 0 {
		w.pids = append(w.pids, pid)
		w.numbers[pid] = uint32(len(w.pids))
	}
	return w.numbers[pid] - 1
}

// pairsAtOnce is how many pairs are copied under the lock of the index at a time.
const pairsAtOnce = 4096

// pairs adds the pairs that were met, and their names, which are numbered in their
// order so that a reader can tell whether labels are sorted.
func (w *imageWriter) pairs(x *index) error {
	used := map[nameID]string{}
	for some := range slices.Chunk(w.pids, pairsAtOnce) {
		x.mu.RLock()
		for _, pid := range some {
			if n := x.pairs.at(pid).name(); used[n] == "" {
				used[n] = x.pairs.names[n].text
			}
		}
		x.mu.RUnlock()
	}
	type named struct {
		id   nameID
		text string
	}
	names := make([]named, 0, len(used))
	for id, text := range used {
		names = append(names, named{id, text})
	}
	slices.SortFunc(names, func(a, b named) int { return strings.Compare(a.text, b.text) })
	rank := make(map[nameID]uint64, len(names))
	b := w.floats[:0]
	for i, n := range names {
		rank[n.id] = uint64(i)
		b = appendImageText(b, n.text)
	}
	if err := w.part(namesPart, b, len(names)); err != nil {
		return err
	}
	for some := range slices.Chunk(w.pids, pairsAtOnce) {
		b = b[:0]
		x.mu.RLock()
		for _, pid := range some {
			at := x.pairs.at(pid)
			b = binary.AppendUvarint(b, rank[at.name()])
			b = appendImageText(b, x.pairs.value(at))
		}
		x.mu.RUnlock()
		if err := w.part(pairsPart, b, len(some)); err != nil {
			return err
		}
	}
	return nil
}

func appendImageText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// exemplars adds what each hands over.
func (w *imageWriter) exemplars(each func(func(labels.Labels, exemplar.Exemplar) error) error) error {
	out := encoding.Encbuf{B: w.floats[:0]}
	var ends []int // of parts in out
	n := 0
	var counts []int
	end := func() {
		if n > 0 {
			ends, counts, n = append(ends, len(out.B)), append(counts, n), 0
		}
	}
	// Who has them may hold a lock, so that nothing is written here.
	err := each(func(ls labels.Labels, e exemplar.Exemplar) error {
		logrecord.EncodeLabels(&out, ls)
		out.PutVarint64(e.Ts)
		out.PutBEFloat64(e.Value)
		logrecord.EncodeLabels(&out, e.Labels)
		if n++; n == pairsAtOnce {
			end()
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("ask for exemplars: %w", err)
	}
	end()
	from := 0
	for i, to := range ends {
		if err := w.part(exemplarsPart, out.B[from:to], counts[i]); err != nil {
			return err
		}
		from = to
	}
	return nil
}
