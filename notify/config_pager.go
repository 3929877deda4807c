package notify

import (
	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// PagerDutyConfig sends events to a service of PagerDuty by its Events API v2.
// All messages of an incident bear one dedup key, so that it is one incident
// there for its whole life.
type PagerDutyConfig struct {
	// RoutingKey is the integration key of an Events API v2 integration.
	RoutingKey yamldoc.Secret `yaml:"routing_key"`
	// ChangeEvents also sends the changes that are suspected, as change events.
	ChangeEvents bool `yaml:"change_events"`
	// APIURL is where events go; https://events.eu.pagerduty.com in Europe.
	// Empty means https://events.pagerduty.com.
	APIURL string `yaml:"api_url"`
}

func (p PagerDutyConfig) validate(path string, report func(path, format string, args ...any)) {
	wantSecret(path+".routing_key", p.RoutingKey, "the integration key of an Events API v2 integration", report)
	validateAPIURL(path, p.APIURL, report)
}

// OpsgenieConfig makes one alert for each incident, found again by its alias.
type OpsgenieConfig struct {
	// APIKey is the key of an API integration that may create and change alerts.
	APIKey yamldoc.Secret `yaml:"api_key"`
	// Teams are told, by name. Empty leaves it to the integration.
	Teams []string `yaml:"teams"`
	// Tags are set on each alert beside the service and the severity.
	Tags []string `yaml:"tags"`
	// APIURL is https://api.eu.opsgenie.com in Europe. Empty means
	// https://api.opsgenie.com.
	APIURL string `yaml:"api_url"`
}

func (o OpsgenieConfig) validate(path string, report func(path, format string, args ...any)) {
	wantSecret(path+".api_key", o.APIKey, "the key of an API integration", report)
	validateNames(path+".teams", o.Teams, 50, report)
	validateNames(path+".tags", o.Tags, 15, report)
	validateAPIURL(path, o.APIURL, report)
}
