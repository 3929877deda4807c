package web_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/web"
	"github.com/tocsinhq/tocsin/web/uitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pipeListener accepts in-memory connections, so that a test under virtual
// time can speak real HTTP.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l *pipeListener) Close() error   { close(l.done); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// live runs a server and its broker inside a synctest bubble and returns a
// function that opens a stream.
func live(t *testing.T, s *uitest.Server) (open func(lastID string) *stream) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Broker.Run(ctx) }()
	l := &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
	srv := &http.Server{Handler: s.Handler()}
	go srv.Serve(l) //nolint:errcheck // ends with the listener
	client := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		a, b := net.Pipe()
		l.conns <- b
		return a, nil
	}}}
	synctest.Wait()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: got %v, want nil", err)
		}
		client.CloseIdleConnections()
		srv.Close()
	})
	return func(lastID string) *stream {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", "http://localhost/api/v1/tocsin/events", nil)
		if lastID != "" {
			r.Header.Set("Last-Event-ID", lastID)
		}
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		return &stream{res: res, scan: bufio.NewScanner(res.Body)}
	}
}

type stream struct {
	res  *http.Response
	scan *bufio.Scanner
}

// next returns one event as its lines joined by " | ", "" at the end.
func (s *stream) next() string {
	var lines []string
	for s.scan.Scan() {
		if s.scan.Text() == "" {
			return strings.Join(lines, " | ")
		}
		text := s.scan.Text()
		lines = append(lines, text[:min(60, len(text))])
	}
	return ""
}

func TestStream_NewEvent_Arrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := uitest.NewServer(time.Now)
		st := live(t, s)("")
		if got := st.res.Header.Get("Content-Type"); got != "text/event-stream" {
			t.Errorf("Content-Type: got %q", got)
		}
		last, _ := s.Shop.LastSeq(t.Context())
		if got, want := st.next(), fmt.Sprintf(`retry: 3000 | event: hello | data: {"seq":%d}`, last); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
		s.Shop.Open(incident.Incident{ID: "new", Service: "cart", Opened: time.Now()})
		want := fmt.Sprintf(`id: %d | event: incident | data: {"event":{"seq":%d,"incident":"new","kind":"opened"`, last+1, last+1)
		if got := st.next(); !strings.HasPrefix(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestStream_Heartbeat_Every15Seconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := live(t, uitest.NewServer(time.Now))("")
		st.next()
		start := time.Now()
		for range 2 {
			if got := st.next(); got != ": still here" {
				t.Fatalf("got %q", got)
			}
		}
		if got := time.Since(start); got != 30*time.Second {
			t.Errorf("two heartbeats took %s, want 30s", got)
		}
	})
}

func TestStream_LastEventID_ResumesWithoutGapOrRepeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := uitest.NewServer(time.Now)
		open := live(t, s)
		last, _ := s.Shop.LastSeq(t.Context())
		st := open(fmt.Sprint(last - 3))
		st.next()
		s.Shop.Open(incident.Incident{ID: "new"})
		for seq := last - 2; seq <= last+1; seq++ {
			if got, want := st.next(), fmt.Sprintf("id: %d |", seq); !strings.HasPrefix(got, want) {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
	})
}

func TestStream_TooMuchMissedOrForeignLog_IsReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := uitest.NewServer(time.Now)
		for i := range 1100 {
			s.Shop.Open(incident.Incident{ID: fmt.Sprint("n", i)})
		}
		open := live(t, s)
		last, _ := s.Shop.LastSeq(t.Context())
		for _, id := range []string{"1", fmt.Sprint(last + 5)} {
			st := open(id)
			st.next()
			if got, want := st.next(), fmt.Sprintf(`id: %d | event: reset | data: {"seq":%d}`, last, last); got != want {
				t.Errorf("after %s: got %q, want %q", id, got, want)
			}
		}
	})
}

func TestStream_Limit_Refuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := uitest.NewServer(time.Now)
		s.Options.Config.MaxEventStreams = 1
		open := live(t, s)
		first := open("")
		first.next()
		second := open("")
		if second.res.StatusCode != 503 || second.res.Header.Get("Retry-After") == "" {
			t.Errorf("second: got %d, want 503", second.res.StatusCode)
		}
		first.res.Body.Close()
		synctest.Wait()
		if third := open(""); third.res.StatusCode != 200 {
			t.Errorf("after the first left: got %d, want 200", third.res.StatusCode)
		}
	})
}

func TestStream_SlowReader_IsDroppedAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := uitest.NewServer(time.Now)
		open := live(t, s)
		slow, quick := open(""), open("")
		slow.next()
		quick.next()
		// The pipe holds nothing, so the unread stream blocks on its first event.
		for i := range 100 {
			s.Shop.Open(incident.Incident{ID: fmt.Sprint("n", i)})
			if got := quick.next(); !strings.Contains(got, "event: incident") {
				t.Fatalf("event %d at the quick reader: got %q", i, got)
			}
			synctest.Wait()
		}
		var b strings.Builder
		s.Set.WritePrometheus(&b)
		for _, want := range []string{`tocsin_web_event_streams_dropped_total{reason="slow"} 1`, `tocsin_web_event_streams 1`} {
			if !strings.Contains(b.String(), want+"\n") {
				t.Errorf("want %s in\n%s", want, b.String())
			}
		}
	})
}

func TestStream_StalledPeer_IsCutOffByDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := uitest.NewServer(time.Now)
		st := live(t, s)("")
		st.next()
		s.Shop.Open(incident.Incident{ID: "n"})
		synctest.Wait()
		<-time.After(11 * time.Second) // virtual
		var b strings.Builder
		s.Set.WritePrometheus(&b)
		if !strings.Contains(b.String(), "tocsin_web_event_streams 0\n") {
			t.Errorf("want the stream gone after the write deadline in\n%s", b.String())
		}
	})
}

func TestStream_BrokerEnds_StreamsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := uitest.NewServer(time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		go s.Broker.Run(ctx) //nolint:errcheck // returns nil
		synctest.Wait()
		cancel()
		synctest.Wait()
		if res, body := ask(t, s.Handler(), "GET", "/api/v1/tocsin/events", ""); res.StatusCode != 503 || !strings.Contains(body, "not running") {
			t.Errorf("after the end: got %d %s", res.StatusCode, body)
		}
	})
}

func TestBroker_LogFails_TriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := uitest.NewServer(time.Now)
		log := &flakyLog{EventLog: s.Shop}
		log.fail.Store(true)
		s.Broker = web.NewBroker(log, s.Set, s.Options.Logger)
		s.Options.Broker = s.Broker
		open := live(t, s)
		if st := open(""); st.res.StatusCode != 503 {
			t.Fatalf("while the log fails: got %d, want 503", st.res.StatusCode)
		}
		log.fail.Store(false)
		<-time.After(2 * time.Second) // virtual: past the retry
		synctest.Wait()
		if st := open(""); st.res.StatusCode != 200 {
			t.Errorf("after the log came back: got %d, want 200", st.res.StatusCode)
		}
	})
}

type flakyLog struct {
	web.EventLog
	fail atomic.Bool
}

func (l *flakyLog) LastSeq(ctx context.Context) (int64, error) {
	if l.fail.Load() {
		return 0, errors.New("disk I/O error")
	}
	return l.EventLog.LastSeq(ctx)
}
