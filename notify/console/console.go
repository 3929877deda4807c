// Package console is the channel that writes messages to a terminal or a log
// file as plain text of several lines.
package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/render"
)

// Options are what a Channel is made of.
type Options struct {
	Name   string
	Writer io.Writer
	Color  bool // ANSI colours by state
}

// Channel writes each message with one call of Write. It remembers no thread.
type Channel struct {
	name  string
	w     io.Writer
	color bool

	mu      sync.Mutex
	pending *write // that was still blocked when its time was up
}

type write struct {
	key  string
	done chan error
}

// New returns a channel. A nil writer is an error.
func New(o Options) (*Channel, error) {
	if o.Writer == nil {
		return nil, fmt.Errorf("channel %s: want a writer, got none", o.Name)
	}
	return &Channel{name: o.Name, w: o.Writer, color: o.Color}, nil
}

// Name returns the configured name.
func (c *Channel) Name() string { return c.name }

// Send writes the message. A writer that blocks (a pipe that nobody reads) does
// not hold Send beyond its deadline: the write goes on and Send asks to be
// called again, and then reports how it ended. At most one write is under way.
func (c *Channel) Send(ctx context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	if m.Quiet {
		return t, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pending != nil {
		earlier := c.pending.key
		err := c.wait(ctx)
		if c.pending != nil || err != nil || earlier == m.Key {
			return t, err
		}
	}
	text := c.text(m)
	p := &write{key: m.Key, done: make(chan error, 1)}
	c.pending = p
	go func() {
		_, err := io.WriteString(c.w, text)
		p.done <- err
	}()
	return t, c.wait(ctx)
}

func (c *Channel) text(m notify.Message) string {
	if c.color {
		return paint(render.MoodOfMessage(m), render.Text(m))
	}
	return render.Text(m)
}

// Preview returns the text that Send would write.
func (c *Channel) Preview(m notify.Message) ([]notify.Part, error) {
	return []notify.Part{{Name: "message.txt", Type: "text/plain; charset=utf-8", Body: []byte(c.text(m))}}, nil
}

// wait waits for the pending write.
func (c *Channel) wait(ctx context.Context) error {
	select {
	case err := <-c.pending.done:
		c.pending = nil
		if err != nil {
			return &notify.RetryError{Err: fmt.Errorf("write to the console: %w", err)}
		}
		return nil
	case <-ctx.Done():
		return &notify.RetryError{Err: errors.Join(errors.New("write to the console: it does not take the text in time"), ctx.Err())}
	}
}

var colors = map[render.Mood]string{
	render.MoodCritical: "\x1b[1;31m", render.MoodWarning: "\x1b[1;33m", render.MoodInfo: "\x1b[1;34m",
	render.MoodAcknowledged: "\x1b[1;36m", render.MoodResolved: "\x1b[1;32m",
}

// paint colours the first line, which says what happened.
func paint(m render.Mood, text string) string {
	head, rest, _ := strings.Cut(text, "\n")
	return colors[m] + head + "\x1b[0m\n" + rest
}
