package amfile

import (
	"path/filepath"
	"reflect"

	"github.com/prometheus/alertmanager/config"
)

// resolvePaths makes the paths of files in a configuration absolute: those of
// templates, and those in every HTTP and TLS setting. dir must be absolute, so
// that a setting which several receivers share is not resolved twice.
func resolvePaths(c *config.Config, dir string) {
	for i, t := range c.Templates {
		if t != "" && !filepath.IsAbs(t) {
			c.Templates[i] = filepath.Join(dir, t)
		}
	}
	resolveIn(reflect.ValueOf(c), dir, map[uintptr]bool{})
}

// resolveIn calls SetDirectory on everything below v that has it. Alertmanager
// does so for a list of receivers, and forgets new ones.
func resolveIn(v reflect.Value, dir string, seen map[uintptr]bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || seen[v.Pointer()] {
			return
		}
		seen[v.Pointer()] = true
		if d, ok := v.Interface().(interface{ SetDirectory(string) }); ok {
			d.SetDirectory(dir)
			return
		}
		resolveIn(v.Elem(), dir, seen)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				resolveIn(v.Field(i), dir, seen)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			resolveIn(v.Index(i), dir, seen)
		}
	}
}
