package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// untilSignal returns a context that ends with SIGINT or SIGTERM, whose cause names the
// signal. A bench that starts servers runs within it and returns when it ends, so that what
// it defers is done: a signal would else end the bench alone, and leave the servers and
// their folder. A second signal does, should the bench not come to its end. done gives the
// signals back.
func untilSignal() (ctx context.Context, done func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	came := make(chan os.Signal, 1)
	signal.Notify(came, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case s := <-came:
			cancel(fmt.Errorf("ended by signal: %s", s))
		case <-ctx.Done():
		}
		signal.Stop(came)
	}()
	return ctx, func() { cancel(nil) }
}
