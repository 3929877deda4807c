package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/cmd/tocsin/cli"
	"github.com/tocsinhq/tocsin/web"
)

func TestChangeVerdict_SpeaksByItsExitStatus(t *testing.T) {
	url := shop(t)
	var list web.ChangeList
	if _, out, _ := run("change", "list", "--json", url); json.Unmarshal([]byte(out), &list) != nil || len(list.Changes) < 2 {
		t.Fatalf("got %s", out)
	}
	for _, c := range list.Changes {
		code, out, errs := run("change", "verdict", c.ID, url)
		want, text := 2, "nobody has looked yet"
		if c.VersionTo == "v42" {
			want, text = 1, "faulty"
		}
		if code != want || !strings.Contains(out, c.Title()+": "+text) {
			t.Errorf("%s: got %d, want %d\n%s%s", c.Title(), code, want, out, errs)
		}
		var v web.ChangeVerdict
		code, out, _ = run("change", "verdict", c.ID, url, "--json", "--wait", "--timeout=20ms", "--poll=1ms")
		if err := json.Unmarshal([]byte(out), &v); err != nil || code != want || v.Change.ID != c.ID {
			t.Errorf("%s --json --wait: got %d, %v\n%s", c.Title(), code, err, out)
		}
	}
	if code, _, errs := run("change", "verdict", "nobody", url); code != cli.ExitFailed || !strings.Contains(errs, "nobody") {
		t.Errorf("unknown: got %d, %s", code, errs)
	}
}
