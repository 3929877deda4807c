// Package channels makes channels from their configuration. It is the one place
// that knows every sort; a new sort is a folder beside it, a block in
// notify.ChannelConfig and a case here.
package channels

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/console"
	"github.com/tocsinhq/tocsin/notify/discord"
	"github.com/tocsinhq/tocsin/notify/email"
	"github.com/tocsinhq/tocsin/notify/github"
	"github.com/tocsinhq/tocsin/notify/jira"
	"github.com/tocsinhq/tocsin/notify/opsgenie"
	"github.com/tocsinhq/tocsin/notify/outbound"
	"github.com/tocsinhq/tocsin/notify/pagerduty"
	"github.com/tocsinhq/tocsin/notify/slack"
	"github.com/tocsinhq/tocsin/notify/teams"
	"github.com/tocsinhq/tocsin/notify/telegram"
	"github.com/tocsinhq/tocsin/notify/webhook"
)

// Deps are what channels use of the process.
type Deps struct {
	// HTTPClient makes the calls; only its Transport is used. Nil means one
	// transport for all channels of a Build, which refuses addresses that no
	// receiver has and uses the proxy of the environment only if configured.
	HTTPClient *http.Client
	Console    io.Writer        // where console channels write; standard output in the daemon
	Now        func() time.Time // for signatures and dates in Retry-After; nil: time.Now
	Silences   bool             // that the silence button of Slack can be carried out
}

// Build returns the channels in configured order. The configuration must be
// valid; every channel that cannot be made is part of the error.
func Build(cfg notify.Config, d Deps) ([]notify.Channel, error) {
	if d.HTTPClient == nil {
		d.HTTPClient = &http.Client{Transport: outbound.NewTransport(cfg.ProxyFromEnvironment)}
	}
	var (
		out  []notify.Channel
		errs []error
	)
	for _, c := range cfg.Channels {
		ch, err := build(c, d)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out = append(out, ch)
	}
	return out, errors.Join(errs...)
}

func build(c notify.ChannelConfig, d Deps) (notify.Channel, error) {
	switch {
	case c.Slack != nil:
		return slack.New(slack.Options{Name: c.Name, Config: *c.Slack, HTTP: d.HTTPClient, Now: d.Now, Silences: d.Silences})
	case c.PagerDuty != nil:
		return pagerduty.New(pagerduty.Options{Name: c.Name, Config: *c.PagerDuty, HTTP: d.HTTPClient, Now: d.Now})
	case c.Opsgenie != nil:
		return opsgenie.New(opsgenie.Options{Name: c.Name, Config: *c.Opsgenie, HTTP: d.HTTPClient, Now: d.Now})
	case c.Email != nil:
		return email.New(email.Options{Name: c.Name, Config: *c.Email, Now: d.Now})
	case c.Jira != nil:
		return jira.New(jira.Options{Name: c.Name, Config: *c.Jira, HTTP: d.HTTPClient, Now: d.Now})
	case c.GitHub != nil:
		return github.New(github.Options{Name: c.Name, Config: *c.GitHub, HTTP: d.HTTPClient, Now: d.Now})
	case c.Teams != nil:
		return teams.New(teams.Options{Name: c.Name, Config: *c.Teams, HTTP: d.HTTPClient, Now: d.Now})
	case c.Discord != nil:
		return discord.New(discord.Options{Name: c.Name, Config: *c.Discord, HTTP: d.HTTPClient, Now: d.Now})
	case c.Telegram != nil:
		return telegram.New(telegram.Options{Name: c.Name, Config: *c.Telegram, HTTP: d.HTTPClient, Now: d.Now})
	case c.Webhook != nil:
		return webhook.New(webhook.Options{Name: c.Name, Config: *c.Webhook, HTTP: d.HTTPClient, Now: d.Now})
	case c.Console != nil:
		return console.New(console.Options{Name: c.Name, Writer: d.Console, Color: c.Console.Color})
	}
	return nil, fmt.Errorf("channel %s: want the block of one sort of channel, got none", c.Name)
}
