package uitest

import (
	"context"
	"net/http"
	"path/filepath"
	"time"

	"github.com/prometheus/alertmanager/alert"
	amconfig "github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/silence/silencepb"
	"github.com/prometheus/common/model"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/alertmanager"
	"github.com/tocsinhq/tocsin/notify/silence"
	"github.com/tocsinhq/tocsin/notify/window"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/journal"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/web/amapi"
)

// routes are those of the shop: people who pay the bills hear of ledger, and what
// checkout breaks holds back what stands behind it.
const routes = `
route:
  receiver: ops
  group_by: [service]
  routes:
    - {receiver: money, matchers: [service=~"ledger|payments"]}
receivers: [{name: ops}, {name: money}]
inhibit_rules:
  - {source_matchers: [alertname=high_errors], target_matchers: [alertname=PaymentsSlow]}
`

var batch = window.Config{Name: "nightly batch", Matchers: []string{`service="ledger"`}, Cron: "* * * * *", Duration: 30 * 60e9, Comment: "the batch makes everything slow"}

// route opens the real router of alerts in dir, with the shop's alerts, one that
// another Prometheus sent and a silence.
func (s *Server) route(ctx context.Context, dir string) (closeState func() error, err error) {
	db, err := store.OpenState(ctx, filepath.Join(dir, "state.db"))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			db.Close()
		}
	}()
	conf, err := amconfig.Load(routes)
	if err != nil {
		return nil, err
	}
	windows, err := window.New([]window.Config{batch})
	if err != nil {
		return nil, err
	}
	plan, err := alertmanager.NewPlan(alertmanager.PlanOptions{Config: conf, Source: []byte(routes), Maintenance: []window.Config{batch}})
	if err != nil {
		return nil, err
	}
	silences, err := silence.New(ctx, silence.Options{DB: db, Logger: s.Options.Logger})
	if err != nil {
		return nil, err
	}
	now := s.Options.Now()
	router, err := alertmanager.New(ctx, alertmanager.Options{
		DB: db, Config: alertmanager.DefaultConfig(), Plan: plan, Silences: silences, Now: s.Options.Now, Metrics: s.Set, Logger: s.Options.Logger,
		Enqueue: func(context.Context, notify.Message, string) (bool, error) { return true, nil },
	})
	if err != nil {
		return nil, err
	}
	if err = s.burn(ctx, router, silences, now); err != nil {
		return nil, err
	}
	api, err := amapi.New(amapi.Options{Router: router, Silences: silences, Config: alertmanager.DefaultConfig(), Metrics: s.Set, Logger: s.Options.Logger, Now: s.Options.Now, Version: "0.1.0"})
	if err != nil {
		return nil, err
	}
	s.Options.Alertmanager = http.Handler(api)
	s.Options.AlertLog = func(_ context.Context, f journal.Filter) ([]journal.Entry, error) {
		if len(s.Shop.standing()) == 0 {
			return nil, nil
		}
		return alertLog(now.Add(-25*time.Minute), f), nil
	}
	s.Options.Maintenance = func() []window.Status {
		return append(windows.List(s.Options.Now()), window.Status{Name: "index rebuild", Matchers: []string{`service="search"`}, Next: s.Options.Now().Add(9 * time.Hour)})
	}
	return db.Close, nil
}

// burn gives the router what stands, and a silence; nothing when the shop is quiet.
func (s *Server) burn(ctx context.Context, router *alertmanager.Router, silences *silence.Store, now time.Time) error {
	standing := s.Shop.standing()
	if len(standing) == 0 {
		return nil
	}
	var burning []*alert.Alert
	for _, a := range append(standing, rules.Alert{
		Since: now.Add(-10 * time.Minute), Summary: "The 95th percentile of payments is 2.2 s.",
		Labels: map[string]string{"alertname": "PaymentsSlow", "service": "payments", "severity": "warning", "prometheus": "cluster-2"},
	}) {
		if !a.Shadow {
			burning = append(burning, burningAlert(a))
		}
	}
	if _, err := router.Put(ctx, alertmanager.OriginReceived, burning, now); err != nil {
		return err
	}
	return silences.Set(ctx, &silencepb.Silence{
		MatcherSets: []*silencepb.MatcherSet{{Matchers: []*silencepb.Matcher{{Type: silencepb.Matcher_EQUAL, Name: "service", Pattern: "search"}, {Type: silencepb.Matcher_REGEXP, Name: "alertname", Pattern: "disk_.*"}}}},
		StartsAt:    timestamppb.New(now), EndsAt: timestamppb.New(now.Add(5 * time.Hour)), CreatedBy: "on-call", Comment: "New disks come this afternoon",
	})
}

// burningAlert is an alert as routes take it.
func burningAlert(a rules.Alert) *alert.Alert {
	out := &alert.Alert{Alert: model.Alert{Labels: model.LabelSet{}, Annotations: model.LabelSet{"summary": model.LabelValue(a.Summary)}, StartsAt: a.Since}, UpdatedAt: a.Since}
	for name, value := range a.Labels {
		out.Labels[model.LabelName(name)] = model.LabelValue(value)
	}
	return out
}
