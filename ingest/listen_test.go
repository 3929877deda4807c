package ingest_test

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/tocsinhq/tocsin/ingest"
)

// listener gives errors one after the other, then a connection, then waits.
type listener struct {
	net.Listener
	errs   []error
	conn   net.Conn
	closed chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	if len(l.errs) > 0 {
		err := l.errs[0]
		l.errs = l.errs[1:]
		return nil, err
	}
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func TestAccept_TooManyOpenFiles_WaitsAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
		ours, theirs := net.Pipe()
		defer theirs.Close()
		l := &listener{errs: []error{full, full, full}, conn: ours, closed: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		context.AfterFunc(ctx, func() { close(l.closed) })
		served := 0
		done := make(chan error, 1)
		go func() { done <- ingest.Accept(ctx, l, "lines", func(net.Conn) { served++; cancel() }) }()
		if err := <-done; err != nil || served != 1 {
			t.Errorf("got %v and %d served, want the connection that came when there was room", err, served)
		}
	})
}

func TestAccept_TooManyOpenFiles_EndsWhenItIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
		l := &listener{closed: make(chan struct{})}
		for range 1000 {
			l.errs = append(l.errs, full)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- ingest.Accept(ctx, l, "lines", func(net.Conn) {}) }()
		synctest.Wait()
		cancel()
		if err := <-done; err != nil || len(l.errs) == 0 {
			t.Errorf("got %v with %d errors left", err, len(l.errs))
		}
	})
}

func TestAccept_ListenerIsGone_SaysSo(t *testing.T) {
	gone := errors.New("gone")
	l := &listener{errs: []error{gone}}
	if err := ingest.Accept(t.Context(), l, "lines", func(net.Conn) {}); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
}
