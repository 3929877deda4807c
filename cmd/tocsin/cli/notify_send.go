package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/channels"
	"github.com/tocsinhq/tocsin/notify/sample"
)

type notifySend struct {
	Channel    string `arg:"" help:"Name of the channel."`
	ConfigFile string `name:"config.file" env:"TOCSIN_CONFIG_FILE" required:"" placeholder:"FILE" help:"Configuration file that has the channel."`
	Severity   string `enum:"info,warning,critical" default:"info" help:"How severe the test incident is."`
	Resolve    bool   `help:"Say afterwards that it is over, as PagerDuty and trackers of issues want."`
}

// Run sends the message, and prints what came of it.
func (c *notifySend) Run(ctx context.Context, s streams) error {
	cfg, all, err := channelsOf(c.ConfigFile)
	if err != nil {
		return refused(s, err)
	}
	picked := channels.Chosen(all, c.Channel)
	if len(picked) != 1 || picked[0].Name != c.Channel {
		var names []string
		for _, x := range all {
			names = append(names, x.Name)
		}
		return fmt.Errorf("want the name of a channel, got %q; there are %s", c.Channel, strings.Join(names, ", "))
	}
	built, err := channels.Build(notify.Config{Channels: picked, ProxyFromEnvironment: cfg.Notify.ProxyFromEnvironment}, channels.Deps{Console: s.out})
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	o := sample.Options{
		ID: "test-" + now.Format("20060102-150405"), Onset: now.Add(-4 * time.Minute), BaseURL: strings.TrimRight(cfg.Web.ExternalURL, "/"),
		Service: "tocsin-test", Title: "this is a test, nothing is wrong", Severity: incident.Severity(c.Severity), Told: []string{c.Channel},
	}
	kinds := []incident.EventKind{incident.EventOpened}
	if c.Resolve {
		kinds = append(kinds, incident.EventResolved)
	}
	var th notify.Thread
	for _, k := range kinds {
		if th, err = c.send(ctx, s, built[0], sample.Message(k, o), th, cfg.Notify.Timeout.Std()); err != nil {
			return err
		}
	}
	return nil
}

func (c *notifySend) send(ctx context.Context, s streams, ch notify.Channel, m notify.Message, t notify.Thread, within time.Duration) (notify.Thread, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	begun := time.Now()
	t, err := ch.Send(ctx, m, t)
	var retry *notify.RetryError
	switch {
	case errors.As(err, &retry) && retry.After > 0:
		return t, fmt.Errorf("%s: %w (a daemon would try again after %s)", ch.Name(), err, retry.After)
	case errors.As(err, &retry):
		return t, fmt.Errorf("%s: %w (a daemon would try again)", ch.Name(), err)
	case err != nil:
		return t, fmt.Errorf("%s: %w (a daemon would not try again)", ch.Name(), err)
	}
	_, err = fmt.Fprintf(s.out, "%s: %s was taken in %s\n", ch.Name(), m.Event.Kind, time.Since(begun).Round(time.Millisecond))
	return t, err
}
