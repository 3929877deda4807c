package backfill

import (
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"

	"github.com/tocsinhq/tocsin/telemetry"
)

func FuzzDecode(f *testing.F) {
	f.Add(encode(nil, Stretch{Labels: labels.FromStrings("__name__", "a", "b", "c"), Floats: []telemetry.Sample{{T: 1, V: 2}, {T: -5, V: 3}}}))
	f.Add(encode(nil, Stretch{Histograms: []telemetry.HistogramSample{{T: 1, Int: tsdbutil.GenerateTestHistogram(1)}, {T: 2, Float: tsdbutil.GenerateTestFloatHistogram(2)}}}))
	f.Fuzz(func(t *testing.T, in []byte) {
		n := 0
		err := decode(in, func(s Stretch) error {
			n += len(s.Floats) + len(s.Histograms)
			return nil
		})
		if err == nil && n > len(in) {
			t.Errorf("%d samples of %d bytes", n, len(in))
		}
	})
}

func TestFloor(t *testing.T) {
	for _, tt := range []struct{ t, want int64 }{{0, 0}, {9, 0}, {10, 10}, {-1, -10}, {-10, -10}, {-11, -20}} {
		if got := floor(tt.t, 10); got != tt.want {
			t.Errorf("floor(%d): got %d, want %d", tt.t, got, tt.want)
		}
	}
}
