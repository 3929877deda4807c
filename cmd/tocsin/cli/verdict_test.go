package cli_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
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

func TestChangeVerdict_NothingMeasured_IsADash(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"change":{"id":"d1","kind":"deployment","service":"pay"},"verdict":{"state":"undecided","at":"2026-03-02T10:00:00Z","final":true,"reason":"no data","signals":[
			{"signal":"memory","unit":"bytes","before":2048,"after":0,"shift":0,"margin":0,"harm":0,"safe":0,"blocks":0,"lacks":"0 of 6 blocks since the change"},
			{"signal":"error_rate","unit":"ratio","before":0,"after":0,"shift":0,"margin":0.01,"harm":0.5,"safe":3,"blocks":8}],
			"arms":{"label":"version","canary":"v2","baseline":"v1","signals":[{"signal":"error_rate","unit":"ratio","blocks":0,"lacks":"0 of 6 blocks in which both ran"}]}}}`)
	}))
	defer s.Close()
	code, out, errs := run("change", "verdict", "d1", "--url="+s.URL)
	var rows []string
	for line := range strings.Lines(out) {
		if name, _, _ := strings.Cut(line, " "); name == "memory" || name == "error_rate" {
			rows = append(rows, strings.Join(strings.Fields(line), " "))
		}
	}
	want := []string{"memory 2 KiB - - - - - 0 of 6 blocks since the change", "error_rate 0% 0% 0% 1% 0.5 3", "error_rate - - - - - - 0 of 6 blocks in which both ran"}
	if code != 2 || strings.Join(rows, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %d %q, want %q\n%s%s", code, rows, want, out, errs)
	}
}
