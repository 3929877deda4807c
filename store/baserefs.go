package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunks"

	"github.com/tocsinhq/tocsin/internal/disk"
)

// baseRefsFile has the highest reference of a series that the base has dropped.
const baseRefsFile = "dropped-references"

// baseRefs keeps the base from giving a reference to a second series. After a start the
// base goes on from the highest reference that its log has, and its log forgets series
// that are gone. Chunks of their late samples, which it names by reference, stay on the
// disk beyond that: they would be read as those of the next series with the reference.
// The base seldom has more than a few series, so that it happens that the newest of them
// has gone. It is safe for concurrent use.
type baseRefs struct {
	dir     string
	failed  func(error)
	highest atomic.Uint64 // that was seen

	mu   sync.Mutex
	kept uint64 // what the file has
}

// newBaseRefs returns what is kept in the folder of a TSDB, and why that cannot be used if
// so. failed is told when it cannot be written.
func newBaseRefs(dir string, failed func(error)) (r *baseRefs, damaged, err error) {
	r = &baseRefs{dir: dir, failed: failed}
	b, err := os.ReadFile(filepath.Join(dir, baseRefsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the references of dropped series: %w", err)
	}
	r.kept, damaged = parseBaseRef(string(b))
	return r, damaged, nil
}

// mostBaseRef is half of what the TSDB has room for: beyond that it panics. So many series
// nobody ever had.
const mostBaseRef = 1 << 39

// parseBaseRef returns the number that a file has, or why it is none that write wrote: one
// without the end of its line was cut.
func parseBaseRef(text string) (uint64, error) {
	line, whole := strings.CutSuffix(text, "\n")
	n, err := strconv.ParseUint(strings.TrimSpace(line), 10, 64)
	if !whole || err != nil || n == 0 || n > mostBaseRef {
		return 0, fmt.Errorf("want one number from 1 to %d and the end of its line, got %.40q", uint64(mostBaseRef), text)
	}
	return n, nil
}

// saw notes a reference that the base has given.
func (r *baseRefs) saw(ref storage.SeriesRef) {
	for have := r.highest.Load(); uint64(ref) > have && !r.highest.CompareAndSwap(have, uint64(ref)); have = r.highest.Load() {
	}
}

// dropped notes references of series that the base has dropped, before its log forgets
// them. It writes down the highest of all that were seen, so that it seldom has to.
func (r *baseRefs) dropped(gone map[chunks.HeadSeriesRef]labels.Labels) {
	for ref := range gone {
		r.saw(storage.SeriesRef(ref))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	highest := r.highest.Load()
	if highest <= r.kept {
		return
	}
	if err := r.write(highest); err != nil {
		r.failed(err)
		return
	}
	r.kept = highest
}

// write replaces the file, and returns when that outlasts a crash.
func (r *baseRefs) write(highest uint64) error {
	path := filepath.Join(r.dir, baseRefsFile)
	f, err := os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return fmt.Errorf("keep the references of dropped series: %w", err)
	}
	_, err = fmt.Fprintf(f, "%d\n", highest)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(path+".tmp", path)
	}
	if err == nil {
		err = disk.SyncFolder(r.dir)
	}
	if err != nil {
		return fmt.Errorf("keep the references of dropped series: %w", err)
	}
	return nil
}

// reserve makes the base, which is not open, give none of the references: it adds a
// segment to its log (see repairer.reserve).
func (r *baseRefs) reserve(o TSDBOptions) error {
	if r.kept == 0 {
		return nil
	}
	if err := os.MkdirAll(filepath.Join(o.Dir, logNames[0]), 0o777); err != nil {
		return fmt.Errorf("reserve the references of dropped series: %w", err)
	}
	p := repairer{o: o, decoder: recordDecoder{highest: chunks.HeadSeriesRef(r.kept)}}
	return p.reserve()
}
