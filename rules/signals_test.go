package rules_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/rules"
)

func TestEngine_EnvironmentsOfOneService_AreTwoAlerts(t *testing.T) {
	s := newStory(t, `load 15s
	http_requests_total{service="checkout",env="production",code="200"} 0+90x40
	http_requests_total{service="checkout",env="production",code="500"} 0+10x40
	http_requests_total{service="checkout",env="staging",code="200"} 0+50x40
	http_requests_total{service="checkout",env="staging",code="500"} 0+50x40
	http_requests_total{service="checkout",env="test",code="200"} 0+50x40
`)
	s.start(alertsOf(t, highErrors))
	s.run(0, 3*time.Minute)
	if len(s.told) != 2 || s.told[0].Fingerprint == s.told[1].Fingerprint {
		t.Fatalf("got %+v", s.told)
	}
	for _, a := range s.told {
		want := map[string]float64{"production": 0.1, "staging": 0.5}[a.Environment]
		if math.Abs(float64(a.Value)-want) > 1e-9 || a.Query != `tocsin:error_rate{service="checkout",environment="`+a.Environment+`"}` {
			t.Errorf("got %+v", a)
		}
	}
}

func TestEngine_ValueChanges_ToldAtMostEachMinute(t *testing.T) {
	s := newStory(t, `load 15s
	process_resident_memory_bytes{job="cart",instance="a"} 6e8+1e6x40
`)
	s.start(alertsOf(t, `
alerts:
  - name: big
    condition: memory_usage > 500MiB
`))
	s.run(0, 5*time.Minute)
	if len(s.told) != 6 {
		t.Errorf("told %d times in five minutes, want 6", len(s.told))
	}
	for i, a := range s.told {
		if got := a.At.Sub(epoch(0)); got != time.Duration(i)*time.Minute || a.State != rules.AlertFiring || !a.Since.Equal(epoch(0)) {
			t.Errorf("report %d: %s at %s since %s", i, a.State, got, a.Since)
		}
	}
	if got := s.told[0].Summary; got != "memory_usage of cart on a is 572 MiB (limit 500 MiB)" {
		t.Errorf("got %q", got)
	}
}

func TestEngine_Baseline_ComparesWithTheDayBefore(t *testing.T) {
	s := newStory(t, `load 5m
	tocsin:request_rate{service="a"} 10x300 40x20 20x20
	tocsin:request_rate{service="b"} 10x340
`)
	s.cfg.Interval, s.cfg.RateWindow = yamldoc.Duration(5*time.Minute), yamldoc.Duration(10*time.Minute)
	s.start(alertsOf(t, `
alerts:
  - name: surge
    condition: request_rate > baseline * 3
`))
	s.run(20*time.Hour, 28*time.Hour)
	if a := s.told[0]; a.Service != "a" || !math.IsNaN(float64(a.Threshold)) || float64(a.Value) != 40 {
		t.Errorf("got %+v", a)
	}
	s.want("25h5m0s firing surge a", "26h50m0s resolved surge a")
}

func TestEngine_MetricAppearsLater_SignalIsRecordedFromThenOn(t *testing.T) {
	s := newStory(t, "")
	s.start(rules.RuleSet{})
	s.run(0, time.Minute)
	if n := len(s.engine.RuleGroups()[0].Rules()); n != 0 {
		t.Errorf("got %d rules over an empty store", n)
	}
	app := s.appendable().AppenderV2(t.Context())
	appendGauge(t, app, `nginx_http_requests_total`, "web", epoch(time.Minute), 0, 100, 200, 300, 400, 500)
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	s.run(75*time.Second, 2*time.Minute)
	if v := s.value("tocsin:request_rate", 2*time.Minute); len(v) != 1 || v[0].Metric.Get("service") != "web" {
		t.Errorf("got %v", v)
	}
}

// What a recording rule leaves out on purpose is not a silence.
func TestPrometheusFile_RecordedSeriesFilteredAway_Resolved(t *testing.T) {
	s := newStory(t, `load 15s
	queue_length{service="mail"} 50x20 5x40
`)
	s.start(promOf(t, `
groups:
  - name: g
    rules:
      - record: queue:long
        expr: queue_length > 10
      - alert: Queue
        expr: queue:long
`))
	s.run(0, 8*time.Minute)
	s.want("0s firing Queue mail", "5m15s resolved Queue mail")
}

func TestPrometheusFile_JoinsAndFunctions_QueryNarrowed(t *testing.T) {
	s := newStory(t, `load 15s
	disk_free{job="node",instance="a",device="sda"} 1x80
	disk_free{job="node",instance="b",device="sda"} 9x80
	disk_size{job="node",instance="a",device="sda"} 10x80
	disk_size{job="node",instance="b",device="sda"} 10x80
	jobs_total{job="batch"} 0+10x20 _x60
`)
	s.start(promOf(t, `
groups:
  - name: g
    rules:
      - alert: DiskFull
        expr: (disk_free / disk_size) < (0.2)
      - alert: Busy
        expr: max_over_time(rate(jobs_total[1m])[2m:30s]) > 0.1 unless on () vector(0) > 1
      - alert: Either
        expr: -(nothing) > 1 or disk_free{instance="a"} < 5
`))
	s.run(0, 4*time.Minute)
	got := map[string]string{}
	for _, a := range s.told {
		got[a.Name] = a.Query
	}
	if want := `disk_free{device="sda",instance="a",job="node"} / disk_size{device="sda",instance="a",job="node"}`; got["DiskFull"] != "("+want+")" {
		t.Errorf("got %q", got["DiskFull"])
	}
	if !strings.Contains(got["Busy"], `rate(jobs_total{job="batch"}[1m])`) || !strings.Contains(got["Either"], `disk_free{`) {
		t.Errorf("got %v", got)
	}
	s.told = nil
	s.run(4*time.Minute+15*time.Second, 20*time.Minute)
	last := s.told[len(s.told)-1]
	if last.Name != "Busy" || last.State != rules.AlertHeld {
		t.Errorf("got %+v, want Busy held", last)
	}
}

func TestNotify_MayReadTheEngine(t *testing.T) {
	s := newStory(t, shop)
	s.start()
	var seen int
	e, err := rules.NewEngine(rules.EngineOptions{
		Queryable: s.db, Appendable: s.appendable(), Query: query(t), Config: s.cfg,
		Notify: func(ctx context.Context, _ []rules.Alert) {
			series, err := s.engine.SignalSeries(ctx, nil, epoch(0), epoch(time.Minute), time.Minute)
			if err != nil || s.engine.Catalogue() == nil {
				t.Errorf("got %v", err)
			}
			seen += 1 + len(series) + len(s.engine.Alerts())
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.engine = e
	s.load(alertsOf(t, highErrors))
	s.run(0, 9*time.Minute)
	if seen == 0 {
		t.Error("nothing was told")
	}
}

func TestEngine_Below_SaysThatTheAlertFiresOnLowValues(t *testing.T) {
	for rule, want := range map[string]bool{"request_rate < 30": true, "request_rate <= baseline * 0.9 or request_rate < 30": true, "request_rate > 10": false} {
		s := newStory(t, `load 1m
	tocsin:request_rate{service="a"} 20x40
`)
		s.start(alertsOf(t, "alerts:\n  - name: x\n    condition: "+rule+"\n"))
		s.run(10*time.Minute, 20*time.Minute)
		if len(s.told) == 0 || s.told[0].Below != want {
			t.Errorf("%s: got %+v", rule, s.told)
		}
	}
	s := newStory(t, `load 1m
	up{job="a"} 0x40
	want{job="a"} 1x40
`)
	s.start(promOf(t, "groups:\n  - name: g\n    rules:\n      - alert: Fewer\n        expr: up < want\n      - alert: More\n        expr: want > up\n"))
	s.run(10*time.Minute, 20*time.Minute)
	got := map[string]bool{}
	for _, a := range s.told {
		got[a.Name] = a.Below
	}
	if len(got) != 2 || !got["Fewer"] || got["More"] {
		t.Errorf("got %v", got)
	}
}
