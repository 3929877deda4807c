//go:build linux

package e2e_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/app"
	"github.com/tocsinhq/tocsin/ingest/logtest"
	"github.com/tocsinhq/tocsin/telemetry"
)

// logDaemon is the whole daemon in this process, over a sink that shows what real loggers
// made of their records.
type logDaemon struct {
	t    *testing.T
	url  string
	sink *logtest.Sink
	log  *safeText
}

// safeText is a text that many write to.
type safeText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *safeText) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *safeText) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// receiveLogs starts a daemon with a configuration.
func receiveLogs(t *testing.T, config string) *logDaemon {
	t.Helper()
	d := &logDaemon{t: t, sink: new(logtest.Sink), log: new(safeText)}
	dir := t.TempDir()
	a, err := app.New(t.Context(), app.Options{
		ConfigFile: writeFile(t, dir, "tocsin.yml", config), ListenAddress: "127.0.0.1:0", StoragePath: filepath.Join(dir, "data"), Version: "test",
		Logger: slog.New(slog.NewTextHandler(d.log, nil)), Console: io.Discard, Logs: d.sink,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the daemon said:\n%s", d.log.String())
		}
	})
	d.url = a.URL()
	eventually(t, 30*time.Second, "the receivers run", func() error {
		if !strings.Contains(d.log.String(), "msg=ready") {
			return io.ErrNoProgress
		}
		return nil
	})
	return d
}

// address is where the daemon listens, by what it logs.
func (d *logDaemon) address(message string) string {
	d.t.Helper()
	m := regexp.MustCompile(regexp.QuoteMeta(message) + `" address=(\S+)`).FindStringSubmatch(d.log.String())
	if m == nil {
		d.t.Fatalf("%q was not logged", message)
	}
	return m[1]
}

// record waits for the record whose text holds a word.
func (d *logDaemon) record(word string) *telemetry.LogRecord {
	d.t.Helper()
	var found *telemetry.LogRecord
	eventually(d.t, 20*time.Second, "a record with "+word, func() error {
		for _, r := range d.sink.Records() {
			if strings.Contains(string(r.Body), word) {
				found = &r
				return nil
			}
		}
		return io.ErrUnexpectedEOF
	})
	return found
}

// check compares what is known of the record that holds a word.
func (d *logDaemon) check(word, service, level string) *telemetry.LogRecord {
	d.t.Helper()
	r := d.record(word)
	if r.Service != service || r.Severity.String() != level {
		d.t.Errorf("%s: got service %q and level %s in %s, want %q and %s", word, r.Service, r.Severity, logtest.Show(r), service, level)
	}
	if age := time.Since(time.Unix(0, r.Time)); r.Time != 0 && (age < -time.Minute || age > time.Hour) {
		d.t.Errorf("%s: it is from %s", word, time.Unix(0, r.Time))
	}
	d.t.Logf("%s", logtest.Show(r))
	return r
}

// runToEnd runs a program to its end and returns what it printed.
func runToEnd(t *testing.T, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// nodeClients returns a folder in which the loggers of npm are installed: that of
// TOCSIN_LOG_CLIENTS, or one that is filled now if the surroundings promise that npm is there.
func nodeClients(t *testing.T) string {
	t.Helper()
	program(t, "node", "nodejs")
	scripts, err := filepath.Abs("testdata/logclients")
	if err != nil {
		t.Fatal(err)
	}
	dir := os.Getenv("TOCSIN_LOG_CLIENTS")
	if dir == "" {
		if os.Getenv("CI") != "true" && os.Getenv("TOCSIN_E2E") != "1" {
			t.Skip("TOCSIN_LOG_CLIENTS names no folder with the packages of testdata/logclients/package.json; \"npm ci\" in a copy of it makes one")
		}
		dir = t.TempDir()
		for _, name := range []string{"package.json", "package-lock.json"} {
			runToEnd(t, "cp", filepath.Join(scripts, name), dir)
		}
		runToEnd(t, "npm", "ci", "--prefix", dir, "--no-audit", "--no-fund", "--ignore-scripts")
	}
	return dir
}

// nodeScript runs a script of testdata/logclients with the packages of a folder.
func nodeScript(t *testing.T, packages, script string, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	runToEnd(t, "cp", "testdata/logclients/"+script, dir)
	if err := os.Symlink(filepath.Join(packages, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return runToEnd(t, "node", append([]string{filepath.Join(dir, script)}, args...)...)
}
