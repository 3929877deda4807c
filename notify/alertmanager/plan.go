package alertmanager

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/config/receiver"
	"github.com/prometheus/alertmanager/dispatch"
	amnotify "github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/alertmanager/timeinterval"
	commoncfg "github.com/prometheus/common/config"

	"github.com/tocsinhq/tocsin/internal/amfile"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/window"
)

// Plan is a configuration made ready: the route tree, the integrations of every
// receiver that a route names, what inhibits what, and the maintenance windows.
// It is immutable.
type Plan struct {
	conf       *config.Config
	own        bool // the built-in configuration, for want of one
	root       *dispatch.Route
	routes     []*dispatch.Route // of the whole tree
	tmpl       *template.Template
	intervener *timeinterval.Intervener
	rules      []*inhibitRule
	windows    window.Set
	channels   map[string][]*Channel // by receiver
	all        []notify.Channel
	bare       map[string]bool // receivers without an integration
	shown      string
}

// PlanOptions are what a Plan is made of.
type PlanOptions struct {
	Config *config.Config // nil: one route to a receiver without integrations, so that incidents alone are told
	// Source is the text that Config was read from, to be shown without its secrets.
	Source      []byte
	Maintenance []window.Config
	ExternalURL string // where links in messages begin
	Logger      *slog.Logger
	HTTP        []commoncfg.HTTPClientOption // for tests and proxies
}

// DefaultReceiver is that of the configuration which holds for want of one. It
// has no integrations: what it gets is told as incidents, by the default channels.
const DefaultReceiver = "tocsin"

const builtIn = "route:\n  receiver: " + DefaultReceiver + "\nreceivers:\n- name: " + DefaultReceiver + "\n"

// NewPlan makes a configuration ready. It opens no connection.
func NewPlan(o PlanOptions) (*Plan, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Plan{conf: o.Config, channels: map[string][]*Channel{}, bare: map[string]bool{}}
	source := o.Source
	if p.conf == nil {
		c, errs := amfile.Parse("built-in", []byte(builtIn))
		if err := errs.Err(); err != nil {
			return nil, err
		}
		p.conf, p.own, source = c, true, []byte(builtIn)
	}
	p.shown = shownConfig(p.conf, source)
	var err error
	if p.windows, err = window.New(o.Maintenance); err != nil {
		return nil, err
	}
	if p.tmpl, err = template.FromGlobs(p.conf.Templates); err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	if p.tmpl.ExternalURL, err = url.Parse(o.ExternalURL); err != nil {
		return nil, fmt.Errorf("external address %q: %w", o.ExternalURL, err)
	}
	p.root = dispatch.NewRoute(p.conf.Route, nil)
	used := map[string]bool{}
	p.root.Walk(func(r *dispatch.Route) {
		p.routes = append(p.routes, r)
		used[r.RouteOpts.Receiver] = true
	})
	intervals := map[string][]timeinterval.TimeInterval{}
	for _, t := range p.conf.MuteTimeIntervals {
		intervals[t.Name] = t.TimeIntervals
	}
	for _, t := range p.conf.TimeIntervals {
		intervals[t.Name] = t.TimeIntervals
	}
	p.intervener = timeinterval.NewIntervener(intervals)
	for _, r := range p.conf.InhibitRules {
		p.rules = append(p.rules, newInhibitRule(r))
	}
	var errs []error
	for _, r := range p.conf.Receivers {
		if !used[r.Name] {
			continue
		}
		errs = append(errs, p.addReceiver(r, o))
	}
	return p, errors.Join(errs...)
}

// addReceiver makes a channel for each integration, because each is told, and
// fails, on its own.
func (p *Plan) addReceiver(r config.Receiver, o PlanOptions) error {
	integrations, err := receiver.BuildReceiverIntegrations(r, p.tmpl, o.Logger, o.HTTP...)
	if err != nil {
		return fmt.Errorf("receiver %s: %w", r.Name, err)
	}
	secrets := secretsOf(r)
	secrets = append(secrets, partsOf(secrets)...)
	for i := range integrations {
		c := &Channel{name: channelName(r.Name, integrations, i), receiver: r.Name, integration: &integrations[i], secrets: secrets, log: o.Logger}
		p.channels[r.Name] = append(p.channels[r.Name], c)
		p.all = append(p.all, c)
	}
	p.bare[r.Name] = len(integrations) == 0
	return nil
}

// channelName returns receiver/NAME for the only integration of a receiver, else
// receiver/NAME/SORT[i].
func channelName(receiver string, all []amnotify.Integration, i int) string {
	if len(all) == 1 {
		return notify.ReceiverPrefix + receiver
	}
	return notify.ReceiverPrefix + receiver + "/" + all[i].Name() + "[" + strconv.Itoa(all[i].Index()) + "]"
}

// Channels returns one channel for each integration of each receiver that a
// route names, for the outbox. The slice is the caller's.
func (p *Plan) Channels() []notify.Channel { return append([]notify.Channel(nil), p.all...) }

// Configured reports whether there is a configuration of Alertmanager.
func (p *Plan) Configured() bool { return !p.own }

// Windows returns the maintenance windows.
func (p *Plan) Windows() window.Set { return p.windows }

// Config returns the configuration as Alertmanager's loader made it. It must not
// be changed.
func (p *Plan) Config() *config.Config { return p.conf }
