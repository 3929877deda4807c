//go:build linux

package e2e_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// logsConfig listens in all ways that need an address.
const logsConfig = `syslog: {udp_listen_address: '127.0.0.1:0', tcp_listen_address: '127.0.0.1:0', time_zone: UTC}
otlp: {grpc_listen_address: '127.0.0.1:0'}
ingest: {logs: {tokens: [splunk-token-1]}}
`

// openConfig is logsConfig for senders that show no key.
var openConfig = strings.Replace(logsConfig, "ingest: {logs: {tokens: [splunk-token-1]}}\n", "", 1)

func TestLogClients_Node(t *testing.T) {
	packages := nodeClients(t)
	d := receiveLogs(t, openConfig)
	for _, tt := range []struct {
		script string
		args   []string
		want   [][3]string // word, service, level
		prints string
	}{
		{"pino-loki.js", nil, [][3]string{{"pino broke", "cart", "error"}, {"pino is fine", "cart", "info"}}, ""},
		{"winston-loki.js", nil, [][3]string{{"winston warns", "cart", "warn"}, {"winston tells", "cart", "debug"}}, ""},
		{"winston-loki.js", []string{"json"}, [][3]string{{"winston warns", "cart", "warn"}}, ""},
		{"elasticsearch.js", nil, [][3]string{{"elastic one", "cart", "error"}, {"elastic two", "", "unknown"}, {"elastic single", "", "unknown"}}, "9.2.0 2 1"},
		{"winston-elasticsearch.js", nil, [][3]string{{"winston to elastic", "", "info"}}, ""},
		{"otlp.js", []string{"http"}, [][3]string{{"otel broke", "cart", "error"}, {"otel map", "cart", "info"}}, ""},
		{"otlp.js", []string{"proto"}, [][3]string{{"otel broke", "cart", "error"}, {"otel map", "cart", "info"}}, ""},
		{"splunk.js", []string{"any-token"}, [][3]string{{"splunk event", "", "error"}}, `"code":0`},
	} {
		t.Run(tt.script+strings.Join(tt.args, ""), func(t *testing.T) {
			d := &logDaemon{d.daemon, t}
			before := len(d.records())
			out := nodeScript(t, packages, tt.script, append([]string{d.url}, tt.args...)...)
			if !strings.Contains(out, tt.prints) {
				t.Errorf("it printed %q, want %q", out, tt.prints)
			}
			for _, w := range tt.want {
				d.check(w[0], w[1], w[2])
			}
			if len(d.records()) < before+len(tt.want) {
				t.Errorf("%d records came, want %d", len(d.records())-before, len(tt.want))
			}
		})
	}
	if r := d.record("pino broke"); !strings.HasPrefix(r.Trace, "4b") {
		t.Errorf("no trace in %+v", r)
	}
	if r := d.record("otel broke"); !strings.Contains(r.Line, "\n    at f (a.js:1:2)") {
		t.Errorf("no stack in %+v", r)
	}
}

func TestLogClients_Node_TokenIsRefused(t *testing.T) {
	packages := nodeClients(t)
	d := receiveLogs(t, logsConfig)
	if out := nodeScript(t, packages, "splunk.js", d.url, "a-wrong-token"); !strings.Contains(out, "Invalid token") {
		t.Errorf("it printed %q", out)
	}
	if out := nodeScript(t, packages, "splunk.js", d.url, "splunk-token-1"); !strings.Contains(out, `"code":0`) {
		t.Errorf("it printed %q", out)
	}
	d.check("splunk event", "", "error")
}

func TestLogClients_Logger(t *testing.T) {
	logger := program(t, "logger", "bsdutils")
	d := receiveLogs(t, openConfig)
	host, udp, _ := net.SplitHostPort(d.address("listening for syslog by UDP"))
	_, tcp, _ := net.SplitHostPort(d.address("listening for syslog by TCP"))
	for i, args := range [][]string{
		{"--server", host, "--port", udp, "--udp"},
		{"--server", host, "--port", udp, "--udp", "--rfc3164"},
		{"--server", host, "--port", tcp, "--tcp"},
		{"--server", host, "--port", tcp, "--tcp", "--octet-count"},
		{"--server", host, "--port", tcp, "--tcp", "--rfc3164"},
		{"--server", host, "--port", tcp, "--tcp", "--octet-count", "--rfc5424", "--sd-id", "zoo@123", "--sd-param", `tiger="hungry"`},
	} {
		text := fmt.Sprintf("logger says %d grüße", i)
		runToEnd(t, logger, append(args, "--tag", "shop", "--priority", "local3.err", text)...)
		r := d.check(text, "shop", "error")
		if i == 5 {
			if r.Labels["zoo_123_tiger"] != "hungry" {
				t.Errorf("got %+v", r)
			}
		}
	}
	out, stderr, code := command(t, "query", "logs", "--url", d.url, "-o", "raw", `{service_name="shop"} |= "grüße" | detected_level="error"`)
	if code != 0 || strings.Count(out, "\n") != 6 || !strings.Contains(out, "logger says 5 grüße") {
		t.Errorf("tocsin query logs: exit %d, %q, %s", code, out, stderr)
	}
}

func TestLogClients_Rsyslog(t *testing.T) {
	rsyslogd := program(t, "rsyslogd", "rsyslog rsyslog-elasticsearch")
	logger := program(t, "logger", "bsdutils")
	d := receiveLogs(t, openConfig)
	httpHost, httpPort, _ := net.SplitHostPort(strings.TrimPrefix(d.url, "http://"))
	host, tcp, _ := net.SplitHostPort(d.address("listening for syslog by TCP"))
	_, udp, _ := net.SplitHostPort(d.address("listening for syslog by UDP"))
	dir := t.TempDir()
	in := freeAddress(t)
	_, inPort, _ := net.SplitHostPort(in)
	config := fmt.Sprintf(`
module(load="imtcp")
module(load="omelasticsearch")
input(type="imtcp" address="127.0.0.1" port="%[1]s")
template(name="document" type="list" option.jsonf="on") {
  property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="severity" name="syslogseverity-text" format="jsonf")
  property(outname="app" name="programname" format="jsonf")
  property(outname="message" name="msg" format="jsonf")
}
if $msg contains "elastic" then {
  action(type="omelasticsearch" server="%[2]s" serverport="%[3]s" template="document" searchIndex="logs" searchType="events" bulkmode="on" action.resumeRetryCount="3")
} else if $msg contains "counted" then {
  action(type="omfwd" target="%[4]s" port="%[5]s" protocol="tcp" TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format")
} else if $msg contains "traditional" then {
  action(type="omfwd" target="%[4]s" port="%[5]s" protocol="tcp" template="RSYSLOG_TraditionalForwardFormat")
} else if $msg contains "forwarded" then {
  action(type="omfwd" target="%[4]s" port="%[5]s" protocol="tcp" template="RSYSLOG_ForwardFormat")
} else {
  action(type="omfwd" target="%[4]s" port="%[6]s" protocol="udp")
}
`, inPort, httpHost, httpPort, host, tcp, udp)
	start(t, rsyslogd, "-n", "-i", filepath.Join(dir, "pid"), "-f", writeFile(t, dir, "rsyslog.conf", config))
	eventually(t, 20*time.Second, "rsyslog listens", func() error {
		c, err := net.Dial("tcp", in)
		if err == nil {
			c.Close()
		}
		return err
	})
	for _, text := range []string{"to elastic", "counted octets", "traditional lines", "forwarded with an exact time", "plain datagram"} {
		// By RFC 3164: of what comes by 5424 rsyslog forwards the program in the old format without its colon, and
		// nobody can tell it from the first word of the text then.
		runToEnd(t, logger, "--server", "127.0.0.1", "--port", inPort, "--tcp", "--rfc3164", "--tag", "shop", "--priority", "user.warning", text)
		d.check(text, "shop", "warn")
	}
}

func TestLogClients_Go(t *testing.T) {
	dir := t.TempDir()
	const module = "testdata/otlplogs"
	build := func(name, pkg string) string {
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute) // on a new machine its modules are fetched
		defer cancel()
		cmd := exec.CommandContext(ctx, "go", "-C", module, "build", "-mod=readonly", "-o", filepath.Join(dir, name), pkg)
		cmd.Env = append(os.Environ(), "GOFLAGS=")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", pkg, err, out)
		}
		return filepath.Join(dir, name)
	}
	sdk := build("otlplogs", ".")
	generator := build("telemetrygen", "github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen")
	d := receiveLogs(t, openConfig)
	http, rpc := strings.TrimPrefix(d.url, "http://"), d.address("listening for OTLP by gRPC")
	for way, address := range map[string]string{"http": http, "grpc": rpc} {
		runToEnd(t, sdk, way, address)
		r := d.check("go broke by "+way, "cart", "error")
		if r.Labels["user"] != `{"name":"ann"}` || r.Labels["tags"] != `["a",true]` {
			t.Errorf("got %+v", r)
		}
	}
	for i, args := range [][]string{{"--otlp-http", "--otlp-endpoint", http}, {"--otlp-endpoint", rpc}} {
		before := len(d.records())
		runToEnd(t, generator, append([]string{"logs", "--otlp-insecure", "--logs", "100", "--workers", "2", "--rate", "0", "--severity-text", "Warn", "--severity-number", "13",
			"--body", fmt.Sprintf("telemetrygen %d", i), "--service", "gen", "--trace-id", "4bf92f3577b34da6a3ce929d0e0e4736"}, args...)...)
		r := d.check(fmt.Sprintf("telemetrygen %d", i), "gen", "warn")
		if n := len(d.records()) - before; n != 200 || !strings.HasPrefix(r.Trace, "4b") {
			t.Errorf("%d records came, want 200; the first %+v", n, r)
		}
	}
}

func TestLogClients_JournalUpload(t *testing.T) {
	journal := journalFile(t)
	d := receiveLogs(t, openConfig)
	// It follows the journal: one upload without an end.
	start(t, journalPrograms[0], "--url="+d.url, "--directory="+journal, "--save-state="+filepath.Join(t.TempDir(), "state"))
	d.check("uploaded one", "orders", "error")
	r := d.check("uploaded two", "nginx", "info")
	if r.Line != "uploaded two\nof two lines" {
		t.Errorf("got %q", r.Line)
	}
}

func TestLogClients_Journalctl(t *testing.T) {
	program(t, "journalctl", "systemd")
	journal := journalFile(t)
	d := receiveLogs(t, openConfig+fmt.Sprintf("journal: {follow: true, directory: '%s', since: 1h}\n", journal))
	d.check("uploaded one", "orders", "error")
	d.check("uploaded two", "nginx", "info")
}

// The programs of systemd-journal-remote, which stand outside of PATH.
var journalPrograms = [2]string{"/lib/systemd/systemd-journal-upload", "/lib/systemd/systemd-journal-remote"}

// journalFile makes a folder with a journal of two entries.
func journalFile(t *testing.T) string {
	t.Helper()
	for _, p := range journalPrograms {
		if _, err := os.Stat(p); err != nil {
			program(t, p, "systemd-journal-remote") // skips or fails
		}
	}
	dir := t.TempDir()
	now := time.Now().UnixMicro()
	var b strings.Builder
	for i, fields := range []string{"PRIORITY=3\nSYSLOG_IDENTIFIER=orders\nMESSAGE=uploaded one\n",
		"PRIORITY=6\n_SYSTEMD_UNIT=nginx.service\nMESSAGE\n" + "\x19\x00\x00\x00\x00\x00\x00\x00" + "uploaded two\nof two lines" + "\n"} {
		fmt.Fprintf(&b, "__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=4bf92f3577b34da6a3ce929d0e0e4736\n_HOSTNAME=h1\n%s\n", now+int64(i)*1000, 1000+i, fields)
	}
	export := writeFile(t, dir, "entries.export", b.String())
	journal := filepath.Join(dir, "journal")
	if err := os.Mkdir(journal, 0o700); err != nil {
		t.Fatal(err)
	}
	runToEnd(t, journalPrograms[1], "--output="+filepath.Join(journal, "test.journal"), export)
	return journal
}
