package uitest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/change/delivery"
	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/notify/window"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/journal"
	"github.com/tocsinhq/tocsin/web"
)

// Server is a whole web surface over a Shop. Change Options before Handler is
// called.
type Server struct {
	Shop    *Shop
	Broker  *web.Broker
	Options web.Options
	Set     *metrics.Set
	// NotReady, when set to a text, is what the daemon waits for.
	NotReady atomic.Pointer[string]
	// Writes counts requests that reached the remote-write handler.
	Writes atomic.Int64

	lines *logs.Store // nil before Open
}

// NewServer returns a server with default configuration whose clock is now.
func NewServer(now func() time.Time) *Server {
	shop, set := NewShop(now), metrics.NewSet()
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	s := &Server{Shop: shop, Set: set, Broker: web.NewBroker(shop, set, logger)}
	shop.OnEvent(s.Broker.Wake)
	started := now().Add(-73*time.Hour - 12*time.Minute)
	s.Options = web.Options{
		Config: web.DefaultConfig(), ListenAddress: "127.0.0.1:9099",
		Learning:  newLessons(shop),
		Incidents: shop.Incidents(), Lives: incidentView{shop}, Shapes: incidentView{shop}, Broker: s.Broker, Changes: shop.Changes(), Anomalies: shop.Anomalies(), Rankings: shop, Deliveries: shop, Notifications: shop.Notifications, Bands: shop, Forecasts: shop, Imports: imports{}, Cardinality: shop.Cardinality,
		Stages: func(context.Context, string, time.Time, int) (web.StageReport, error) {
			return web.StageReport{Stages: []web.Stage{{Name: "staging"}, {Name: "production", ApprovalRequired: true}}}, nil
		},
		Topology: shop.Topology,
		Delivery: func(_ context.Context, r web.DeliveryRequest) (delivery.Report, error) {
			return shop.delivery(r), nil
		},
		Maintenance: func() []window.Status {
			return []window.Status{{Name: "nightly batch", Matchers: []string{`service="ledger"`}, Comment: "the batch makes everything slow"}}
		},
		Budgets: func(context.Context) ([]web.Budget, error) { return budgets(), nil },
		SLOs:    func(context.Context) ([]rules.ObjectiveStatus, error) { return objectives(), nil },
		Status:  func(context.Context) (web.Status, error) { return status(started, now()), nil },
		Reload:  func(context.Context) error { return nil },
		Alerts:  shop.standing,
		AlertLog: func(_ context.Context, f journal.Filter) ([]journal.Entry, error) {
			return alertLog(time.Date(2026, time.January, 5, 10, 0, 0, 0, time.UTC), f), nil
		},
		Ready: func() error {
			if why := s.NotReady.Load(); why != nil {
				return errors.New(*why)
			}
			return nil
		},
		PromAPI: shop.PromAPI(), Alertmanager: http.NotFoundHandler(),
		Write: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			s.Writes.Add(1)
			w.WriteHeader(http.StatusNoContent)
		}),
		OTLP: http.NotFoundHandler(), Push: http.NotFoundHandler(),
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { set.WritePrometheus(w) }),
		Now:     now, Logger: logger, MetricSet: set,
	}
	return s
}

// Handler returns the handler over the options as they are now.
func (s *Server) Handler() http.Handler { return web.NewServer(s.Options) }

// alertLog answers with the log of a shadow alert and of one that stands, which
// begin at a time.
func alertLog(at time.Time, f journal.Filter) []journal.Entry {
	entry := func(after time.Duration, name string, state rules.AlertState, shadow bool) journal.Entry {
		return journal.Entry{
			At: at.Add(after), State: state, Name: name, Service: "checkout", Severity: "warning", Shadow: shadow, Since: at, Value: 0.07, Unit: "ratio",
			Fingerprint: name, Labels: map[string]string{"alertname": name}, Summary: "error_rate of checkout is 7%",
		}
	}
	var out []journal.Entry
	for _, e := range []journal.Entry{
		entry(0, "new_errors", rules.AlertFiring, true), entry(time.Minute, "high_errors", rules.AlertFiring, false), entry(5*time.Minute, "new_errors", rules.AlertResolved, true),
	} {
		if (f.Shadow == nil || *f.Shadow == e.Shadow) && (f.Name == "" || f.Name == e.Name) && (f.Service == "" || f.Service == e.Service) && !e.At.Before(f.From) {
			out = append(out, e)
		}
	}
	return out[max(0, len(out)-f.Limit):]
}

func status(started, now time.Time) web.Status {
	return web.Status{
		Version: "0.1.0", Started: started, UptimeSeconds: now.Sub(started).Seconds(), ListenAddress: "127.0.0.1:9099", ConfigFile: "/etc/tocsin/tocsin.yml",
		Reload:   web.ReloadStatus{OK: false, At: now.Add(-9 * time.Minute), Error: `alerts.yml:14: alert "high_errors": duration: want a positive duration, got "-5s"`},
		Store:    web.StoreStatus{Series: 184223, SamplesTotal: 3_214_556_021, SamplesPerSecond: 12281.4, Oldest: now.Add(-15 * 24 * time.Hour), Newest: now, RetentionSeconds: 15 * 86400, Bytes: 4_812_334_112},
		Detector: web.DetectorStatus{Watched: 184102, Warming: 1204, Open: 4, Services: 61, Spent: 38, Overspent: 2, Checkpoint: now.Add(-3 * time.Minute)},
		Rules:    web.RulesStatus{Alerts: 14, Recording: 31, Firing: 1, Pending: 1, Held: 1, Stale: 1, Evaluated: now.Add(-8 * time.Second)},
		Channels: []web.Channel{{Name: "slack #ops", Sent: 41, Last: now.Add(-11 * time.Minute)}, {Name: "webhook pager", Waiting: 1, Sent: 12, Last: now.Add(-28 * time.Hour), Error: "503 Service Unavailable"}},
		Gaps:     []journal.Gap{{From: now.Add(-26 * time.Hour), To: now.Add(-25*time.Hour - 50*time.Minute), Reason: journal.GapDown}},
		Drops:    []web.Drop{{Where: "ingest", Reason: "out_of_order", Count: 1209}, {Where: "ingest", Reason: "too_far_in_future", Count: 3}, {Where: "web", Reason: "slow", Count: 1}},
		Runtime:  web.RuntimeStatus{GoVersion: "go1.26", Goroutines: 61, ResidentBytes: 812_331_008, MaxProcs: 2},
	}
}

// imports has nothing that waits.
type imports struct{}

func (imports) Learn(context.Context) (web.ImportList, error) {
	return web.ImportList{Waiting: []web.Import{}}, nil
}

func (imports) List(context.Context) (web.ImportList, error) {
	return web.ImportList{Waiting: []web.Import{}, Learned: 1}, nil
}

// budgets are of two services, one of which spends more than it may.
func budgets() []web.Budget {
	daily := make([]int, 28)
	daily[27], daily[25] = 2, 1
	return []web.Budget{
		{Service: "checkout", Series: 84, Able: 71, PerWeek: 1, Spent7: 3, Spent28: 3, Alarms7: 5, Daily: daily, Offset: 0.61, Share: 2.1,
			Most: []web.Spender{{Series: `{__name__="tocsin:p95_latency", service="checkout"}`, Alarms: 2}, {Group: true, Alarms: 1}}},
		{Service: "search", Series: 12, Able: 9, PerWeek: 1, Daily: make([]int, 28), Offset: -0.2, Share: 0.6, Most: []web.Spender{}},
	}
}
