package amapi

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/alertmanager/provider"
	"github.com/prometheus/alertmanager/types"
	"github.com/prometheus/common/model"

	"github.com/tocsinhq/tocsin/notify/alertmanager"
)

// alerts gives Alertmanager's API the alerts of the router.
type alerts struct {
	router *alertmanager.Router
	now    func() time.Time
}

// GetPending returns an iterator over all alerts.
func (p alerts) GetPending() provider.AlertIterator {
	all := p.router.Alerts()
	ch := make(chan *provider.Alert, len(all))
	for _, a := range all {
		ch <- &provider.Alert{Data: a}
	}
	close(ch)
	return provider.NewAlertIterator(ch, make(chan struct{}), nil)
}

// Get returns the alert of a fingerprint.
func (p alerts) Get(fp model.Fingerprint) (*types.Alert, error) {
	a, ok := p.router.Alert(fp)
	if !ok {
		return nil, provider.ErrNotFound
	}
	return a, nil
}

// Put takes alerts in.
func (p alerts) Put(ctx context.Context, alerts ...*types.Alert) error {
	refused, err := p.router.Put(ctx, alertmanager.OriginReceived, alerts, p.now())
	if err == nil && refused > 0 {
		err = errors.New("there is no room for more alerts")
	}
	return err
}

// Subscribe and SlurpAndSubscribe are for Alertmanager's dispatcher, which is not
// used: they hand out what is there and nothing after.
func (p alerts) Subscribe(string) provider.AlertIterator { return p.GetPending() }

// SlurpAndSubscribe returns the alerts that are there; see Subscribe.
func (p alerts) SlurpAndSubscribe(string) ([]*types.Alert, provider.AlertIterator) {
	ch := make(chan *provider.Alert)
	close(ch)
	return p.router.Alerts(), provider.NewAlertIterator(ch, make(chan struct{}), nil)
}
