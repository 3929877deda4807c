package detector_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// pair is a classic and a native histogram of the same observations, of which
// either comes or not.
type pair struct {
	classic *latency
	native  *native
	r       *rand.Rand
}

func newPair(b *detector.Bank) *pair {
	return &pair{classic: newLatency(b, bounds, "form", "classic"), native: newNative(b, "form", "native"), r: rand.New(rand.NewPCG(3, 3))}
}

func (p *pair) scrape(t int64) {
	for range 1000 {
		x := 0.02 + 0.1*p.r.Float64()
		p.classic.see(x, bounds)
		p.native.see(x)
	}
	p.classic.scrape(t)
	p.native.scrape(t)
}

// watched counts the derived series that have been judged at time t.
func (p *pair) watched(b *detector.Bank, t int64) (n int) {
	for _, slot := range b.Slots() {
		if v, ok := b.Last(slot); ok && v.Time == t && b.Labels(slot).Get("form") != "" {
			n++
		}
	}
	return n
}

func TestHistogram_DerivedSeriesEvicted_RegisteredAgainWithTheNextFigure(t *testing.T) {
	b := newBank(t, evictAfter(24*time.Hour))
	p := newPair(b)
	at := start
	for range 10 {
		at += 15_000
		p.scrape(at)
	}
	if got := p.watched(b, at); got != 5 {
		t.Fatalf("got %d derived series, want two quantiles each and a count", got)
	}
	at = sweepFor(b, at, 48)
	if b.Len() != 0 || figure(b, evictedIdle) != 5 {
		t.Fatalf("got %d series watched, %v evicted, want all five evicted", b.Len(), figure(b, evictedIdle))
	}
	for range 3 { // the slots of buckets and of the native histogram are as good as before
		at += 15_000
		p.scrape(at)
	}
	if got := p.watched(b, at); got != 5 || b.Len() != 5 {
		t.Errorf("got %d derived series of %d, want all five back", got, b.Len())
	}
}

func TestHistogram_FewObservations_DerivedSeriesIsNotIdle(t *testing.T) {
	b := newBank(t, evictAfter(24*time.Hour))
	h := newLatency(b, bounds)
	at := start
	for range 96 { // comes for days, and says nothing of its quantiles
		at += hour / 2
		h.scrape(at)
		b.Sweep(at, ignore)
	}
	if b.Len() != 2 {
		t.Errorf("got %d series, want both quantiles kept", b.Len())
	}
}

func TestRestore_DerivedSeriesEvicted_HistogramComesBack(t *testing.T) {
	before := newBank(t, evictAfter(24*time.Hour))
	before.Register(gauge("away")) // its place is free, so that slots differ after
	gone := newLatency(before, bounds, "form", "gone")
	at := start
	gone.scrape(at)
	at = sweepFor(before, at, 23)
	p := newPair(before)
	for range 10 {
		at += 15_000
		p.scrape(at)
	}
	at += 2 * hour
	before.Sweep(at, ignore)
	var file bytes.Buffer
	if err := before.Checkpoint(&file); err != nil {
		t.Fatal(err)
	}
	after := newBank(t)
	if err := after.Restore(&file); err != nil {
		t.Fatal(err)
	}
	if after.Len() != 5 {
		t.Fatalf("got %d series, want those of the two histograms that are left", after.Len())
	}
	q := newPair(after)
	copy(q.classic.counts, p.classic.counts)
	q.native.counts, q.native.sum, q.r = p.native.counts, p.native.sum, p.r
	at += 15_000
	q.scrape(at) // goes on from the counts in the checkpoint: no round is lost
	if got := q.watched(after, at); got != 5 {
		t.Errorf("got %d derived series judged, want 5", got)
	}
	again := newLatency(after, bounds, "form", "gone")
	if again.scrape(at); after.Len() != 7 || !again.slots[0].Bucket() {
		t.Errorf("the one that was left out: got %d series, slot %x", after.Len(), again.slots[0])
	}
}

func TestFeed_NoRoomForAHistogram_AskedAgainWhenThereIs(t *testing.T) {
	b := newBank(t, evictAfter(24*time.Hour), func(c *detector.Config) { c.MaxSeries = 2 })
	b.Feed(b.Register(gauge("a")), start, 1, ignore)
	b.Feed(b.Register(gauge("b")), start, 1, ignore)
	b.Sweep(start, ignore)
	l := labels.FromStrings("__name__", "x_bucket", "le", "1")
	slot, native := b.Register(l), b.RegisterHistogram(labels.FromStrings("__name__", "y"))
	if slot == 0 || slot.Watched() || native == 0 || native.Watched() {
		t.Fatalf("full bank: got slots %x and %x, want refused ones", slot, native)
	}
	if !b.Feed(slot, start, 1, ignore) || !b.Feed(native, start, 1, ignore) {
		t.Error("nothing has changed, and the slot is said to be good no more")
	}
	sweepFor(b, start, 48)
	if b.Feed(slot, start+48*hour, 1, ignore) || b.Feed(native, start+48*hour, 1, ignore) {
		t.Error("there is room now, and nobody is asked to register again")
	}
	if slot := b.Register(l); !slot.Bucket() {
		t.Errorf("got slot %x, want that of a bucket", slot)
	}
}

func TestSlot_OfHistogram_IsNoSeries(t *testing.T) {
	b, other := newBank(t), newBank(t)
	p := newPair(b)
	here, there := b.Register(gauge("g")), other.Register(gauge("g"))
	for _, slot := range []detector.Slot{p.classic.slots[0], p.native.slot} {
		if !slot.Watched() || slot.Bucket() != (slot == p.classic.slots[0]) {
			t.Errorf("slot %x: got watched %v, bucket %v", slot, slot.Watched(), slot.Bucket())
		}
		if v, tell := b.Observe(slot, start, 1); tell || v.Phase != detector.PhaseQuiet {
			t.Errorf("slot %x: Observe gave %+v", slot, v)
		}
		if _, ok := b.Last(slot); ok || !b.Labels(slot).IsEmpty() {
			t.Errorf("slot %x has a last verdict or labels %s", slot, b.Labels(slot))
		}
		if _, tell, done := b.Adopt(slot, other, there); tell || !done {
			t.Errorf("slot %x adopted a series", slot)
		}
	}
	if v, ok := b.Last(here); ok {
		t.Errorf("a series has got what was meant for histograms: %+v", v)
	}
}

func TestObserveAll_BucketsAmongSeries_WatchedToo(t *testing.T) {
	b := newBank(t)
	h := newLatency(b, []float64{1, 2})
	inf := b.Register(labels.FromStrings("__name__", "http_seconds_bucket", "le", "+Inf"))
	for i := range int64(3) {
		var batch []telemetry.Observation
		for j, slot := range append(h.slots[:2:2], inf) {
			batch = append(batch, telemetry.Observation{Slot: uint64(slot), T: start + i*15_000, V: float64(100 * i * int64(j+1))})
		}
		b.ObserveAll(batch, 0, len(batch), ignore)
	}
	if v, at := last(b, "0.5"); at != start+30_000 || v != 1.5 {
		t.Errorf("got a median of %v at %d, want 1.5", v, at)
	}
}

func TestReplayBuckets_Share_WidensTheBand(t *testing.T) {
	b := newBank(t)
	h := newLatency(b, bounds)
	l := b.Labels(derived(b, "0.99"))
	samples := make([]detector.BucketSamples, len(bounds))
	for i, x := range bounds {
		samples[i].Labels = labels.FromStrings("__name__", "http_seconds_bucket", "le", le(x))
	}
	r := rand.New(rand.NewPCG(5, 5))
	for i := range int64(300) {
		for range 1000 {
			h.see(0.02+0.1*r.Float64(), bounds)
		}
		for j := range samples {
			samples[j].Samples = append(samples[j].Samples, telemetry.Sample{T: start + i*15_000, V: h.counts[j]})
		}
	}
	upper := func(share float64) (u float64) {
		detector.ReplayBuckets(detector.DefaultConfig(), share, l, samples, func(v detector.Verdict) { u = v.Upper })
		return u
	}
	if none, two := upper(0), upper(2); !(two > none) {
		t.Errorf("got upper bounds %v without a share and %v with two powers of ten, want the latter larger", none, two)
	}
}
