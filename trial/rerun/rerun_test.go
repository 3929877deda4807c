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
