package app_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/tocsinhq/tocsin/ingest/logtest"
)

func TestApp_LogsOverHTTP_EveryWayInEndsInTheSink(t *testing.T) {
	sink := new(logtest.Sink)
	d := &daemon{t: t, dir: t.TempDir(), log: new(text), console: new(text), sink: sink}
	d.file("tocsin.yml", receiversConfig)
	d.make()
	d.start()
	for i, tt := range []struct {
		path, contentType, body string
		code                    int
	}{
		{"/v1/logs", "application/json", `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"%s"}}]}]}]}`, 200},
		{"/api/v1/otlp/v1/logs", "application/json", `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"%s"}}]}]}]}`, 200},
		{"/loki/api/v1/push", "application/json", `{"streams":[{"stream":{"a":"b"},"values":[["1795420569901000000","%s"]]}]}`, 204},
		{"/_bulk", "application/x-ndjson", "{\"index\":{\"_index\":\"a\"}}\n{\"message\":\"%s\"}\n", 200},
		{"/logs-a/_bulk", "application/x-ndjson", "{\"index\":{}}\n{\"message\":\"%s\"}\n", 200},
		{"/elasticsearch/a/_bulk", "application/x-ndjson", "{\"index\":{}}\n{\"message\":\"%s\"}\n", 200},
		{"/api/v1/tocsin/logs?service=x", "text/plain", "%s", 200},
		{"/insert/jsonline", "application/json", `{"_msg":"%s"}`, 200},
		{"/services/collector", "", `{"event":"%s"}`, 200},
		{"/services/collector/event/1.0", "", `{"event":"%s"}`, 200},
		{"/services/collector/raw", "", `%s`, 200},
		{"/api/v2/logs", "application/json", `[{"message":"%s"}]`, 202},
		{"/v1/input/0123", "application/json", `[{"message":"%s"}]`, 200},
	} {
		text := fmt.Sprintf("way %d", i)
		resp, err := http.Post(d.app.URL()+tt.path, tt.contentType, strings.NewReader(strings.Replace(tt.body, "%s", text, 1)))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := sink.Bodies(); resp.StatusCode != tt.code || len(got) != i+1 || got[len(got)-1] != text {
			t.Fatalf("%s: got %d, stored %q", tt.path, resp.StatusCode, got)
		}
	}
	before := len(sink.Bodies())
	conn, err := grpc.NewClient(d.address("listening for OTLP by gRPC"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ld := plog.NewLogs()
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("by gRPC")
	if _, err := plogotlp.NewGRPCClient(conn).Export(t.Context(), plogotlp.NewExportRequestFromLogs(ld)); err != nil || len(sink.Bodies()) != before+1 {
		t.Errorf("gRPC: %v, %d stored", err, len(sink.Bodies())-before)
	}
	for path, want := range map[string]string{"/ready": "ready", "/": "<!doctype html", "/_cluster/health": `"green"`, "/services/collector/health": "healthy", "/api/v1/validate": `"valid":true`} {
		if code, body := d.get(path); code != 200 || !strings.Contains(strings.ToLower(body), want) {
			t.Errorf("GET %s: got %d %.100s, want %s", path, code, body, want)
		}
	}
	if code, _ := d.get("/loki/api/v1/push"); code != 405 {
		t.Errorf("GET of a push path: got %d", code)
	}
}

func TestApp_SyslogFilesAndJournal_EndInTheSink(t *testing.T) {
	sink := new(logtest.Sink)
	d := &daemon{t: t, dir: t.TempDir(), log: new(text), console: new(text), sink: sink}
	d.file("app.log", "from a file\n")
	d.file("journalctl", "#!/bin/sh\nprintf '__CURSOR=s=1\\nMESSAGE=from the journal\\n\\n'\nexec sleep 60\n")
	if err := os.Chmod(filepath.Join(d.dir, "journalctl"), 0o700); err != nil {
		t.Fatal(err)
	}
	d.file("tocsin.yml", fmt.Sprintf(`syslog: {udp_listen_address: '127.0.0.1:0', tcp_listen_address: '127.0.0.1:0'}
tail: {files: [{paths: ['%s/*.log'], from_start: true}]}
journal: {follow: true, command: '%s/journalctl'}
`, d.dir, d.dir))
	d.make()
	d.start()
	for network, name := range map[string]string{"udp": "listening for syslog by UDP", "tcp": "listening for syslog by TCP"} {
		c, err := net.Dial(network, d.address(name))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "<13>1 - h a - - - by %s\n", network)
		c.Close()
	}
	sink.Wait(t, 4)
	got := sink.Bodies()
	slices.Sort(got)
	if want := []string{"by tcp", "by udp", "from a file", "from the journal"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	// An upload that goes on does not hold the end up.
	body, send := io.Pipe()
	defer send.Close()
	go func() {
		resp, err := http.Post(d.app.URL()+"/upload", "application/vnd.fdo.journal", body)
		if err == nil {
			resp.Body.Close()
		}
	}()
	if _, err := io.WriteString(send, "MESSAGE=from far\n\n"); err != nil {
		t.Fatal(err)
	}
	sink.Wait(t, 5)
	d.stop()
}
