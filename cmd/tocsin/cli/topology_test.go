package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/cmd/tocsin/cli"
	"github.com/tocsinhq/tocsin/web"
)

func TestTopology_TablesAndJSON(t *testing.T) {
	url := shop(t)
	code, out, errs := run("topology", url)
	if code != cli.ExitOK || !strings.HasPrefix(out, "NAME ") {
		t.Fatalf("got %d\n%s\n%s", code, out, errs)
	}
	for _, want := range [][]string{
		{"checkout", "service", "41/s", "7.1%", "2.4 s", "1.9 s", "critical: checkout: p95_latency is high"},
		{"node-1", "host", "-"},
		{"checkout", "uses", "postgresql:orders", "120/s", "0%", "4 ms", "-", "spans"},
		{"search", "runs on", "node-2", "-", "metrics"},
	} {
		found := false
		for line := range strings.Lines(out) {
			rest, ok := line, true
			for _, w := range want {
				_, rest, ok = strings.Cut(rest, w)
				if !ok {
					break
				}
			}
			found = found || ok
		}
		if !found {
			t.Errorf("want a line with %q in\n%s", want, out)
		}
	}
	var top web.Topology
	if _, out, _ := run("topology", url, "--json", "--limit=2"); json.Unmarshal([]byte(out), &top) != nil || len(top.Nodes) != 2 || !top.More {
		t.Errorf("--json: got %s", out)
	}
}

func TestIncidentShow_TellsTheCause(t *testing.T) {
	url := shop(t)
	_, out, errs := run("incident", "show", url, incidents(t, url, "--state=open", "--service=checkout").Incidents[0].ID)
	for _, want := range []string{
		"\nCause\n  requests take longer in checkout itself (82 %, high confidence)\n",
		"    observed: time in the service itself (p90) of checkout went from 41 ms to 1.9 s\n",
		"    inferred: front is slow because it waits for checkout\n",
		"    way here: front -> checkout\n",
		"    against it (observed): two of the five instances",
		"  contributing\n    calls to postgresql:orders take longer (11 %, low confidence)\n",
		"  affected: front, checkout\n",
		"  try: Roll checkout back to v41 (change, helped 3 of 4 times)\n",
		"  prevent: Send a part of the users to a new version first (v42 went to all at once; observed)\n",
		"  over within 15m in half of the cases, 40m in 80 of 100 (from 14 incidents)\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in\n%s\n%s", want, out, errs)
		}
	}
}
