package web_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tocsinhq/tocsin/web"
)

func TestForgetNewOnShutdown_WaitsForRequestsAndNotForSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
		connect := func(text string) net.Conn {
			client, atServer := net.Pipe()
			l.conns <- atServer
			if _, err := io.WriteString(client, text); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			return client
		}
		answer := make(chan struct{})
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			<-answer
			_, _ = io.WriteString(w, "answered")
		})}
		web.ForgetNewOnShutdown(server)
		go server.Serve(l) //nolint:errcheck // ends with the listener
		silent, half, whole := connect(""), connect("GET / HTTP/1.1\r\n"), connect("GET / HTTP/1.1\r\nHost: x\r\n\r\n")

		begin := time.Now() // of the test's own clock, which stands still while anything can go on
		ended := make(chan error, 1)
		go func() { ended <- server.Shutdown(t.Context()) }()
		for name, c := range map[string]net.Conn{"silent": silent, "half": half} {
			if n, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) || !time.Now().Equal(begin) {
				t.Errorf("%s: got %d bytes, %v after %s, want its end at once", name, n, err, time.Since(begin))
			}
		}
		close(answer)
		if text, err := io.ReadAll(whole); err != nil || len(text) == 0 {
			t.Errorf("the request under way was answered %q, %v", text, err)
		}
		if err := <-ended; err != nil {
			t.Error("the server did not end:", err)
		}
	})
}
