package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/notify/outbound"
	"github.com/tocsinhq/tocsin/notify/slack"
)

// people carries out what is asked for by buttons; see slack.People.
type people struct{ c *Core }

// Acknowledge takes the incident.
func (p people) Acknowledge(ctx context.Context, id, actor string) error {
	_, err := p.c.incidents.Ack(ctx, id, actor, "", p.c.now())
	return forPeople(err)
}

// Silence keeps what the incident is about from being told.
func (p people) Silence(ctx context.Context, id, actor string, d time.Duration) error {
	i, _, err := p.c.incidents.Get(ctx, id)
	if err != nil {
		return forPeople(err)
	}
	until, err := p.c.silenceIncident(ctx, i, actor, d)
	if err != nil {
		return err
	}
	_, err = p.c.incidents.Note(ctx, id, actor, "silenced until "+until.UTC().Format("2006-01-02 15:04 UTC"), p.c.now())
	return forPeople(err)
}

// FalseAlarm ends the incident and notes why.
func (p people) FalseAlarm(ctx context.Context, id, actor string) error {
	_, err := p.c.incidents.FalsePositive(ctx, id, actor, "", p.c.now())
	return forPeople(err)
}

// forPeople says the errors of people's calls in words for a chat.
func forPeople(err error) error {
	switch {
	case errors.Is(err, incident.ErrNotFound):
		return errors.New("the incident is not known any more")
	case errors.Is(err, incident.ErrConflict):
		return errors.New("the incident is over already")
	}
	return err
}

// slackActions makes the handler of presses from the channels of a configuration,
// nil when none has buttons.
func (a *App) slackActions(c *Core, cfg config.Config) *slack.Actions {
	var secrets []yamldoc.Secret
	var hosts []string
	wanted := false
	for _, ch := range cfg.Notify.Channels {
		if ch.Slack == nil {
			continue
		}
		if s := ch.Slack.SigningSecret; s != "" {
			secrets = append(secrets, s)
		}
		wanted = wanted || ch.Slack.SigningSecret != "" || ch.Slack.AppToken != ""
		// A proxy of the API is where answers go, too.
		if _, rest, ok := strings.Cut(ch.Slack.APIURL, "://"); ok {
			host, _, _ := strings.Cut(rest, "/")
			hosts = append(hosts, host)
		}
	}
	if !wanted {
		return nil
	}
	return slack.NewActions(slack.ActionsOptions{
		People: people{c}, Secrets: secrets, HTTP: outboundClient(cfg), AnswerHosts: hosts, Now: c.now, Logger: a.log, Metrics: a.set,
	})
}

// slackHandler answers what Slack posts, with 404 when no channel has buttons.
func (a *App) slackHandler() http.Handler {
	if a.server.slack != nil {
		return a.server.slack
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no channel of Slack has a signing_secret; see notify.channels", http.StatusNotFound)
	})
}

func outboundClient(cfg config.Config) *http.Client {
	return &http.Client{Transport: outbound.NewTransport(cfg.Notify.ProxyFromEnvironment)}
}

// slackSockets returns the sockets that the configuration asks for, one for each
// app token.
func (a *App) slackSockets(cfg config.Config, actions *slack.Actions) []*slack.Socket {
	var out []*slack.Socket
	seen := map[yamldoc.Secret]bool{}
	for _, ch := range cfg.Notify.Channels {
		if ch.Slack == nil || ch.Slack.AppToken == "" || seen[ch.Slack.AppToken] {
			continue
		}
		seen[ch.Slack.AppToken] = true
		out = append(out, slack.NewSocket(slack.SocketOptions{
			AppToken: ch.Slack.AppToken, APIURL: ch.Slack.APIURL, HTTP: outboundClient(cfg), Actions: actions, Logger: a.log,
		}))
	}
	return out
}

// runOutbox runs an outbox and beside it what brings in the answers of people, until
// ctx ends.
func (a *App) runOutbox(ctx context.Context) error {
	a.mu.Lock()
	core, cfg, actions := a.Core(), a.loaded.config, a.server.slack
	a.mu.Unlock()
	g, gctx := errgroup.WithContext(ctx)
	box := core.Outbox()
	g.Go(func() error { return box.Run(gctx) })
	for _, s := range a.slackSockets(cfg, actions) {
		g.Go(func() error { return s.Run(gctx) })
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	return nil
}
