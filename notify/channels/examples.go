package channels

import (
	"slices"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
)

// Examples returns a channel of each sort, named after it, with made-up addresses and
// credentials, for previews without a configuration. Nothing can be sent by them.
func Examples() []notify.ChannelConfig {
	return []notify.ChannelConfig{
		{Name: "slack", Slack: &notify.SlackConfig{Token: "xoxb-example", Channel: "C0123456789", SigningSecret: "example"}},
		{Name: "slack-webhook", Slack: &notify.SlackConfig{WebhookURL: "https://hooks.slack.com/services/T000/B000/example"}},
		{Name: "pagerduty", PagerDuty: &notify.PagerDutyConfig{RoutingKey: "example", ChangeEvents: true}},
		{Name: "opsgenie", Opsgenie: &notify.OpsgenieConfig{APIKey: "example", Teams: []string{"shop"}}},
		{Name: "email", Email: &notify.EmailConfig{Host: "smtp.example.com", From: "Tocsin <tocsin@example.com>", To: []string{"ops@example.com"}}},
		{Name: "jira", Jira: &notify.JiraConfig{URL: "https://example.atlassian.net", Username: "bot@example.com", Token: "example", Project: "OPS",
			Priorities: map[incident.Severity]string{incident.SeverityCritical: "Highest", incident.SeverityWarning: "Medium"}}},
		{Name: "github", GitHub: &notify.GitHubConfig{Repository: "example/ops", Token: "example"}},
		{Name: "teams", Teams: &notify.TeamsConfig{WebhookURL: "https://example.com/workflows/manual/paths/invoke?sig=example"}},
		{Name: "discord", Discord: &notify.DiscordConfig{WebhookURL: "https://discord.com/api/webhooks/1/example"}},
		{Name: "telegram", Telegram: &notify.TelegramConfig{Token: "1:example", ChatID: "-1001"}},
		{Name: "webhook", Webhook: &notify.WebhookConfig{URL: "https://example.com/hooks/tocsin", Secret: "example"}},
		{Name: "console", Console: &notify.ConsoleConfig{}},
	}
}

// Chosen returns the channels that a name stands for: the one of that name, else
// those of that sort; all when the name is empty.
func Chosen(all []notify.ChannelConfig, name string) []notify.ChannelConfig {
	if name == "" {
		return all
	}
	for _, c := range all {
		if c.Name == name {
			return []notify.ChannelConfig{c}
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(c notify.ChannelConfig) bool { return c.Sort() != name })
}
