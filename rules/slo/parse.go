package slo

import (
	"fmt"
	"maps"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/rules/condition"
	"github.com/tocsinhq/tocsin/rules/signal"
)

// File is one parsed file with a top-level `slos:` list.
type File struct {
	File       string
	Objectives []Objective
}

// definition is an entry as it is written.
type definition struct {
	Name        string            `yaml:"name"`
	Description string            `yaml:"description"`
	Service     yamldoc.Names     `yaml:"service"`
	Objective   string            `yaml:"objective"`
	Window      yamldoc.Duration  `yaml:"window"`
	Signal      string            `yaml:"signal"`
	Threshold   string            `yaml:"threshold"`
	Good        string            `yaml:"good"`
	Bad         string            `yaml:"bad"`
	Total       string            `yaml:"total"`
	BurnRates   []burnDefinition  `yaml:"burn_rates"`
	LowTraffic  lowDefinition     `yaml:"low_traffic"`
	Channels    []string          `yaml:"channels"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
	Runbook     string            `yaml:"runbook"`
	Shadow      bool              `yaml:"shadow"`
}

// Parse reads a file of objectives. All errors are returned at once, each with
// its line; the result is only of use when there are none.
func Parse(file string, src []byte, cat *signal.Catalogue) (File, yamldoc.Errors) {
	doc, errs := yamldoc.Parse(file, src, yamldoc.WithNoun("slos", "objective"))
	if len(errs) > 0 {
		return File{}, errs
	}
	var raw struct {
		SLOs []definition `yaml:"slos"`
	}
	errs = doc.Decode(&raw)
	out := File{File: file}
	report := doc.Report(&errs)
	first := map[string]int{}
	for i, d := range raw.SLOs {
		at := fmt.Sprintf("slos[%d]", i)
		p := &reader{d: d, cat: cat, report: func(field, format string, args ...any) { report(at+field, format, args...) }}
		o := p.read()
		o.File, o.Line = file, doc.Line(at)
		// What is recorded has the name with every sign but letters and digits
		// replaced, so names that differ in those only are one name too few.
		key := safe(d.Name)
		if line, twice := first[key]; twice && d.Name != "" {
			p.report(".name", "the name is taken by the objective at line %d, or differs from it in signs only; names are unique", line)
		}
		first[key] = o.Line
		out.Objectives = append(out.Objectives, o)
	}
	return out, errs
}

type reader struct {
	d      definition
	cat    *signal.Catalogue
	report func(field, format string, args ...any)
}

var (
	nameForm = regexp.MustCompile(`^[\pL_][\pL\pN_ .:/-]*$`)
	unsafe   = regexp.MustCompile(`[^a-zA-Z0-9]`)
)

func safe(name string) string { return unsafe.ReplaceAllString(name, "_") }

// Bounds of an objective.
const (
	leastWindow = time.Hour
	mostWindow  = 400 * 24 * time.Hour
)

func (p *reader) read() Objective {
	d := p.d
	o := Objective{
		Name: d.Name, Description: d.Description, Services: d.Service, Window: d.Window.Std(), Channels: d.Channels,
		Labels: d.Labels, Annotations: map[string]string{}, Shadow: d.Shadow, LowTraffic: DefaultLowTraffic(),
	}
	maps.Copy(o.Annotations, d.Annotations)
	switch {
	case d.Name == "":
		p.report(".name", "want a name, got none")
	case !nameForm.MatchString(d.Name):
		p.report(".name", "want letters, digits, _ . : / - and spaces beginning with a letter, got %q", d.Name)
	}
	if o.Window == 0 {
		o.Window = 30 * 24 * time.Hour
	}
	if o.Window < leastWindow || o.Window > mostWindow {
		p.report(".window", "want a window from 1h to 400d, got %s", d.Window)
		o.Window = 30 * 24 * time.Hour
	}
	o.Target = p.target()
	p.events(&o)
	p.burns(&o)
	p.lowTraffic(&o)
	p.names(&o)
	return o
}

// target reads 99.9% or 0.999.
func (p *reader) target() float64 {
	text := strings.TrimSpace(p.d.Objective)
	if text == "" {
		p.report(".objective", "want the share of good events, such as 99.9%%, got none")
		return 0.5
	}
	v, ok := share(text)
	switch {
	case !ok:
		p.report(".objective", "want the share of good events, such as 99.9%% or 0.999, got %q", text)
	case v >= 1 || v < 0.01:
		p.report(".objective", "want a share from 1%% to below 100%%, got %q; 100%% leaves no budget for anything", text)
	default:
		return v
	}
	return 0.5
}

// share reads a percentage or a number from 0 to 1.
func share(text string) (float64, bool) {
	number, percent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		// Not v / 100, which makes 0.9990000000000001 of 99.9.
		v, err = strconv.ParseFloat(strings.TrimSpace(number)+"e-2", 64)
	}
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// events reads what the objective counts.
func (p *reader) events(o *Objective) {
	d := p.d
	own := d.Good != "" || d.Bad != "" || d.Total != ""
	switch {
	case d.Signal != "" && own:
		p.report(".signal", "want a signal, or total with good or bad, got both")
	case own:
		p.given(o)
	case d.Signal == "":
		p.report(".signal", "want a signal such as error_rate, or total with good or bad as PromQL, got none")
	default:
		p.ofSignal(o)
	}
}

// aliases are words for what an objective counts that are no signals.
var aliases = map[string]string{"availability": "error_rate", "latency": "p95_latency"}

func (p *reader) ofSignal(o *Objective) {
	name := p.d.Signal
	if known, ok := aliases[name]; ok {
		name = known
	}
	s, ok := p.cat.Lookup(name)
	if !ok {
		hint := ""
		if near := p.cat.Nearest(name); near != "" {
			hint = fmt.Sprintf("; did you mean %q?", near)
		}
		p.report(".signal", "unknown signal %q%s", p.d.Signal, hint)
		return
	}
	if slices.ContainsFunc(s.Variants, func(v signal.Variant) bool { return v.Histogram != "" }) {
		p.latency(o, s)
		return
	}
	if p.d.Threshold != "" {
		p.report(".threshold", "%s is not made of histograms and has no threshold: each of its events is good or bad", s.Name)
		return
	}
	o.Source, o.Counts = safe(s.Name), s.Help
	var err error
	if o.Events, err = s.Failures(o.Source); err != nil {
		p.report(".signal", "%v; want a share such as error_rate, a latency with a threshold, or total with good or bad as PromQL", err)
	}
}

func (p *reader) latency(o *Objective, s signal.Signal) {
	if p.d.Threshold == "" {
		p.report(".threshold", "want how long a good request may take, such as 300ms, got none")
		return
	}
	limit, mistakes := condition.Quantity(p.d.Threshold, s)
	for _, m := range mistakes {
		p.report(".threshold", "%q: %v", p.d.Threshold, m)
	}
	if len(mistakes) > 0 {
		return
	}
	o.Source = safe(fmt.Sprintf("slower_%s_%s", s.Name, strconv.FormatFloat(limit, 'g', -1, 64)))
	o.Counts = fmt.Sprintf("Share of the requests that take longer than %s.", s.Unit.Format(limit))
	var err error
	if o.Events, err = s.Slower(o.Source, limit); err != nil {
		p.report(".signal", "%v", err)
	}
}

// given reads the PromQL of the user's own.
func (p *reader) given(o *Objective) {
	d := p.d
	switch {
	case d.Total == "":
		p.report(".total", "want PromQL for the rate of all events, such as sum by (service) (rate(jobs_total[$window])), got none")
		return
	case (d.Good == "") == (d.Bad == ""):
		p.report(".total", "want one of good and bad beside total, got %s", map[bool]string{true: "none", false: "both"}[d.Good == ""])
		return
	case d.Threshold != "":
		p.report(".threshold", "has no meaning beside total")
	}
	// A counter that does not exist yet has counted nothing.
	bad := "(" + d.Bad + ") or 0 * (" + d.Total + ")"
	counts := "Events that " + oneLine(d.Bad) + " counts."
	if d.Good != "" {
		bad = "clamp_min((" + d.Total + ") - ((" + d.Good + ") or 0 * (" + d.Total + ")), 0)"
		counts = "Events that " + oneLine(d.Good) + " does not count."
	}
	all := d.Total
	if len(d.Service) == 1 && !strings.Contains(d.Service[0], "*") {
		all, bad = named(all, d.Service[0]), named(bad, d.Service[0])
	}
	o.Source, o.Counts = "own_"+safe(d.Name), counts
	o.Events = signal.Given(o.Source, all, bad)
	check := signal.Resolution{Service: []string{"service", "job"}, Environment: []string{"environment"}}
	for field, text := range map[string]string{".total": d.Total, ".good": d.Good, ".bad": d.Bad} {
		if text == "" {
			continue
		}
		if err := signal.CheckExpr(text, check); err != nil {
			p.report(field, "%v", err)
		}
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// named gives what has no service the one that the objective is about.
func named(expr, service string) string {
	return fmt.Sprintf("label_replace(%s, \"service\", %q, \"service\", \"\")", expr, strings.ReplaceAll(service, "$", "$$"))
}

// reserved labels are set by the objective itself.
var reserved = []string{"alertname", "severity", "service", "environment", "slo", "window", "source"}

func (p *reader) names(o *Objective) {
	for k := range p.d.Labels {
		switch {
		case !model.LegacyValidation.IsValidLabelName(k):
			p.report(".labels."+k, "want a label name, got %q", k)
		case slices.Contains(reserved, k):
			p.report(".labels."+k, "the label %s is set by the objective itself; choose another", k)
		}
	}
	for i, c := range p.d.Channels {
		if strings.TrimSpace(c) == "" {
			p.report(fmt.Sprintf(".channels[%d]", i), "want the name of a channel, got %q", c)
		}
	}
	for i, s := range p.d.Service {
		if _, err := path.Match(s, ""); err != nil || strings.TrimSpace(s) == "" {
			p.report(".service", "want the name of a service or a glob such as shop-*, got %q at place %d", s, i+1)
		}
	}
	if p.d.Runbook != "" {
		if o.Annotations["runbook_url"] != "" {
			p.report(".runbook", "want runbook or the annotation runbook_url, got both")
		}
		o.Annotations["runbook_url"] = p.d.Runbook
	}
}
