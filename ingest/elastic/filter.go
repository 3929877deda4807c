package elastic

import (
	"bytes"
	"encoding/json"
	"strings"
)

// maxFilters bounds the paths of one filter_path.
const maxFilters = 64

// filtered returns what filter_path leaves of an answer, as Elasticsearch does: paths with
// commas between them, * for any part of a name, ** for names at any depth, and - before
// what is to be left out. Lists are looked through; what has nothing left is left out.
func filtered(body, filter string) string {
	var with, without [][]string
	for i, p := range strings.Split(filter, ",") {
		p = strings.TrimSpace(p)
		if i >= maxFilters || p == "" {
			continue
		}
		if rest, ok := strings.CutPrefix(p, "-"); ok {
			without = append(without, strings.Split(rest, "."))
		} else {
			with = append(with, strings.Split(p, "."))
		}
	}
	if len(with)+len(without) == 0 || body == "" {
		return body
	}
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return body // what we write is JSON
	}
	if len(without) > 0 {
		v = leftOut(v, without)
	}
	if len(with) > 0 {
		var any bool
		if v, any = picked(v, with); !any {
			return "{}"
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(v) != nil {
		return body
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// below returns what is left of paths behind a name.
func below(paths [][]string, name string) (rest [][]string) {
	for _, p := range paths {
		if len(p) == 0 {
			continue
		}
		if p[0] == "**" {
			rest = append(rest, p)
			if len(p) > 1 && like(p[1], name) {
				rest = append(rest, p[2:])
			}
			if len(p) == 1 {
				rest = append(rest, nil)
			}
		} else if like(p[0], name) {
			rest = append(rest, p[1:])
		}
	}
	return rest
}

// ends reports whether one of the paths has come to its end.
func ends(paths [][]string) bool {
	for _, p := range paths {
		if len(p) == 0 {
			return true
		}
	}
	return false
}

func picked(v any, paths [][]string) (any, bool) {
	if ends(paths) {
		return v, true
	}
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, x := range v {
			if rest := below(paths, name); len(rest) > 0 {
				if y, ok := picked(x, rest); ok {
					out[name] = y
				}
			}
		}
		return out, len(out) > 0
	case []any:
		var out []any
		for _, x := range v {
			if y, ok := picked(x, paths); ok {
				out = append(out, y)
			}
		}
		return out, len(out) > 0
	}
	return nil, false
}

func leftOut(v any, paths [][]string) any {
	switch v := v.(type) {
	case map[string]any:
		for name, x := range v {
			rest := below(paths, name)
			if ends(rest) {
				delete(v, name)
			} else if len(rest) > 0 {
				v[name] = leftOut(x, rest)
			}
		}
	case []any:
		for i, x := range v {
			v[i] = leftOut(x, paths)
		}
	}
	return v
}

// like compares a name with a pattern in which * is any text.
func like(pattern, name string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	name, ok := strings.CutPrefix(name, head)
	if !ok {
		return false
	}
	for {
		middle, more, again := strings.Cut(rest, "*")
		if !again {
			return strings.HasSuffix(name, rest)
		}
		i := strings.Index(name, middle)
		if i < 0 {
			return false
		}
		name, rest = name[i+len(middle):], more
	}
}
