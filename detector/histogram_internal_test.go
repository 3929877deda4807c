package detector

import (
	"bytes"
	"errors"
	"hash/crc32"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/telemetry"
)

// written returns the bytes of classic and of native histograms in a checkpoint.
func written(h *histograms) (parts [2][]byte) {
	var file bytes.Buffer
	out := newBlocksWriter(&file, nil)
	classics, natives := h.sizes()
	h.checkpoint(out, classics, natives, func([]Slot) bool { return true })
	_ = out.finish() // a buffer takes all
	in := blocksReader{r: &file, sum: crc32.Checksum(nil, castagnoli)}
	for {
		b, err := in.next(nil)
		if err != nil || len(b.bytes) == 0 {
			return parts
		}
		at := b.bytes[0] - byte(classicBlock)
		parts[at] = append(parts[at], b.bytes[1:]...)
	}
}

// readAgain reads what written returns.
func readAgain(parts [2][]byte) (*histograms, error) {
	h := new(histograms)
	classics, natives := fields{b: parts[0]}, fields{b: parts[1]}
	for classics.err == nil && len(classics.b) > 0 {
		h.restoreClassic(&classics, 1000)
	}
	for natives.err == nil && len(natives.b) > 0 {
		h.restoreNative(&natives)
	}
	return h, errors.Join(classics.err, natives.err)
}

// FuzzRestoreHistograms reads the part of a checkpoint that is about histograms:
// whatever can be read is written back as the same.
func FuzzRestoreHistograms(f *testing.F) {
	b, err := NewBank(DefaultConfig())
	if err != nil {
		f.Fatal(err)
	}
	none := written(&b.histograms)
	f.Add(none[0], none[1])
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
	some := written(&b.histograms)
	if len(some[0]) == 0 || len(some[1]) == 0 {
		f.Fatalf("got %d and %d bytes", len(some[0]), len(some[1]))
	}
	f.Add(some[0], some[1])
	f.Fuzz(func(t *testing.T, classics, natives []byte) {
		first, err := readAgain([2][]byte{classics, natives})
		if err != nil {
			return
		}
		once := written(first)
		second, err := readAgain(once)
		if err != nil {
			t.Fatal(err)
		}
		if twice := written(second); !slices.EqualFunc(once[:], twice[:], bytes.Equal) {
			t.Errorf("got\n%q, want\n%q", twice, once)
		}
	})
}

// More histograms in turn than are known from a short while ago: each bucket comes to its
// own, however often it is registered.
func TestRegister_BucketsOfManyHistogramsInTurn_StayApart(t *testing.T) {
	b, err := NewBank(DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	const histograms = 4 * latelyKept
	slots := map[Slot]bool{}
	for round := range 2 {
		for _, le := range []string{"1", "2", "+Inf"} {
			for i := range histograms {
				pod := strconv.Itoa(i / 2)
				name := []string{"a", "b"}[i%2]
				slot := b.Register(labels.FromStrings("__name__", name+"_bucket", "le", le, "pod", pod))
				g, _, c := b.bucketOf(slot.place())
				if c == nil {
					t.Fatalf("bucket %s of histogram %d has no place", le, i)
				}
				if got, want := b.histograms.labelsOf(g), labels.FromStrings("__name__", name, "pod", pod); !labels.Equal(got, want) {
					t.Fatalf("bucket %s of %s is one of %s", le, want, got)
				}
				if slots[slot] != (round == 1) {
					t.Fatalf("round %d, bucket %s of histogram %d: slot %d was given: %t", round, le, i, slot, slots[slot])
				}
				slots[slot] = true
			}
		}
	}
	if b.Len() != quantiles*histograms {
		t.Errorf("%d series are watched, want %d", b.Len(), quantiles*histograms)
	}
}
