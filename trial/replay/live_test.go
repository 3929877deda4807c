package replay_test

import (
	"bytes"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/app"
	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/journal"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/trial/replay"
)

var monday = time.Date(2026, time.January, 5, 0, 0, 0, 0, time.UTC)

const liveAlerts = `alerts:
  - name: high_error_rate
    condition: error_rate > 5%
    duration: 2m
    severity: critical
    channels: [pagerduty]
  - name: slow
    condition: p95_latency > 400ms and request_rate > 1/s
    keep_firing_for: 1m
  - name: quiet_errors
    condition: error_rate > 20%
    shadow: true
  - name: odd_latency
    condition: anomaly(p95_latency) > 0.99
  - name: lingers
    condition: error_rate > 15%
    recovery: error_rate < 2%
  - name: busy
    condition: request_rate > baseline * 1.5
  - name: broken_deployment
    condition: deployment_status == failed
`

const liveRules = `groups:
  - name: queues
    interval: 30s
    rules:
      - record: queue:length:max
        expr: max by (service) (queue_length)
      - alert: QueueLong
        expr: queue:length:max > 500
        for: 1m
        labels: {severity: page}
        annotations: {summary: 'the queue of {{ $labels.service }} has {{ $value }} entries'}
      - alert: QueueGone
        expr: absent(queue_length{service="mail"})
      - alert: Broken
        expr: queue_length > on (service) group_left () (queue_limit or queue_length * 10)
`

// world says what is sent at a moment: three hours in which services fail, get
// slow, fall silent and come back.
func world(now time.Duration, i int, counts map[string]float64, put func(v float64, pairs ...string)) {
	failing := now > 40*time.Minute && now < time.Hour || now > 2*time.Hour && now < 2*time.Hour+5*time.Minute
	silent := now > 50*time.Minute && now < 58*time.Minute
	slow := now > 80*time.Minute && now < 100*time.Minute
	rise := func(v float64, pairs ...string) {
		key := strings.Join(pairs, " ")
		counts[key] += v
		put(counts[key], pairs...)
	}
	load := 100 + 10*math.Sin(float64(i)/40)
	if now > 150*time.Minute && now < 155*time.Minute {
		load *= 4
	}
	if !silent {
		bad := 0.5
		if failing {
			bad = 30
		}
		rise(15*load, "__name__", "http_requests_total", "service", "pay", "code", "200")
		rise(15*bad, "__name__", "http_requests_total", "service", "pay", "code", "500")
	}
	for _, le := range []string{"0.1", "0.25", "0.5", "1", "+Inf"} {
		share := map[string]float64{"0.1": 0.6, "0.25": 0.97, "0.5": 1, "1": 1, "+Inf": 1}[le]
		if slow {
			share = map[string]float64{"0.1": 0.1, "0.25": 0.4, "0.5": 0.8, "1": 1, "+Inf": 1}[le]
		}
		rise(15*load*share, "__name__", "http_request_duration_seconds_bucket", "service", "search", "le", le)
	}
	rise(15*load, "__name__", "http_request_duration_seconds_count", "service", "search")
	if now < 110*time.Minute || now > 125*time.Minute {
		length := 100 + 20*math.Sin(float64(i))
		if now > 20*time.Minute && now < 30*time.Minute {
			length = 900
		}
		put(length, "__name__", "queue_length", "service", "mail", "shard", "a")
	}
}

// live runs a daemon's core for three hours over the world and returns its log.
func live(t *testing.T, dir string, cfg config.Config, set rules.RuleSet, end time.Duration) []journal.Entry {
	t.Helper()
	now := monday
	core, err := app.NewCore(t.Context(), app.CoreOptions{
		Config: cfg, RuleSet: set, Dir: dir, Now: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]float64{}
	var b telemetry.Batch
	i := 0
	for off := time.Duration(0); off <= end; off += 5 * time.Second {
		now = monday.Add(off)
		if off%(15*time.Second) == 0 {
			b.Reset()
			world(off, i, counts, func(v float64, pairs ...string) {
				s := b.Next()
				for j := 0; j < len(pairs); j += 2 {
					s.Labels = append(s.Labels, telemetry.Pair{Name: []byte(pairs[j]), Value: []byte(pairs[j+1])})
				}
				s.Samples = append(s.Samples, telemetry.Sample{T: now.UnixMilli(), V: v})
			})
			i++
			if res, err := core.Write(t.Context(), &b); err != nil || res.RefusedTotal() > 0 {
				t.Fatalf("%v %+v", err, res)
			}
		}
		for _, c := range deployments {
			if c.Started.Equal(now) {
				if _, _, err := core.RecordChange(t.Context(), c, now); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := core.Step(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := core.AlertLog().Entries(t.Context(), journal.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if err := core.Close(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	return entries
}

func keep(entries []journal.Entry, wanted func(journal.Entry) bool) []journal.Entry {
	return slices.DeleteFunc(slices.Clone(entries), func(e journal.Entry) bool { return !wanted(e) })
}

var deployments = []telemetry.Change{
	{ID: "1", Kind: telemetry.KindDeployment, Service: "cart", Status: telemetry.StatusFailed, VersionTo: "c2", Started: monday.Add(70 * time.Minute), Finished: monday.Add(70 * time.Minute)},
	{ID: "2", Kind: telemetry.KindDeployment, Service: "cart", Status: telemetry.StatusSucceeded, VersionTo: "c3", Started: monday.Add(75 * time.Minute), Finished: monday.Add(75 * time.Minute)},
}

func lines(t *testing.T, entries []journal.Entry) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := journal.WriteJSON(&out, entries); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func settings(t *testing.T) (config.Config, rules.RuleSet) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"alerts.yml": liveAlerts, "rules.yml": liveRules} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg := config.Default()
	cfg.Rules.AlertFiles, cfg.Rules.RuleFiles = []string{filepath.Join(dir, "alerts.yml")}, []string{filepath.Join(dir, "rules.yml")}
	set, err := rules.ReadRuleSet(cfg.Rules, "")
	if err != nil {
		t.Fatal(err)
	}
	return cfg, set
}

// What the daemon did while the data came in, and what a backtest says of the
// same data in its store, is the same log to the byte.
func TestRun_OverTheStoreOfADaemon_SameLogAsLive(t *testing.T) {
	cfg, set := settings(t)
	dir, end := t.TempDir(), 3*time.Hour
	want := live(t, dir, cfg, set, end)
	from, to := monday, monday.Add(end)
	q, done, err := store.OpenReadOnly(dir, from.Add(-time.Hour).UnixMilli(), to.UnixMilli(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	source := replay.Stored{Querier: q, Done: done}
	defer source.Close()
	state, err := store.OpenState(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	changes, err := change.NewFeed(state, change.Options{}).List(t.Context(), change.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := replay.Run(t.Context(), replay.Options{
		Rules: set, Config: cfg, Source: source, Changes: changes, From: from, To: to, Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	// How odd a sample is depends on what all series of its service did; a backtest
	// shows the detector only what rules record. So that alert may end an evaluation
	// earlier or later, and is compared by its pages.
	odd := func(e journal.Entry) bool { return e.Name == "odd_latency" }
	had, has := journal.Pages(keep(want, odd), to), journal.Pages(keep(r.Entries, odd), to)
	if len(had) != 1 || len(has) != 1 || !had[0].Fired.Equal(has[0].Fired) || had[0].Ended.Sub(has[0].Ended).Abs() > time.Minute {
		t.Errorf("the anomaly live %+v, in the backtest %+v", had, has)
	}
	others := func(e journal.Entry) bool { return !odd(e) }
	live, got := lines(t, keep(want, others)), lines(t, keep(r.Entries, others))
	for _, s := range []string{`"state":"held"`, `"state":"resolved"`, "high_error_rate", `"slow"`, "quiet_errors", `"busy"`, "broken_deployment", "QueueLong", "QueueGone", "lingers", `"shadow":true`} {
		if !bytes.Contains(live, []byte(s)) {
			t.Errorf("the live log has no %s:\n%s", s, live)
		}
	}
	if !bytes.Equal(got, live) {
		t.Errorf("the logs differ\nlive:\n%s\nbacktest:\n%s", live, got)
	}
	t.Log(r)
}
