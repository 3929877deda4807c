package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
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
	reason string // in a word, for metrics and the journal
	err    string
	note   string // for the journal when there is no err
	code   string // the provider's answer
	took   time.Duration
	keep   bool     // the text, which people may still look at the picture of
	again  *planned // what another channel is to say of it
	notice Message
}

// try makes one attempt at a row that is due, unless it is muted, and records
// its outcome.
func (b *Outbox) try(ctx context.Context, l *lane, r row, clock func() time.Time) error {
	var m Message
	out := outcome{tries: 1, thread: r.thread}
	if err := json.Unmarshal(r.body, &m); err != nil {
		out.state, out.reason, out.err = StateFailed, "unreadable", fmt.Sprintf("read the stored message: %v", err)
		return b.record(ctx, l, r, m, out, clock())
	}
	m.Quiet = r.quiet
	out.keep = m.ChartURL != ""
	p, err := b.permit(ctx, r, m, clock())
	switch {
	case err != nil || p == wait:
		return err
	case p == forget:
		out.state, out.reason, out.tries = StateDropped, "ended", 0
		out.err = "it ended while it was held back by " + r.muted.String()
		return b.record(ctx, l, r, m, out, clock())
	case r.quiet && r.thread == "":
		out.state, out.reason, out.err, out.tries = StateSkipped, "no_message", "there is no message to update", 0
		return b.record(ctx, l, r, m, out, clock())
	}
	m.Unmuted = b.unmuted(m)
	started := b.now()
	heard, code := listening(ctx)
	thread, err := b.send(heard, l.channel, m, r.thread)
	out.took, out.code = b.now().Sub(started), code()
	b.metrics.took(l.name, out.took.Seconds())
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // told to stop: in doubt, so it waits for the next start
	}
	if thread != "" {
		out.thread = thread
	}
	if m.Held != nil {
		out.note = m.Held.String()
	}
	now := clock()
	b.judge(l, r, &out, err, now)
	return b.record(ctx, l, r, m, out, now)
}

// giveUp records a row as failed whose time is over while its channel is down:
// thousands of last tries would help nobody.
func (b *Outbox) giveUp(ctx context.Context, l *lane, r row, now time.Time) error {
	var m Message
	_ = json.Unmarshal(r.body, &m) // unreadable or not, it is given up
	out := outcome{thread: r.thread, state: StateFailed, reason: "gave_up"}
	out.err = cut(fmt.Sprintf("given up after %d tries in %s: %s", r.attempts, now.Sub(r.patience()).Round(time.Second), l.lastErr))
	return b.record(ctx, l, r, m, out, now)
}

// record counts, logs and stores an outcome. What could not be stored is kept
// and stored before the next try.
func (b *Outbox) record(ctx context.Context, l *lane, r row, m Message, out outcome, now time.Time) error {
	out.at = now
	if out.state == StateFailed {
		b.sayElsewhere(ctx, l, r, m, &out, now)
	}
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
		l.answered()
		return
	case !errors.As(err, &retry) && !errors.Is(err, context.DeadlineExceeded):
		out.state, out.reason, out.err = StateFailed, "refused", cut(err.Error())
		l.answered()
		return
	}
	out.reason = "error"
	if errors.Is(err, context.DeadlineExceeded) {
		out.reason = "timeout"
	}
	var after time.Duration
	if retry != nil && retry.After > 0 {
		out.reason = "retry_after"
		after = min(retry.After, RetryAfterMax)
		l.paused = later(l.paused, now.Add(after))
	} else {
		l.failed(now, cut(err.Error()), b)
	}
	deadline := b.deadline(r)
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
	b.metrics.retried(l.name, out.reason)
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
