package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// stopGrace is how long a try that is under way may go on when the outbox is
// told to stop: ending it at once would leave its fate unknown.
const stopGrace = 5 * time.Second

// maxErrorText bounds the error kept with a row, in bytes.
const maxErrorText = 500

// outcome is what became of one try.
type outcome struct {
	state  State // waiting means: try again at due
	due    time.Time
	at     time.Time
	tries  int // to add
	thread Thread
	reason string // for the metric
	err    string
}

// try makes one attempt at a row and records its outcome.
func (b *Outbox) try(ctx context.Context, l *lane, r row, clock func() time.Time) error {
	var m Message
	out := outcome{tries: 1, thread: r.thread}
	err := json.Unmarshal(r.body, &m)
	switch {
	case err != nil:
		out.state, out.reason, out.err = StateFailed, "unreadable", fmt.Sprintf("read the stored message: %v", err)
	case r.quiet && r.thread == "":
		out.state, out.reason, out.err, out.tries = StateSkipped, "no_message", "there is no message to update", 0
	default:
		now := clock()
		if mute, at := b.asks(ctx, m, r, now); mute.Reason != "" {
			return b.hold(ctx, r, mute, now, at)
		}
		m.Unmuted = b.unmuted(r)
		started := b.now()
		thread, err := b.send(ctx, l.channel, m, r.thread)
		b.metrics.took(l.name, b.now().Sub(started).Seconds())
		if err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
			return nil // told to stop: in doubt, so it waits for the next start
		}
		if thread != "" {
			out.thread = thread
		}
		b.judge(l, r, &out, err, clock())
	}
	out.at = clock()
	b.tell(l, r, out)
	save := func(ctx context.Context) error { return b.save(ctx, r, out) }
	// Even when ctx ends now, the outcome must be written.
	if err := save(context.WithoutCancel(ctx)); err != nil {
		l.unsaved = save
		return fmt.Errorf("record message %s on channel %s as %s: %w", r.key, l.name, out.state, err)
	}
	return nil
}

// send calls the channel with the time limit of one try. A panic of a channel
// is an error of that message, not the end of the daemon.
func (b *Outbox) send(ctx context.Context, c Channel, m Message, t Thread) (thread Thread, err error) {
	try, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Duration(b.cfg.Timeout))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-try.Done():
		case <-time.After(stopGrace):
			cancel()
		}
	})
	defer stop()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("channel %s panicked: %v", c.Name(), p)
		}
	}()
	return c.Send(try, m, t)
}

// judge turns the channel's answer into an outcome.
func (b *Outbox) judge(l *lane, r row, out *outcome, err error, now time.Time) {
	var retry *RetryError
	switch {
	case err == nil:
		out.state = StateSent
		return
	case !errors.As(err, &retry) && !errors.Is(err, context.DeadlineExceeded):
		out.state, out.reason, out.err = StateFailed, "refused", cut(err.Error())
		return
	}
	var after time.Duration
	if retry != nil && retry.After > 0 {
		after = min(retry.After, RetryAfterMax)
		l.paused = later(l.paused, now.Add(after))
	}
	deadline := r.patience().Add(time.Duration(b.cfg.GiveUp))
	if !now.Before(deadline) {
		out.state, out.reason = StateFailed, "gave_up"
		out.err = cut(fmt.Sprintf("given up after %d tries in %s: %v", r.attempts+1, now.Sub(r.patience()).Round(time.Second), err))
		return
	}
	out.state, out.err = StateWaiting, cut(err.Error())
	out.due = now.Add(b.backoff.Delay(r.attempts+1, after, b.jitter()))
	if out.due.After(deadline) && after == 0 {
		out.due = deadline // the last try comes no later than promised
	}
	b.metrics.retried(l.name, after > 0)
}

// tell counts and logs an outcome: a message lost for good at level error,
// once, because somebody must look.
func (b *Outbox) tell(l *lane, r row, out outcome) {
	attrs := []any{"channel", l.name, "subject", r.subject, "event", r.kind, "key", r.key, "attempts", r.attempts + out.tries}
	switch out.state {
	case StateWaiting:
		b.log.Warn("message not delivered yet", append(attrs, "next", out.due, "error", out.err)...)
		return
	case StateFailed:
		b.log.Error("message could not be delivered", append(attrs, "reason", out.reason, "error", out.err)...)
	case StateSent:
		b.log.Debug("message delivered", attrs...)
	}
	b.metrics.finished(l.name, out.state, out.reason, 1)
}

// save writes an outcome with the channel's thread in one transaction.
func (b *Outbox) save(ctx context.Context, r row, out outcome) error {
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	if out.thread != r.thread {
		if _, err := tx.ExecContext(ctx, `INSERT INTO threads (channel, subject, thread) VALUES (?, ?, ?)
			ON CONFLICT (channel, subject) DO UPDATE SET thread = excluded.thread`, r.channel, r.subject, string(out.thread)); err != nil {
			return err
		}
	}
	if out.state == StateWaiting {
		// A row that was merged while its try was under way stays merged.
		_, err = tx.ExecContext(ctx, `UPDATE outbox SET attempts = attempts + ?, tried = ?, due = ?, error = ? WHERE id = ? AND state = 'waiting'`,
			out.tries, ms(out.at), ms(out.due), out.err, r.id)
	} else {
		_, err = tx.ExecContext(ctx, `UPDATE outbox SET state = ?, attempts = attempts + ?, tried = ?, done = ?, error = ? WHERE id = ?`,
			string(out.state), out.tries, ms(out.at), ms(out.at), out.err, r.id)
	}
	if err != nil {
		return err
	}
	if r.quiet && out.state == StateSent {
		if _, err := tx.ExecContext(ctx, `UPDATE outbox SET due = MAX(due, ?) WHERE channel = ? AND subject = ? AND state = 'waiting' AND quiet = 1`,
			ms(out.at.Add(time.Duration(b.cfg.UpdateEvery))), r.channel, r.subject); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// cut shortens an error text to maxErrorText bytes at a rune's border.
func cut(s string) string {
	if len(s) <= maxErrorText {
		return s
	}
	n := maxErrorText
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
