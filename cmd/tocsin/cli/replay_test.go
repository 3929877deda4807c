package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/cmd/tocsin/cli"
	"github.com/tocsinhq/tocsin/report/capture"
	"github.com/tocsinhq/tocsin/telemetry"
)

// failedDeployment writes a capture of a deployment that failed, for which the rule
// alerts at once.
func failedDeployment(t *testing.T, opened time.Duration) string {
	t.Helper()
	noon := time.Date(2026, time.March, 3, 12, 0, 0, 0, time.UTC)
	path := filepath.Join(t.TempDir(), "a.tocsin")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := capture.NewWriter(f, capture.Head{Incident: "01", Service: "pay", Title: "pay: failed", HistoryFrom: noon, From: noon, To: noon.Add(5 * time.Minute), Services: []string{"pay"}, Notes: []string{},
		Recorded: []capture.Outcome{{Service: "pay", Severity: "critical", State: "open", Onset: noon.Add(opened), Opened: noon.Add(opened), Suspect: "deployment pay v2", SuspectID: "c1"}}})
	if err != nil {
		t.Fatal(err)
	}
	at := noon.Add(2 * time.Minute)
	for _, err := range []error{
		w.Settings("incidents: {resolve_after: 5m}\n"),
		w.File(capture.File{Kind: capture.FileAlerts, Name: "alerts.yml", Text: "alerts: [{name: bad, condition: deployment_status == failed, severity: critical, channels: [pager]}]\n"}),
		w.Change(telemetry.Change{ID: "c1", Kind: telemetry.KindDeployment, Service: "pay", VersionTo: "v2", Started: at, Finished: at, Received: at, Status: telemetry.StatusFailed}),
		w.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestReplay_ExitCodes(t *testing.T) {
	same, late := failedDeployment(t, 2*time.Minute), failedDeployment(t, 4*time.Minute)
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{same}, cli.ExitOK, "the same came out"},
		{[]string{late}, cli.ExitFailed, "opened: recorded 2026-03-03 12:04:00 UTC, now 2026-03-03 12:02:00 UTC"},
		{[]string{late, "--tolerance=3m"}, cli.ExitOK, "the same came out"},
		{[]string{late, "--json"}, cli.ExitFailed, `"same": false`},
		{[]string{same, "--set", "no.such=1"}, cli.ExitUsage, "--set no.such=1"},
		{[]string{same, "--config", "/no/such.yml"}, cli.ExitUsage, "no such file"},
		{[]string{broken}, cli.ExitUsage, "tocsin incident export"},
		{[]string{"/no/such/file"}, cli.ExitUsage, "no such file"},
	} {
		var out bytes.Buffer
		if code := cli.Run(append([]string{"replay"}, tt.args...), &out, &out); code != tt.code || !strings.Contains(out.String(), tt.says) {
			t.Errorf("%v: got %d, want %d and %q in\n%s", tt.args, code, tt.code, tt.says, out.String())
		}
	}
}
