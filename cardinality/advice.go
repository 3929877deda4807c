package cardinality

import (
	"fmt"
	"regexp"

	"github.com/goccy/go-yaml"
)

// Advice is something to do about many series: a sentence and, where that can be
// done by configuration, the lines to copy.
type Advice struct {
	Text    string
	Snippet string
}

// relabel is one rule in metric_relabel_configs or write_relabel_configs.
type relabel struct {
	SourceLabels []string `yaml:"source_labels,flow,omitempty"`
	Regex        string   `yaml:"regex"`
	Action       string   `yaml:"action"`
}

func snippet(r ...relabel) string {
	text, err := yaml.MarshalWithOptions(map[string][]relabel{"write_relabel_configs": r}, yaml.IndentSequence(true))
	if err != nil {
		panic("cardinality: relabel rules as YAML: " + err.Error()) // strings only
	}
	return "# under remote_write; in a scrape configuration the same is metric_relabel_configs\n" + string(text)
}

// ManyValues is how many values make a label the likely reason for many series.
const ManyValues = 100

// AdviseMetric says what to do about a metric, whose label with the most values
// is culprit, "" if none has many.
func AdviseMetric(metric, culprit string) []Advice {
	drop := Advice{
		Text:    fmt.Sprintf("If nobody looks at %s, drop it before it is sent.", metric),
		Snippet: snippet(relabel{[]string{"__name__"}, regexp.QuoteMeta(metric), "drop"}),
	}
	if culprit == "" {
		return []Advice{drop}
	}
	return []Advice{
		{Text: fmt.Sprintf("Best, take the label %s off %s where it is counted: what is unbounded, such as users, requests or addresses, belongs into logs and exemplars.", culprit, metric)},
		{
			Text:    fmt.Sprintf("Until then, drop the series of %s that have %s.", metric, culprit),
			Snippet: snippet(relabel{[]string{"__name__", culprit}, regexp.QuoteMeta(metric) + ";.+", "drop"}),
		},
		drop,
	}
}

// AdviseLabel says what to do about a label.
func AdviseLabel(name string, values int) []Advice {
	if values < ManyValues {
		return nil
	}
	return []Advice{
		{Text: fmt.Sprintf("Best, take %s off where it is counted.", name)},
		{
			Text:    fmt.Sprintf("To keep series with %s out, drop them. To drop the label alone makes one series of many, of which only one sample is kept; do that only if the others are alike.", name),
			Snippet: snippet(relabel{[]string{name}, ".+", "drop"}),
		},
	}
}

// AdvisePair says what to do about a value of a label.
func AdvisePair(name, value string) []Advice {
	return []Advice{{
		Text:    fmt.Sprintf("To keep series with %s=%q out, drop them.", name, value),
		Snippet: snippet(relabel{[]string{name}, regexp.QuoteMeta(value), "drop"}),
	}}
}

// AdviseService says what to do about a service.
func AdviseService(name string) []Advice {
	return []Advice{
		{
			Text:    fmt.Sprintf("Bound what one scrape of %s may bring; a scrape with more fails, which is noticed.", orNone(name)),
			Snippet: "# in its scrape configuration\nsample_limit: 5000\nlabel_limit: 30\nlabel_value_length_limit: 200\n",
		},
		{
			Text:    "storage.limits.max_series bounds all services together: existing series go on, further ones are refused and counted.",
			Snippet: "# in tocsin.yml\nstorage:\n  limits:\n    max_series: 2000000\n",
		},
	}
}

func orNone(name string) string {
	if name == "" {
		return "what belongs to no service"
	}
	return name
}
