package rules_test

import (
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/rules"
)

func TestHold_SourceStopsWithoutMarker_HeldNotResolved(t *testing.T) {
	s := newStory(t, `load 15s
	http_requests_total{job="checkout",code="200"} 0+90x40 _x80 0+100x40
	http_requests_total{job="checkout",code="500"} 0+10x40 _x80 0x40
`)
	s.start(alertsOf(t, highErrors))
	s.run(0, 29*time.Minute)
	// The last sample is at 10m; two minutes later the rate has no data.
	s.want("2m15s firing high_error_rate checkout", "11m45s held high_error_rate checkout")
	if a := s.engine.Alerts(); len(a) != 1 || a[0].State != rules.AlertHeld {
		t.Errorf("got %+v", a)
	}
	// Data return without errors: only now is it a recovery.
	s.run(29*time.Minute+15*time.Second, 35*time.Minute)
	s.want("30m30s resolved high_error_rate checkout")
}

func TestHold_DataReturnStillBad_FiresAgainAtOnce(t *testing.T) {
	s := newStory(t, `load 15s
	http_requests_total{job="checkout",code="200"} 0+90x40 _x80 0+90x40
	http_requests_total{job="checkout",code="500"} 0+10x40 _x80 0+10x40
`)
	s.start(alertsOf(t, highErrors))
	s.run(0, 35*time.Minute)
	first := s.told[0]
	last := s.told[len(s.told)-1]
	if first.Fingerprint != last.Fingerprint || !first.Since.Equal(last.Since) {
		t.Errorf("the alert changed its identity: %+v, then %+v", first, last)
	}
	s.want("2m15s firing high_error_rate checkout", "11m45s held high_error_rate checkout", "30m30s firing high_error_rate checkout")
}

func TestHold_RateFallsAfterSourceStopped_NotResolved(t *testing.T) {
	s := newStory(t, `load 15s
	http_requests_total{job="checkout",code="200"} 0+1500x40
`)
	s.start(alertsOf(t, `
alerts:
  - name: busy
    condition: request_rate > 60/s
`))
	s.run(0, 20*time.Minute)
	s.want("1m15s firing busy checkout", "11m0s held busy checkout")
}

func TestHold_OtherServiceStillSends_OnlySilentOneHeld(t *testing.T) {
	s := newStory(t, `load 15s
	process_resident_memory_bytes{job="cart",instance="a"} 9e8x40
	process_resident_memory_bytes{job="checkout",instance="b"} 9e8x40 1e8x60
`)
	s.start(alertsOf(t, `
alerts:
  - name: big
    condition: memory_usage > 500MiB
`))
	s.run(0, 20*time.Minute)
	s.want("0s firing big cart", "0s firing big checkout", "10m15s resolved big checkout", "15m0s held big cart")
}

func TestHold_SeriesMarkedStale_Held(t *testing.T) {
	s := newStory(t, `load 15s
	process_resident_memory_bytes{job="cart",instance="a"} 9e8x40 stale
`)
	s.start(alertsOf(t, `
alerts:
  - name: big
    condition: memory_usage > 500MiB
`))
	s.run(0, 20*time.Minute)
	s.want("0s firing big cart", "10m15s held big cart")
}

func TestHold_ClosedAfterLimit(t *testing.T) {
	s := newStory(t, `load 15s
	process_resident_memory_bytes{job="cart",instance="a"} 9e8x40 stale
`)
	s.cfg.CloseHeldAfter = s.cfg.Interval * 20
	s.start(alertsOf(t, `
alerts:
  - name: big
    condition: memory_usage > 500MiB
`))
	s.run(0, 20*time.Minute)
	s.want("0s firing big cart", "10m15s held big cart", "15m15s resolved big cart")
}

func TestHold_JoinedConditions_KnownFalseSideResolves(t *testing.T) {
	s := newStory(t, `load 15s
	http_requests_total{job="cart",code="200"} 0+90x40 3600+100x80
	http_requests_total{job="cart",code="500"} 0+10x40 400x80
	process_resident_memory_bytes{job="cart",instance="a"} 9e8x20 stale
`)
	s.start(alertsOf(t, `
alerts:
  - name: both
    condition: error_rate > 5% and memory_usage > 500MiB
`))
	s.run(0, 20*time.Minute)
	// Memory is unknown from 5m15s on; that errors ended is enough to resolve.
	s.want("15s firing both cart", "5m15s held both cart", "11m0s resolved both cart")
}

func TestHold_JoinedByOr_UnknownSideKeepsItHeld(t *testing.T) {
	s := newStory(t, `load 15s
	http_requests_total{job="cart",code="200"} 0+100x80
	process_resident_memory_bytes{job="cart",instance="a"} 9e8x20 stale
`)
	s.start(alertsOf(t, `
alerts:
  - name: either
    condition: error_rate > 5% or memory_usage > 500MiB
`))
	s.run(0, 10*time.Minute)
	if a := s.told[0]; a.Signal != "memory_usage" || a.Unit != "bytes" || float64(a.Value) != 9e8 {
		t.Errorf("shows %s %v %s, want the side that holds", a.Signal, a.Value, a.Unit)
	}
	s.want("0s firing either cart", "5m15s held either cart")
}
