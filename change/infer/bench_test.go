package infer_test

import (
	"fmt"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
)

// BenchmarkRegister_OrdinarySeries is what a new series costs that tells of nothing.
func BenchmarkRegister_OrdinarySeries(b *testing.B) {
	w := (&rig{}).fresh()
	l := labels.FromStrings("__name__", "http_requests_total", "job", "shop", "instance", "a", "code", "200", "method", "GET", "path", "/x", "env", "production")
	for b.Loop() {
		w.Register(l)
	}
}

// BenchmarkObserve_Followed is what a sample costs of a series that is followed, in a
// service of a thousand instances.
func BenchmarkObserve_Followed(b *testing.B) {
	w := (&rig{}).fresh()
	var ids []uint64
	for i := range 1000 {
		id, _ := w.Register(labels.FromStrings("__name__", "shop_build_info", "job", "shop", "instance", fmt.Sprint(i), "version", "v1"))
		ids = append(ids, id)
	}
	t := start.UnixMilli()
	i := 0
	for b.Loop() {
		w.Observe(ids[i%1000], t+int64(i/1000)*15_000, 1)
		i++
	}
}
