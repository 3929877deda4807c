package notify

import (
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Config says where messages go and how hard to try.
type Config struct {
	// Channels are the places that can be told. Alerts name them in their
	// `channels`. Without this key there is one, named console.
	Channels []ChannelConfig `yaml:"channels"`
	// Default are the channels of incidents whose alerts name none, or none
	// that is configured. Empty means every channel.
	Default []string `yaml:"default"`
	// MinSeverity is the least severity that is told: info, warning or critical.
	MinSeverity incident.Severity `yaml:"min_severity"`
	// Events are the events that make a message of their own: opened, raised,
	// reopened, resolved, acknowledged, suspects, note. All others only bring
	// messages up to date on channels that can edit them.
	Events []incident.EventKind `yaml:"events"`
	// Timeout bounds one try.
	Timeout yamldoc.Duration `yaml:"timeout"`
	// RetryMin is the time before the second try; it doubles from try to try.
	RetryMin yamldoc.Duration `yaml:"retry_min"`
	// RetryMax is the longest time between two tries, Retry-After apart.
	RetryMax yamldoc.Duration `yaml:"retry_max"`
	// GiveUp is the age at which a message that still cannot be delivered is
	// recorded as failed.
	GiveUp yamldoc.Duration `yaml:"give_up"`
	// UpdateEvery is the least time between two quiet updates of one incident
	// on one channel.
	UpdateEvery yamldoc.Duration `yaml:"update_every"`
	// Keep is how long records of finished deliveries and the journal of
	// notifications are kept.
	Keep yamldoc.Duration `yaml:"keep"`
	// LogRows is the greatest length of the journal; beyond it the oldest
	// entries are removed early.
	LogRows int `yaml:"log_rows"`
	// MaxWaiting is how many messages may wait on one channel. Beyond it those
	// of one incident are merged, and beyond twice as many new ones are dropped.
	MaxWaiting int `yaml:"max_waiting"`
	// Fallback are the channels that say what another one could not be told: the
	// first that has not failed itself. Without this key it is the next channel
	// in order; an empty list means nobody.
	Fallback []string `yaml:"fallback"`
	// Escalations tell further channels when nobody acknowledges.
	Escalations []EscalationConfig `yaml:"escalations"`
	// ProxyFromEnvironment lets channels reach out through the proxy that
	// HTTPS_PROXY, HTTP_PROXY and NO_PROXY name.
	ProxyFromEnvironment bool `yaml:"proxy_from_environment"`
}

// ChannelConfig is one named channel. Exactly one of the blocks below Events is
// set; it says of what sort the channel is.
type ChannelConfig struct {
	// Name is what alerts and Default call the channel: lower case letters,
	// digits, - and _.
	Name string `yaml:"name"`
	// MinSeverity overrides the common least severity for this channel.
	MinSeverity incident.Severity `yaml:"min_severity"`
	// Events override the common events for this channel. Unless this is set, a
	// channel that can neither edit nor reply (an incoming webhook of Slack, Teams,
	// e-mail) is told only of those of opened, raised, reopened and resolved that
	// are among the common ones, and one that pages (PagerDuty, Opsgenie) of
	// acknowledged too.
	Events []incident.EventKind `yaml:"events"`
	// Fallback overrides the common fallback for what this channel could not be
	// told.
	Fallback []string `yaml:"fallback"`
	// Slack sends to Slack by an incoming webhook or as a bot.
	Slack *SlackConfig `yaml:"slack"`
	// PagerDuty pages by Events API v2.
	PagerDuty *PagerDutyConfig `yaml:"pagerduty"`
	// Opsgenie pages by its Alert API.
	Opsgenie *OpsgenieConfig `yaml:"opsgenie"`
	// Email sends mail through an SMTP server.
	Email *EmailConfig `yaml:"email"`
	// Jira keeps an issue for each incident.
	Jira *JiraConfig `yaml:"jira"`
	// GitHub keeps an issue for each incident.
	GitHub *GitHubConfig `yaml:"github"`
	// Teams posts to Microsoft Teams through a workflow.
	Teams *TeamsConfig `yaml:"teams"`
	// Discord posts to Discord through a webhook.
	Discord *DiscordConfig `yaml:"discord"`
	// Telegram sends as a bot of Telegram.
	Telegram *TelegramConfig `yaml:"telegram"`
	// Webhook posts JSON to a URL.
	Webhook *WebhookConfig `yaml:"webhook"`
	// Console writes text to standard output.
	Console *ConsoleConfig `yaml:"console"`
}

// SlackConfig reaches Slack either by WebhookURL (an incoming webhook: one
// message per change of state) or by Token and Channel (a bot: one message per
// incident, edited as the state changes, with a thread of replies).
type SlackConfig struct {
	// WebhookURL is the secret address of an incoming webhook.
	WebhookURL yamldoc.Secret `yaml:"webhook_url"`
	// Token is a bot token (xoxb-...) with the scopes chat:write and, for charts,
	// files:write.
	Token yamldoc.Secret `yaml:"token"`
	// Channel is the name or, better, the id of the channel to post to.
	Channel string `yaml:"channel"`
	// SigningSecret of the app lets people acknowledge, silence and mark a false
	// alarm by buttons: Slack posts what they press to
	// /api/v1/tocsin/slack/actions under web.external_url, signed with it.
	SigningSecret yamldoc.Secret `yaml:"signing_secret"`
	// AppToken (xapp-... with the scope connections:write) does the same through
	// Socket Mode, where Slack cannot reach this daemon.
	AppToken yamldoc.Secret `yaml:"app_token"`
	// NoFiles keeps a bot without the scope files:write from uploading charts; they
	// are shown by their address then.
	NoFiles bool `yaml:"no_files"`
	// APIURL is the address of Slack's Web API; for tests and proxies.
	APIURL string `yaml:"api_url"`
}

// WebhookConfig posts each message as JSON; package notify/webhook documents
// the body and the headers.
type WebhookConfig struct {
	// URL is where to post; it may hold credentials and is treated as a secret.
	URL yamldoc.Secret `yaml:"url"`
	// Secret signs each request (header X-Tocsin-Signature) when it is set.
	Secret yamldoc.Secret `yaml:"secret"`
	// Headers are sent with each request, such as Authorization.
	Headers map[string]yamldoc.Secret `yaml:"headers"`
}

// ConsoleConfig writes to the daemon's standard output.
type ConsoleConfig struct {
	// Color marks states by ANSI colours.
	Color bool `yaml:"color"`
}

// announceable are the events that may make a message of their own.
var announceable = []incident.EventKind{
	incident.EventOpened, incident.EventRaised, incident.EventReopened, incident.EventResolved,
	incident.EventAcked, incident.EventSuspects, incident.EventNote,
}

// webhookEvents are the events of which a channel is told that can neither edit
// nor reply, and pagerEvents those of one that pages.
var (
	webhookEvents = []incident.EventKind{
		incident.EventOpened, incident.EventRaised, incident.EventReopened, incident.EventResolved,
	}
	pagerEvents = append(slices.Clone(webhookEvents), incident.EventAcked)
)

// usual returns the events that suit the sort of channel, nil for all.
func (x ChannelConfig) usual() []incident.EventKind {
	switch {
	case x.Slack != nil && x.Slack.WebhookURL != "", x.Teams != nil, x.Email != nil:
		return webhookEvents
	case x.PagerDuty != nil, x.Opsgenie != nil:
		return pagerEvents
	}
	return nil
}

// DefaultConfig returns one console channel without colours that is told
// everything, tries of 10 s spaced from 1 s to 2 min, and a day before giving up.
func DefaultConfig() Config {
	return Config{
		Channels:    []ChannelConfig{{Name: "console", Console: &ConsoleConfig{}}},
		MinSeverity: incident.SeverityInfo,
		Events:      slices.Clone(announceable),
		Timeout:     yamldoc.Duration(10 * time.Second),
		RetryMin:    yamldoc.Duration(time.Second),
		RetryMax:    yamldoc.Duration(2 * time.Minute),
		GiveUp:      yamldoc.Duration(24 * time.Hour),
		UpdateEvery: yamldoc.Duration(time.Minute),
		Keep:        yamldoc.Duration(30 * 24 * time.Hour),
		LogRows:     200_000,
		MaxWaiting:  10_000,
	}
}

// rule returns what the channel of that name wants to hear.
func (c Config) rule(name string) routeRule {
	min, events := c.MinSeverity, c.Events
	if i := slices.IndexFunc(c.Channels, func(x ChannelConfig) bool { return x.Name == name }); i >= 0 {
		x := c.Channels[i]
		switch {
		case len(x.Events) > 0:
			events = x.Events
		case x.usual() != nil:
			events = slices.DeleteFunc(slices.Clone(events), func(k incident.EventKind) bool {
				return !slices.Contains(x.usual(), k)
			})
		}
		if x.MinSeverity != "" {
			min = x.MinSeverity
		}
	}
	r := routeRule{min: min.Rank(), events: make(map[incident.EventKind]bool, len(events))}
	for _, k := range events {
		r.events[k] = true
	}
	return r
}
