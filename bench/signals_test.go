package main

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// roleEnv makes a copy of the test program the bench or the server of
// TestIngest_Signal_EndsServersAndRemovesFolder.
const roleEnv = "TOCSIN_BENCH_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleEnv) {
	case "bench":
		os.Exit(run([]string{"ingest", "-tocsin", os.Getenv("TOCSIN_BENCH_TEST_SERVER"), "-prometheus", "none", "-victoriametrics", "none"}, io.Discard, os.Stderr))
	case "server":
		serveWithoutAnswer()
	}
	os.Exit(m.Run())
}

// serveWithoutAnswer is ready, and takes what is sent to it without ever answering.
// Once something was sent it tells its process id.
func serveWithoutAnswer() {
	address := ""
	for _, a := range os.Args {
		if v, ok := strings.CutPrefix(a, "--web.listen-address="); ok {
			address = v
		}
	}
	file := os.Getenv("TOCSIN_BENCH_TEST_PID")
	err := http.ListenAndServe(address, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			return
		}
		_ = os.WriteFile(file, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600) // the test misses it
		select {}
	}))
	os.Stderr.WriteString(err.Error())
	os.Exit(1)
}

func TestIngest_Signal_EndsServersAndRemovesFolder(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			dir, temp := t.TempDir(), t.TempDir()
			server, pidFile := filepath.Join(dir, "server"), filepath.Join(dir, "pid")
			script := "#!/bin/sh\nexec env " + roleEnv + "=server '" + self + "' \"$@\"\n"
			if err := os.WriteFile(server, []byte(script), 0o700); err != nil {
				t.Fatal(err)
			}
			bench := exec.Command(self)
			bench.Env = append(os.Environ(), roleEnv+"=bench", "TOCSIN_BENCH_TEST_SERVER="+server, "TOCSIN_BENCH_TEST_PID="+pidFile, "TMPDIR="+temp)
			var complaints strings.Builder
			bench.Stderr = &complaints
			if err := bench.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- bench.Wait() }()
			pid := serverPID(t, pidFile)
			t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
			if err := bench.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-ended:
				if err == nil {
					t.Error("the bench ended as if it were complete")
				}
			case <-time.After(time.Minute):
				t.Fatal("the bench goes on")
			}
			if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
				t.Errorf("the server %d is still there (%v)", pid, err)
			}
			if left, err := filepath.Glob(filepath.Join(temp, "*")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v (%v)", left, err)
			}
			if !strings.Contains(complaints.String(), "signal") {
				t.Errorf("the bench said %q", complaints.String())
			}
		})
	}
}

// serverPID waits until the server has told its process id.
func serverPID(t *testing.T, file string) int {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(time.Minute); ; {
		text, _ := os.ReadFile(file)
		if line, whole := strings.CutSuffix(string(text), "\n"); whole {
			pid, err := strconv.Atoi(line)
			if err != nil {
				t.Fatal(err)
			}
			return pid
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("nothing was sent to the server within a minute")
		}
	}
}
