package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/cmd/tocsin/cli"
	"github.com/tocsinhq/tocsin/web"
)

func TestNotifyLog_TextJSONAndFilters(t *testing.T) {
	url := shop(t)
	code, out, errs := run("notify", "log", url)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != cli.ExitOK || !strings.HasPrefix(lines[0], "TIME ") || !strings.Contains(lines[1], "held back by maintenance window index rebuild") ||
		!strings.Contains(lines[len(lines)-1], "escalated") {
		t.Errorf("got %d\n%s\n%s", code, out, errs)
	}
	if _, out, _ := run("notify", "log", url, "--limit=2"); len(strings.Split(strings.TrimSpace(out), "\n")) != 3 || !strings.Contains(out, "escalated") {
		t.Errorf("--limit=2: want the latest two, got\n%s", out)
	}
	if _, out, _ := run("notify", "log", url, "--since=1m"); out != "nothing was told, and nothing was held back\n" {
		t.Errorf("--since=1m: got %q", out)
	}
	_, out, _ = run("notify", "log", url, "-o", "json", "--channel=webhook pager", "--incident=01JDK3M8Q4T7ZV", "--what=retry,failed")
	var e web.NotifyEntry
	if err := json.Unmarshal([]byte(out), &e); err != nil || e.Code != "503" || e.Took != 1.2 || strings.Count(out, "\n") != 1 {
		t.Errorf("-o json: %v, got %s", err, out)
	}
	if code, _, errs := run("notify", "log", url, "--what=gone"); code == cli.ExitOK || !strings.Contains(errs, "what: want words out of sent, retry") {
		t.Errorf("--what=gone: %d %s", code, errs)
	}
	if code, _, errs := run("notify", "log", url, "--limit=0"); code == cli.ExitOK || !strings.Contains(errs, "want a positive --limit") {
		t.Errorf("--limit=0: %d %s", code, errs)
	}
}
