package web_test

import (
	"errors"
	"net"
	"testing"
	"testing/synctest"

	"github.com/tocsinhq/tocsin/web"
)

func TestLimitListener_AcceptsNextWhenOneCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := &pipeListener{conns: make(chan net.Conn, 3), done: make(chan struct{})}
		for range 3 {
			_, b := net.Pipe()
			inner.conns <- b
		}
		l := web.LimitListener(inner, 2)
		accepted := make(chan net.Conn, 3)
		ended := make(chan error, 1)
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					ended <- err
					return
				}
				accepted <- c
			}
		}()
		synctest.Wait()
		if len(accepted) != 2 {
			t.Fatalf("accepted: got %d, want 2", len(accepted))
		}
		c := <-accepted
		c.Close()
		c.Close() // a second close frees nothing more
		synctest.Wait()
		if len(accepted) != 2 || len(inner.conns) != 0 {
			t.Errorf("after one closed: %d accepted, %d waiting; want 2 and 0", len(accepted), len(inner.conns))
		}
		l.Close()
		l.Close()
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept after Close: got %v, want net.ErrClosed", err)
		}
	})
}
