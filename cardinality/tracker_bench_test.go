package cardinality_test

import (
	"fmt"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
)

// BenchmarkPostCreation counts series whose metrics have a place each, and such that take
// it from one another. Each metric comes four times in a row, as buckets do.
func BenchmarkPostCreation(b *testing.B) {
	for _, metrics := range []int{40, 300} {
		b.Run(fmt.Sprint(40*metrics, " metrics"), func(b *testing.B) {
			h := newHouse()
			h.Begin()
			list := make([]labels.Labels, 50_000)
			for i := range list {
				group := i / 4 % (40 * metrics)
				list[i] = series(fmt.Sprint("service-", group/metrics), fmt.Sprint("metric_", group%metrics), "instance", fmt.Sprint("10.0.0.", i%250), "pod", fmt.Sprint("pod-", i),
					"namespace", "shop", "cluster", "eu-1", "code", fmt.Sprint(i%5), "method", "GET", "path", fmt.Sprint("/p/", i%90), "version", "v42")
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				h.PostCreation(list[i%len(list)])
			}
		})
	}
}
