package promapi_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/web/promapi"
)

// one serves with a single place for queries and little patience.
func one(t *testing.T) (*httptest.Server, slow) {
	st := slow{asked: make(chan struct{}, 10), free: make(chan struct{})}
	close(st.free)
	return serve(t, func(o *promapi.Options) {
		st.SampleAndChunkQueryable = o.Storage
		o.Storage = st
		o.Limits = promapi.Limits{Concurrent: 1, Queued: 1, QueueTime: 20 * time.Second, Stall: 100 * time.Millisecond}
	}), st
}

// begin sends the text of a request on a connection of its own.
func begin(t *testing.T, s *httptest.Server, text string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAPI_ClientTakesNothing_GivesItsPlaceBack(t *testing.T) {
	s, st := one(t)
	// Six megabytes, more than the buffers of a connection hold.
	q := "up"
	for i := range 15 {
		q += fmt.Sprintf(` or label_replace(vector(1.2345678901234567), "x", "%d", "", "")`, i)
	}
	form := url.Values{"query": {q}, "start": {fmt.Sprint(start.Unix() - 10_000)}, "end": {fmt.Sprint(start.Unix())}, "step": {"1"}}
	begin(t, s, "GET /api/v1/query_range?"+form.Encode()+" HTTP/1.1\r\nHost: x\r\n\r\n")
	<-st.asked
	if code, _, got := call(t, http.MethodGet, s.URL+"/api/v1/query?query=up", "", ""); code != 200 {
		t.Errorf("beside a client that reads nothing: got %d %s", code, got)
	}
}

func TestAPI_BodyNeverComes_GivesItsPlaceBack(t *testing.T) {
	s, _ := one(t)
	c := begin(t, s, "POST /api/v1/read HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: application/x-protobuf\r\nContent-Length: 100\r\n\r\n")
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("got %q, %v", line, err)
	}
	if code, _, got := call(t, http.MethodGet, s.URL+"/api/v1/query?query=up", "", ""); code != 200 {
		t.Errorf("beside a client that sends nothing: got %d %s", code, got)
	}
}

func TestAPI_FormNeverComes_Answers408(t *testing.T) {
	s, _ := one(t)
	c := begin(t, s, "POST /api/v1/query HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nquery=")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestTimeout || !resp.Close {
		t.Errorf("got %d, closed %v", resp.StatusCode, resp.Close)
	}
}

func TestAPI_SlowButSteady_IsServed(t *testing.T) {
	s, _ := one(t)
	c := begin(t, s, "")
	in := bufio.NewReader(c)
	for range 2 { // the deadlines of the first do not end the second
		for _, part := range []string{"POST /api/v1/query HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\r\nquery", "=up"} {
			if _, err := c.Write([]byte(part)); err != nil {
				t.Fatal(err)
			}
		}
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 200 {
			t.Errorf("got %d", resp.StatusCode)
		}
		<-time.After(150 * time.Millisecond) // longer than a body may take
	}
}
