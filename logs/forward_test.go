package logs_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/logstest"
	"github.com/tocsinhq/tocsin/telemetry"
)

// other is another log store as far as its protocol goes.
type other struct {
	mu     sync.Mutex
	got    map[string]int // bodies of records
	fail   int            // requests that are answered by 503 first
	auth   string
	tenant string
	bad    []string
}

func (o *other) wrong(format string, args ...any) {
	o.bad = append(o.bad, fmt.Sprintf(format, args...))
}

func (o *other) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail > 0 {
		o.fail--
		http.Error(w, "starting", http.StatusServiceUnavailable)
		return
	}
	o.auth, o.tenant = r.Header.Get("Authorization"), r.Header.Get("X-Scope-OrgID")
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		o.wrong("body: %v", err)
		return
	}
	body, _ := io.ReadAll(z)
	switch r.URL.Path {
	case "/loki/api/v1/push":
		var push struct {
			Streams []struct {
				Stream map[string]string
				Values [][]json.RawMessage
			}
		}
		if err := json.Unmarshal(body, &push); err != nil {
			o.wrong("push: %v", err)
		}
		for _, s := range push.Streams {
			if s.Stream["service_name"] == "" {
				o.wrong("a stream without service_name: %v", s.Stream)
			}
			for _, v := range s.Values {
				var at, line string
				var more map[string]string
				if len(v) != 3 || json.Unmarshal(v[0], &at) != nil || json.Unmarshal(v[1], &line) != nil || json.Unmarshal(v[2], &more) != nil || len(at) != 19 {
					o.wrong("value %s", v)
				}
				o.got[line]++
			}
		}
		w.WriteHeader(http.StatusNoContent)
	case "/_bulk":
		lines := strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")
		var items []string
		for i := 0; i+1 < len(lines); i += 2 {
			var action struct {
				Create struct {
					Index string `json:"_index"`
					ID    string `json:"_id"`
				}
			}
			var doc map[string]string
			if json.Unmarshal([]byte(lines[i]), &action) != nil || action.Create.Index != "logs-x" || action.Create.ID == "" || json.Unmarshal([]byte(lines[i+1]), &doc) != nil || doc["@timestamp"] == "" {
				o.wrong("%s\n%s", lines[i], lines[i+1])
			}
			switch {
			case o.got["id "+action.Create.ID] > 0:
				items = append(items, `{"create":{"status":409}}`)
			case strings.Contains(doc["message"], "poison"):
				items = append(items, `{"create":{"status":400,"error":{"type":"mapper_parsing_exception"}}}`)
			default:
				o.got["id "+action.Create.ID]++
				o.got[doc["message"]]++
				items = append(items, `{"create":{"status":201}}`)
			}
		}
		fmt.Fprintf(w, `{"took":1,"errors":false,"items":[%s]}`, strings.Join(items, ","))
	default:
		o.wrong("path %s", r.URL.Path)
	}
}

func (o *other) count(lines []string) (have int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, l := range lines {
		if o.got[l] > 0 {
			have++
		}
	}
	return have
}

func TestStore_Forward_EverythingArrivesOverFailuresAndRestarts(t *testing.T) {
	for protocol, path := range map[string]string{logs.ForwardLoki: "/loki/api/v1/push", logs.ForwardElastic: ""} {
		t.Run(protocol, func(t *testing.T) {
			o := &other{got: map[string]int{}, fail: 1}
			server := httptest.NewServer(o)
			defer server.Close()
			dir := t.TempDir()
			st := setting{dir: dir, change: func(c *logs.Config) {
				c.Forward.URL, c.Forward.Protocol, c.Forward.Index = server.URL+path, protocol, "logs-x"
				c.Forward.BearerToken, c.Forward.Tenant = "secret", "team"
			}}
			from := logstest.NewStream(9, begin)
			var lines []string
			for round := range 3 {
				s, _ := open(t, st)
				for _, x := range write(t, s, from, 5, 50) {
					lines = append(lines, strings.SplitN(x, " ", 4)[3])
				}
				if round > 0 {
					flush(t, s) // some wait in sealed logs, some in those that grow
				}
				if protocol == logs.ForwardElastic && round == 1 {
					var b telemetry.LogBatch
					r := b.Next()
					r.Time, r.Body = begin.UnixNano(), []byte("poison")
					if _, err := s.WriteLogs(context.Background(), &b); err != nil {
						t.Fatal(err)
					}
				}
				if round > 0 { // in the first round it is killed before it sends
					ctx, cancel := context.WithCancel(context.Background())
					ended := make(chan error, 1)
					go func() { ended <- s.Run(ctx) }()
					for deadline := time.Now().Add(time.Minute); o.count(lines) < len(lines) && time.Now().Before(deadline); {
						<-time.After(20 * time.Millisecond)
					}
					cancel()
					if err := <-ended; err != nil {
						t.Error(err)
					}
				}
				s.Close()
			}
			if have := o.count(lines); have != len(lines) || len(o.bad) > 0 || o.auth != "Bearer secret" || o.tenant != "team" {
				t.Errorf("%d of %d records arrived; auth %q, tenant %q; %v", have, len(lines), o.auth, o.tenant, o.bad)
			}
			for line, n := range o.got {
				if n > 1 && strings.HasPrefix(line, "id ") {
					t.Errorf("%s is there %d times", line, n)
				}
			}
		})
	}
}

func TestStore_ForwardQueueFull_OldestAreDroppedAndCounted(t *testing.T) {
	o := &other{got: map[string]int{}, fail: 1 << 30}
	server := httptest.NewServer(o)
	defer server.Close()
	s, set := open(t, setting{dir: t.TempDir(), change: func(c *logs.Config) {
		c.Forward.URL, c.Forward.MaxQueue = server.URL+"/loki/api/v1/push", 20_000
	}})
	from := logstest.NewStream(9, begin)
	for range 6 {
		write(t, s, from, 1, 100)
		flush(t, s)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	for deadline := time.Now().Add(time.Minute); counter(set, `tocsin_logs_forward_dropped_total{reason="queue_full"}`) < 100 && time.Now().Before(deadline); {
		<-time.After(20 * time.Millisecond)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if n := counter(set, `tocsin_logs_forward_dropped_total{reason="queue_full"}`); n < 100 || n > 600 {
		t.Errorf("got %v dropped records", n)
	}
	if n := len(search(t, s, logs.Query{})); n != 600 {
		t.Errorf("%d records are here, want all 600", n)
	}
}
