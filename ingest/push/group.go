package push

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// base64Suffix stands behind the name of a label whose value is encoded, because it
// has slashes or is empty.
const base64Suffix = "@base64"

// parseGroup reads the grouping key of an escaped path behind /metrics/: job/NAME
// and then pairs of label and value.
func parseGroup(path string) (labels.Labels, error) {
	parts := strings.Split(strings.TrimSuffix(path, "/"), "/")
	if name := strings.TrimSuffix(parts[0], base64Suffix); name != model.JobLabel {
		return labels.EmptyLabels(), fmt.Errorf("path: want /metrics/job/NAME, got %q behind /metrics/", path)
	}
	if len(parts)%2 != 0 {
		return labels.EmptyLabels(), fmt.Errorf("path: want pairs of label and value behind /metrics/, got %d parts", len(parts))
	}
	b := labels.NewBuilder(labels.EmptyLabels())
	for i := 0; i < len(parts); i += 2 {
		name, value, err := pair(parts[i], parts[i+1])
		if err != nil {
			return labels.EmptyLabels(), err
		}
		if b.Get(name) != "" {
			return labels.EmptyLabels(), fmt.Errorf("path: label %q stands twice", name)
		}
		b.Set(name, value)
	}
	group := b.Labels()
	if group.Get(model.JobLabel) == "" {
		return labels.EmptyLabels(), fmt.Errorf("path: want the name of a job, got an empty one")
	}
	return group, nil
}

// pair decodes a label and its value.
func pair(escapedName, escapedValue string) (name, value string, err error) {
	if name, err = url.PathUnescape(escapedName); err != nil {
		return "", "", fmt.Errorf("path: %w", err)
	}
	if value, err = url.PathUnescape(escapedValue); err != nil {
		return "", "", fmt.Errorf("path: %w", err)
	}
	name, encoded := strings.CutSuffix(name, base64Suffix)
	if encoded {
		plain, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(value, "="))
		if err != nil {
			return "", "", fmt.Errorf("path: value of label %q: want URL-safe base64: %w", name, err)
		}
		value = string(plain)
	}
	switch {
	case !utf8.ValidString(name) || !utf8.ValidString(value):
		return "", "", fmt.Errorf("path: label %q: want UTF-8", name)
	case name == "" || strings.HasPrefix(name, model.ReservedLabelPrefix):
		return "", "", fmt.Errorf("path: want names of labels that are not empty and do not begin with __, got %q", name)
	}
	return name, value, nil
}
