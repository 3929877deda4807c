package rerun_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/app"
	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/story"
	"github.com/tocsinhq/tocsin/report/capture"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/trial/rerun"
	"github.com/tocsinhq/tocsin/web"
)

// captured plays a story and captures its newest incident of the service.
func captured(t *testing.T, file, service string) capture.Capture {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../test/story", file))
	if err != nil {
		t.Fatal(err)
	}
	s, err := story.Parse(file, string(text))
	if err != nil {
		t.Fatal(err)
	}
	dir, log := t.TempDir(), slog.New(slog.DiscardHandler)
	if failures, err := story.Run(t.Context(), s, dir, log); err != nil || len(failures) > 0 {
		t.Fatal(failures, err)
	}
	cfg := config.Default()
	if s.Alerts != "" {
		cfg.Rules.AlertFiles = []string{filepath.Join(dir, "alerts.yml")}
	}
	if errs := config.Overlay(&cfg, file, []byte(s.Config)); len(errs) > 0 {
		t.Fatal(errs)
	}
	set, err := rules.ReadRuleSet(cfg.Rules, dir)
	if err != nil {
		t.Fatal(err)
	}
	end := s.Start.Add(s.End)
	core, err := app.NewCore(t.Context(), app.CoreOptions{Config: cfg, RuleSet: set, Dir: filepath.Join(dir, "data0"), Now: func() time.Time { return end }, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := core.Close(t.Context(), end); err != nil {
			t.Error(err)
		}
	}()
	list, err := core.Incidents().List(t.Context(), incident.Filter{Service: service})
	if err != nil || len(list) == 0 {
		t.Fatal("no incident", err)
	}
	var b bytes.Buffer
	o := app.CaptureOptions{CaptureRequest: web.CaptureRequest{ID: list[0].ID, Before: 10 * time.Minute, After: 30 * time.Minute, History: 7 * 24 * time.Hour}, Config: cfg, RuleSet: set}
	if err := core.Capture(t.Context(), o, &b); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d bytes", file, b.Len())
	c, err := capture.Read(file, &b, capture.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func run(t *testing.T, o rerun.Options) rerun.Report {
	t.Helper()
	o.Dir, o.Logger = t.TempDir(), slog.New(slog.DiscardHandler)
	if o.Tolerance == 0 {
		o.Tolerance = time.Minute
	}
	r, err := rerun.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRun_Story_SameIncidentSameSuspect(t *testing.T) {
	for file, service := range map[string]string{"bad_deployment.story": "pay"} {
		c := captured(t, file, service)
		r := run(t, rerun.Options{Capture: c})
		if !r.Same || len(r.Replayed) == 0 || r.Replayed[0].SuspectID == "" {
			t.Errorf("%s: want the same, got\n%s\nrecorded %+v\nreplayed %+v", file, strings.Join(r.Differences, "\n"), r.Recorded, r.Replayed)
		}
		again := run(t, rerun.Options{Capture: c})
		if len(again.Differences) != 0 {
			t.Errorf("%s: not the same twice: %v", file, again.Differences)
		}
	}
}

func TestRun_OtherSettings_OtherOutcome(t *testing.T) {
	c := captured(t, "bad_deployment.story", "pay")
	r := run(t, rerun.Options{Capture: c, Set: []string{"incidents.resolve_after=20m"}})
	if r.Same || !strings.Contains(strings.Join(r.Differences, "\n"), "resolved: recorded 2026-01-05 02:") {
		t.Errorf("got %q", r.Differences)
	}
	file := filepath.Join(t.TempDir(), "other.yml")
	if err := os.WriteFile(file, []byte("root_cause: {window: 1m}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := rerun.Run(t.Context(), rerun.Options{Capture: c, ConfigFile: file, Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler), Set: []string{"incidents.no_such=1"}}); err == nil || !strings.Contains(err.Error(), "no_such") {
		t.Errorf("got %v, want the unknown setting named", err)
	}
}

func TestCompare(t *testing.T) {
	at := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	one := capture.Outcome{Service: "pay", Onset: at, Opened: at, Resolved: at.Add(time.Hour), Severity: "critical", Suspect: "deployment pay v2", SuspectID: "c1", Probability: 0.9}
	other := func(alter func(*capture.Outcome)) []capture.Outcome {
		o := one
		alter(&o)
		return []capture.Outcome{o}
	}
	f := func(name string, got []capture.Outcome, want ...string) {
		t.Helper()
		d := rerun.Compare([]capture.Outcome{one}, got, time.Minute)
		if len(d) != len(want) {
			t.Errorf("%s: got %q, want %d", name, d, len(want))
			return
		}
		for i := range want {
			if !strings.Contains(d[i], want[i]) {
				t.Errorf("%s: got %q, want %q", name, d[i], want[i])
			}
		}
	}
	f("same", []capture.Outcome{one})
	f("near", other(func(o *capture.Outcome) { o.Opened = at.Add(time.Minute) }))
	f("late", other(func(o *capture.Outcome) { o.Opened = at.Add(61 * time.Second) }), "opened: recorded 2026-03-03 12:00:00 UTC, now 2026-03-03 12:01:01 UTC")
	f("none", nil, "none in the replay")
	f("of another", other(func(o *capture.Outcome) { o.Service = "mail" }), "none in the replay", "none was recorded")
	f("still open", other(func(o *capture.Outcome) { o.Resolved = time.Time{} }), "resolved: recorded 2026-03-03 13:00:00 UTC, now never")
	f("suspect", other(func(o *capture.Outcome) { o.SuspectID, o.Suspect = "", "no recent change fits" }), "first suspect: recorded deployment pay v2 (90%), now no recent change fits (90%)")
	f("severity", other(func(o *capture.Outcome) { o.Severity = "warning" }), "severity: recorded critical, now warning")
	f("two", []capture.Outcome{one, one}, "none was recorded")
}
