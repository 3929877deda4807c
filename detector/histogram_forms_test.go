package detector_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/value"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// forms are the same histogram in both forms, with different observations, so that it is
// seen of which form a figure is: about .1 of the classic one, about 10 of the native one.
type forms struct {
	classic *latency
	native  *native
	r       *rand.Rand
	at      int64
}

func newForms(b *detector.Bank) *forms { return &forms{r: rand.New(rand.NewPCG(5, 5)), at: start} }

// scrape delivers a round of the forms that are there.
func (f *forms) scrape() {
	f.at += 15_000
	for range 1000 {
		x := 0.08 + 0.04*f.r.Float64()
		if f.classic != nil {
			f.classic.see(x, bounds)
		}
		if f.native != nil {
			f.native.see(100 * x)
		}
	}
	if f.classic != nil {
		f.classic.scrape(f.at)
	}
	if f.native != nil {
		f.native.scrape(f.at)
	}
}

// after scrapes so often and returns the median of the last round, 0 if it had none.
func (f *forms) after(b *detector.Bank, rounds int) float64 {
	for range rounds {
		f.scrape()
	}
	v, at := last(b, "0.5")
	if at != f.at {
		return 0
	}
	return v
}

func (f *forms) endClassic() {
	for _, slot := range f.classic.slots {
		f.classic.bank.Feed(slot, f.at+5, math.Float64frombits(value.StaleNaN), f.classic.tell)
	}
	f.classic = nil
}

func isClassic(v float64) bool { return v > 0 && v < 1 }
func isNative(v float64) bool  { return v > 5 }

// Where native histograms are turned on the classic ones end, with staleness markers or,
// where the sender was started anew, without.
func TestHistogram_FormChanges_OtherFormIsWatched(t *testing.T) {
	for name, end := range map[string]func(*forms){
		"markers": (*forms).endClassic,
		"nothing": func(f *forms) { f.classic = nil },
	} {
		b := newBank(t)
		f := newForms(b)
		f.classic = newLatency(b, bounds)
		if v := f.after(b, 10); !isClassic(v) {
			t.Fatalf("%s: classic alone: got %v", name, v)
		}
		end(f)
		f.native = newNative(b)
		if v := f.after(b, 5); !isNative(v) {
			t.Errorf("%s: the classic one has gone: got %v, want what the native one has", name, v)
		}
		// And back, where that turned out badly.
		back := newLatency(b, bounds)
		if end, native := name == "markers", f.native; end {
			b.FeedHistogram(native.slot, telemetry.HistogramSample{T: f.at + 5, Float: staleHistogram()}, native.tell)
		}
		f.native, f.classic = nil, back
		if v := f.after(b, 5); !isClassic(v) {
			t.Errorf("%s: the native one has gone: got %v, want what the classic one has", name, v)
		}
	}
}

func staleHistogram() *histogram.FloatHistogram {
	return &histogram.FloatHistogram{Sum: math.Float64frombits(value.StaleNaN)}
}

// Of two forms that are sent side by side one is watched, the first, also after a restart.
func TestHistogram_BothForms_TheFirstIsWatched(t *testing.T) {
	for name, first := range map[string]func(*forms, *detector.Bank){
		"classic": func(f *forms, b *detector.Bank) { f.classic = newLatency(b, bounds) },
		"native":  func(f *forms, b *detector.Bank) { f.native = newNative(b) },
	} {
		is := isClassic
		if name == "native" {
			is = isNative
		}
		b := newBank(t)
		f := newForms(b)
		first(f, b)
		f.after(b, 3)
		if f.classic == nil {
			f.classic = newLatency(b, bounds)
		} else {
			f.native = newNative(b)
		}
		for i := range 50 {
			if v := f.after(b, 1); !is(v) {
				t.Fatalf("%s first, round %d of both: got %v", name, i, v)
			}
		}
		var file bytes.Buffer
		if err := b.Checkpoint(&file); err != nil {
			t.Fatal(err)
		}
		after := newBank(t)
		if err := after.Restore(&file); err != nil {
			t.Fatal(err)
		}
		classic, native := newLatency(after, bounds), newNative(after)
		copy(classic.counts, f.classic.counts)
		native.counts, native.sum, native.zero = f.native.counts, f.native.sum, f.native.zero
		f.classic, f.native = classic, native
		for i := range 20 {
			if v := f.after(after, 1); !is(v) {
				t.Fatalf("%s first, round %d after a restart: got %v", name, i, v)
			}
		}
	}
}

// What has been registered for its history only, as by a warm start from a server that
// has the other form, keeps nobody out.
func TestHistogram_OtherFormRegisteredOnly_LiveFormIsWatched(t *testing.T) {
	b := newBank(t)
	newLatency(b, bounds)
	f := newForms(b)
	f.native = newNative(b)
	if v := f.after(b, 3); !isNative(v) {
		t.Errorf("native: got %v", v)
	}
	b = newBank(t)
	newNative(b)
	f = newForms(b)
	f.classic = newLatency(b, bounds)
	if v := f.after(b, 3); !isClassic(v) {
		t.Errorf("classic: got %v", v)
	}
}
