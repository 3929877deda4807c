package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// reopenEvery is the least time between two tries to open the store again.
const reopenEvery = 3 * time.Second

// logFailure says why the writer accepts nothing: an error of the log of one
// opening of the TSDB. It ends with that opening.
type logFailure struct{ err error }

// fail makes the writer read-only until the TSDB was opened again: replay cuts the
// log at the damage, so that all that is written behind it would be lost.
func (w *Writer) fail(g *generation, err error) error {
	w.metrics.writeErrors.Inc()
	err = fmt.Errorf("%w since an error of its log: %w; it opens the log again by itself, as soon as there is room on the disk", ErrReadOnly, err)
	if g.failed.CompareAndSwap(nil, &logFailure{err}) {
		w.log.Error("store is read-only until its log was opened again", "err", err)
	}
	return err
}

// Reopen opens the store again after an error of its log and accepts samples from
// then on. It does nothing when there was no error. Requests that are under way
// end first; others are refused meanwhile.
func (w *Writer) Reopen(ctx context.Context) error {
	if !w.db.failed() {
		return nil
	}
	begun := w.now()
	if err := w.db.reopen(ctx, w.forgetRefs); err != nil {
		w.metrics.reopenErrors.Inc()
		return err
	}
	w.metrics.reopens.Inc()
	w.log.Info("store was opened again and accepts samples", "took", w.now().Sub(begun))
	return nil
}

// forgetRefs makes the next sample of each series find it by its labels: another
// opening of the TSDB may have given its reference to another series. No request
// is under way.
func (w *Writer) forgetRefs() {
	w.cache.each(func(s *series) { s.head, s.ref, s.newest = 0, 0, never })
}

// forgetDropped makes the next sample of series that the head has dropped find them
// by their labels. No transaction is under way.
func (w *Writer) forgetDropped(gone idSet) { w.cache.dropFromHead(gone) }

// upkeepLog opens the store again when that is needed and there is room to.
func (w *Writer) upkeepLog(ctx context.Context) {
	if !w.db.failed() || w.disk.Check(w.now()) != nil {
		return
	}
	if err := w.Reopen(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, errClosed) {
		w.log.Error("store could not be opened again; it is tried again", "after", reopenEvery, "err", err)
	}
}
