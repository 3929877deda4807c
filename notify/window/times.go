package window

import (
	"strings"

	"github.com/prometheus/alertmanager/timeinterval"
	"go.yaml.in/yaml/v2"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// DecodeNode hands each element to Alertmanager's reader.
func (t *Times) DecodeNode(n yamldoc.Node) yamldoc.Errors {
	t.given = true
	if n.Kind() != yamldoc.List || len(n.Items()) == 0 {
		return yamldoc.Errors{n.Errorf("want a list of time intervals as in Alertmanager's time_intervals, got %s", n.Found())}
	}
	var errs yamldoc.Errors
	for _, item := range n.Items() {
		text, err := yaml.Marshal(plain(item))
		var one timeinterval.TimeInterval
		if err == nil {
			err = yaml.UnmarshalStrict(text, &one)
		}
		if err != nil {
			errs = append(errs, item.Errorf("%s", strings.TrimPrefix(err.Error(), "yaml: unmarshal errors:\n  ")))
			continue
		}
		t.intervals = append(t.intervals, one)
	}
	return errs
}

// plain turns a node into what YAML can write again.
func plain(n yamldoc.Node) any {
	switch n.Kind() {
	case yamldoc.Scalar:
		return n.Text()
	case yamldoc.List:
		out := []any{}
		for _, item := range n.Items() {
			out = append(out, plain(item))
		}
		return out
	case yamldoc.Mapping:
		out := yaml.MapSlice{}
		for _, key := range n.Keys() {
			v, _ := n.Get(key)
			out = append(out, yaml.MapItem{Key: key, Value: plain(v)})
		}
		return out
	}
	return nil
}

// Written says what is written in a configuration, for its reference page.
func (Times) Written() string { return "list of time intervals" }
