package alertmanager

import (
	"net/url"
	"reflect"
	"strings"

	"github.com/prometheus/alertmanager/config"
	amcommon "github.com/prometheus/alertmanager/config/common"
	commoncfg "github.com/prometheus/common/config"
	"go.yaml.in/yaml/v2"
)

// What is shown in the place of secrets. Older clients read the configuration
// that the API shows, and want a URL where one belongs.
const (
	secretText = "<secret>"
	secretURL  = "http://secret.invalid/"
)

// Shown returns the configuration as it was written, without secrets. Alertmanager
// itself shows every setting with its default, which clients of an older version,
// such as Debian's amtool, refuse because they do not know them all.
func (p *Plan) Shown() string { return p.shown }

// shownConfig takes the secrets of c out of the text that it was read from. What
// cannot be shown so with certainty is shown as Alertmanager does.
func shownConfig(c *config.Config, source []byte) string {
	var doc yaml.MapSlice
	if len(source) == 0 || yaml.Unmarshal(source, &doc) != nil {
		return c.String()
	}
	secrets := secretsOf(c)
	body, err := yaml.Marshal(withoutSecrets(doc, secrets))
	if err != nil {
		return c.String()
	}
	for _, s := range secrets {
		if len(s) >= shortSecret && strings.Contains(string(body), s) {
			return c.String()
		}
	}
	return string(body)
}

// withoutSecrets returns a copy of a value of YAML in which texts that are, or
// hold, a secret are replaced.
func withoutSecrets(v any, secrets []string) any {
	switch v := v.(type) {
	case yaml.MapSlice:
		out := make(yaml.MapSlice, len(v))
		for i, item := range v {
			out[i] = yaml.MapItem{Key: item.Key, Value: withoutSecrets(item.Value, secrets)}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = withoutSecrets(item, secrets)
		}
		return out
	case string:
		for _, s := range secrets {
			if v != s && !(len(s) >= shortSecret && strings.Contains(v, s)) && !sameURL(v, s) {
				continue
			}
			if u, err := url.Parse(v); err == nil && u.Host != "" {
				return secretURL
			}
			return secretText
		}
	}
	return v
}

func sameURL(a, b string) bool {
	u, err := url.Parse(a)
	return err == nil && u.Host != "" && u.String() == b
}

// partsOf returns the parts of secret addresses that providers take for the
// secret, and may repeat in an answer: the password, the last step of the path,
// and the values of the query.
func partsOf(secrets []string) []string {
	var out []string
	for _, s := range secrets {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" {
			continue
		}
		if pw, ok := u.User.Password(); ok {
			out = append(out, pw)
		}
		out = append(out, u.Path[strings.LastIndexByte(u.Path, '/')+1:])
		for _, values := range u.Query() {
			out = append(out, values...)
		}
	}
	return out
}

// shortSecret is the least length of a secret that is looked for inside of other
// texts: a shorter one would take words apart.
const shortSecret = 6

// secretsOf lists the secrets in settings, by their types.
func secretsOf(v any) []string {
	s := secretWalk{seen: map[uintptr]bool{}}
	s.walk(reflect.ValueOf(v))
	return s.found
}

type secretWalk struct {
	found []string
	seen  map[uintptr]bool
}

func (s *secretWalk) add(texts ...string) {
	for _, t := range texts {
		if t != "" && t != "/" {
			s.found = append(s.found, t)
		}
	}
}

func (s *secretWalk) walk(v reflect.Value) {
	if !v.IsValid() {
		return
	}
	if v.CanInterface() {
		switch x := v.Interface().(type) {
		case commoncfg.Secret:
			s.add(string(x))
			return
		case *amcommon.SecretURL:
			if x != nil && x.URL != nil {
				s.add(x.URL.String(), x.URL.RequestURI())
			}
			return
		}
	}
	switch v.Kind() {
	case reflect.String:
		if strings.HasPrefix(v.Type().Name(), "Secret") {
			s.add(v.String())
		}
	case reflect.Pointer:
		if !v.IsNil() && !s.seen[v.Pointer()] {
			s.seen[v.Pointer()] = true
			s.walk(v.Elem())
		}
	case reflect.Interface:
		s.walk(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				s.walk(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			s.walk(v.Index(i))
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			s.walk(it.Value())
		}
	}
}
