package statsd_test

import (
	"context"
	"net"
	"syscall"
	"testing"
	"time"
)

// cutConn gives what was sent before the connection broke.
type cutConn struct {
	net.Conn
	text string
}

func (c *cutConn) Read(p []byte) (int, error) {
	if c.text == "" {
		return 0, syscall.ECONNRESET
	}
	n := copy(p, c.text)
	c.text = c.text[n:]
	return n, nil
}

func (*cutConn) SetReadDeadline(time.Time) error { return nil }
func (*cutConn) RemoteAddr() net.Addr            { return &net.TCPAddr{} }
func (*cutConn) Close() error                    { return nil }

// oneConn is a listener that has one connection.
type oneConn struct {
	net.Listener
	conn chan net.Conn
}

func (l oneConn) Accept() (net.Conn, error) {
	if c, ok := <-l.conn; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (l oneConn) Close() error { close(l.conn); return nil }

func TestServer_Run_ConnectionBreaksWithinALine_ThatIsNotTaken(t *testing.T) {
	r := newRig(t, nil)
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	streams := oneConn{conn: make(chan net.Conn, 1)}
	streams.conn <- &cutConn{text: "a:1|g|#env:production\na:2|g|#env:pro"}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.server.Run(ctx, packets, streams) }()
	deadline := time.After(10 * time.Second)
	for r.counter("tocsin_statsd_lines_total") != "2" {
		select {
		case <-deadline:
			t.Fatalf("got %s lines of 2", r.counter("tocsin_statsd_lines_total"))
		case <-time.After(5 * time.Millisecond):
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("got %v", err)
	}
	r.expect(`a`, `{__name__="a", env="production", job="statsd"} 1`)
	if got := r.counter(`tocsin_statsd_refused_lines_total{reason="cut_off"}`); got != "1" {
		t.Errorf("counted %q", got)
	}
}
