package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// storagePause is how long a worker rests when the state database refuses it.
const storagePause = 5 * time.Second

// pruneEvery is how often Run removes records that are older than Config.Keep
// and looks for messages to channels that are no longer configured.
const pruneEvery = time.Hour

// Run delivers until ctx is done, one worker per channel, and returns nil when
// all have ended. A send under way at that moment gets a few seconds to end. A
// database that refuses is counted, logged and tried again: it never ends Run.
func (b *Outbox) Run(ctx context.Context) error {
	// What mutes may be another than when the outbox last ran.
	if err := b.Reconsider(ctx); err != nil && ctx.Err() == nil {
		b.metrics.storage.Inc()
		b.log.Error("muted messages wait until the time they were muted to", "error", err)
	}
	var g errgroup.Group
	for _, l := range b.lanes {
		g.Go(func() error {
			b.work(ctx, l)
			return nil
		})
	}
	g.Go(func() error {
		b.tidy(ctx)
		return nil
	})
	g.Go(func() error {
		b.climbs(ctx)
		return nil
	})
	return g.Wait()
}

// climbs takes the steps of escalations as they come due.
func (b *Outbox) climbs(ctx context.Context) {
	for ctx.Err() == nil {
		next, err := b.Escalate(ctx, b.now())
		wait := time.Duration(-1)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			b.metrics.storage.Inc()
			b.log.Error("escalations stand still", "retry_in", storagePause, "error", err)
			wait = storagePause
		case !next.IsZero():
			wait = max(0, next.Sub(b.now()))
		}
		if !sleep(ctx, wait, b.climb.wake) {
			return
		}
	}
}

// work is the worker of one channel: it passes over the queue, then sleeps
// until the next row is due or somebody signals.
func (b *Outbox) work(ctx context.Context, l *lane) {
	for ctx.Err() == nil {
		next, err := b.pass(ctx, l, b.now)
		if err == nil {
			err = b.measure(ctx, l)
		}
		wait := time.Duration(-1)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			b.metrics.storage.Inc()
			b.log.Error("the state database refuses the outbox", "channel", l.name, "retry_in", storagePause, "error", err)
			wait = storagePause
		case !next.IsZero():
			wait = max(0, next.Sub(b.now()))
		}
		if !sleep(ctx, wait, l.wake) {
			return
		}
	}
}

// sleep returns after d (never, when d is negative) or at a signal; false when
// ctx is done.
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	var timeout <-chan time.Time
	if d >= 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		timeout = t.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-timeout:
	case <-wake:
	}
	return true
}

func (b *Outbox) measure(ctx context.Context, l *lane) error {
	n, oldest, err := b.backlog(ctx, l.name)
	if err != nil {
		return err
	}
	age := 0.0
	if n > 0 {
		age = b.now().Sub(oldest).Seconds()
	}
	b.metrics.waiting(l.name, n, age)
	return nil
}

func (b *Outbox) tidy(ctx context.Context) {
	for {
		if _, err := b.Prune(ctx, b.now()); err != nil && ctx.Err() == nil {
			b.metrics.storage.Inc()
			b.log.Error("the outbox could not be tidied", "retry_in", pruneEvery, "error", err)
		}
		if !sleep(ctx, pruneEvery, nil) {
			return
		}
	}
}

// Deliver makes one deterministic pass at event time now: the escalations that
// are due, then channel after channel in configured order, everything that is
// due. It returns the earliest time at
// which another pass has something to do, zero when nothing waits. For stories
// and tests; it may be used while Run is at work, but then waits for it.
func (b *Outbox) Deliver(ctx context.Context, now time.Time) (time.Time, error) {
	var errs []error
	next, err := b.Escalate(ctx, now)
	if err != nil {
		errs = append(errs, err)
	}
	for _, l := range b.lanes {
		at, err := b.pass(ctx, l, func() time.Time { return now })
		if err != nil {
			errs = append(errs, err)
		}
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next, errors.Join(errs...)
}

// Prune removes the records of subjects whose deliveries all ended more than
// Config.Keep before now, with their threads, and gives up messages that wait
// for channels which are not configured any more once they are older than
// Config.GiveUp. It returns how many rows it removed.
func (b *Outbox) Prune(ctx context.Context, now time.Time) (int, error) {
	if err := b.giveUpUnconfigured(ctx, now); err != nil {
		return 0, fmt.Errorf("give up messages of channels that are gone: %w", err)
	}
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("prune outbox: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	before := ms(now.Add(-time.Duration(b.cfg.Keep)))
	res, err := tx.ExecContext(ctx, `DELETE FROM outbox WHERE subject NOT IN
		(SELECT subject FROM outbox WHERE state = 'waiting' OR done >= ?)`, before)
	if err != nil {
		return 0, fmt.Errorf("prune outbox: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM threads WHERE subject NOT IN (SELECT subject FROM outbox)`); err != nil {
		return 0, fmt.Errorf("prune threads: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM escalations WHERE state NOT IN ('running', 'muted') AND due < ?`, before); err != nil {
		return 0, fmt.Errorf("prune escalations: %w", err)
	}
	if err := b.pruneJournal(ctx, tx, before); err != nil {
		return 0, err
	}
	if err := tx.Commit(); err != nil {
		return 0, fmt.Errorf("prune outbox: %w", err)
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// giveUpUnconfigured records rows as failed whose channel this outbox does not
// have. They are kept as long as any other, because a mistake in a
// configuration is often mended soon.
func (b *Outbox) giveUpUnconfigured(ctx context.Context, now time.Time) error {
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(b.lanes)), ", ")
	args := []any{ms(now.Add(-time.Duration(b.cfg.GiveUp)))}
	for _, l := range b.lanes {
		args = append(args, l.name)
	}
	b.gone.mu.Lock()
	defer b.gone.mu.Unlock()
	for ctx.Err() == nil {
		rows, err := b.db.QueryContext(ctx, `SELECT `+rowColumns+` FROM outbox o LEFT JOIN threads t ON t.channel = o.channel AND t.subject = o.subject
			WHERE o.state = 'waiting' AND o.created <= ? AND o.channel NOT IN (`+marks+`) ORDER BY o.id LIMIT 100`, args...)
		if err != nil {
			return err
		}
		gone, err := scanRows(rows)
		if err != nil || len(gone) == 0 {
			return err
		}
		for _, r := range gone {
			if err := b.giveUpRow(ctx, r, now); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *Outbox) giveUpRow(ctx context.Context, r row, now time.Time) error {
	var m Message
	_ = json.Unmarshal(r.body, &m) // unreadable or not, it is given up
	out := outcome{state: StateFailed, at: now, thread: r.thread, reason: "not_configured", err: "channel " + r.channel + " is not configured any more"}
	b.sayElsewhere(ctx, b.gone, r, m, &out, now)
	b.log.Error("message could not be delivered", "channel", r.channel, "subject", r.subject, "key", r.key, "reason", out.reason, "error", out.err)
	b.metrics.finished(r.channel, StateFailed, out.reason, 1)
	return b.save(ctx, r, out)
}
