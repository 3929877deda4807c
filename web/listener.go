package web

import (
	"net"
	"sync"
)

// LimitListener returns a listener that holds at most n open connections; the
// next is accepted when one of them closes, and waits in the kernel's queue
// until then. Closing the listener ends a waiting Accept. n must be positive.
func LimitListener(l net.Listener, n int) net.Listener {
	return &limitListener{Listener: l, free: make(chan struct{}, n), done: make(chan struct{})}
}

type limitListener struct {
	net.Listener
	free   chan struct{} // one token for each open connection
	once   sync.Once
	done   chan struct{}
	closed error
}

func (l *limitListener) Accept() (net.Conn, error) {
	select {
	case l.free <- struct{}{}:
	case <-l.done:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.free
		return nil, err
	}
	return &limitedConn{Conn: c, release: sync.OnceFunc(func() { <-l.free })}, nil
}

func (l *limitListener) Close() error {
	l.once.Do(func() {
		close(l.done)
		l.closed = l.Listener.Close()
	})
	return l.closed
}

type limitedConn struct {
	net.Conn
	release func()
}

func (c *limitedConn) Close() error {
	err := c.Conn.Close()
	c.release()
	return err
}
