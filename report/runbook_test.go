package report_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/report"
)

func subject() report.RunbookSubject {
	return report.RunbookSubject{Kind: report.RunbookAlert, Subject: "high_error_rate", Meaning: "asks error_rate > 5%\n<!-- people:notes -->\n```\n",
		Checks: []report.Lookup{{Name: "error_rate > 5%", Query: `tocsin:error_rate > 0.05 or a{b="` + "`" + `|"}`}}, BaseURL: "https://tocsin.example"}
}

func TestRunbook_Golden(t *testing.T) {
	p := report.Build(broken(), report.DefaultConfig())
	golden(t, "runbook.md", report.Learn(subject(), []report.Postmortem{p}).Markdown(map[string]string{"notes": "Ask the team of payments first."}))
	golden(t, "runbook_empty.md", report.Learn(subject(), nil).Markdown(nil))
}

func TestLearn_CountsWhatHelped(t *testing.T) {
	yes := report.Build(broken(), report.DefaultConfig())
	in := broken()
	in.Incident.ID = "02INC"
	in.Incident.Occurrences[0].Condition = "firing" // it went on after the rollback
	in.Records[len(in.Records)-1].Incident.Occurrences[0].Condition = "firing"
	in.Records[len(in.Records)-2].Incident.Occurrences[0].Condition = "firing"
	late := in.Changes[0]
	late.ID, late.VersionTo, late.Kind = "scale", "", "scale"
	late.Started, late.Finished = after(8*60e9), after(8*60e9)
	in.Changes = append(in.Changes, late)
	no := report.Build(in, report.DefaultConfig())
	r := report.Learn(subject(), []report.Postmortem{yes, no})
	if len(r.Mitigations) != 2 {
		t.Fatalf("got %+v", r.Mitigations)
	}
	m := r.Mitigations[0]
	if m.Action != "rollback" || m.Tried != 2 || m.Helped != 1 || m.Median == nil || *m.Median != 120 {
		t.Errorf("got %+v, want a rollback that helped once of twice, after 120 s", m)
	}
	if len(r.Causes) != 1 || r.Causes[0].Times != 2 || len(r.Telling) != 1 || r.Telling[0].Of != 2 {
		t.Errorf("got %+v and %+v", r.Causes, r.Telling)
	}
	if !r.Verified.Equal(after(5 * 60e9)) {
		t.Errorf("verified: got %s", r.Verified)
	}
}

func TestRunbook_FrontMatter_IsYAML(t *testing.T) {
	s := subject()
	s.Services = []string{"a: b\n\"", "käse"}
	text := string(report.Learn(s, []report.Postmortem{report.Build(broken(), report.DefaultConfig())}).Markdown(nil))
	front, _, ok := strings.Cut(strings.TrimPrefix(text, "---\n"), "\n---\n")
	if !ok {
		t.Fatal("no front matter")
	}
	doc, errs := yamldoc.Parse("front", []byte(front))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var got struct {
		Version     int      `yaml:"tocsin_runbook"`
		Name        string   `yaml:"name"`
		Kind        string   `yaml:"kind"`
		Subject     string   `yaml:"subject"`
		Services    []string `yaml:"services"`
		Incidents   int      `yaml:"incidents"`
		Verified    string   `yaml:"last_verified"`
		Mitigations []struct {
			Action  string `yaml:"action"`
			Service string `yaml:"service"`
			Tried   int    `yaml:"tried"`
			Helped  int    `yaml:"helped"`
		} `yaml:"mitigations"`
	}
	if errs := doc.Decode(&got); len(errs) > 0 {
		t.Fatal(errs)
	}
	if got.Name != "high_error_rate" || got.Services[0] != "a: b\n\"" || len(got.Mitigations) != 1 || got.Mitigations[0].Helped != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestFolder_Save_KeepsWhatPeopleWrote(t *testing.T) {
	f := report.Folder{Dir: filepath.Join(t.TempDir(), "books")}
	r := report.Learn(subject(), nil)
	if names, err := f.Names(); err != nil || len(names) != 0 {
		t.Fatal(names, err)
	}
	text, changed, err := f.Save(r)
	if err != nil || !changed {
		t.Fatal(changed, err)
	}
	path := filepath.Join(f.Dir, "high_error_rate.md")
	edited := strings.Replace(string(text), "<!-- people:mitigation -->\n", "<!-- people:mitigation -->\n1. Breathe.\n\n2. Look.\n", 1) +
		"\n<!-- people:our-own -->\nkept too\n<!-- /people:our-own -->\n"
	edited = strings.Replace(edited, "# Runbook", "# Mine", 1)
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(edited, "\n", "\r\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	r = report.Learn(subject(), []report.Postmortem{report.Build(broken(), report.DefaultConfig())})
	text, changed, err = f.Save(r)
	if err != nil || !changed {
		t.Fatal(changed, err)
	}
	for _, want := range []string{"1. Breathe.\n\n2. Look.", "kept too", "# Runbook", "| rollback | checkout | 1 | 1 | 100.0% |"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
	if again, changed, err := f.Save(r); err != nil || changed || string(again) != string(text) {
		t.Errorf("a second time: changed %v, %v", changed, err)
	}
	if names, err := f.Names(); err != nil || len(names) != 1 {
		t.Error(names, err)
	}
}

func TestFolder_Save_LeavesWhatItMustNotTouch(t *testing.T) {
	f := report.Folder{Dir: t.TempDir()}
	path := filepath.Join(f.Dir, "high_error_rate.md")
	r := report.Learn(subject(), nil)
	for text, says := range map[string]string{
		"# All mine\n": "", "---\ntocsin_runbook: 1\n---\n<!-- people:a -->\n": "high_error_rate.md:4: want an end", "---\ntocsin_runbook: 1\n---\n<!-- /people:a -->\n": "in pairs",
		"---\ntocsin_runbook: 1\n---\n<!-- people:a -->\n<!-- people:b -->\n": "in pairs",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, changed, err := f.Save(r)
		if changed || (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %v, %v", text, changed, err)
		}
		if now, _ := os.ReadFile(path); string(now) != text {
			t.Errorf("%q became %q", text, now)
		}
	}
}

func TestFolder_Read_NoWayOut(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret.md"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := report.Folder{Dir: filepath.Join(dir, "books")}
	for _, name := range []string{"../secret", "..", "", "a/b", "A", "secret"} {
		if _, err := f.Read(name); !errors.Is(err, report.ErrNoRunbook) {
			t.Errorf("%q: got %v", name, err)
		}
	}
}

func TestRunbookName(t *testing.T) {
	for subject, want := range map[string]string{"High Error Rate!": "high-error-rate", "service-x": "alert-service-x", "ÄÖ": "alert-", "../../etc": "etc"} {
		if got := report.RunbookName(report.RunbookAlert, subject); got != want {
			t.Errorf("%q: got %q, want %q", subject, got, want)
		}
	}
	if got := report.RunbookName(report.RunbookService, "Pay/EU"); got != "service-pay-eu" {
		t.Errorf("got %q", got)
	}
}

// FuzzPeople looks for texts of which what people wrote does not survive.
func FuzzPeople(f *testing.F) {
	f.Add("<!-- people:notes -->\nhello\n<!-- /people:notes -->\n")
	f.Add("<!-- people:own -->\n\n  two\n\n<!-- /people:own -->\r\n")
	f.Add("<!-- people:a -->")
	f.Fuzz(func(t *testing.T, text string) {
		kept, err := report.People([]byte(text))
		if err != nil {
			return
		}
		again, err := report.People(report.Learn(subject(), nil).Markdown(kept))
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range kept {
			if again[name] != want {
				t.Fatalf("%s: %q became %q", name, want, again[name])
			}
		}
	})
}
