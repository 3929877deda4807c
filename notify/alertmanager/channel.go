package alertmanager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/nflog"
	"github.com/prometheus/alertmanager/nflog/nflogpb"
	amnotify "github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/common/model"

	"github.com/tocsinhq/tocsin/notify"
)

// Channel is one integration of a receiver: it hands the group of a message to
// Alertmanager's own code. What the integration remembers of a group, such as the
// Slack message that it updates, is the thread.
type Channel struct {
	name        string
	receiver    string
	integration *amnotify.Integration
	secrets     []string
	log         *slog.Logger
}

// Name returns receiver/NAME, with /SORT[i] behind it when the receiver has
// several integrations.
func (c *Channel) Name() string { return c.name }

// Send tells the group. The error is a notify.RetryError when the integration
// says that another try can help. Secrets of the receiver are not in it.
func (c *Channel) Send(ctx context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	if m.Group == nil {
		return t, fmt.Errorf("receiver %s: want a message about a group of alerts, got one about an incident", c.receiver)
	}
	g := m.Group
	entry, err := threadEntry(t)
	if err != nil {
		c.log.Warn("what is remembered of a group cannot be read; it is told anew", "receiver", c.receiver, "group", g.Key, "error", err)
	}
	if g.Reason == notify.GroupFirst {
		entry = nil
	}
	store := nflog.NewStore(entry)
	alerts := amAlerts(g)
	retry, err := c.integration.Notify(c.about(ctx, g, alerts, store), alerts...)
	next := threadOf(store, t)
	if err == nil {
		return next, nil
	}
	err = errors.New(c.redact(err.Error()))
	if retry {
		return next, &notify.RetryError{Err: err}
	}
	return next, err
}

// about puts into the context what Alertmanager's pipeline puts there.
func (c *Channel) about(ctx context.Context, g *notify.Group, alerts []*alert.Alert, store *nflog.Store) context.Context {
	ctx = amnotify.WithGroupKey(ctx, g.Key)
	ctx = amnotify.WithGroupLabels(ctx, labelSet(g.Labels))
	ctx = amnotify.WithRouteLabels(ctx, labelSet(g.RouteLabels))
	ctx = amnotify.WithReceiverName(ctx, c.receiver)
	ctx = amnotify.WithNotificationReason(ctx, reasonOf(g))
	ctx = amnotify.WithNflogStore(ctx, store)
	ctx = amnotify.WithNow(ctx, time.Now())
	var firing, resolved []uint64
	for _, a := range alerts {
		if a.EndsAt.IsZero() {
			firing = append(firing, uint64(a.Fingerprint()))
		} else {
			resolved = append(resolved, uint64(a.Fingerprint()))
		}
	}
	return amnotify.WithResolvedAlerts(amnotify.WithFiringAlerts(ctx, firing), resolved)
}

// reasonOf returns Alertmanager's word for why the group is told.
func reasonOf(g *notify.Group) amnotify.NotifyReason {
	switch {
	case g.Reason == notify.GroupFirst:
		return amnotify.ReasonFirstNotification
	case g.Reason == notify.GroupRepeat:
		return amnotify.ReasonRepeatIntervalElapsed
	case g.Reason == notify.GroupResolved:
		return amnotify.ReasonAllAlertsResolved
	case g.Joined:
		return amnotify.ReasonNewAlertsInGroup
	}
	return amnotify.ReasonNewResolvedAlerts
}

// amAlerts returns the alerts of a group as Alertmanager's integrations take
// them: those that burn have no end.
func amAlerts(g *notify.Group) []*alert.Alert {
	out := make([]*alert.Alert, len(g.Alerts))
	for i, a := range g.Alerts {
		out[i] = &alert.Alert{Alert: model.Alert{
			Labels: labelSet(a.Labels), Annotations: labelSet(a.Annotations), StartsAt: a.StartsAt, GeneratorURL: a.GeneratorURL,
		}, UpdatedAt: a.StartsAt}
		if a.Resolved {
			out[i].EndsAt = a.EndsAt
		}
	}
	return out
}

func labelSet(m map[string]string) model.LabelSet {
	out := make(model.LabelSet, len(m))
	for n, v := range m {
		out[model.LabelName(n)] = model.LabelValue(v)
	}
	return out
}

// threadEntry reads what an integration remembered, nil when that is nothing.
func threadEntry(t notify.Thread) (*nflogpb.Entry, error) {
	if t == "" {
		return nil, nil
	}
	var parts map[string]string
	if err := json.Unmarshal([]byte(t), &parts); err != nil {
		return nil, err
	}
	e := &nflogpb.Entry{ReceiverData: map[string]*nflogpb.ReceiverDataValue{}}
	for k, v := range parts {
		e.ReceiverData[k] = &nflogpb.ReceiverDataValue{Value: &nflogpb.ReceiverDataValue_StrVal{StrVal: v}}
	}
	return e, nil
}

// remembered are the keys under which Alertmanager's integrations keep something
// of a group, which is Slack's alone so far; its store cannot be listed.
var remembered = []string{"threadTs", "channelId"}

// threadOf returns what an integration remembers now, or the old thread when it
// remembers nothing.
func threadOf(s *nflog.Store, old notify.Thread) notify.Thread {
	parts := map[string]string{}
	for _, k := range remembered {
		if v, ok := s.GetStr(k); ok {
			parts[k] = v
		}
	}
	if len(parts) == 0 {
		return old
	}
	body, err := json.Marshal(parts)
	if err != nil {
		return old
	}
	return notify.Thread(body)
}

// redact takes every secret of the receiver out of a text.
func (c *Channel) redact(s string) string {
	for _, secret := range c.secrets {
		if len(secret) < shortSecret {
			continue
		}
		s = strings.ReplaceAll(s, secret, secretText)
	}
	return s
}
