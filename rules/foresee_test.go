package rules_test

import (
	"context"
	"maps"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/rules"
)

const day = 24 * time.Hour

// watched stores what rules record and shows it to a bank at once, and tells the
// rules what the bank foresees.
type watched struct {
	storage.AppendableV2
	bank *detector.Bank
}

func (w watched) AppenderV2(ctx context.Context) storage.AppenderV2 {
	return watching{w.AppendableV2.AppenderV2(ctx), w.bank}
}

type watching struct {
	storage.AppenderV2
	bank *detector.Bank
}

func (w watching) Append(ref storage.SeriesRef, l labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, o storage.AppendV2Options) (storage.SeriesRef, error) {
	w.bank.Observe(w.bank.Register(l), t, v)
	return w.AppenderV2.Append(ref, l, st, t, v, h, fh, o)
}

func (w watched) Predict(l labels.Labels, at time.Time) (value, lower, upper float64, ok bool) {
	f, ok := w.bank.Forecast(w.bank.Lookup(l), at.UnixMilli(), 0.9)
	return f.Value, f.Lower, f.Upper, ok
}

func (w watched) Until(l labels.Labels, threshold float64, above bool, horizon time.Duration) (rules.Crossing, bool) {
	c, ok := w.bank.Until(w.bank.Lookup(l), threshold, above, horizon)
	at := func(ms int64) (t time.Time) {
		if ms != 0 {
			t = time.UnixMilli(ms)
		}
		return t
	}
	return rules.Crossing{Earliest: at(c.Earliest), Likely: at(c.Likely), Latest: at(c.Latest)}, ok
}

const diskRules = `
alerts:
  - name: disk_will_be_full
    condition: predict(disk_percent, 3d) > 90%
    duration: 1h
  - name: disk_soon_full
    condition: time_until(disk_percent > 95%) < 2d
    duration: 1h
`

// live runs days of disks, each of a service of its own and in percent of its
// size, through the rules.
func live(t *testing.T, days float64, disks map[string]func(day float64) float64) *story {
	t.Helper()
	s := newStory(t, "")
	s.cfg.Interval, s.cfg.RateWindow = yamldoc.Duration(5*time.Minute), yamldoc.Duration(10*time.Minute)
	bank, err := detector.NewBank(detector.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	w := watched{s.appendable(), bank}
	e, err := rules.NewEngine(rules.EngineOptions{
		Queryable: s.db, Appendable: w, Query: query(t), Config: s.cfg, Foresight: w,
		Notify: func(_ context.Context, alerts []rules.Alert) { s.told = append(s.told, alerts...) },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.engine = e
	s.load(alertsOf(t, diskRules))
	for at := time.Duration(0); at < time.Duration(days*float64(day)); at += 5 * time.Minute {
		app := s.appendable().AppenderV2(t.Context())
		for _, name := range slices.Sorted(maps.Keys(disks)) {
			add := func(metric string, v float64) {
				l := labels.FromStrings(labels.MetricName, metric, "job", name, "instance", "a:9100", "mountpoint", "/", "fstype", "ext4")
				if _, err := app.Append(0, l, 0, epoch(at).UnixMilli(), v, nil, nil, storage.AppendV2Options{}); err != nil {
					t.Fatal(err)
				}
			}
			add("node_filesystem_size_bytes", 1e12)
			add("node_filesystem_avail_bytes", 1e10*(100-disks[name](at.Hours()/24)))
		}
		if err := app.Commit(); err != nil {
			t.Fatal(err)
		}
		if _, err := e.EvalDue(t.Context(), epoch(at)); err != nil {
			t.Fatalf("at %s: %v", at, err)
		}
	}
	return s
}

func TestEngine_ConditionsOnTheFuture_DisksOverNineDays(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	s := live(t, 9.5, map[string]func(d float64) float64{
		"fills": func(d float64) float64 { return 45 + 5*d + 0.05*r.NormFloat64() }, // 90 % at day 9, 95 % at day 10
		"cleaned": func(d float64) float64 {
			if d > 8.5 {
				return 30 + 0.05*r.NormFloat64()
			}
			return 45 + 5.5*d + 0.05*r.NormFloat64()
		},
		"begins to fill":       func(d float64) float64 { return 40 + 20*max(d-8, 0) + 0.05*r.NormFloat64() }, // 95 % at day 10.75
		"steady":               func(float64) float64 { return 80 + 0.3*r.NormFloat64() },
		"cleaned every night":  func(d float64) float64 { return 50 + 30*(d-math.Floor(d)) + 0.1*r.NormFloat64() },
		"grew at once":         func(d float64) float64 { return 50 + 35*math.Floor(min(d/5, 1)) + 0.1*r.NormFloat64() },
		"does not change":      func(float64) float64 { return 70 },
		"fills for six months": func(d float64) float64 { return 50 + 0.2*d + 0.1*r.NormFloat64() },
	})
	first, last := map[string]float64{}, map[string]rules.Alert{}
	for _, a := range s.told {
		at := a.At.Sub(epoch(0)).Hours() / 24
		key := a.Service + " " + a.Name
		if _, seen := first[key]; !seen {
			first[key] = at
		}
		last[key] = a
		if a.Signal != "disk_percent" || a.Labels["horizon"] != "" {
			t.Errorf("day %.1f: got %+v", at, a)
		}
		if bounds := a.Bounds; bounds == nil || bounds.Near > bounds.Far {
			t.Errorf("day %.1f: bounds %v", at, bounds)
		}
		if a.Service == "fills" && (a.State != rules.AlertFiring || !strings.Contains(a.Summary, "is expected to")) {
			t.Errorf("day %.1f: %s is %s, %q; want it to go on firing", at, key, a.State, a.Summary)
		}
	}
	for _, x := range []struct {
		key      string
		from, to float64 // days between which it is first told
		state    rules.AlertState
	}{
		{"fills disk_will_be_full", 5, 7.2, rules.AlertFiring},
		{"fills disk_soon_full", 7.2, 8.8, rules.AlertFiring},
		{"begins to fill disk_soon_full", 8.7, 9, rules.AlertFiring},
		{"cleaned disk_will_be_full", 4.5, 6.5, rules.AlertResolved},
		{"cleaned disk_soon_full", 6.2, 8, rules.AlertResolved},
	} {
		if at := first[x.key]; at < x.from || at > x.to || last[x.key].State != x.state {
			t.Errorf("%s: first at day %.1f, now %q (%s); want from day %.1f to %.1f, %s", x.key, at, last[x.key].State, last[x.key].Summary, x.from, x.to, x.state)
		}
		delete(first, x.key)
	}
	for key, want := range map[string]string{
		"fills disk_will_be_full": `is expected to be \d+(\.\d+)?% in 3d \(\d+(\.\d+)?% to \d+(\.\d+)?%\)`,
		"fills disk_soon_full":    `is expected to reach 95% in [\d.]+ [hd] \([\d.]+ [hd] to [\d.]+ [hd]\)`,
		// What began a day and a half ago may end before it is full.
		"begins to fill disk_soon_full": `is expected to reach 95% in [\d.]+ [hd] \([\d.]+ [hd] (to [\d.]+ [hd]|at the earliest)\)`,
	} {
		if !regexp.MustCompile(want).MatchString(last[key].Summary) {
			t.Errorf("%s: says %q, want %s", key, last[key].Summary, want)
		}
	}
	for key, at := range first {
		t.Errorf("%s: told at day %.1f (%s), want nothing", key, at, last[key].Summary)
	}
	if v := s.value(`tocsin:forecast:value{signal="disk_percent",horizon="3d"}`, 9*day); len(v) != 8 {
		t.Errorf("%d of 8 disks are foreseen; the silence of the others shows nothing", len(v))
	}
	v := s.value(`tocsin:forecast:seconds_until{service="fills",signal="disk_percent",threshold="95",direction="above"} / 86400`, 9*day)
	if len(v) != 1 || math.Abs(v[0].F-1) > 0.3 {
		t.Errorf("at day 9 the disk is full in %v days, want 1", v)
	}
	if v := s.value(`tocsin:forecast:seconds_until_earliest <= tocsin:forecast:seconds_until <= tocsin:forecast:seconds_until_latest`, 9*day); len(v) != 8 {
		t.Errorf("times hold %d of 8 crossings", len(v))
	}
	if v := s.value(`tocsin:forecast:lower <= tocsin:forecast:value <= tocsin:forecast:upper`, 9*day); len(v) != 8 {
		t.Errorf("bounds hold %d of 8 values", len(v))
	}
}

func TestEngine_NoForesight_NothingForeseen(t *testing.T) {
	s := newStory(t, "load 1m\n  node_filesystem_avail_bytes{job=\"db\",instance=\"a\",fstype=\"ext4\"} 5x30\n  node_filesystem_size_bytes{job=\"db\",instance=\"a\",fstype=\"ext4\"} 100x30")
	s.start(alertsOf(t, diskRules))
	s.run(0, 20*time.Minute)
	s.want()
	if v := s.value("tocsin:disk_percent", 20*time.Minute); len(v) != 1 {
		t.Errorf("the signal itself is missing: %v", v)
	}
}
