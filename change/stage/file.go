package stage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Pipeline is stages in the order in which a version goes through them. The zero value
// has none.
type Pipeline struct {
	stages []Stage
}

// Stages returns a copy of the stages in order.
func (p Pipeline) Stages() []Stage { return slices.Clone(p.stages) }

// Stage is one stage as the file says it.
type Stage struct {
	Name             string           `yaml:"name"`
	Trigger          Trigger          `yaml:"trigger"`
	Branch           string           `yaml:"branch"`
	Environment      map[string]value `yaml:"environment"`
	Tests            []string         `yaml:"tests"`
	ApprovalRequired bool             `yaml:"approval_required"`
	Rollback         *Rollback        `yaml:"rollback"`
}

// Trigger says what begins a deployment: automatic or manual.
type Trigger string

// Rollback says how a deployment is undone.
type Rollback struct {
	Enabled  bool   `yaml:"enabled" json:"enabled"`
	Strategy string `yaml:"strategy" json:"strategy,omitempty"`
}

var (
	triggers   = []string{"automatic", "manual"}
	strategies = []string{"blue-green", "canary", "rolling", "recreate"}
)

// value is one of a variable, as written.
type value string

// UnmarshalText takes any scalar.
func (v *value) UnmarshalText(text []byte) error {
	*v = value(text)
	return nil
}

// The most that a file may have.
const (
	maxStages = 50
	maxFile   = 1 << 20
)

// Parse reads one file. Every error has its file, line and path.
func Parse(name string, src []byte) ([]Stage, yamldoc.Errors) {
	if len(src) > maxFile {
		return nil, yamldoc.Errors{{File: name, Msg: fmt.Sprintf("want a file of at most %d bytes, got %d", maxFile, len(src))}}
	}
	doc, errs := yamldoc.Parse(name, src, yamldoc.WithNoun("stages", "stage", "name"))
	if len(errs) > 0 {
		return nil, errs
	}
	var file struct {
		Stages []Stage `yaml:"stages"`
	}
	errs = doc.Decode(&file)
	report := doc.Report(&errs)
	if len(file.Stages) == 0 {
		report("stages", "want at least one stage, such as production")
	}
	if len(file.Stages) > maxStages {
		report("stages", "want at most %d stages, got %d", maxStages, len(file.Stages))
		return nil, errs.Sorted()
	}
	seen := map[string]bool{}
	for i, s := range file.Stages {
		at := func(field string) string { return fmt.Sprintf("stages[%d].%s", i, field) }
		switch {
		case strings.TrimSpace(s.Name) == "":
			report(at("name"), "want the name of the stage, such as production")
		case seen[strings.ToLower(s.Name)]:
			report(at("name"), "stage %q stands twice", s.Name)
		}
		seen[strings.ToLower(s.Name)] = true
		oneOf(report, at("trigger"), string(s.Trigger), triggers)
		if s.Rollback != nil {
			oneOf(report, at("rollback.strategy"), s.Rollback.Strategy, strategies)
		}
		for j, test := range s.Tests {
			if strings.TrimSpace(test) == "" {
				report(fmt.Sprintf("stages[%d].tests[%d]", i, j), "want the name of a test, got %q", test)
			}
		}
	}
	return file.Stages, errs.Sorted()
}

func oneOf(report func(path, format string, args ...any), path, got string, want []string) {
	if got != "" && !slices.Contains(want, got) {
		report(path, "want %s, got %q", strings.Join(want, " or "), got)
	}
}

// Read reads all files that the patterns name, relative ones from the folder base. It
// returns everything wrong at once. A stage may stand in one file only.
func Read(patterns []string, base string) (Pipeline, error) {
	var p Pipeline
	var errs []error
	place := map[string]string{}
	for i, pattern := range patterns {
		full := pattern
		if !filepath.IsAbs(full) {
			full = filepath.Join(base, full)
		}
		names, err := filepath.Glob(full)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("changes.deployment_stages_files[%d]: pattern %q: %w", i, pattern, err))
		case len(names) == 0 && !strings.ContainsAny(pattern, `*?[\`):
			errs = append(errs, fmt.Errorf("changes.deployment_stages_files[%d]: there is no file %q", i, full))
		}
		for _, name := range names {
			src, err := os.ReadFile(name)
			if err != nil {
				errs = append(errs, fmt.Errorf("changes.deployment_stages_files[%d]: %w", i, err))
				continue
			}
			stages, bad := Parse(name, src)
			if len(bad) > 0 {
				errs = append(errs, bad)
				continue
			}
			for _, s := range stages {
				if other := place[strings.ToLower(s.Name)]; other != "" {
					errs = append(errs, fmt.Errorf("%s: stage %q stands in %s too", name, s.Name, other))
				}
				place[strings.ToLower(s.Name)] = name
			}
			p.stages = append(p.stages, stages...)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return Pipeline{}, err
	}
	return p, nil
}
