package app

import (
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"
	apiv1 "github.com/prometheus/prometheus/web/api/v1"

	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/internal/promfile"
	"github.com/tocsinhq/tocsin/web/promapi"
)

// configYAML returns the running configuration. Secrets read <secret>; what was
// taken from the environment stands as it is used.
func (a *App) configYAML() string {
	a.mu.Lock()
	c := a.loaded.config
	a.mu.Unlock()
	text, err := showConfig(c)
	if err != nil {
		a.log.Error("the configuration cannot be shown as YAML", "error", err)
	}
	return text
}

// showConfig writes our sections and after them those of prometheus.yml, which
// Prometheus writes itself, as it knows which of their fields are secret.
func showConfig(c config.Config) (string, error) {
	own, err := yaml.Marshal(c)
	if err != nil {
		return "", err
	}
	var ours, theirs, sections yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(own, &ours, yaml.UseOrderedMap()); err != nil {
		return "", err
	}
	if err := yaml.UnmarshalWithOptions([]byte(c.Prometheus.Loaded().String()), &theirs, yaml.UseOrderedMap()); err != nil {
		return "", err
	}
	isTheirs := func(x yaml.MapItem) bool { return slices.Contains(promfile.Sections(), fmt.Sprint(x.Key)) }
	for _, x := range theirs {
		if isTheirs(x) {
			sections = append(sections, x)
		}
	}
	text, err := yaml.Marshal(append(slices.DeleteFunc(ours, isTheirs), sections...))
	return string(text), err
}

// runtimeInfo tells Prometheus' clients about the process.
func (a *App) runtimeInfo() (apiv1.RuntimeInfo, error) {
	i, err := promapi.ProcessInfo()
	if err != nil {
		return i, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	storage := a.loaded.config.Storage
	i.StartTime, i.ServerTime = a.started.UTC(), a.core.Load().now().UTC()
	i.ReloadConfigSuccess, i.LastConfigTime = a.last.OK, a.last.At.UTC()
	i.StorageRetention = storage.Retention.String()
	if storage.RetentionSize > 0 {
		i.StorageRetention += " or " + storage.RetentionSize.String()
	}
	return i, nil
}
