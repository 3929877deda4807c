package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/configs"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/report/capture"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

// Bounds of a capture.
const (
	captureServices = 20
	captureSamples  = 5_000_000
	captureLines    = 100_000
	captureChanges  = 5000
	// captureRecord is how far back changes are taken for the record of a service.
	captureRecord  = 30 * 24 * time.Hour
	embeddedAlerts = "embedded alerts.yml"
)

// CaptureOptions say what of an incident is to be captured, and what it was decided by.
type CaptureOptions struct {
	web.CaptureRequest
	Config  config.Config
	RuleSet rules.RuleSet
	Base    string // folder of relative paths in Config
	Program string // version
}

// capture writes the slice of an incident, with the configuration in use.
func (a *App) capture(ctx context.Context, c *Core, r web.CaptureRequest, w io.Writer) error {
	a.mu.Lock()
	l := a.loaded
	a.mu.Unlock()
	base := "."
	if a.opts.ConfigFile != "" {
		base = filepath.Dir(a.opts.ConfigFile)
	}
	return c.Capture(ctx, CaptureOptions{CaptureRequest: r, Config: l.config, RuleSet: l.rules, Base: base, Program: a.opts.Version}, w)
}

// Capture writes an incident with the part of the world that it came of: samples of its
// services and those of its suspects, rules, settings, changes, log lines, and what
// people did. Nothing is written before all that can fail by itself was asked.
func (c *Core) Capture(ctx context.Context, o CaptureOptions, w io.Writer) error {
	inc, _, err := c.incidents.Get(ctx, o.ID)
	if err != nil {
		return err
	}
	files, err := ruleTexts(o)
	if err != nil {
		return err
	}
	settings, err := decidingSettings(o.Config)
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	onset, end := reportSpan(inc)
	h := capture.Head{
		Program: o.Program, Incident: inc.ID, Service: inc.Service, Environment: inc.Environment, Title: inc.Title, Notes: []string{},
		From: onset.Add(-o.Before).UTC().Truncate(time.Second), To: end.Add(o.After).UTC(),
	}
	if now := c.now().UTC(); h.To.After(now) {
		h.To = now
	}
	if h.Services, err = c.captureServicesOf(ctx, inc); err != nil {
		return err
	}
	if h.Recorded, err = c.outcomes(ctx, inc, h); err != nil {
		return err
	}
	s, err := c.slice(ctx, o, inc, &h)
	if err != nil {
		return err
	}
	out, err := capture.NewWriter(w, h)
	if err != nil {
		return err
	}
	if err := out.Settings(settings); err != nil {
		return err
	}
	for _, f := range files {
		if err := out.File(f); err != nil {
			return err
		}
	}
	if err := s.write(ctx, out); err != nil {
		return err
	}
	return out.Close()
}

// captureServicesOf names the services whose series are captured: that of the incident,
// those of its occurrences, and those of its suspects, the most probable first.
func (c *Core) captureServicesOf(ctx context.Context, inc incident.Incident) ([]string, error) {
	var out []string
	add := func(s string) {
		if s != "" && len(out) < captureServices && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	add(inc.Service)
	for _, o := range inc.Occurrences {
		add(o.Service)
	}
	r, _, err := c.rankings.Latest(ctx, inc.ID)
	for _, f := range r.Findings {
		if f.Change != nil {
			add(f.Change.Service)
		}
	}
	return out, err
}

// outcomes lists what came of it: the incident first, then the others of the services
// that opened in the time, in the order of their opening.
func (c *Core) outcomes(ctx context.Context, inc incident.Incident, h capture.Head) ([]capture.Outcome, error) {
	list, err := c.incidents.List(ctx, incident.Filter{From: h.From, To: h.To.Add(time.Millisecond), Limit: page})
	if err != nil {
		return nil, err
	}
	slices.Reverse(list)
	list = append([]incident.Incident{inc}, slices.DeleteFunc(list, func(x incident.Incident) bool {
		return x.ID == inc.ID || !slices.Contains(h.Services, x.Service)
	})...)
	out := []capture.Outcome{}
	for _, x := range list {
		r, _, err := c.rankings.Latest(ctx, x.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, OutcomeOf(x, r))
	}
	return out, nil
}

// decidingSettings writes the sections of the configuration that decide about data. None
// of them holds a secret.
func decidingSettings(c config.Config) (string, error) {
	r := c.Rules
	r.AlertFiles, r.RuleFiles, r.SignalFiles, r.SLOFiles = nil, nil, nil, nil
	text, err := yaml.Marshal(yaml.MapSlice{
		{Key: "services", Value: c.Services}, {Key: "detector", Value: c.Detector}, {Key: "bands", Value: c.Bands},
		{Key: "log_templates", Value: c.LogTemplates}, {Key: "log_watch", Value: c.LogWatch},
		{Key: "rules", Value: r}, {Key: "incidents", Value: c.Incidents}, {Key: "root_cause", Value: c.RootCause},
	})
	return string(text), err
}

// ruleTexts reads the rule files as they are on disk now.
func ruleTexts(o CaptureOptions) ([]capture.File, error) {
	var out []capture.File
	var errs []error
	for _, s := range []struct {
		kind     capture.FileKind
		patterns []string
	}{
		{capture.FileSignals, o.Config.Rules.SignalFiles}, {capture.FileAlerts, o.Config.Rules.AlertFiles},
		{capture.FileSLOs, o.Config.Rules.SLOFiles}, {capture.FileRules, o.Config.Rules.RuleFiles},
	} {
		for _, pattern := range s.patterns {
			if !filepath.IsAbs(pattern) {
				pattern = filepath.Join(o.Base, pattern)
			}
			names, err := filepath.Glob(pattern)
			errs = append(errs, err)
			for _, name := range names {
				text, err := os.ReadFile(name)
				errs = append(errs, err)
				out = append(out, capture.File{Kind: s.kind, Name: filepath.Base(name), Text: string(text)})
			}
		}
	}
	if slices.ContainsFunc(o.RuleSet.Alerts, func(f rules.AlertFile) bool { return f.File == embeddedAlerts }) {
		out = append(out, capture.File{Kind: capture.FileAlerts, Name: "alerts.yml", Text: string(configs.Alerts)})
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("read rule files for the capture: %w", err)
	}
	return out, nil
}

// capturedChanges returns all changes of the time and the record of the services before.
func (c *Core) capturedChanges(ctx context.Context, h capture.Head) ([]telemetry.Change, error) {
	f := change.Filter{From: h.From.Add(-captureRecord), To: h.To, Limit: page}
	known := map[string]bool{}
	var out []telemetry.Change
	for len(out) < captureChanges {
		list, err := c.feed.List(ctx, f)
		if err != nil {
			return nil, err
		}
		out = appendNew(out, list, known)
		if len(list) < page || !list[page-1].Started.Before(list[0].Started) {
			break
		}
		f.To = list[page-1].Started.Add(time.Millisecond)
	}
	slices.SortStableFunc(out, func(a, b telemetry.Change) int { return a.Started.Compare(b.Started) })
	return out, nil
}
