package trial

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/common/model"

	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// File is one file of tests as it is written. The keys down to Tests are those of
// promtool; the rest are ours.
type File struct {
	RuleFiles          []string `yaml:"rule_files"`
	EvaluationInterval span     `yaml:"evaluation_interval"`
	GroupEvalOrder     []string `yaml:"group_eval_order"`
	FuzzyCompare       bool     `yaml:"fuzzy_compare"`
	Tests              []Group  `yaml:"tests"`

	AlertFiles  []string `yaml:"alert_files"`
	SignalFiles []string `yaml:"signal_files"`
	Config      settings `yaml:"config"`
}

// Group is one test: what comes in, and what is wanted. Times count from
// StartTimestamp.
type Group struct {
	Name           string            `yaml:"name"`
	Interval       span              `yaml:"interval"` // of input series
	InputSeries    []Input           `yaml:"input_series"`
	AlertRuleTests []AlertRuleTest   `yaml:"alert_rule_test"`
	PromqlTests    []PromqlTest      `yaml:"promql_expr_test"`
	ExternalLabels map[string]string `yaml:"external_labels"`
	ExternalURL    string            `yaml:"external_url"`
	StartTimestamp moment            `yaml:"start_timestamp"`

	Changes           []Change           `yaml:"changes"`
	Gaps              []Gap              `yaml:"gaps"`
	AlertStateTests   []AlertStateTest   `yaml:"alert_state_test"`
	AnomalyTests      []AnomalyTest      `yaml:"anomaly_test"`
	IncidentTests     []IncidentTest     `yaml:"incident_test"`
	NotificationTests []NotificationTest `yaml:"notification_test"`

	line int
}

// AlertRuleTest wants exactly these alerts of a name to fire at a time.
type AlertRuleTest struct {
	EvalTime  span            `yaml:"eval_time"`
	Alertname string          `yaml:"alertname"`
	ExpAlerts []ExpectedAlert `yaml:"exp_alerts"`
}

// ExpectedAlert is one alert without its alertname.
type ExpectedAlert struct {
	ExpLabels      map[string]string `yaml:"exp_labels"`
	ExpAnnotations map[string]string `yaml:"exp_annotations"`
}

// PromqlTest wants exactly these samples of an expression at a time.
type PromqlTest struct {
	Expr       string           `yaml:"expr"`
	EvalTime   span             `yaml:"eval_time"`
	ExpSamples []ExpectedSample `yaml:"exp_samples"`
}

// ExpectedSample is one sample; with a Histogram, Value is left out.
type ExpectedSample struct {
	Labels    string  `yaml:"labels"`
	Value     float64 `yaml:"value"`
	Histogram string  `yaml:"histogram"`
}

// span is a duration in Prometheus' form, or 0.
type span time.Duration

// UnmarshalText reads 90s, 1h30m or 0.
func (s *span) UnmarshalText(text []byte) error {
	d, err := model.ParseDuration(string(text))
	if err != nil {
		return &yamldoc.WantError{Want: "a duration such as 90s or 1h30m", Got: string(text)}
	}
	*s = span(d)
	return nil
}

func (s span) std() time.Duration { return time.Duration(s) }

// String returns the duration as Prometheus writes it.
func (s span) String() string { return model.Duration(s).String() }

// moment is a time: RFC 3339 or seconds since the Unix epoch.
type moment struct{ time.Time }

// UnmarshalText reads either form.
func (m *moment) UnmarshalText(text []byte) error {
	if t, err := time.Parse(time.RFC3339Nano, string(text)); err == nil {
		m.Time = t.UTC()
		return nil
	}
	seconds, err := strconv.ParseFloat(string(text), 64)
	if err != nil || seconds != seconds || seconds < -1e11 || seconds > 1e11 {
		return &yamldoc.WantError{Want: "a time such as 2026-01-05T00:00:00Z or seconds since 1970", Got: string(text)}
	}
	m.Time = time.UnixMilli(int64(seconds * 1000)).UTC()
	return nil
}

// settings is a part of tocsin.yml, laid over the defaults of a test.
type settings struct{ at yamldoc.Node }

// DecodeNode keeps the place; see File.config.
func (s *settings) DecodeNode(n yamldoc.Node) yamldoc.Errors {
	s.at = n
	var probe config.Config
	return n.Decode(&probe)
}

// Read reads a file of tests and finds the files that it names, globs included.
// All mistakes of the file itself are returned at once; files that a glob or a
// name does not find are notes, as promtool has it.
func Read(path string) (f *File, notes []string, err error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read tests: %w", err)
	}
	if f, err = Parse(path, src); err != nil {
		return nil, nil, err
	}
	for _, list := range []*[]string{&f.RuleFiles, &f.AlertFiles, &f.SignalFiles} {
		found, missing, err := find(filepath.Dir(path), *list)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		*list, notes = found, append(notes, missing...)
	}
	return f, notes, nil
}

// Parse reads the text of a file of tests, and not the files that it names.
func Parse(path string, src []byte) (*File, error) {
	doc, errs := yamldoc.Parse(path, src, yamldoc.WithNoun("tests", "test"))
	if len(errs) > 0 {
		return nil, errs
	}
	f := new(File)
	errs = doc.Decode(f)
	if f.EvaluationInterval == 0 {
		f.EvaluationInterval = span(time.Minute)
	}
	f.check(doc.Report(&errs))
	for i := range f.Tests {
		g := &f.Tests[i]
		at := fmt.Sprintf("tests[%d]", i)
		g.line = doc.Line(at)
		if g.Interval == 0 {
			g.Interval = f.EvaluationInterval
		}
		g.check(yamldoc.Under(doc.Report(&errs), at))
	}
	if len(errs) > 0 {
		return nil, errs.Sorted()
	}
	return f, nil
}

// find returns the files that the patterns name, each once, and a note for each
// pattern that names none.
func find(base string, patterns []string) (found, notes []string, err error) {
	for _, pattern := range patterns {
		if pattern != "" && !filepath.IsAbs(pattern) {
			pattern = filepath.Join(base, pattern)
		}
		names, err := filepath.Glob(pattern)
		if err != nil {
			return nil, nil, fmt.Errorf("pattern %q: %w", pattern, err)
		}
		if len(names) == 0 {
			notes = append(notes, "no file matches "+pattern)
		}
		for _, n := range names {
			if !slices.Contains(found, n) {
				found = append(found, n)
			}
		}
	}
	return found, notes, nil
}

// plain reports whether a group of the file uses nothing but what promtool has.
func (f *File) plain(g *Group) bool {
	return len(f.AlertFiles) == 0 && len(f.SignalFiles) == 0 && f.Config.at.Kind() == yamldoc.Nothing &&
		len(g.Changes) == 0 && len(g.Gaps) == 0 && len(g.AlertStateTests) == 0 && len(g.AnomalyTests) == 0 &&
		len(g.IncidentTests) == 0 && len(g.NotificationTests) == 0
}
