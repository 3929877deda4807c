package cli

import (
	"fmt"
	"strings"

	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/channels"
)

// notifyCommand groups what is about telling people.
type notifyCommand struct {
	Log     notifyLog     `cmd:"" help:"Show what became of messages: every send, retry, mute, merge, drop and failure of a running daemon, with its reason."`
	Preview notifyPreview `cmd:"" help:"Show what a message looks like on a channel, without sending anything."`
	Test    notifySend    `cmd:"" help:"Send one test message through a channel of a configuration file."`
}

// channelsOf returns the channels of a configuration file, and examples of every sort
// when there is none.
func channelsOf(file string) (config.Config, []notify.ChannelConfig, error) {
	if file == "" {
		return config.Default(), channels.Examples(), nil
	}
	cfg, errs := config.Load(file)
	if err := errs.Err(); err != nil {
		return cfg, nil, err
	}
	return cfg, cfg.Notify.Channels, nil
}

// chosen returns the channels that a name stands for.
func chosen(all []notify.ChannelConfig, name string) ([]notify.ChannelConfig, error) {
	out := channels.Chosen(all, name)
	if len(out) == 0 {
		var names []string
		for _, c := range all {
			names = append(names, c.Name)
		}
		return nil, fmt.Errorf("want a channel or a sort of channel, got %q; there are %s", name, strings.Join(names, ", "))
	}
	return out, nil
}
