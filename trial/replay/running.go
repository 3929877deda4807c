package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/store/remote"
)

// signalsOf is the file under which a Tocsin lists its recording of signals, which
// every lane records anyway.
const signalsOf = "tocsin"

// Running returns the rules that a server runs, with the catalogue of cat, to
// compare with.
func Running(ctx context.Context, r *remote.Reader, base rules.RuleSet) (rules.RuleSet, error) {
	set := rules.RuleSet{Catalogue: base.Catalogue}
	files, err := r.Rules(ctx)
	if err != nil {
		return set, err
	}
	var errs []error
	for _, f := range files {
		if f.Name == signalsOf {
			continue
		}
		var text bytes.Buffer
		if err := yaml.NewEncoder(&text).Encode(f.Groups); err != nil {
			return set, fmt.Errorf("rules of %s: %s: %w", r.Address(), f.Name, err)
		}
		parsed, err := rules.ParseRuleFile(f.Name, text.Bytes())
		if err != nil {
			errs = append(errs, fmt.Errorf("rules of %s: %w", r.Address(), err))
			continue
		}
		set.Files = append(set.Files, parsed)
	}
	return set, errors.Join(errs...)
}
