package head

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/internal/disk"
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
	// imageSyncBytes is how much is written between two syncs: the log, which is synced
	// each second, should not wait for a file of hundreds of MB to be on the disk.
	imageSyncBytes = 16 << 20
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

// Behind returns how many bytes of the log a start would read now, about: those after the
// newest image, or all if there is none. It is 0 for a head that writes no images.
func (h *Head) Behind() int64 {
	if h.log == nil {
		return 0
	}
	h.truncating.Lock()
	defer h.truncating.Unlock()
	segment, offset, err := h.log.wl.LastSegmentAndOffset()
	if err != nil || h.images.refused {
		return 0
	}
	return int64(segment-max(h.images.last, 0))*int64(h.o.SegmentSize) + int64(offset)
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
	// A series that only the image has would never be logged after a start from it.
	if err := h.log.settle(segment); err != nil {
		return false, err
	}
	if err := os.Rename(path+imageTemp, path); err != nil {
		return false, err
	}
	if err := disk.SyncFolder(h.o.Dir); err != nil {
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
	found, err := imageNames(dir)
	if err != nil {
		return err
	}
	keep := fmt.Sprintf("%s%08d", imagePrefix, but)
	var errs []error
	for _, name := range found {
		if name != keep {
			errs = append(errs, os.Remove(filepath.Join(dir, name)))
		}
	}
	return errors.Join(errs...)
}

// imageNames lists the images in the folder of a head and what is left of others. The
// name of the folder may have any signs, so that it is no part of a pattern.
func imageNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), imagePrefix) {
			out = append(out, e.Name())
		}
	}
	return out, nil
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
