package ingest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Bounds of what is read from a socket of datagrams.
const (
	maxPacket  = 64 << 10
	readBuffer = 4 << 20 // of the socket, as far as the system grants it
)

// ReadPackets hands every datagram to take until ctx ends, which must close c. A
// packet is the reader's again when take returns. The error is that of a socket that
// was closed before; an error of one datagram, such as an answer that nobody took,
// is none. what names the datagrams in it.
func ReadPackets(ctx context.Context, c net.PacketConn, what string, take func(packet []byte, from net.Addr)) error {
	if u, ok := c.(*net.UDPConn); ok {
		_ = u.SetReadBuffer(readBuffer) // the system may have a lower bound
	}
	buf := make([]byte, maxPacket)
	for {
		n, from, err := c.ReadFrom(buf)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("read %s: %w", what, err)
		case err != nil:
			continue
		}
		take(buf[:n], from)
	}
}

// Waits after an error of a listener that passes, as those of net/http.
const (
	shortestWait = 5 * time.Millisecond
	longestWait  = time.Second
)

// passes reports whether an error of a listener is about this moment only.
func passes(err error) bool {
	var of net.Error
	return errors.As(err, &of) && of.Temporary() //nolint:staticcheck // what net/http asks too: the system knows which of its errors pass
}

// Accept hands every connection to serve, in a goroutine of its own and closed when
// it returns, until ctx ends, which must close l. It returns when all have been
// served. The error is that of the listener; what names the connections in it. One that
// passes, such as that too many files are open, is none: the connections wait.
func Accept(ctx context.Context, l net.Listener, what string, serve func(c net.Conn)) error {
	var open sync.WaitGroup
	defer open.Wait()
	wait := shortestWait
	for {
		c, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				c.Close()
			}
			return nil
		case passes(err):
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(wait):
			}
			wait = min(2*wait, longestWait)
			continue
		case err != nil:
			return fmt.Errorf("accept %s: %w", what, err)
		}
		wait = shortestWait
		open.Go(func() {
			defer c.Close()
			serve(c)
		})
	}
}
