package alertmanager

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/alert"
)

// stormAlert is number i of a storm of n services on many hosts.
func stormAlert(i int) *alert.Alert {
	return ev(fmt.Sprintf("Down service=s%d host=h%d severity=critical datacenter=eu-1 instance=10.0.%d.%d:9100", i%7, i, i/250, i%250), 0, long)
}

// Ten thousand alerts within a minute are few messages, and take little memory.
func TestRouter_StormOfTenThousand_FewMessages(t *testing.T) {
	b := newBench(t, simple("  routes:\n  - {receiver: b, matchers: [severity=critical], group_by: [alertname, service]}\n"))
	b.r.o.Observe = nil
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const n, batch = 10_000, 100
	for i := 0; i < n; i += batch {
		b.to(time.Duration(i) * time.Minute / n)
		var list []*alert.Alert
		for j := range batch {
			list = append(list, stormAlert(i+j))
		}
		b.put(list...)
	}
	b.to(20 * time.Minute)
	// Seven services, each told first and once more of those that came later.
	if len(b.sent) > 14 {
		t.Errorf("got %d messages, want at most 14", len(b.sent))
	}
	told := 0
	for _, s := range b.sent[len(b.sent)-7:] {
		told += len(s.m.Group.Alerts)
	}
	if told != n {
		t.Errorf("the last messages show %d alerts, want all %d", told, n)
	}
	b.sent = nil
	runtime.GC()
	runtime.ReadMemStats(&after)
	if each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / n; each > 3000 {
		t.Errorf("got %d bytes for each alert, want at most 3000", each)
	}
	b.restart()
	b.to(25 * time.Minute)
	if len(b.sent) != 0 {
		t.Errorf("got %d messages after a restart, want none", len(b.sent))
	}
}

// BenchmarkPut is the intake behind the HTTP handler: batches of 100 alerts that
// are new, with their rows on disk, and then the same again, as senders repeat
// them each minute.
func BenchmarkPut(b *testing.B) {
	for _, again := range []bool{false, true} {
		name := "new"
		if again {
			name = "again"
		}
		b.Run(name, func(b *testing.B) {
			x := newBench(b, simple(""))
			x.r.o.Config.MaxAlerts = 1 << 30
			x.r.o.Observe = nil
			batches := make([][]*alert.Alert, 0, b.N)
			for i := range b.N {
				var list []*alert.Alert
				for j := range 100 {
					k := i*100 + j
					if again {
						k = j
					}
					list = append(list, stormAlert(k))
				}
				batches = append(batches, list)
			}
			b.ResetTimer()
			for _, list := range batches {
				x.put(list...)
			}
			b.ReportMetric(float64(b.N*100)/b.Elapsed().Seconds(), "alerts/s")
		})
	}
}
