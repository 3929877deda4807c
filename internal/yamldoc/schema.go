package yamldoc

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// schema is how a struct type is written in YAML.
type schema struct {
	fields map[string][]int // name to the field's place, for reflect.Value.FieldByIndex
	names  []string         // sorted
	rest   []int            // place of the inline map that takes the other keys, or nil
}

func (d *decoder) schema(t reflect.Type) (*schema, error) {
	if s, ok := d.schemas[t]; ok {
		return s, nil
	}
	s := &schema{fields: map[string][]int{}}
	if err := s.read(t, nil); err != nil {
		return nil, err
	}
	for name := range s.fields {
		s.names = append(s.names, name)
	}
	slices.Sort(s.names)
	d.schemas[t] = s
	return s, nil
}

func (s *schema) read(t reflect.Type, at []int) error {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		place := append(slices.Clone(at), i)
		inline := slices.Contains(strings.Split(options, ","), "inline")
		switch {
		case name == "-" || !f.IsExported() && !inline:
			continue
		case inline && f.Type.Kind() == reflect.Struct:
			if err := s.read(f.Type, place); err != nil {
				return err
			}
			continue
		case inline && f.Type.Kind() == reflect.Map && f.Type.Key().Kind() == reflect.String && s.rest == nil:
			s.rest = place
			continue
		case inline:
			return fmt.Errorf("field %s: want a struct or one map with string keys to be inline, got %s", f.Name, f.Type)
		case name == "":
			name = strings.ToLower(f.Name)
		}
		if _, twice := s.fields[name]; twice {
			return fmt.Errorf("field %s: the name %q is taken by another field", f.Name, name)
		}
		s.fields[name] = place
	}
	return nil
}

// suggest returns what to say after an unknown field: the nearest name and all
// of them.
func (s *schema) suggest(key string) string {
	if len(s.names) == 0 {
		return "; no field is known here"
	}
	known := "known fields: " + strings.Join(s.names, ", ")
	if near := nearest(key, s.names); near != "" {
		return fmt.Sprintf("; did you mean %q? (%s)", near, known)
	}
	return "; " + known
}

// nearest returns the name that key is most likely a slip of, or "".
func nearest(key string, names []string) string {
	key = fold(key)
	if len(key) > 64 {
		return ""
	}
	best, least := "", 1+max(1, len(key)/3)
	for _, name := range names {
		if d := distance(key, fold(name)); d < least {
			best, least = name, d
		}
	}
	return best
}

// fold takes away the differences between groupBy, group-by and group_by.
func fold(s string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(s))
}

// distance counts the letters to insert, remove, replace or swap to make b of a.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, above := make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range above {
		above[j] = j
	}
	for i := range x {
		row := make([]int, len(y)+1)
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			row[j+1] = min(above[j]+cost, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, above = above, row
	}
	return above[len(y)]
}
