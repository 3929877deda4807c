//go:build linux

// Package e2e runs the built program as an operator does: real processes, real
// HTTP on loopback, real samples from Debian's Prometheus and node exporter. It
// looks at nothing but what the program answers, prints and leaves on disk.
//
// TOCSIN_BIN names a built program to test instead of building one. Tests that
// need a program which is not installed are skipped; with CI=true or
// TOCSIN_E2E=1 they fail instead.
package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// burnVar makes the test binary a process that keeps one core busy for the
// duration it names, so that a burn ends by itself whatever becomes of the test.
const burnVar = "TOCSIN_E2E_BURN"

// tocsin is the path of the program under test; set once by TestMain.
var tocsin string

func TestMain(m *testing.M) {
	if text := os.Getenv(burnVar); text != "" {
		burn(text)
		return
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if tocsin = os.Getenv("TOCSIN_BIN"); tocsin != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "tocsin-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	tocsin = filepath.Join(dir, "tocsin")
	build := exec.Command("go", "build", "-o", tocsin, "../../cmd/tocsin")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e: build the program under test:", err)
		return 1
	}
	return m.Run()
}

// burn counts until the time is over, at most a minute.
func burn(text string) {
	d, err := time.ParseDuration(text)
	if err != nil || d > time.Minute {
		fmt.Fprintf(os.Stderr, "e2e: %s=%q: want a duration of at most 1m\n", burnVar, text)
		os.Exit(3)
	}
	for end, n := time.Now().Add(d), 0; time.Now().Before(end); n++ {
		for range 1 << 20 {
			n++
		}
	}
}

// program returns the path of an installed program. Where there is none the
// test is skipped, or fails when the surroundings promise that all are there.
func program(t *testing.T, name, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	const hint = "%s is not installed; \"apt-get install --no-install-recommends %s\" or .ci/run brings it"
	if os.Getenv("CI") == "true" || os.Getenv("TOCSIN_E2E") == "1" {
		t.Fatalf(hint, name, pkg)
	}
	t.Skipf(hint, name, pkg)
	return ""
}
