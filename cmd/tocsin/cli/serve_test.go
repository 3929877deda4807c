package cli_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tocsinhq/tocsin/cmd/tocsin/cli"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// screen collects output while the program runs.
type screen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// waitFor returns what the pattern finds once it is there.
func (s *screen) waitFor(t *testing.T, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	for {
		if found := re.FindString(s.String()); found != "" {
			return found
		}
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatalf("waited in vain for %s in\n%s", pattern, s)
		}
	}
}

// begin runs a command that runs until it is told to end; end sends this process
// the signal, which the command takes, and returns the exit code.
func begin(t *testing.T, args ...string) (stdout, stderr *screen, end func(syscall.Signal) int) {
	t.Helper()
	stdout, stderr = new(screen), new(screen)
	code := make(chan int, 1)
	go func() { code <- cli.Run(args, stdout, stderr) }()
	return stdout, stderr, func(s syscall.Signal) int {
		t.Helper()
		signalSelf(t, s)
		select {
		case c := <-code:
			return c
		case <-time.After(time.Minute):
			t.Fatalf("%q did not end after %s:\n%s", args, s, stderr)
			return -1
		}
	}
}

func signalSelf(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), s); err != nil {
		t.Fatal(err)
	}
}

func TestServe_HangupReloads_TermEnds(t *testing.T) {
	dir := files(t, "tocsin.yml", "rules: {alert_files: []}\n")
	_, log, end := begin(t, "serve", "--config.file="+filepath.Join(dir, "tocsin.yml"), "--web.listen-address=127.0.0.1:0",
		"--storage.path="+filepath.Join(dir, "data"), "--log.format=json")
	url := log.waitFor(t, `"msg":"ready","url":"http://127\.0\.0\.1:\d+`)
	url = url[strings.Index(url, "http"):]
	res, err := http.Get(url + "/-/ready")
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
	if res.StatusCode != 200 {
		t.Errorf("ready: got %d", res.StatusCode)
	}
	signalSelf(t, syscall.SIGHUP)
	log.waitFor(t, `"configuration reloaded"`)
	if err := os.WriteFile(filepath.Join(dir, "tocsin.yml"), []byte("nothing: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	signalSelf(t, syscall.SIGHUP)
	log.waitFor(t, `reload refused.*tocsin.yml:1`)
	code, _, errs := run("serve", "--web.listen-address=127.0.0.1:0", "--storage.path="+filepath.Join(dir, "data"))
	if code != cli.ExitFailed || !strings.Contains(errs, "is in use by process") {
		t.Errorf("a second daemon on one folder: got %d %s", code, errs)
	}
	if code := end(syscall.SIGTERM); code != cli.ExitOK {
		t.Errorf("after SIGTERM: got %d\n%s", code, log)
	}
	if !strings.Contains(log.String(), "write detector checkpoint") {
		t.Errorf("no orderly end:\n%s", log)
	}
}

func TestDemo_CtrlC_LeavesNothingBehind(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	out, errs, end := begin(t, "demo", "--web.listen-address=127.0.0.1:0")
	// In the middle of writing the history, when most is going on.
	out.waitFor(t, `A small shop of`)
	if code := end(syscall.SIGINT); code != cli.ExitOK {
		t.Errorf("after Ctrl-C: got %d\n%s\n%s", code, out, errs)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestDemo_PortTaken_SaysSoAndLeavesNothing(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	dir := t.TempDir()
	_, log, end := begin(t, "serve", "--web.listen-address=127.0.0.1:0", "--storage.path="+filepath.Join(dir, "data"))
	url := log.waitFor(t, `msg=ready url=http://127\.0\.0\.1:\d+`)
	address := url[strings.LastIndex(url, "/")+1:]
	code, _, errs := run("demo", "--web.listen-address="+address)
	if code != cli.ExitFailed || !strings.Contains(errs, "listen on "+address) {
		t.Errorf("got %d %s", code, errs)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	end(syscall.SIGTERM)
}
