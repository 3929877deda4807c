package app

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/util/strutil"

	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/amfile"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/alertmanager"
	"github.com/tocsinhq/tocsin/notify/silence"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/telemetry"
)

// ReadAlertmanager returns the configuration of Alertmanager that a configuration
// holds or names, a relative file from the folder base; the zero Document when there
// is none.
func ReadAlertmanager(c config.Config, base string) (amfile.Document, error) {
	if c.AlertRouting.Config != nil || c.Alertmanager.ConfigFile == "" {
		return c.AlertRouting, nil
	}
	file := c.Alertmanager.ConfigFile
	if !filepath.IsAbs(file) {
		file = filepath.Join(base, file)
	}
	src, err := os.ReadFile(file)
	if err != nil {
		return amfile.Document{}, fmt.Errorf("read alertmanager.config_file: %w", err)
	}
	conf, errs := amfile.Parse(file, src)
	return amfile.Document{Config: conf, File: file, Text: src}, errs.Err()
}

// newPlan makes routes, receivers and maintenance windows of a configuration.
func (c *Core) newPlan(cfg config.Config, conf amfile.Document) (*alertmanager.Plan, error) {
	p, err := alertmanager.NewPlan(alertmanager.PlanOptions{
		Config: conf.Config, Source: conf.Text, Maintenance: cfg.Maintenance, ExternalURL: c.externalURL, Logger: c.log.With("component", "alertmanager"),
	})
	if err != nil {
		return nil, fmt.Errorf("alertmanager:\n%w", err)
	}
	return p, nil
}

// setWindows makes the maintenance windows of a plan those that objectives leave
// out.
func (c *Core) setWindows(p *alertmanager.Plan) {
	w := p.Windows()
	c.windows.Store(&w)
}

// inMaintenance says whether something with these labels is in a window.
func (c *Core) inMaintenance(l map[string]string, at time.Time) bool {
	w := c.windows.Load()
	return w != nil && w.Excluded(l, at)
}

// withReceivers adds the receivers of a plan to the channels.
func (c *Core) withReceivers(channels []notify.Channel, p *alertmanager.Plan) []notify.Channel {
	out := slices.Clone(channels)
	for _, r := range p.Channels() {
		if c.receiver != nil {
			r = c.receiver(r)
		}
		out = append(out, r)
	}
	return out
}

// openRouting opens silences and the router of alerts.
func (c *Core) openRouting(ctx context.Context, o CoreOptions, plan *alertmanager.Plan) (err error) {
	c.silences, err = silence.New(ctx, silence.Options{DB: c.state, Logger: o.Logger, Metrics: o.Metrics, Registerer: o.Registry})
	if err != nil {
		return err
	}
	c.router, err = alertmanager.New(ctx, alertmanager.Options{
		DB: c.state, Config: o.Config.Alertmanager, Plan: plan, Silences: c.silences, Observe: c.onReceived, Now: o.Now,
		Logger: o.Logger, Metrics: o.Metrics,
		Enqueue: func(ctx context.Context, m notify.Message, channel string) (bool, error) {
			return c.Outbox().EnqueueGroup(ctx, m, channel)
		},
	})
	return err
}

// muted says whether a message may be told now; see alertmanager.Router.Muted.
func (c *Core) muted(ctx context.Context, m notify.Message, channel string, at time.Time) (notify.Mute, error) {
	return c.router.Muted(ctx, m, channel, at)
}

// routeAlerts hands alerts of our rules to the routes.
func (c *Core) routeAlerts(ctx context.Context, alerts []rules.Alert) error {
	byOrigin := map[alertmanager.Origin][]*alert.Alert{}
	for _, a := range alerts {
		if r := c.routed(a); r != nil {
			byOrigin[originOf(a)] = append(byOrigin[originOf(a)], r)
		}
	}
	for origin, list := range byOrigin {
		refused, err := c.router.Put(ctx, origin, list, list[0].UpdatedAt)
		if err == nil && refused > 0 {
			err = fmt.Errorf("%d of %d alerts have no room; raise alertmanager.max_alerts", refused, len(list))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// routed returns an alert of our rules as routes take it, nil for one that is
// pending. A held alert goes on: its data stopped, which is no recovery.
func (c *Core) routed(a rules.Alert) *alert.Alert {
	if a.Shadow {
		return nil // for nobody's eyes
	}
	link := c.externalURL + strutil.TableLinkForExpression(a.Expr)
	out := &alert.Alert{Alert: model.Alert{
		Labels: labelSet(a.Labels), Annotations: labelSet(a.Annotations), StartsAt: a.Since, GeneratorURL: link,
	}, UpdatedAt: a.At}
	switch a.State {
	case rules.AlertFiring, rules.AlertHeld, rules.AlertStale:
		if c.expectsAlert(a) {
			return nil
		}
	case rules.AlertResolved:
		out.EndsAt = a.At
	default:
		return nil
	}
	return out
}

// originOf tells alerts that name channels of their own from those that routes
// decide on.
func originOf(a rules.Alert) alertmanager.Origin {
	if len(ownChannels(a.Channels)) > 0 {
		return alertmanager.OriginChannel
	}
	return alertmanager.OriginRule
}

// ownChannels leaves out receivers, which the way through the routes has put
// there.
func ownChannels(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return strings.HasPrefix(n, notify.ReceiverPrefix) })
}

// toldBy returns the channels that an alert of the labels is told by: those that
// it names; without any, and with a configuration of Alertmanager, the receivers
// of its routes. One without an integration that bears the name of a channel
// stands for that channel.
func (c *Core) toldBy(lset map[string]string, named []string) []string {
	named = ownChannels(named)
	if len(named) > 0 || !c.router.Plan().Configured() {
		return named
	}
	var out []string
	for receiver, integrated := range c.router.Receivers(lset) {
		if !integrated && len(c.Outbox().Missing([]string{receiver})) == 0 {
			out = append(out, receiver)
		} else {
			out = append(out, notify.ReceiverPrefix+receiver)
		}
	}
	slices.Sort(out)
	return out
}

// receivedKey begins the keys of occurrences that others sent as alerts.
const receivedKey = "received:"

// onReceived folds alerts that were sent to the API into incidents.
func (c *Core) onReceived(ctx context.Context, list []alertmanager.Observed) error {
	all := make([]incident.Occurrence, len(list))
	for i, r := range list {
		all[i] = c.received(r)
	}
	return c.incidents.ApplyAll(ctx, c.excuseAll(ctx, all))
}

// received returns an alert that was sent to the API as incidents know it.
func (c *Core) received(r alertmanager.Observed) incident.Occurrence {
	l := labels.FromMap(r.Labels)
	state := rules.AlertFiring
	if r.Ended {
		state = rules.AlertResolved
	}
	name := r.Labels[model.AlertNameLabel]
	if name == "" {
		name = l.String()
	}
	nan := telemetry.Number(math.NaN())
	o, _ := incident.FromAlert(rules.Alert{
		Name: name, Service: c.owner.Service(l), Environment: c.engine.Environment(l), Severity: rules.SeverityOf(r.Labels["severity"]),
		State: state, Since: r.Since, At: r.At, Value: nan, Threshold: nan, Labels: r.Labels, Annotations: r.Annotations,
		Channels: c.toldBy(r.Labels, nil), Summary: summaryOf(r.Annotations),
	})
	o.Key = receivedKey + r.Fingerprint // not an alert of our rules, which they would take up after a restart
	return o
}

// summaryOf returns what an alert says of itself, "" when that is nothing.
func summaryOf(annotations map[string]string) string {
	for _, n := range []string{"summary", "description", "message"} {
		if text := strings.Join(strings.Fields(annotations[n]), " "); text != "" {
			return clipped(text, 500)
		}
	}
	return ""
}

func clipped(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "..."
}

func labelSet(m map[string]string) model.LabelSet {
	out := make(model.LabelSet, len(m))
	for n, v := range m {
		out[model.LabelName(n)] = model.LabelValue(v)
	}
	return out
}

// reconcileEvery is how often the alerts that the routes know of are held against
// those that the rules know of.
const reconcileEvery = time.Minute

// reconcile lets the routes hear of alerts whose start or end they missed,
// because it could not be stored when it was told. Until the rules have been
// evaluated for a while after a start, what they do not know is no end.
func (c *Core) reconcile(ctx context.Context, now time.Time) error {
	c.mu.Lock()
	switch {
	case c.reconciled.IsZero():
		c.reconciled = now.Add(2 * c.ruleInterval)
		fallthrough
	case now.Sub(c.reconciled) < reconcileEvery:
		c.mu.Unlock()
		return nil
	}
	c.reconciled = now
	c.mu.Unlock()
	var burning []*alert.Alert
	origins := map[*alert.Alert]alertmanager.Origin{}
	for _, a := range c.engine.Alerts() {
		if r := c.routed(a); r != nil {
			burning = append(burning, r)
			origins[r] = originOf(a)
		}
	}
	origin := func(a *alert.Alert) alertmanager.Origin {
		if o, ok := origins[a]; ok {
			return o
		}
		return alertmanager.OriginRule
	}
	return c.router.Reconcile(ctx, burning, origin, now)
}

// Router returns the router of alerts.
func (c *Core) Router() *alertmanager.Router { return c.router }

// Silences returns the silences.
func (c *Core) Silences() *silence.Store { return c.silences }

// CheckAlertmanager reads the configuration of Alertmanager that a configuration
// holds or names and makes everything ready that it speaks of.
func CheckAlertmanager(c config.Config, base string) error {
	conf, err := ReadAlertmanager(c, base)
	if err != nil {
		return err
	}
	_, err = alertmanager.NewPlan(alertmanager.PlanOptions{Config: conf.Config, Source: conf.Text, Maintenance: c.Maintenance})
	return err
}
