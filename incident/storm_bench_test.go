package incident_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/store"
)

// BenchmarkApply_Storm is alerts of many services within a second, most of which
// the incident of the storm takes in, and then their ends.
func BenchmarkApply_Storm(b *testing.B) {
	for _, size := range []int{1, 50} {
		b.Run(fmt.Sprintf("%d at once", size), func(b *testing.B) { storm(b, size) })
	}
}

func storm(b *testing.B, size int) {
	for b.Loop() {
		b.StopTimer()
		db, err := store.OpenState(ctx, filepath.Join(b.TempDir(), "state.db"))
		if err != nil {
			b.Fatal(err)
		}
		m, err := incident.NewManager(ctx, incident.ManagerOptions{DB: db, Config: incident.DefaultConfig()})
		if err != nil {
			b.Fatal(err)
		}
		const n = 1000
		var list []incident.Occurrence
		for i := range n {
			o := alert(fmt.Sprintf("Alert%02d", i%20), fmt.Sprintf("s%03d", i/20), noon)
			o.Key = fmt.Sprintf("alert:%d", i)
			o.Labels = map[string]string{"alertname": o.Name, "job": o.Service, "instance": fmt.Sprintf("10.0.0.%d:8080", i), "severity": "warning"}
			list = append(list, o)
		}
		for i := range n {
			list = append(list, cleared(list[i], noon.Add(time.Minute)))
		}
		b.StartTimer()
		for part := range slices.Chunk(list, size) {
			if err := m.ApplyAll(context.Background(), part); err != nil {
				b.Fatal(err)
			}
		}
		b.StopTimer()
		db.Close()
		b.StartTimer()
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(b.N)/2000, "us/occurrence")
}
