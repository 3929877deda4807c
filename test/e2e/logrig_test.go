//go:build linux

package e2e_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/web/logapi"
)

// logDaemon is the built program, asked as a user asks for what real loggers sent.
type logDaemon struct {
	*daemon
	t *testing.T
}

// receiveLogs starts the program with a configuration.
func receiveLogs(t *testing.T, config string) *logDaemon {
	t.Helper()
	return &logDaemon{serve(t, "--config.file="+writeFile(t, t.TempDir(), "tocsin.yml", config)), t}
}

// address is where the daemon listens, by what it logs.
func (d *logDaemon) address(message string) string {
	d.t.Helper()
	want := regexp.MustCompile(regexp.QuoteMeta(message) + `" address=(\S+)`)
	at := ""
	eventually(d.t, 20*time.Second, message, func() error {
		m := want.FindStringSubmatch(d.text())
		if m == nil {
			return io.ErrNoProgress
		}
		at = m[1]
		return nil
	})
	return at
}

// records returns what is stored.
func (d *logDaemon) records() (all []logapi.Line) {
	d.t.Helper()
	status, text := d.try(http.MethodGet, "/api/v1/tocsin/logs?limit=0&direction=forward&since=2h", "", nil)
	if status != http.StatusOK {
		d.t.Fatalf("got %d %s", status, text)
	}
	for l := range strings.Lines(text) {
		var x logapi.Line
		if err := json.Unmarshal([]byte(l), &x); err != nil || x.Time.IsZero() {
			d.t.Fatalf("%v in %.300q", err, l)
		}
		all = append(all, x)
	}
	return all
}

// record waits for the record whose text holds a word.
func (d *logDaemon) record(word string) logapi.Line {
	d.t.Helper()
	var found logapi.Line
	eventually(d.t, 20*time.Second, "a record with "+word, func() error {
		for _, r := range d.records() {
			if strings.Contains(r.Line, word) {
				found = r
				return nil
			}
		}
		return io.ErrUnexpectedEOF
	})
	return found
}

// check compares what is known of the record that holds a word.
func (d *logDaemon) check(word, service, level string) logapi.Line {
	d.t.Helper()
	r := d.record(word)
	if r.Service != service || r.Level != level {
		d.t.Errorf("%s: got service %q and level %s in %+v, want %q and %s", word, r.Service, r.Level, r, service, level)
	}
	if age := time.Since(r.Time); age < -time.Minute || age > time.Hour {
		d.t.Errorf("%s: it is from %s", word, r.Time)
	}
	d.t.Logf("%+v", r)
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
