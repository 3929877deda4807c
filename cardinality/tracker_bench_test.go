package cardinality_test

import (
	"fmt"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
)

func BenchmarkPostCreation(b *testing.B) {
	h := newHouse()
	h.Begin()
	list := make([]labels.Labels, 10_000)
	for i := range list {
		list[i] = series(fmt.Sprint("service-", i%40), fmt.Sprint("metric_", i%300), "instance", fmt.Sprint("10.0.0.", i%250), "pod", fmt.Sprint("pod-", i),
			"namespace", "shop", "cluster", "eu-1", "code", fmt.Sprint(i%5), "method", "GET", "path", fmt.Sprint("/p/", i%90), "version", "v42")
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		h.PostCreation(list[i%len(list)])
	}
}
