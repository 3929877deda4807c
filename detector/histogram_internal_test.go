package detector

import (
	"bufio"
	"bytes"
	"hash/crc32"
	"math"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/telemetry"
)

func written(h *histograms) []byte {
	var file bytes.Buffer
	out := &summed{w: bufio.NewWriter(&file), sum: crc32.New(castagnoli)}
	classics, natives := h.sizes()
	h.checkpoint(out, classics, natives, func([]Slot) bool { return true })
	out.w.Flush()
	return file.Bytes()
}

// FuzzRestoreHistograms reads the part of a checkpoint that is about histograms:
// whatever can be read is written back as the same.
func FuzzRestoreHistograms(f *testing.F) {
	b, err := NewBank(DefaultConfig())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(written(&b.histograms))
	for _, le := range []string{"1", "2", "+Inf"} {
		slot := b.Register(labels.FromStrings("__name__", "a_bucket", "le", le))
		b.Feed(slot, 1000, 5, func(Verdict) {})
	}
	native := b.RegisterHistogram(labels.FromStrings("__name__", "b"))
	for i := range uint64(4) {
		b.FeedHistogram(native, telemetry.HistogramSample{T: int64(i+1) * 1000, Int: &histogram.Histogram{
			Schema: 1, Count: 10 * i, Sum: math.Inf(1), PositiveSpans: []histogram.Span{{Offset: 1, Length: 1}}, PositiveBuckets: []int64{int64(10 * i)},
		}}, func(Verdict) {})
	}
	f.Add(written(&b.histograms))
	f.Fuzz(func(t *testing.T, p []byte) {
		var first, second histograms
		if err := first.restore(&checked{r: bufio.NewReader(bytes.NewReader(p)), sum: crc32.New(castagnoli)}, 1000); err != nil {
			return
		}
		once := written(&first)
		if err := second.restore(&checked{r: bufio.NewReader(bytes.NewReader(once)), sum: crc32.New(castagnoli)}, 1000); err != nil {
			t.Fatal(err)
		}
		if twice := written(&second); !bytes.Equal(once, twice) {
			t.Errorf("got\n%q, want\n%q", twice, once)
		}
	})
}
