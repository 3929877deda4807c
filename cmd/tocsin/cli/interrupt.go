package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// exitSignal and the number of the signal that ended a command are its exit code, as
// shells have it: 130 after SIGINT, which is what Ctrl-C sends, 143 after SIGTERM.
const exitSignal = 128

// signalled is why the context of a command was cancelled.
type signalled struct{ signal syscall.Signal }

// Error names the signal as people know it.
func (s signalled) Error() string {
	if s.signal == syscall.SIGINT {
		return "interrupted by SIGINT (Ctrl-C)"
	}
	return "interrupted by SIGTERM"
}

// Is says that it is a cancellation to whoever asks for the cause.
func (signalled) Is(err error) bool { return err == context.Canceled }

func (s signalled) exit() int { return exitSignal + int(s.signal) }

// halfDone is an error with what there is of a command's work when it is interrupted.
type halfDone struct {
	error
	done string
}

// Unwrap returns the error.
func (h halfDone) Unwrap() error { return h.error }

// withDone adds to an error what is to be told if it came of a signal.
func withDone(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return halfDone{err, fmt.Sprintf(format, args...)}
}

// text says that a command was interrupted, what it leaves behind, and what else went
// wrong.
func (s signalled) text(command string, err error) string {
	// Of "import prometheus <server>" the words.
	name, _, _ := strings.Cut(command, " <")
	out := name + ": " + s.Error()
	var half halfDone
	if errors.As(err, &half) && half.done != "" {
		out += "; " + half.done
	}
	if !errors.Is(err, context.Canceled) {
		out += "\n" + err.Error()
	}
	return out
}

// sameStop is the time within which a further signal is taken for the same wish:
// a terminal, make and a supervisor may each pass one Ctrl-C on.
const sameStop = time.Second

// signalContext is cancelled by the first SIGINT or SIGTERM, which is its cause; a
// second one, more than sameStop later, exits with the conventional status without
// waiting for anything.
func signalContext(parent context.Context, stderr io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	sig := make(chan os.Signal, 2)
	signal.Notify(sig, syscall.SIGINT, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		var first time.Time
		for {
			select {
			case s := <-sig:
				got := signalled{s.(syscall.Signal)} // the signals of this system are such
				switch {
				case first.IsZero():
					first = time.Now()
					cancel(got)
				case time.Since(first) > sameStop:
					fmt.Fprintf(stderr, "tocsin: second %s: leaving at once\n", s)
					os.Exit(got.exit())
				}
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(sig)
		close(done)
		cancel(nil)
	}
}
