package rules

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/rules/signal"
	"github.com/tocsinhq/tocsin/rules/slo"
	"github.com/tocsinhq/tocsin/telemetry"
)

// RuleSet is everything that an Engine evaluates. It is immutable once loaded.
type RuleSet struct {
	Catalogue *signal.Catalogue // nil means the shipped one
	Alerts    []AlertFile
	SLOs      []slo.File
	Files     []RuleFile
	Order     []string // names of groups in order of evaluation; nil is that of the files
}

// RuleFile is one Prometheus rule file as it stands.
type RuleFile struct {
	File   string
	Groups *rulefmt.RuleGroups
	lines  map[ruleKey]int
}

// ruleKey is the place of a rule in its file.
type ruleKey struct {
	group string
	index int
}

// Line returns the line of the rule at index in the group, or 0.
func (f RuleFile) Line(group string, index int) int { return f.lines[ruleKey{group, index}] }

// ParseRuleFile reads a Prometheus rule file with Prometheus' own parser. All
// errors are returned joined, each beginning with file:line:column.
func ParseRuleFile(file string, src []byte) (RuleFile, error) {
	p := parser.NewParser(parser.Options{})
	groups, errs := rulefmt.Parse(src, false, model.UTF8Validation, p, slog.New(slog.DiscardHandler))
	// The lines come from a reader of our own. What is legal for Prometheus and
	// not for it (two documents, above all) is only without lines.
	doc, _ := yamldoc.Parse(file, src)
	if len(errs) > 0 {
		for i, err := range errs {
			errs[i] = placed(file, doc, err)
		}
		return RuleFile{}, errors.Join(errs...)
	}
	f := RuleFile{File: file, Groups: groups, lines: map[ruleKey]int{}}
	for i, g := range groups.Groups {
		for j := range g.Rules {
			if doc != nil {
				f.lines[ruleKey{g.Name, j}] = doc.Line(rulePath(i, j))
			}
		}
	}
	return f, errors.Join(f.recordsBands(p)...)
}

// recordsBands returns an error for each recording rule that would store bands.
func (f RuleFile) recordsBands(p parser.Parser) []error {
	var errs []error
	for _, g := range f.Groups.Groups {
		for j, r := range g.Rules {
			e, err := p.ParseExpr(r.Expr)
			_, labelled := r.Labels[telemetry.BandLabel]
			if r.Record != "" && (labelled || err == nil && signal.ReadsBands(e)) {
				errs = append(errs, fmt.Errorf("%s:%d: group %q, record %q: %w", f.File, f.Line(g.Name, j), g.Name, r.Record, signal.ErrBands))
			}
		}
	}
	return errs
}

func rulePath(group, rule int) string { return fmt.Sprintf("groups[%d].rules[%d]", group, rule) }

var leadingPlace = regexp.MustCompile(`^\d+:\d+: `)

// placed puts file and line before an error of rulefmt, which names no place
// for mistakes in templates.
func placed(file string, doc *yamldoc.Document, err error) error {
	if leadingPlace.MatchString(err.Error()) {
		return fmt.Errorf("%s:%w", file, err)
	}
	var bad *rulefmt.Error
	if doc != nil && errors.As(err, &bad) {
		if list, ok := doc.At("groups"); ok {
			for i, g := range list.Items() {
				if name, ok := g.Get("name"); ok && name.Text() == bad.Group {
					return fmt.Errorf("%s:%d: %w", file, doc.Line(rulePath(i, bad.Rule-1)), err)
				}
			}
		}
	}
	return fmt.Errorf("%s: %w", file, err)
}

// ReadRuleSet reads all files that the configuration names. Relative paths are
// taken from the folder base. It returns everything wrong at once.
func ReadRuleSet(c Config, base string) (RuleSet, error) {
	var errs []error
	files := func(section string, patterns []string) []string {
		names, err := expand(section, patterns, base)
		if err != nil {
			errs = append(errs, err)
		}
		return names
	}
	cat, err := signal.Default()
	if err != nil {
		return RuleSet{}, err
	}
	set := RuleSet{Catalogue: cat}
	for _, name := range files("signal_files", c.SignalFiles) {
		src, err := os.ReadFile(name)
		if err != nil {
			errs = append(errs, fmt.Errorf("rules.signal_files: %w", err))
			continue
		}
		next, bad := set.Catalogue.Extend(name, src)
		if len(bad) > 0 {
			errs = append(errs, bad)
			continue
		}
		set.Catalogue = next
	}
	for _, name := range files("alert_files", c.AlertFiles) {
		src, err := os.ReadFile(name)
		if err != nil {
			errs = append(errs, fmt.Errorf("rules.alert_files: %w", err))
			continue
		}
		f, bad := ParseAlerts(name, src, set.Catalogue)
		if len(bad) > 0 {
			errs = append(errs, bad)
		}
		set.Alerts = append(set.Alerts, f)
	}
	for _, name := range files("slo_files", c.SLOFiles) {
		src, err := os.ReadFile(name)
		if err != nil {
			errs = append(errs, fmt.Errorf("rules.slo_files: %w", err))
			continue
		}
		f, bad := slo.Parse(name, src, set.Catalogue)
		if len(bad) > 0 {
			errs = append(errs, bad)
		}
		set.SLOs = append(set.SLOs, f)
	}
	for _, name := range files("rule_files", c.RuleFiles) {
		src, err := os.ReadFile(name)
		if err != nil {
			errs = append(errs, fmt.Errorf("rules.rule_files: %w", err))
			continue
		}
		f, err := ParseRuleFile(name, src)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		set.Files = append(set.Files, f)
	}
	errs = append(errs, set.check()...)
	return set, errors.Join(errs...)
}

// check finds what is wrong between files: names of alerts given twice and
// files given twice.
func (s RuleSet) check() []error {
	var errs []error
	first := map[string]AlertRule{}
	seen := map[string]bool{signalsFile: true, objectivesFile: true}
	for _, f := range s.Alerts {
		if seen[f.File] {
			errs = append(errs, fmt.Errorf("%s: the file is given twice", f.File))
			continue
		}
		seen[f.File] = true
		for _, r := range f.Alerts {
			if other, twice := first[r.Name]; twice && other.File != r.File {
				errs = append(errs, fmt.Errorf("%s: alert %q: the name is taken at %s; names are unique over all alert files", r.Source(), r.Name, other.Source()))
				continue
			}
			first[r.Name] = r
		}
	}
	errs = append(errs, s.checkSLOs(seen, first)...)
	for _, f := range s.Files {
		if seen[f.File] {
			errs = append(errs, fmt.Errorf("%s: the file is given twice, or both as alert file and as rule file", f.File))
		}
		seen[f.File] = true
	}
	return errs
}

// expand returns the files that the patterns name, without repeats, sorted
// within each pattern. A path without wildcards must exist.
func expand(section string, patterns []string, base string) ([]string, error) {
	var out []string
	var errs []error
	for i, pattern := range patterns {
		full := pattern
		if !filepath.IsAbs(full) {
			full = filepath.Join(base, full)
		}
		names, err := filepath.Glob(full)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("rules.%s[%d]: pattern %q: %w", section, i, pattern, err))
		case len(names) == 0 && !strings.ContainsAny(pattern, `*?[\`):
			errs = append(errs, fmt.Errorf("rules.%s[%d]: there is no file %q", section, i, full))
		}
		slices.Sort(names)
		for _, n := range names {
			if !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return out, errors.Join(errs...)
}

// WithInterval returns the file with the interval in each of its groups.
func (f RuleFile) WithInterval(d time.Duration) RuleFile {
	groups := *f.Groups
	groups.Groups = slices.Clone(groups.Groups)
	for i := range groups.Groups {
		groups.Groups[i].Interval = model.Duration(d)
	}
	f.Groups = &groups
	return f
}
