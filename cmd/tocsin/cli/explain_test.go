package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/cmd/tocsin/cli"
	"github.com/tocsinhq/tocsin/web"
)

func TestExplain_PrintsTextOrJSON(t *testing.T) {
	at, series := shop(t), `tocsin:error_rate{service="checkout"}`
	code, out, errs := run("explain", series, at)
	if code != cli.ExitOK || !strings.HasPrefix(out, "{selector=") || !strings.Contains(out, "\nvalue 0.1") || !strings.HasSuffix(out, "): spike\n") {
		t.Errorf("got %d\n%s\n%s", code, out, errs)
	}
	var e web.Explanation
	if _, out, _ := run("explain", series, at, "--json", "--time=1700000000"); json.Unmarshal([]byte(out), &e) != nil || e.Time.Unix() != 1700000000 || e.Odd || len(e.Evidence) != 1 {
		t.Errorf("--json: got %s", out)
	}
	if code, _, errs := run("explain", "nothing", at); code != cli.ExitFailed || !strings.Contains(errs, "no series matches nothing") {
		t.Errorf("no match: got %d %q", code, errs)
	}
	if code, _, errs := run("explain", series, at, "--time=noon"); code != cli.ExitUsage || !strings.Contains(errs, "--time: want a time") {
		t.Errorf("no time: got %d %q", code, errs)
	}
}
