package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/report"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; go test ./report -rewrite makes it", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

var hiding = report.Config{Redact: []string{`s3cret-\d+`}, RedactLabels: []string{"token"}}

func TestPostmortem_Golden(t *testing.T) {
	p := report.Build(broken(), hiding)
	golden(t, "broken.md", p.Markdown(false))
	body, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "broken.json", append(body, '\n'))
}

func TestBuild_Figures_AreThoseOfTheLog(t *testing.T) {
	p := report.Build(broken(), report.DefaultConfig())
	for name, x := range map[string]struct {
		got  *float64
		want time.Duration
	}{
		"detect": {p.Times.Detect, 30 * time.Second}, "tell": {p.Times.Tell, 33 * time.Second},
		"acknowledge": {p.Times.Acknowledge, 90 * time.Second}, "mitigate": {p.Times.Mitigate, 7 * time.Minute}, "resolve": {p.Times.Resolve, 12 * time.Minute},
	} {
		if x.got == nil || *x.got != x.want.Seconds() {
			t.Errorf("time to %s: got %v, want %s", name, x.got, x.want)
		}
	}
	if got := p.Impact.Severities; len(got) != 2 || got[0].Seconds != 680 || got[1].Seconds != 10 {
		t.Errorf("severities: got %+v, want critical 680s, warning 10s", got)
	}
	if p.Impact.Felt != 420 {
		t.Errorf("felt: got %v, want 420s", p.Impact.Felt)
	}
	if got := float64(p.Impact.Budgets[0].Spent); got < 0.2499 || got > 0.2501 {
		t.Errorf("budget spent: got %v, want 0.25", got)
	}
	if len(p.Tried) != 1 || p.Tried[0].What != "rollback" || p.Tried[0].Helped != "yes" {
		t.Errorf("tried: got %+v", p.Tried)
	}
	if p.Trigger == nil || p.Trigger.ChangeID != "dep/42" || p.Suspects[2].Ruled == "" {
		t.Errorf("causes: got %+v and %+v", p.Trigger, p.Suspects)
	}
}

func TestMarkdown_BurstIsFolded_UnknownKindIsShown(t *testing.T) {
	text := string(report.Build(broken(), report.DefaultConfig()).Markdown(false))
	for _, want := range []string{"37 more like this", "candidate\\_for\\_something", "TO" + "DO(human)", "evidence](<https://tocsin.example/incidents/01INC#event-101>)"} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "<script") || strings.Contains(text, "javascript:") {
		t.Error("markup from outside reached the text")
	}
}

func TestBuild_NamesNobody(t *testing.T) {
	p := report.Build(broken(), report.DefaultConfig())
	body, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range [][]byte{body, p.Markdown(true)} {
		for _, name := range []string{" ann", "bob", `"ann`} {
			if bytes.Contains(text, []byte(name)) {
				t.Errorf("%q is named", name)
			}
		}
		if !bytes.Contains(text, []byte("responder A")) {
			t.Error("want the one who acted as responder A")
		}
	}
	named := report.DefaultConfig()
	named.NamePeople = true
	text := report.Build(broken(), named).Markdown(false)
	if !bytes.Contains(text, []byte("ann")) || bytes.Contains(text, []byte("bob deploys")) {
		t.Error("want who acted by name and no author of a change")
	}
}

func TestBuild_Redacts(t *testing.T) {
	p := report.Build(broken(), hiding)
	body, _ := json.Marshal(p)
	for _, text := range [][]byte{body, p.Markdown(true)} {
		for _, secret := range []string{"s3cret", "hunter2"} {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("%q is shown", secret)
			}
		}
	}
}

func TestBuild_OfNothing_IsAReport(t *testing.T) {
	p := report.Build(report.Input{}, report.Config{})
	if text := p.Markdown(false); !bytes.Contains(text, []byte("Causes were not ranked")) {
		t.Errorf("got %s", text)
	}
}

func TestConfig_Validate(t *testing.T) {
	for _, c := range []report.Config{{Redact: []string{"("}}, {Redact: []string{"a*"}}, {RedactLabels: []string{""}}, {Redact: make([]string, 101)}} {
		bad := 0
		c.Validate(func(string, string, ...any) { bad++ })
		if bad == 0 {
			t.Errorf("%+v: want a fault", c)
		}
	}
}
