//go:build linux

package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// The public suite for receivers of remote write 2.0 and the number of its tests. It
// is a module of its own, see its go.mod.
const (
	complianceModule = "../compliance/remotewrite"
	compliancePkg    = "github.com/prometheus/compliance/remotewrite/receiver"
	complianceTests  = 39
)

// verdict is what became of one test of the suite.
type verdict struct {
	action string   // pass, fail or skip; empty while it has none
	failed []string // names of its parts that failed
	output []string // what the test and its parts printed
}

// TestComplianceRemoteWrite runs the suite against the built program. Each of its
// tests is a test here.
func TestComplianceRemoteWrite(t *testing.T) {
	d := serve(t)
	config := writeFile(t, t.TempDir(), "receivers.yml", fmt.Sprintf("remote_write:\n  - name: tocsin\n    url: %s/api/v1/write\n", d.url))
	// Time for the modules of the suite to be fetched and built on a new machine.
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "-C", complianceModule, "test", "-mod=readonly", "-json", "-count=1", "-timeout=2m", compliancePkg)
	cmd.Env = append(os.Environ(), "PROMETHEUS_RW2_COMPLIANCE_CONFIG_FILE="+config, "PROMETHEUS_RW2_COMPLIANCE_RECEIVERS=tocsin", "GOFLAGS=")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, runErr := cmd.Output()
	verdicts, other := verdictsOf(out)
	if len(verdicts) != complianceTests {
		t.Fatalf("the suite has told of %d tests, want %d: %v\n%s%s", len(verdicts), complianceTests, runErr, errs.String(), strings.Join(other, ""))
	}
	passed := 0
	for _, name := range slices.Sorted(maps.Keys(verdicts)) {
		v := verdicts[name]
		t.Run(name, func(t *testing.T) {
			if v.action != "pass" {
				t.Errorf("%s %q: parts %s\n%s", name, v.action, strings.Join(v.failed, ", "), strings.Join(v.output, ""))
				return
			}
			passed++
		})
	}
	t.Logf("%d of %d tests of %s hold", passed, complianceTests, compliancePkg)
	if n := d.counted(t, "tocsin_ingest_panics_total", ""); n != 0 {
		t.Errorf("the daemon panicked %v times", n)
	}
}

// verdictsOf reads the events of "go test -json" and returns the verdict of each
// test at the top, and what was printed outside of tests.
func verdictsOf(out []byte) (verdicts map[string]*verdict, other []string) {
	verdicts = map[string]*verdict{}
	in := bufio.NewScanner(bytes.NewReader(out))
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var event struct{ Action, Test, Output string }
		if err := json.Unmarshal(in.Bytes(), &event); err != nil || event.Test == "" {
			other = append(other, event.Output)
			continue
		}
		top, _, part := strings.Cut(event.Test, "/")
		v := verdicts[top]
		if v == nil {
			v = new(verdict)
			verdicts[top] = v
		}
		switch {
		case event.Action == "output":
			v.output = append(v.output, event.Output)
		case event.Action == "fail" && part:
			v.failed = append(v.failed, event.Test)
		case !part && (event.Action == "pass" || event.Action == "fail" || event.Action == "skip"):
			v.action = event.Action
		}
	}
	return verdicts, other
}
