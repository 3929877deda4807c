package rules_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/rules"
)

const longQueue = `
groups:
  - name: g
    rules:
      - alert: Queue
        expr: queue_length > 10
`

// From ten minutes on the queue says nothing.
func TestStaleSource_BySourceOfTheSeries(t *testing.T) {
	for _, tc := range []struct {
		name, others string
		want         []string
		summary      string
	}{
		{"nothing of the target arrives", ``,
			[]string{"0s firing Queue mail", "15m0s held Queue mail", "20m0s stale_source Queue mail"}, `nothing of job="mail",instance="a" arrives`},
		{"the target is down", `up{job="mail",instance="a"} 1x40 0x80`,
			[]string{"0s firing Queue mail", "15m0s held Queue mail", "20m0s stale_source Queue mail"}, `no scrape of job="mail",instance="a" succeeds (1 targets)`},
		{"the target is gone", `up{job="mail",instance="a"} 1x40 stale`,
			[]string{"0s firing Queue mail", "15m0s held Queue mail", "20m0s stale_source Queue mail"}, `no scrape of job="mail",instance="a" succeeds (1 targets)`},
		{"the target is up", `up{job="mail",instance="a"} 1x120`, []string{"0s firing Queue mail", "15m0s held Queue mail"}, ""},
		{"another series is pushed", `requests_total{job="mail",instance="a"} 0+1x120`, []string{"0s firing Queue mail", "15m0s held Queue mail"}, ""},
		{"another target lives", `up{job="mail",instance="b"} 1x120`,
			[]string{"0s firing Queue mail", "15m0s held Queue mail", "20m0s stale_source Queue mail"}, `nothing of job="mail",instance="a" arrives`},
		{"the source comes back without the series", `up{job="mail",instance="a"} 1x40 0x60 1x20`,
			[]string{"0s firing Queue mail", "15m0s held Queue mail", "20m0s stale_source Queue mail", "26m0s held Queue mail"}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStory(t, "load 15s\n\tqueue_length{job=\"mail\",instance=\"a\"} 50x40\n\t"+tc.others+"\n")
			s.cfg.StaleAfter = yamldoc.Duration(5 * time.Minute)
			s.start(promOf(t, longQueue))
			s.run(0, 28*time.Minute)
			last := s.told[len(s.told)-1]
			if !strings.Contains(last.Summary, tc.summary) {
				t.Errorf("got summary %q", last.Summary)
			}
			s.want(tc.want...)
		})
	}
}

func TestStaleSource_OfASignal_NamesTheService_AndEndsWithData(t *testing.T) {
	s := newStory(t, `load 15s
	http_requests_total{app="pay",code="200"} 0+90x40 _x80 0+100x40
	http_requests_total{app="pay",code="500"} 0+10x40 _x80 0x40
`)
	s.cfg.StaleAfter = yamldoc.Duration(5 * time.Minute)
	s.start(alertsOf(t, highErrors))
	s.run(0, 20*time.Minute)
	if a := s.engine.Alerts(); len(a) != 1 || a[0].State != rules.AlertStale || !strings.Contains(a[0].Summary, `app="pay"`) {
		t.Errorf("got %+v", a)
	}
	s.run(20*time.Minute, 35*time.Minute)
	s.want("2m15s firing high_error_rate pay", "11m45s held high_error_rate pay", "16m45s stale_source high_error_rate pay", "30m30s resolved high_error_rate pay")
}

// After a time in which the daemon saw nothing, what is absent may only not have
// been sent again yet.
func TestBlind_AbsentAlertsWait(t *testing.T) {
	s := newStory(t, `load 15s
	queue_length{job="mail"} 1x40 _x40 1x80
`)
	s.start(promOf(t, `
groups:
  - name: g
    rules:
      - {alert: Gone, expr: absent(queue_length)}
      - {alert: Never, expr: absent(nothing)}
`))
	s.run(0, 10*time.Minute)
	s.engine.Blind(epoch(20*time.Minute + 10*time.Second))
	s.run(20*time.Minute, 24*time.Minute)
	s.want("0s firing Never")
}
