package app

import (
	"github.com/goccy/go-yaml"
	apiv1 "github.com/prometheus/prometheus/web/api/v1"

	"github.com/tocsinhq/tocsin/web/promapi"
)

// configYAML returns the running configuration. Secrets read <secret>; what was
// taken from the environment stands as it is used.
func (a *App) configYAML() string {
	a.mu.Lock()
	c := a.loaded.config
	a.mu.Unlock()
	text, err := yaml.Marshal(c)
	if err != nil {
		a.log.Error("the configuration cannot be shown as YAML", "error", err)
	}
	return string(text)
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
