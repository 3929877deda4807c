package signal

import (
	_ "embed" // the shipped catalogue
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

//go:embed catalogue.yml
var shipped []byte

// Catalogue holds the known signals. It is immutable and safe for concurrent
// use.
type Catalogue struct {
	signals []Signal
	index   map[string]int // by name and alias
}

// definition is one entry of a `signals:` file.
type definition struct {
	Name        string    `yaml:"name"`
	Aliases     []string  `yaml:"aliases"`
	Unit        string    `yaml:"unit"`
	Help        string    `yaml:"help"`
	Bad         string    `yaml:"bad"`
	Symptom     *bool     `yaml:"symptom"`
	PerInstance *bool     `yaml:"per_instance"`
	Quantile    float64   `yaml:"quantile"`
	SameAs      string    `yaml:"same_as"`
	Replace     bool      `yaml:"replace"`
	Variants    []Variant `yaml:"variants"`
}

type file struct {
	Signals []definition `yaml:"signals"`
}

// Default returns the shipped catalogue.
func Default() (*Catalogue, error) {
	c, errs := (&Catalogue{}).Extend("catalogue.yml", shipped)
	if err := errs.Err(); err != nil {
		return nil, fmt.Errorf("read the shipped catalogue of signals: %w", err)
	}
	return c, nil
}

// Extend returns a catalogue with the entries of one `signals:` file added. A
// new name is a new signal. For a known name the variants of the file are asked
// before the known ones, or instead of them with `replace: true`, and the
// fields that the file gives replace the known ones. All errors are returned at
// once; the catalogue is nil exactly when there are some.
func (c *Catalogue) Extend(name string, src []byte) (*Catalogue, yamldoc.Errors) {
	doc, errs := yamldoc.Parse(name, src, yamldoc.WithNoun("signals", "signal"))
	if len(errs) > 0 {
		return nil, errs
	}
	var f file
	errs = doc.Decode(&f)
	report := doc.Report(&errs)
	next := &Catalogue{signals: slices.Clone(c.signals), index: map[string]int{}}
	if err := next.reindex(); err != nil {
		report("", "%v", err)
	}
	seen := map[string]bool{}
	for i, d := range f.Signals {
		path := fmt.Sprintf("signals[%d]", i)
		if seen[d.Name] {
			report(path+".name", "signal %q is defined twice in this file", d.Name)
		}
		seen[d.Name] = true
		next.add(d, func(field, format string, args ...any) { report(path+field, format, args...) })
		if err := next.reindex(); err != nil {
			report(path+".name", "%v", err)
		}
	}
	if len(errs) > 0 {
		return nil, errs
	}
	return next, nil
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// reserved words of the condition language, which no signal can be called.
var reserved = []string{"and", "or", "not", "baseline", "for", "anomaly", "duration"}

func (c *Catalogue) add(d definition, report func(field, format string, args ...any)) {
	switch {
	case !nameForm.MatchString(d.Name):
		report(".name", "want lower case letters, digits and _ beginning with a letter, got %q", d.Name)
		return
	case slices.Contains(reserved, d.Name) || strings.HasSuffix(d.Name, "_status"):
		report(".name", "the name %q has a meaning of its own in conditions; choose another", d.Name)
		return
	}
	at, known := c.index[d.Name]
	if known && c.signals[at].Name != d.Name {
		report(".name", "%q is another name of the signal %q", d.Name, c.signals[at].Name)
		return
	}
	s := Signal{Name: d.Name, Bad: None}
	if known {
		s = c.signals[at]
	}
	c.describe(&s, d, report)
	variants := d.Variants
	if d.SameAs != "" {
		same, ok := c.Lookup(d.SameAs)
		if !ok {
			report(".same_as", "no signal %q before this one%s", d.SameAs, c.hint(d.SameAs))
		}
		variants = append(slices.Clone(variants), same.Variants...)
	}
	if known && !d.Replace {
		variants = append(slices.Clone(variants), s.Variants...)
	}
	s.Variants = variants
	if len(s.Variants) == 0 {
		report(".variants", "want at least one variant, got none")
	}
	s.check(d, report)
	if known {
		c.signals[at] = s
		return
	}
	c.signals = append(c.signals, s)
}

// describe sets everything but the variants from the fields that d gives.
func (c *Catalogue) describe(s *Signal, d definition, report func(field, format string, args ...any)) {
	if d.Unit != "" {
		s.Unit = Unit(d.Unit)
		if !slices.Contains(Units, s.Unit) {
			report(".unit", "want ratio, percent, seconds, bytes or per_second (or no unit), got %q", d.Unit)
		}
	}
	if d.Bad != "" {
		s.Bad = Direction(d.Bad)
		if s.Bad != Up && s.Bad != Down && s.Bad != None {
			report(".bad", "want up, down or none, got %q", d.Bad)
		}
	}
	if d.Help != "" {
		s.Help = d.Help
	}
	if d.Symptom != nil {
		s.Symptom = *d.Symptom
	}
	if d.PerInstance != nil {
		s.PerInstance = *d.PerInstance
	}
	if d.Quantile != 0 {
		s.quantile = d.Quantile
		if !(d.Quantile > 0 && d.Quantile < 1) {
			report(".quantile", "want a number between 0 and 1, got %v", d.Quantile)
		}
	}
	if d.Aliases != nil {
		s.Aliases = d.Aliases
	}
}

// check compiles the variants that d itself gives, so that a mistake is told
// with its line instead of at the first evaluation.
func (s Signal) check(d definition, report func(field, format string, args ...any)) {
	p := parser.NewParser(parser.Options{})
	res := Resolution{Service: []string{"service", "job"}, Environment: []string{"environment"}}
	for i, v := range d.Variants {
		at := fmt.Sprintf(".variants[%d]", i)
		if forms := v.forms(); len(forms) != 1 {
			report(at, "want exactly one of rate, part and whole, histogram, gauge or expr, got %s", orNone(forms))
			continue
		}
		if (v.Part == "") != (v.Whole == "") {
			report(at, "want part and whole together, got part %q and whole %q", v.Part, v.Whole)
			continue
		}
		if v.Of != "" && v.Gauge == "" {
			report(at+".of", "want a gauge with it")
			continue
		}
		if _, err := s.VariantExpr(p, v, res, 2*time.Minute); err != nil {
			report(at, "%v", err)
		}
	}
}

func (v Variant) forms() []string {
	var out []string
	for _, f := range []struct{ name, text string }{
		{"rate", v.Rate}, {"part and whole", v.Part + v.Whole}, {"histogram", v.Histogram}, {"gauge", v.Gauge}, {"expr", v.Expr},
	} {
		if f.text != "" {
			out = append(out, f.name)
		}
	}
	return out
}

func orNone(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, " and ")
}

func (c *Catalogue) reindex() error {
	c.index = make(map[string]int, len(c.signals))
	for i, s := range c.signals {
		for _, n := range append([]string{s.Name}, s.Aliases...) {
			if j, taken := c.index[n]; taken && j != i {
				return fmt.Errorf("the name %q belongs to the signal %q already", n, c.signals[j].Name)
			}
			c.index[n] = i
		}
	}
	return nil
}

// Lookup returns the signal of a name or alias, and whether there is one.
func (c *Catalogue) Lookup(name string) (Signal, bool) {
	i, ok := c.index[name]
	if !ok {
		return Signal{}, false
	}
	return c.signals[i], true
}

// Signals returns all signals in the order of definition. The slice is a copy.
func (c *Catalogue) Signals() []Signal { return slices.Clone(c.signals) }

// Nearest returns the known name that is spelt most like the given one, or ""
// when none is close.
func (c *Catalogue) Nearest(name string) string {
	names := make([]string, 0, len(c.index))
	for n := range c.index {
		names = append(names, n)
	}
	slices.Sort(names)
	return Nearest(name, names)
}

func (c *Catalogue) hint(name string) string {
	if n := c.Nearest(name); n != "" {
		return fmt.Sprintf("; did you mean %q?", n)
	}
	return ""
}
