package forward

import (
	"errors"
	"fmt"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage/remote"

	"github.com/tocsinhq/tocsin/internal/promfile"
)

// Targets are receivers that were read and checked. They do not change.
type Targets struct {
	configs  []*config.RemoteWriteConfig
	external labels.Labels
	file     string
}

// Len returns the number of receivers.
func (t Targets) Len() int { return len(t.configs) }

// Read takes the `remote_write` and `global.external_labels` of a configuration.
// What can only be seen by making a client, such as a certificate that is not
// there, is an error now.
func Read(d promfile.Document) (Targets, error) {
	c := d.Loaded()
	t := Targets{configs: c.RemoteWriteConfigs, external: c.GlobalConfig.ExternalLabels, file: d.File}
	var errs []error
	seen := map[string]bool{}
	for i, c := range t.configs {
		at := fmt.Sprintf("%s: remote_write[%d]: %s", t.file, i, c.URL.Redacted())
		_, err := remote.NewWriteClient(c.Name, &remote.ClientConfig{
			URL: c.URL, WriteProtoMsg: c.ProtobufMessage, Timeout: c.RemoteTimeout, HTTPClientConfig: c.HTTPClientConfig,
			SigV4Config: c.SigV4Config, AzureADConfig: c.AzureADConfig, GoogleIAMConfig: c.GoogleIAMConfig,
			Headers: c.Headers, RetryOnRateLimit: c.QueueConfig.RetryOnRateLimit, RoundRobinDNS: c.RoundRobinDNS,
		})
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", at, err))
		}
		if key := c.Name + " " + c.URL.String(); seen[key] {
			errs = append(errs, fmt.Errorf("%s: the same receiver twice; give each a name to send to it twice", at))
		} else {
			seen[key] = true
		}
	}
	return t, errors.Join(errs...)
}

// prometheus returns the targets as the queues take them.
func (t Targets) prometheus() *config.Config {
	c := promfile.Empty()
	c.GlobalConfig.ExternalLabels = t.external
	c.RemoteWriteConfigs = t.configs
	return c
}
