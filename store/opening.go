package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
)

// open opens both parts, calls before and lets users in.
func (d *DB) open(before func()) error {
	g := newGeneration(d.o)
	if err := d.openParts(g); err != nil {
		return fmt.Errorf("open sample store %q: %w", d.o.Dir, err)
	}
	d.sources.forget()
	d.last.Store(g)
	if d.notified != nil {
		g.base.SetWriteNotified(d.notified)
		g.head.SetWriteNotified(d.notified)
	}
	before()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.number++
	g.number = d.number
	d.current, d.reason = g, nil
	return nil
}

// reopen closes the TSDB, once its present users are done, and opens it again, by
// which its log is read anew and what is damaged in it is repaired. before is called
// before users are let in. If it cannot be opened the store stays without one;
// reopen may be called again.
func (d *DB) reopen(ctx context.Context, before func()) error {
	d.opening.Lock()
	defer d.opening.Unlock()
	d.mu.Lock()
	closed := d.closed
	d.mu.Unlock()
	if closed {
		return errClosed
	}
	g, err := d.retire(ctx, fmt.Errorf("%w: it is being opened again after an error of its log", ErrReadOnly))
	if err != nil {
		return fmt.Errorf("open sample store again: %w", err)
	}
	if g != nil {
		// The log that failed cannot be closed in order; reading it again tells
		// what is whole in it.
		if err := g.close(); err != nil {
			d.o.Logger.Warn("sample store was closed after an error of its log", "err", err)
		}
		if g.rewrite.Load() {
			d.rewrite = g
		}
	}
	if d.rewrite != nil {
		if err := d.rewrite.rewriteUnsynced(d.o.Dir); err != nil {
			return err
		}
		d.rewrite = nil
	}
	return d.open(before)
}

// openParts opens the base and then the head, and closes what it has opened where that fails.
func (d *DB) openParts(g *generation) error {
	old, err := fromBefore(d.o.Dir)
	if err != nil {
		return err
	}
	found, err := openRepaired(d.o, d, g) // it takes the lock of the folder
	d.damages.note(d.o, found)
	if err != nil {
		return err
	}
	if old && d.o.Config.MaxExemplars > 0 {
		if err := takeExemplars(g.base, d.exemplars); err != nil {
			return errors.Join(err, g.base.Close())
		}
	}
	found, err = openHead(d.o, d, g)
	d.damages.note(d.o, found)
	if err != nil {
		return errors.Join(err, g.base.Close())
	}
	g.resumeLimit()
	if err := dropRewrites(d.o.Dir); err != nil {
		return errors.Join(err, g.close())
	}
	// A folder that was made now is on the disk only with the folders that it is in.
	for _, dir := range []string{filepath.Join(d.o.Dir, headDir), d.o.Dir} {
		if _, err := syncFile(dir); err != nil {
			return errors.Join(err, g.close())
		}
	}
	for _, c := range g.figures() {
		if err := g.logs.Register(c); err != nil {
			return errors.Join(err, g.close())
		}
	}
	return nil
}

// replayedExemplar returns what is given the exemplars of the log. After the first
// opening they are there already.
func (d *DB) replayedExemplar() func(labels.Labels, exemplar.Exemplar) {
	if d.o.Config.MaxExemplars == 0 || d.number > 0 {
		return nil
	}
	return func(ls labels.Labels, e exemplar.Exemplar) {
		_ = d.exemplars.AddExemplar(ls, e) // one that does not fit is not missed
	}
}

// keptExemplars returns what hands over the exemplars that the head is to keep for the
// next start.
func (d *DB) keptExemplars() func(func(labels.Labels, exemplar.Exemplar) error) error {
	if d.o.Config.MaxExemplars == 0 {
		return nil
	}
	return d.exemplars.IterateExemplars
}
