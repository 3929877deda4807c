package head

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/encoding"
	logrecord "github.com/prometheus/prometheus/tsdb/record"
)

// An image has what a start needs of all series, so that only the log that was written
// since is read. It is a file in the folder of the head whose name ends with the number
// of the first segment of the log that is to be read after it. It does not replace any
// of the log: one that is damaged is put aside, and the log read from its begin.
//
// The file is parts, each of whole pages of series or runs of other things, then the
// table of the parts, then imageEnd bytes that say where the table is. Table and parts
// have checksums.
const (
	imagePrefix  = "image."
	imageTemp    = ".tmp"
	imageDamaged = ".damaged"

	imageMagic   = 0x1a484e49534354 // "TCSINH", a control character so that nobody takes it for text
	imageVersion = 1
	imageEnd     = 8 + 4 + 8 + 4 + 4 + 4 // magic, version, offset, length and checksum of the table, own checksum

	// imagePartBytes is how full a part becomes, but for its last page.
	imagePartBytes = 1 << 20
	// imagePartMost bounds what is believed: a page of series whose labels are long.
	imagePartMost = 1 << 30
)

// Kinds of parts.
const (
	floatsPart    = iota // newest sample and chunks of series
	labelsPart           // references and labels of the same series
	namesPart            // label names, sorted
	pairsPart            // label pairs: number of the name, value
	exemplarsPart        // series, exemplar
	imageKinds
)

// imagePart is an entry of the table.
type imagePart struct {
	kind   int
	offset int64
	size   int
	count  int // of what is in it
	sum    uint32
}

// Image writes an image. What others write meanwhile waits for commits that are under way
// to end, once, and then at most for a page of series to be copied: some hundred
// microseconds. Each series is as it was at one moment, which is another for each page. Costs: see
// docs/adr/0037-image-of-the-head.md. An error leaves the image before it in place.
func (h *Head) Image() error {
	if h.log == nil {
		return errReadOnly
	}
	h.truncating.Lock()
	defer h.truncating.Unlock()
	begun := time.Now()
	wrote, err := h.writeImage()
	h.images.nanos.Add(int64(time.Since(begun)))
	switch {
	case err != nil:
		h.images.failed.Add(1)
		return fmt.Errorf("write an image of head %s: %w", h.o.Dir, err)
	case wrote:
		h.images.written.Add(1)
	}
	return nil
}

var errDamagedLog = errors.New("its log is damaged, to be read and repaired at the next start")

// writeImage reports false when nothing was logged since the last image. The caller holds
// truncating, so that no series goes meanwhile.
func (h *Head) writeImage() (wrote bool, err error) {
	if h.images.refused {
		return false, errDamagedLog
	}
	segment, fresh, err := h.log.mark()
	nothing := segment == h.images.last || h.images.last < 0 && h.NumSeries() == 0
	if err != nil || fresh && nothing {
		return false, err
	}
	// What was logged before the segment is stored when the commits under way have ended.
	h.commits.Lock()
	h.commits.Unlock() //nolint:staticcheck // only waits
	// A pair of labels keeps its number for as long as none is removed.
	h.index.removing.Lock()
	defer h.index.removing.Unlock()

	path := h.imagePath(segment)
	f, err := os.OpenFile(path+imageTemp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return false, err
	}
	defer os.Remove(path + imageTemp) // there only after an error
	w := imageWriter{f: f}
	err = w.write(h, segment)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return false, err
	}
	if err := os.Rename(path+imageTemp, path); err != nil {
		return false, err
	}
	if err := syncFolder(h.o.Dir); err != nil {
		return false, err
	}
	h.images.last = segment
	h.images.bytes.Store(w.at)
	return true, removeImages(h.o.Dir, segment)
}

func (h *Head) imagePath(segment int) string {
	return filepath.Join(h.o.Dir, fmt.Sprintf("%s%08d", imagePrefix, segment))
}

// removeImages removes all images but that of a segment, also those that were put
// aside or never finished.
func removeImages(dir string, but int) error {
	found, err := filepath.Glob(filepath.Join(dir, imagePrefix+"*"))
	if err != nil {
		return err
	}
	keep := fmt.Sprintf("%s%08d", imagePrefix, but)
	var errs []error
	for _, path := range found {
		if filepath.Base(path) != keep {
			errs = append(errs, os.Remove(path))
		}
	}
	return errors.Join(errs...)
}

// ForgetImages removes the images in the folder of a head, so that the whole log is read at
// the next start. It is for whoever changes the log otherwise than by repairing
// segments in their places.
func ForgetImages(dir string) error {
	if err := removeImages(dir, -1); err != nil {
		return fmt.Errorf("remove images of head %s: %w", dir, err)
	}
	return nil
}

// imageWriter writes one image.
type imageWriter struct {
	f     *os.File
	at    int64
	parts []imagePart

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
	return w.put(b)
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
