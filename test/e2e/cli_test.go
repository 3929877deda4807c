//go:build linux

package e2e_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

func TestCheck_Files_EveryErrorWithItsPlace(t *testing.T) {
	dir := t.TempDir()
	f := func(what, kind, name, text string, want int, words ...string) {
		t.Helper()
		stdout, stderr, code := command(t, "check", kind, writeFile(t, dir, name, text))
		if code != want {
			t.Errorf("%s: exit code=%d, want %d: %s%s", what, code, want, stdout, stderr)
		}
		for _, w := range words {
			if !strings.Contains(stdout+stderr, w) {
				t.Errorf("%s: the output lacks %q:\n%s%s", what, w, stdout, stderr)
			}
		}
	}
	good := writeFile(t, dir, "alerts.yml", alertRules("fine"))
	f("good configuration", "config", "good.yml", "rules:\n  alert_files: [\""+good+"\"]\n", 0)
	f("unknown fields at two places", "config", "bad.yml", "rules:\n  intervall: 5s\nnotfy: {}\n", 1,
		"bad.yml:2", "rules.intervall", "bad.yml:3", "notfy", "notify")
	f("wrong type", "config", "type.yml", "rules:\n  interval: [5]\n", 1, "type.yml:2", "rules.interval")
	f("not YAML", "config", "broken.yml", "rules: [\n", 1, "broken.yml:")
	f("good rules", "rules", "rules-good.yml", alertRules("fine"), 0)
	f("impossible threshold", "rules", "rules-bad.yml", strings.Replace(alertRules("never"), "5%", "150%", 1), 1, "rules-bad.yml:3", "never", "150%")
	f("negative duration", "rules", "rules-neg.yml", strings.Replace(alertRules("never"), "5m", "-5s", 1), 1, "rules-neg.yml:4", "-5s")
	f("unknown signal", "rules", "rules-sig.yml", strings.Replace(alertRules("never"), "error_rate", "eror_rate", 1), 1, "rules-sig.yml:3", "eror_rate", "error_rate")
	_, stderr, code := command(t, "check", "config", dir+"/none.yml")
	if code == 0 || !strings.Contains(stderr, "none.yml") {
		t.Errorf("a file that is not there: exit code=%d, %s", code, stderr)
	}
}

func TestSeedRules_AsTheyStand_Pass(t *testing.T) {
	stdout, stderr, code := command(t, "check", "rules", "testdata/alerts.yml")
	if code != 0 {
		t.Errorf("exit code=%d:\n%s%s", code, stdout, stderr)
	}
}

func TestUsage_Wrong_ExitsWithThree(t *testing.T) {
	for _, args := range [][]string{{"serve", "--nothing"}, {"nothing"}, {"incident", "show"}} {
		_, stderr, code := command(t, args...)
		if code != 3 || stderr == "" {
			t.Errorf("tocsin %s: exit code=%d, %q; want 3 and a sentence", strings.Join(args, " "), code, stderr)
		}
	}
	stdout, _, code := command(t, "version")
	if code != 0 || !strings.HasPrefix(stdout, "tocsin ") {
		t.Errorf("tocsin version: exit code=%d, %q", code, stdout)
	}
}

func TestChange_RecordedByCommand_IsListed(t *testing.T) {
	d := serve(t)
	before := time.Now()
	stdout, stderr, code := command(t, "change", "record", "--url="+d.url,
		"--service=checkout", "--version-from=v41", "--version-to=v42", "--status=succeeded", "--author=pipeline")
	if code != 0 {
		t.Fatalf("exit code=%d: %s%s", code, stdout, stderr)
	}
	all, err := d.changes("checkout")
	if err != nil || len(all) != 1 {
		t.Fatalf("%d changes, %v, want 1", len(all), err)
	}
	c := all[0]
	if c.Title() != "deployment checkout v41 -> v42" || c.Status != telemetry.StatusSucceeded || c.Author != "pipeline" || c.ID == "" {
		t.Errorf("change=%+v", c)
	}
	if c.Received.Before(before.Add(-time.Second)) || c.Started.IsZero() {
		t.Errorf("received=%s, started=%s, want both set", c.Received, c.Started)
	}
	_, stderr, code = command(t, "change", "record", "--url="+d.url, "--service=checkout", "--kind=wish")
	if code == 0 || !strings.Contains(stderr, "wish") {
		t.Errorf("unknown kind: exit code=%d, %s", code, stderr)
	}
	_, stderr, code = command(t, "change", "record", "--url=http://"+freeAddress(t), "--service=checkout")
	if code != 1 || !strings.Contains(stderr, "127.0.0.1") {
		t.Errorf("no daemon there: exit code=%d, %s", code, stderr)
	}
}

func TestIncident_CommandsAgainstADaemon(t *testing.T) {
	d := serve(t)
	stdout, stderr, code := command(t, "incident", "list", "--url="+d.url)
	if code != 0 {
		t.Errorf("list: exit code=%d: %s%s", code, stdout, stderr)
	}
	for _, verb := range []string{"show", "ack", "resolve"} {
		_, stderr, code := command(t, "incident", verb, "--url="+d.url, "01NOTTHERE")
		if code != 1 || !strings.Contains(stderr, "01NOTTHERE") {
			t.Errorf("%s of an unknown incident: exit code=%d, %s", verb, code, stderr)
		}
	}
}
