package remote_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/logql"
	"github.com/tocsinhq/tocsin/logs/remote"
)

var protocols = []string{logs.RemoteLoki, logs.RemoteVictoria, logs.RemoteElastic}

// lineOf is an answer with one line, of the protocol, to the question at hand.
func lineOf(protocol string, r *http.Request) string {
	switch {
	case protocol == logs.RemoteLoki:
		return `{"status":"success","data":{"resultType":"streams","result":[{"stream":{"service_name":"pay"},"values":[["1795608000000000000","a line"]]}]}}`
	case protocol == logs.RemoteVictoria && strings.HasSuffix(r.URL.Path, "_names"):
		return `{"values":[{"value":"service_name","hits":1}]}`
	case protocol == logs.RemoteVictoria:
		return `{"_time":"2026-11-25T12:00:00Z","_msg":"a line","_stream":"{service_name=\"pay\"}","service_name":"pay"}` + "\n"
	case strings.HasSuffix(r.URL.Path, "_field_caps"):
		return `{"fields":{"@timestamp":{"date":{"searchable":true}},"message":{"text":{"searchable":true}}}}`
	case strings.HasSuffix(r.URL.Path, "_pit"):
		return `{"id":"x"}`
	}
	return `{"timed_out":false,"_shards":{"total":1,"failed":0},"hits":{"hits":[{"_id":"1","_index":"i","_source":{"@timestamp":"2026-11-25T12:00:00Z","message":"a line"},"sort":[1]}]}}`
}

// readFirst reads the request, without which a server does not see that its client has gone.
func readFirst(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		h(w, r)
	})
}

func ask(t *testing.T, protocol string, h http.HandlerFunc, within time.Duration) (int, error) {
	t.Helper()
	server := httptest.NewServer(readFirst(h))
	defer server.Close()
	cfg := logs.DefaultConfig()
	cfg.Remote.URL, cfg.Remote.Protocol = server.URL+"/below", protocol
	s, err := remote.New(remote.Options{Config: cfg.Remote, Query: cfg.Query, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	q, err := logql.ParseLogs("{}")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	at := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC).UnixNano()
	n := 0
	query := q.Query(at-1e9, at+1e9)
	query.Limit = 5
	_, err = s.Search(ctx, query, func(r *logs.Record) error {
		if string(r.Body) != "a line" || r.Time != at {
			t.Errorf("%s: got %q at %d", protocol, r.Body, r.Time)
		}
		n++
		return nil
	})
	return n, err
}

// TestRemote_Failures_AreErrorsAndNeverHalfAnswers has the other store fail in each way.
func TestRemote_Failures_AreErrorsAndNeverHalfAnswers(t *testing.T) {
	status := func(code int, text string) func(string, http.ResponseWriter, *http.Request) {
		return func(_ string, w http.ResponseWriter, _ *http.Request) { http.Error(w, text, code) }
	}
	for name, c := range map[string]struct {
		do   func(protocol string, w http.ResponseWriter, r *http.Request)
		want error
		says string
	}{
		"down":    {status(503, "starting up"), remote.ErrUnavailable, "starting up"},
		"busy":    {status(429, "too many"), logs.ErrBusy, "too many"},
		"refused": {status(400, "cannot parse"), remote.ErrRefused, "cannot parse"},
		"secret":  {status(401, "who are you"), remote.ErrUnavailable, "credentials"},
		"other":   {status(404, "no such page"), remote.ErrUnavailable, "protocol"},
		"broken": {func(p string, w http.ResponseWriter, r *http.Request) { // the connection ends within the answer
			w.Header().Set("Content-Length", "100000")
			fmt.Fprint(w, lineOf(p, r))
		}, remote.ErrUnavailable, ""},
		"page": {func(_ string, w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>welcome</html>") }, remote.ErrUnavailable, ""},
		"half": {func(_ string, w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"_time":"2026-11-25T12:00:00Z","_msg":"a l`)
		}, remote.ErrUnavailable, ""},
		"strange": {func(_ string, w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"_time":"yesterday","id":"x","fields":{},"hits":{"hits":[{"_source":{"@timestamp":true}}]},"data":{"result":[{"values":[[1,2]]}]}}`)
		}, remote.ErrUnavailable, ""},
		"redirects for ever": {func(_ string, w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, 302) }, remote.ErrUnavailable, ""},
		"slow":               {func(_ string, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, context.DeadlineExceeded, ""},
		"slow in the midst": {func(p string, w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, lineOf(p, r)[:10])
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, context.DeadlineExceeded, ""},
	} {
		for _, protocol := range protocols {
			t.Run(name+" "+protocol, func(t *testing.T) {
				_, err := ask(t, protocol, func(w http.ResponseWriter, r *http.Request) { c.do(protocol, w, r) }, 500*time.Millisecond)
				if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.says) {
					t.Errorf("got %v, want %v with %q", err, c.want, c.says)
				}
			})
		}
	}
}

// TestRemote_Elastic_PartsOfShards_AreErrors has some shards fail, and time run out there.
func TestRemote_Elastic_PartsOfShards_AreErrors(t *testing.T) {
	for _, part := range []string{`"timed_out":true,"_shards":{"total":2,"failed":0}`, `"timed_out":false,"_shards":{"total":2,"failed":1,"failures":[{"reason":{"type":"node_gone"}}]}`} {
		n, err := ask(t, logs.RemoteElastic, func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, strings.Replace(lineOf(logs.RemoteElastic, r), `"timed_out":false,"_shards":{"total":1,"failed":0}`, part, 1))
		}, time.Second)
		if n != 0 || !errors.Is(err, remote.ErrUnavailable) {
			t.Errorf("%s: got %d lines, %v", part, n, err)
		}
	}
}

// TestRemote_PathOfTheAddress_IsKept and that one line is found by each.
func TestRemote_PathOfTheAddress_IsKept(t *testing.T) {
	for _, protocol := range protocols {
		n, err := ask(t, protocol, func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Path, "/below/") {
				t.Errorf("%s: asked at %s", protocol, r.URL.Path)
			}
			fmt.Fprint(w, lineOf(protocol, r))
		}, 5*time.Second)
		if n != 1 || err != nil {
			t.Errorf("%s: got %d lines, %v", protocol, n, err)
		}
	}
}

// TestRemote_ManyAtOnce_WaitTheirTurn has more questions than may run.
func TestRemote_ManyAtOnce_WaitTheirTurn(t *testing.T) {
	asked := make(chan struct{}, 10)
	server := httptest.NewServer(readFirst(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer server.Close()
	cfg := logs.DefaultConfig()
	cfg.Remote.URL, cfg.Remote.Protocol = server.URL, logs.RemoteVictoria
	cfg.Query.MaxConcurrent, cfg.Query.MaxTails = 1, 1
	s, err := remote.New(remote.Options{Config: cfg.Remote, Query: cfg.Query, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	scanned, tailed := make(chan error, 2), make(chan error, 2)
	for range 2 {
		go func() {
			_, err := s.Scan(ctx, logs.Query{To: 1}, func(*logs.Record) error { return nil })
			scanned <- err
		}()
		go func() { tailed <- s.Tail(ctx, logs.Query{}, func(*logs.Record) error { return nil }, nil) }()
	}
	if err := <-tailed; !errors.Is(err, logs.ErrBusy) {
		t.Errorf("one tail too many: got %v, want that there are too many", err)
	}
	<-asked // by one scan and one tail
	<-asked
	cancel()
	for _, ended := range []chan error{tailed, scanned, scanned} {
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	if len(asked) > 0 {
		t.Errorf("the server was asked %d times more, want the second scan to wait", len(asked))
	}
}

func TestRemoteConfig_Validate_NamesWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		change func(*logs.RemoteConfig)
		want   string
	}{
		{func(r *logs.RemoteConfig) { r.Protocol = "splunk" }, "remote.protocol"},
		{func(r *logs.RemoteConfig) { r.Protocol, r.Tenant = logs.RemoteVictoria, "shop" }, "remote.tenant"},
		{func(r *logs.RemoteConfig) { r.Protocol, r.Index = logs.RemoteElastic, "Logs X" }, "remote.index"},
		{func(r *logs.RemoteConfig) { r.URL = "loki:3100" }, "remote.url"},
		{func(r *logs.RemoteConfig) { r.Protocol, r.Tenant = logs.RemoteVictoria, "1:2" }, ""},
	} {
		cfg := logs.DefaultConfig()
		c.change(&cfg.Remote)
		got := ""
		cfg.Validate(func(path, _ string, _ ...any) { got += path })
		if got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
