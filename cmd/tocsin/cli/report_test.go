package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/cmd/tocsin/cli"
	"github.com/tocsinhq/tocsin/web"
)

func TestReport_CapacityAndForecast(t *testing.T) {
	at := shop(t)
	code, out, errs := run("report", "capacity", at, "--horizon=7d")
	if code != cli.ExitOK || !strings.HasPrefix(out, "SERVICE") {
		t.Fatalf("got %d\n%s\n%s", code, out, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 4 || !strings.Contains(lines[1], "orders-db") || !strings.Contains(lines[1], "81.5%") || !strings.Contains(lines[1], "95%") || !strings.Contains(lines[2], " -") {
		t.Errorf("got\n%s", out)
	}
	var rooms web.RoomList
	if _, out, _ := run("report", "capacity", at, "--json", "--full=0.5"); json.Unmarshal([]byte(out), &rooms) != nil || len(rooms.Rooms) != 3 || rooms.Rooms[0].Crossing.Threshold != 50 {
		t.Errorf("--json: got %s", out)
	}
	if _, out, _ := run("report", "capacity", at, "--limit=1"); !strings.Contains(out, "--limit shows them") {
		t.Errorf("one of several: got\n%s", out)
	}
	if _, out, _ := run("report", "capacity", at, "--service=nobody"); !strings.Contains(out, "nothing is known yet") {
		t.Errorf("none: got %q", out)
	}
	series := `tocsin:error_rate{service="checkout"}`
	code, out, errs = run("report", "forecast", series, at, "--horizon=12h", "--threshold=0.9")
	if code != cli.ExitOK || !strings.Contains(out, "EXPECTED") || !strings.Contains(out, "LATEST") || !strings.Contains(out, "%") {
		t.Errorf("got %d\n%s\n%s", code, out, errs)
	}
	if code, _, errs := run("report", "forecast", "nothing", at); code != cli.ExitFailed || !strings.Contains(errs, "no series matches nothing") {
		t.Errorf("no match: got %d %q", code, errs)
	}
	if code, _, errs := run("report", "capacity", at, "--horizon=soon"); code != cli.ExitUsage || !strings.Contains(errs, "want a duration such as 12h or 30d") {
		t.Errorf("no duration: got %d %q", code, errs)
	}
}
