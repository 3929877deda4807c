package notify

import (
	"regexp"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// TeamsConfig posts Adaptive Cards to Microsoft Teams through a workflow that
// starts when a webhook request is received.
type TeamsConfig struct {
	// WebhookURL is the secret address that the workflow gave.
	WebhookURL yamldoc.Secret `yaml:"webhook_url"`
}

func (c TeamsConfig) validate(path string, report func(path, format string, args ...any)) {
	wantURL(path+".webhook_url", c.WebhookURL, report)
}

// DiscordConfig posts to a channel of Discord through a webhook: one message for
// each incident, edited as it changes.
type DiscordConfig struct {
	// WebhookURL is the secret address of the webhook.
	WebhookURL yamldoc.Secret `yaml:"webhook_url"`
}

func (c DiscordConfig) validate(path string, report func(path, format string, args ...any)) {
	wantURL(path+".webhook_url", c.WebhookURL, report)
}

// TelegramConfig sends as a bot: one message for each incident, a photo when there
// is a chart, edited as it changes, with replies.
type TelegramConfig struct {
	// Token is that of the bot, as BotFather gave it.
	Token yamldoc.Secret `yaml:"token"`
	// ChatID is the number of the chat, or the @name of a public channel.
	ChatID string `yaml:"chat_id"`
	// Topic is the number of a topic within a forum; 0 for none.
	Topic int `yaml:"topic"`
	// APIURL is another address of the Bot API. Empty means https://api.telegram.org.
	APIURL string `yaml:"api_url"`
}

var (
	telegramToken = regexp.MustCompile(`^[0-9]{1,20}:[A-Za-z0-9_-]{1,100}$`)
	telegramChat  = regexp.MustCompile(`^(-?[0-9]{1,20}|@[A-Za-z][A-Za-z0-9_]{3,63})$`)
)

func (c TelegramConfig) validate(path string, report func(path, format string, args ...any)) {
	if !telegramToken.MatchString(c.Token.Reveal()) {
		report(path+".token", "want the token of a bot, digits:letters")
	}
	if !telegramChat.MatchString(c.ChatID) {
		report(path+".chat_id", "want the number of a chat or the @name of a channel, got %q", c.ChatID)
	}
	if c.Topic < 0 {
		report(path+".topic", "want the number of a topic or 0, got %d", c.Topic)
	}
	validateAPIURL(path, c.APIURL, report)
}
