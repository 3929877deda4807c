package head

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/wlog"
)

// Compactable returns the range [mint, maxt) that should become the next block, false
// while there is none: when samples span one and a half times BlockRange.
func (h *Head) Compactable() (mint, maxt int64, ok bool) {
	oldest, newest := h.MinTime(), h.MaxTime()
	if oldest > newest || uint64(newest)-uint64(oldest) <= uint64(h.o.BlockRange/2*3) {
		return 0, 0, false
	}
	return oldest, borderAfter(oldest, h.o.BlockRange), true
}

// FreezeDue is Compactable and Freeze of what is to become the next block. A commit that
// is under way may bring samples older than all that were stored when it is called:
// they are within the range, which nothing comes to any more.
func (h *Head) FreezeDue() (mint, maxt int64, ok bool) {
	if _, maxt, ok = h.Compactable(); !ok {
		return 0, 0, false
	}
	h.Freeze(maxt)
	return h.Compactable()
}

// borderAfter returns the least multiple of blockRange that is greater than t, or
// math.MaxInt64.
func borderAfter(t, blockRange int64) int64 {
	into := t % blockRange
	if into < 0 {
		into += blockRange
	}
	if left := blockRange - into; t <= math.MaxInt64-left {
		return t + left
	}
	return math.MaxInt64
}

// Freeze makes all samples older than maxt late from now on and waits for the commits
// under way, after which a reader of what is older sees it all. It comes before a block is
// written.
func (h *Head) Freeze(maxt int64) {
	raise(&h.minValid, maxt)
	h.commits.Lock()
	h.commits.Unlock() //nolint:staticcheck // only waits
}

// Truncate drops samples older than maxt, which must be a border of BlockRange, and
// series that have none left, once they are safe in a block. dropped, if not nil, is
// called with the series that go, while no one is between Begin and End; it must not
// call the Head. Then the log is cut to what is still needed. An error leaves the samples
// dropped and the log longer than it need be. Whoever reads older samples is waited for,
// so the caller must have closed its own readers, and the block must be there for others
// to read. When ctx ends while they are waited for, nothing is dropped.
func (h *Head) Truncate(ctx context.Context, maxt int64, dropped func(gone []ID)) error {
	if h.log == nil {
		return errReadOnly
	}
	h.truncating.Lock()
	defer h.truncating.Unlock()
	h.Freeze(maxt)
	if err := h.readers.drain(ctx, maxt); err != nil {
		return fmt.Errorf("truncate head %s at %d: %w", h.o.Dir, maxt, err)
	}
	// From here on a replay leaves out what is older.
	if err := writeTruncated(h.o.Dir, maxt); err != nil {
		return fmt.Errorf("truncate head %s at %d: %w", h.o.Dir, maxt, err)
	}
	h.dropSeries(maxt, dropped)
	h.dropChunks(maxt)
	err := h.log.cut(maxt, h.living())
	var corrupt *wlog.CorruptionErr
	if errors.As(err, &corrupt) { // a start from an image would never find it
		h.images.refused = true
		err = errors.Join(err, ForgetImages(h.o.Dir))
	}
	err = errors.Join(h.files.truncate(maxt), err)
	if err != nil {
		return fmt.Errorf("truncate head %s at %d: %w", h.o.Dir, maxt, err)
	}
	return nil
}

// dropSeries drops the series without samples from maxt on. Writers wait only while
// series are marked as dropped; the index learns of it after that (see GetOrCreate).
func (h *Head) dropSeries(maxt int64, dropped func(gone []ID)) {
	candidates := h.floats.old(maxt)
	if len(candidates) == 0 {
		return
	}
	h.commits.Lock()
	gone, refs := h.floats.drop(candidates, maxt)
	if dropped != nil && len(gone) > 0 {
		dropped(gone)
	}
	// Who makes one of them again takes the old one out of the index first, which
	// must not be before its labels are known.
	h.index.removing.Lock()
	h.commits.Unlock()
	var deleted map[chunks.HeadSeriesRef]labels.Labels
	if h.o.Lifecycle != nil {
		deleted = make(map[chunks.HeadSeriesRef]labels.Labels, len(gone))
		for i, id := range gone {
			deleted[refs[i]] = h.Labels(id)
		}
	}
	h.index.removeHeld(gone)
	h.index.removing.Unlock()
	h.floats.free(gone)
	if len(deleted) > 0 {
		h.o.Lifecycle.PostDeletion(deleted)
	}
}

// dropChunks drops what series that stay have of samples older than maxt, and finds
// the oldest that is left. A commit meanwhile may store an older one than is found: it
// notes the time in lowest and then in minTime, which are set and read here in the
// other order, so that one of the two brings it into minTime.
func (h *Head) dropChunks(maxt int64) {
	h.lowest.Store(math.MaxInt64)
	h.minTime.Store(h.floats.trim(maxt))
	lower(&h.minTime, h.lowest.Load())
}

// living returns whether a reference is that of a series.
func (h *Head) living() func(chunks.HeadSeriesRef) bool {
	upTo := chunks.HeadSeriesRef(h.highest.Load())
	refs := make([]chunks.HeadSeriesRef, 0, h.NumSeries())
	h.floats.each(func(id ID, _ int64) {
		if ref := h.floats.ref(id); ref != 0 {
			refs = append(refs, ref)
		}
	})
	slices.Sort(refs)
	return func(ref chunks.HeadSeriesRef) bool {
		if ref > upTo {
			return true
		}
		_, ok := slices.BinarySearch(refs, ref)
		return ok
	}
}
