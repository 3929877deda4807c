package demo

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

//go:embed tocsin.yml.tmpl
var configTemplate string

//go:embed alerts.yml
var alertsFile string

// Config returns the daemon's configuration for the demo as YAML text: short
// intervals, so that a story of minutes is told, the alert rules of Alerts read
// from alertsPath, and one Slack channel that speaks to the stub at slackURL.
func Config(slackURL, alertsPath string) (string, error) {
	t, err := template.New("tocsin.yml").Option("missingkey=error").Parse(configTemplate)
	if err != nil {
		return "", fmt.Errorf("demo configuration: %w", err)
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]string{"SlackURL": slackURL, "Alerts": alertsPath})
	if err != nil {
		return "", fmt.Errorf("demo configuration: %w", err)
	}
	return b.String(), nil
}

// Alerts returns the alert rules of the demo: those of a new user, with
// durations that fit into two minutes.
func Alerts() string { return alertsFile }

// WriteConfig writes both files into dir and returns the path of the
// configuration. The folder must exist.
func WriteConfig(dir, slackURL string) (string, error) {
	alerts := filepath.Join(dir, "alerts.yml")
	if err := os.WriteFile(alerts, []byte(Alerts()), 0o600); err != nil {
		return "", fmt.Errorf("demo alert rules: %w", err)
	}
	text, err := Config(slackURL, alerts)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "tocsin.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("demo configuration: %w", err)
	}
	return path, nil
}
