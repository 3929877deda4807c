package logs

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/tocsinhq/tocsin/internal/disk"
	"github.com/tocsinhq/tocsin/logs/segment"
)

const day = 24 * time.Hour

// sealMakers is how many blocks of a head are made at once, where there are as many
// processors: a head has about two, and what one makes alone is less than two senders send.
const sealMakers = 2

// sealer turns heads into segments.
type sealer struct {
	s      *Store
	makers []*blockMaker
}

func (s *Store) newSealer() (*sealer, error) {
	z := &sealer{s: s}
	for range min(sealMakers, runtime.GOMAXPROCS(0)) {
		enc, err := segment.NewEncoder(false)
		if err != nil {
			return nil, err
		}
		z.makers = append(z.makers, &blockMaker{enc: enc})
	}
	return z, nil
}

// Flush seals everything that is in memory. It is for tests and tools; Run seals by itself.
func (s *Store) Flush() error {
	s.mu.Lock()
	if len(s.active.rows) > 0 {
		if err := s.turnLocked(); err != nil {
			s.mu.Unlock()
			return err
		}
	}
	s.mu.Unlock()
	z, err := s.newSealer()
	if err != nil {
		return err
	}
	return z.sealAll()
}

// sealAll seals the heads that are full, oldest first.
func (z *sealer) sealAll() error {
	z.s.sealMu.Lock()
	defer z.s.sealMu.Unlock()
	for {
		z.s.mu.Lock()
		if len(z.s.sealing) == 0 || z.s.closed {
			z.s.mu.Unlock()
			return nil
		}
		h := z.s.sealing[0]
		z.s.mu.Unlock()
		if err := z.seal(h); err != nil {
			z.s.metrics.sealErrors.Inc()
			return fmt.Errorf("seal log records of write-ahead log %d: %w", h.seq, err)
		}
	}
}

// seal writes a head's records into files, one for each day, shows these to queries in
// its place, and removes its log.
func (z *sealer) seal(h *head) error {
	begun := z.s.now()
	v := h.view()
	order := make([]int, len(v.rows))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(v.rows[a].at, v.rows[b].at), cmp.Compare(a, b)) })
	var made []*file
	undo := func(err error) error {
		for _, f := range made {
			err = errors.Join(err, f.close(), os.Remove(f.path))
		}
		return err
	}
	for len(order) > 0 {
		of := dayOf(v.rows[order[0]].at)
		n := 1
		for n < len(order) && dayOf(v.rows[order[n]].at) == of {
			n++
		}
		f, err := z.writeDay(h, &v, of, order[:n])
		if err != nil {
			return undo(err)
		}
		made = append(made, f)
		order = order[n:]
	}
	z.s.mu.Lock()
	z.s.sealing = slices.DeleteFunc(z.s.sealing, func(x *head) bool { return x == h })
	z.s.files = append(z.s.files, made...)
	z.s.wakeLocked()
	z.s.mu.Unlock()
	z.s.metrics.seals.Inc()
	z.s.metrics.sealSeconds.Update(z.s.now().Sub(begun).Seconds())
	if err := z.s.dropLog(h); err != nil {
		return err // the next start makes the files again
	}
	for _, f := range made {
		f.settled.Store(true)
	}
	return nil
}

func dayOf(at int64) int64 { return at - mod(at, int64(day)) }

func mod(a, b int64) int64 {
	if m := a % b; m < 0 {
		return m + b
	} else {
		return m
	}
}

func dayName(at int64) string { return time.Unix(0, at).UTC().Format(time.DateOnly) }

// writeDay writes the records of one day, which are in the order of time.
func (z *sealer) writeDay(h *head, v *view, of int64, order []int) (*file, error) {
	return z.s.writeFile(dayName(of), fmt.Sprintf("%012d.seg", h.seq), nil, func(w *segment.Writer) error {
		pieces := v.pieces(order)
		made := make([]madeBlock, len(z.makers))
		for len(pieces) > 0 {
			n := min(len(pieces), len(z.makers))
			var others sync.WaitGroup
			for i := 1; i < n; i++ {
				others.Go(func() { made[i] = z.makers[i].make(v, pieces[i]) })
			}
			made[0] = z.makers[0].make(v, pieces[0])
			others.Wait()
			for _, m := range made[:n] {
				if m.err != nil {
					return m.err
				}
				if err := w.Add(m.block, m.info, v.streams); err != nil {
					return err
				}
			}
			pieces = pieces[n:]
		}
		return nil
	})
}

// writeFile makes a segment: under a name that no one takes for one, and renamed when
// all of it is on the disk.
func (s *Store) writeFile(dayName, name string, replaces []string, fill func(*segment.Writer) error) (_ *file, err error) {
	dir := filepath.Join(s.dir, dayName)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, name)
	out, err := os.OpenFile(path+tmpSuffix, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			out.Close() // may be closed
			err = errors.Join(err, removeLog(path+tmpSuffix))
		}
	}()
	buffered := bufio.NewWriterSize(out, 1<<20)
	w, err := segment.NewWriter(buffered)
	if err != nil {
		return nil, err
	}
	if err := fill(w); err != nil {
		return nil, err
	}
	index, size, err := w.Finish(replaces)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(buffered.Flush(), out.Sync()); err != nil {
		return nil, fmt.Errorf("write log segment %q: %w", path, err)
	}
	if err := os.Rename(path+tmpSuffix, path); err != nil {
		return nil, err
	}
	if err := errors.Join(out.Close(), disk.SyncFolder(dir), disk.SyncFolder(s.dir)); err != nil {
		return nil, errors.Join(err, removeLog(path))
	}
	return newFile(path, size, index), nil
}

// dropLog removes the log of a head that is sealed, or hands it to those who forward.
func (s *Store) dropLog(h *head) error {
	var err error
	if h.log != nil {
		err = h.log.Close()
	}
	return errors.Join(err, s.releaseLog(h.seq), disk.SyncFolder(s.walDir()))
}
