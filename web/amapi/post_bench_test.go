package amapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/notify/alertmanager"
)

// BenchmarkPost is a request of 256 alerts: new ones, and the same again with a
// later end as senders repeat them.
func BenchmarkPost(b *testing.B) {
	const batch = 256
	for _, again := range []bool{false, true} {
		name := "new"
		if again {
			name = "again"
		}
		b.Run(name, func(b *testing.B) {
			x := newBench(b, func(c *alertmanager.Config) { c.MaxAlerts = 1 << 30 })
			since := time.Now().UTC()
			body := func(i int) string {
				var list []map[string]any
				for j := range batch {
					k := i*batch + j
					if again {
						k = j
					}
					list = append(list, map[string]any{
						"labels": map[string]string{
							"alertname": fmt.Sprintf("Alert%02d", k%20), "job": fmt.Sprintf("s%03d", k/20%100), "instance": fmt.Sprintf("10.0.0.%d:8080", k), "severity": "warning",
						},
						"annotations": map[string]string{"summary": fmt.Sprintf("something is wrong with instance %d", k)},
						"startsAt":    since.Format(time.RFC3339Nano), "endsAt": since.Add(4*time.Minute + time.Duration(i)*time.Second).Format(time.RFC3339Nano),
						"generatorURL": "http://prometheus.example/graph",
					})
				}
				text, err := json.Marshal(list)
				if err != nil {
					b.Fatal(err)
				}
				return string(text)
			}
			bodies := make([]string, b.N)
			for i := range bodies {
				bodies[i] = body(i)
			}
			b.ResetTimer()
			for _, text := range bodies {
				if code, answer := x.do("POST", "/api/v2/alerts", text); code != http.StatusOK {
					b.Fatalf("got %d: %s", code, answer)
				}
			}
			b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "alerts/s")
		})
	}
}
