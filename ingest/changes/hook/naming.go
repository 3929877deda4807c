package hook

import (
	"path"
	"strings"
)

// Naming turns a provider's names into ours.
type Naming struct {
	Services     map[string]string // by what the provider calls it, lower case
	Environments map[string]string // likewise
	// Environment is that of changes whose provider names none.
	Environment string
}

// Service returns the service for what the provider calls it, by its most exact
// name first, such as "acme/shop/checkout-production", "acme/shop". The first that
// the settings know wins; otherwise it is the last part of the last one that is
// not empty: "shop".
func (n Naming) Service(names ...string) string {
	last := ""
	for _, name := range names {
		if name == "" {
			continue
		}
		if s, ok := n.Services[strings.ToLower(name)]; ok {
			return s
		}
		last = name
	}
	if last == "" {
		return ""
	}
	return path.Base(last)
}

// Env returns our name of an environment.
func (n Naming) Env(name string) string {
	if name == "" {
		name = n.Environment
	}
	if e, ok := n.Environments[strings.ToLower(name)]; ok {
		return e
	}
	return name
}

// Matches reports whether one of the patterns, as of path.Match, fits a name. A
// slash is a sign like any other. No pattern fits nothing.
func Matches(patterns []string, name string) bool {
	flat := strings.NewReplacer("/", "\x00")
	for _, p := range patterns {
		if ok, err := path.Match(flat.Replace(p), flat.Replace(name)); ok && err == nil {
			return true
		}
	}
	return false
}
