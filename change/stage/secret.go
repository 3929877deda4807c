package stage

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Variable is one variable of a stage's environment. Value is empty if it is hidden.
type Variable struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Hidden bool   `json:"hidden,omitempty"` // it looks like a secret
}

// Variables returns the environment of a stage, sorted by name, without secrets.
func (s Stage) Variables() []Variable {
	out := []Variable{}
	for _, name := range slices.Sorted(maps.Keys(s.Environment)) {
		v := Variable{Name: name, Value: string(s.Environment[name])}
		if v.Value != "" && secret(v.Name, v.Value) {
			v.Value, v.Hidden = "", true
		}
		out = append(out, v)
	}
	return out
}

var (
	secretName = regexp.MustCompile(`(?i)pass(word|wd|phrase)?($|_)|secret|token|credential|private|api_?key|access_?key|encryption_?key|signing_?key|(^|_)key($|_)|(^|_)auth($|_)|(^|_)dsn($|_)|connection_?string|webhook|cookie|salt$`)
	// secretForm is what well-known secrets begin with, and long runs of random signs.
	secretForm = regexp.MustCompile(`^(gh[pousr]_|github_pat_|glpat-|xox[a-z]-|sk-|sk_|pk_|rk_|AKIA|ASIA|AIza|ya29\.|eyJ|SG\.|hvs\.|npm_|dop_v1_|shp[a-z]{2}_)|-----BEGIN|(?i)\b(bearer|basic) [a-z0-9+/=._-]{8,}`)
	random     = regexp.MustCompile(`[A-Za-z0-9+/_=-]{24,}`)
)

// secret says whether a variable looks like a secret. It would rather hide too much.
func secret(name, v string) bool {
	if secretName.MatchString(name) || secretForm.MatchString(v) {
		return true
	}
	if u, err := url.Parse(v); err == nil && u.Host != "" {
		if u.User != nil {
			return true
		}
		for key := range u.Query() {
			if secretName.MatchString(key) {
				return true
			}
		}
	}
	for _, run := range random.FindAllString(v, -1) {
		if strings.ContainsAny(run, "0123456789") && strings.ContainsAny(strings.ToLower(run), "abcdefghijklmnopqrstuvwxyz") {
			return true
		}
	}
	// "user:password@host" that is no address with a scheme.
	before, _, at := strings.Cut(v, "@")
	return at && strings.Contains(before, ":")
}
