package rules

import (
	"fmt"
	"os"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Kind is the sort of a rule file, which its top-level key tells.
type Kind string

// The sorts of rule files.
const (
	KindAlerts  Kind = "alerts"  // an alerts.yml
	KindGroups  Kind = "groups"  // a Prometheus rule file
	KindSignals Kind = "signals" // additions to the catalogue
	KindSLOs    Kind = "slos"    // service level objectives
)

// FileKind reads a file and says of what sort it is. A file of no known sort, or
// of several at once, is an error that names the keys it has.
func FileKind(name string) (Kind, error) {
	src, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("read rules: %w", err)
	}
	doc, errs := yamldoc.Parse(name, src)
	if err := errs.Err(); err != nil {
		return "", err
	}
	keys := doc.Root().Keys()
	var found []Kind
	for _, k := range []Kind{KindAlerts, KindGroups, KindSignals, KindSLOs} {
		if _, ok := doc.Root().Get(string(k)); ok {
			found = append(found, k)
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%s: want one top-level key of alerts, groups, signals and slos, got %q", name, keys)
	}
	return found[0], nil
}
