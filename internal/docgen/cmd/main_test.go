package main

import (
	"os"
	"strings"
	"testing"
)

const root = "../../.."

func TestGeneratedPages_AreUpToDate(t *testing.T) {
	if err := run(root, true); err != nil {
		t.Error(err)
	}
}

func TestSignalsPage_NamesEverySignalAndItsExpressions(t *testing.T) {
	body, err := os.ReadFile(root + "/docs/signals.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"## error_rate", "## request_rate", "## p95_latency", "## memory_percent", "## cpu_usage",
		"| client_golang promhttp | `sum by (service) (rate(http_requests_total{code=~\"5..\"}[$window]))",
		"histogram_quantile(0.95, ", "Also: `error_ratio`",
	} {
		if !strings.Contains(string(body), want) {
			t.Errorf("docs/signals.md: want %q in it", want)
		}
	}
}
