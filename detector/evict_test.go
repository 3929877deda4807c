package detector_test

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

const hour = int64(3_600_000)

func ignore(detector.Verdict) {}

// sweepFor sweeps each hour from a time on, as a clock that goes on does, and returns the
// last time.
func sweepFor(b *detector.Bank, at int64, hours int) int64 {
	for range hours {
		b.Sweep(at, ignore)
		at += hour
	}
	b.Sweep(at, ignore)
	return at
}

func evictAfter(d time.Duration) func(*detector.Config) {
	return func(c *detector.Config) { c.EvictAfter = yamldoc.Duration(d) }
}

// figure returns one of the bank's own metrics.
func figure(b *detector.Bank, name string) float64 {
	set := metrics.NewSet()
	b.Expose(set)
	return expose(set)[name]
}

const (
	evictedIdle = `tocsin_detector_series_evicted_total{reason="idle"}`
	evictedFull = `tocsin_detector_series_evicted_total{reason="max_series"}`
	refused     = `tocsin_detector_series_refused_total{reason="max_series"}`
)

func TestSweep_IdleSeries_GivesPlaceAndPageBack(t *testing.T) {
	b := newBank(t, evictAfter(24*time.Hour))
	away, here, broken := b.Register(gauge("away")), b.Register(gauge("here")), b.Register(gauge("broken"))
	at := start
	for range 100 { // with a day to learn, so that it has a page
		at += hour / 4
		b.Observe(away, at, 100+math.Sin(float64(at)))
		b.Observe(here, at, 100+math.Sin(float64(at)))
	}
	b.Sweep(at, ignore)
	for range 30 {
		at += hour
		b.Observe(here, at, 100)
		b.Observe(broken, at, math.NaN()) // teaches nothing but is used
		b.Sweep(at, ignore)
	}
	if got := figure(b, evictedIdle); got != 1 || b.Len() != 2 {
		t.Fatalf("got %v evicted and %d watched, want 1 and 2", got, b.Len())
	}
	if _, ok := b.Last(away); ok {
		t.Error("an evicted series has a last verdict")
	}
	if got := b.Labels(away); !labels.Equal(got, gauge("away")) {
		t.Errorf("just after: got labels %s, want them kept for verdicts that wait", got)
	}
	if v, tell := b.Observe(away, at, 5); tell || v.Phase != detector.PhaseGone {
		t.Errorf("sample for an evicted series: got %+v", v)
	}
	at += hour
	b.Sweep(at, ignore)
	bytes := b.Bytes()
	next := b.Register(gauge("next"))
	for range 100 {
		at += hour / 4
		b.Observe(next, at, 1e6+math.Sin(float64(at)))
	}
	if next == away || uint32(next) != uint32(away) {
		t.Errorf("got slot %#x after %#x, want the same place in another generation", next, away)
	}
	if b.Bytes() != bytes {
		t.Errorf("memory grew from %d to %d bytes for a series that took an empty place", bytes, b.Bytes())
	}
	if v, _ := b.Observe(away, at+hour, 5); v.Phase != detector.PhaseGone || !b.Labels(away).IsEmpty() {
		t.Errorf("the old slot reaches another series: %+v, %s", v, b.Labels(away))
	}
	if v, _ := b.Last(next); v.Value < 1e5 {
		t.Errorf("another's sample was taken: %+v", v)
	}
	if again := b.Register(gauge("away")); again == away || !again.Watched() {
		t.Errorf("came back to slot %#x, had %#x", again, away)
	}
}

func TestSweep_AfterAStart_SendersHaveAsLongToComeBack(t *testing.T) {
	b := newBank(t, evictAfter(24*time.Hour))
	slot := b.Register(gauge("x"))
	b.Observe(slot, start, 1)
	monday := start + 100*hour
	b.Sweep(monday, ignore)
	b.Sweep(monday+23*hour, ignore)
	if b.Len() != 1 {
		t.Error("evicted for what passed before the first sweep")
	}
	b.Sweep(monday+25*hour, ignore)
	if b.Len() != 0 {
		t.Error("kept for ever")
	}
}

// A machine that was suspended for a week, or whose clock was wrong for a moment, sweeps
// before senders can send: what was learned stays, and series that are really gone go later.
func TestSweep_ClockLeaps_SendersHaveAsLongToComeBack(t *testing.T) {
	for name, leaps := range map[string][]int64{
		"suspended":         {200 * hour},
		"a wrong clock":     {10 * 365 * 24 * hour, hour},
		"wrong at the boot": {-10 * 365 * 24 * hour, hour},
	} {
		b := newBank(t, evictAfter(24*time.Hour), func(c *detector.Config) { c.MaxSeries = 2 })
		here, gone := b.Register(gauge("here")), b.Register(gauge("gone"))
		b.Observe(here, start, 1)
		b.Observe(gone, start, 1)
		for at := range int64(50) {
			b.Sweep(start+at, ignore)
		}
		var at int64
		for _, leap := range leaps {
			at = start + leap
			b.Sweep(at, ignore)
			if b.Register(gauge("new")).Watched() {
				t.Errorf("%s: a series lost its place before it could send again", name)
			}
		}
		b.Observe(here, at+1, 1)
		for range 50 {
			at += hour
			b.Sweep(at, ignore)
			b.Observe(here, at, 1)
		}
		if _, ok := b.Last(here); !ok || b.Len() != 1 || figure(b, evictedIdle) != 1 {
			t.Errorf("%s: %d series and %v evicted, want only the one that is gone to be", name, b.Len(), figure(b, evictedIdle))
		}
	}
}

func TestRegister_Full_LongestIdleGoFirstAndRefusedAskAgain(t *testing.T) {
	b := newBank(t, func(c *detector.Config) { c.MaxSeries = 3 })
	slots := make([]detector.Slot, 3)
	for i := range slots {
		slots[i] = b.Register(gauge("s" + strconv.Itoa(i)))
		b.Observe(slots[i], start+int64(2-i)*hour, 1) // s2 is the longest idle
	}
	b.Sweep(start, ignore)
	no := b.Register(gauge("new"))
	if no.Watched() || figure(b, refused) != 1 {
		t.Fatalf("got slot %#x although nobody is idle", no)
	}
	if v, _ := b.Observe(no, start, 1); v.Phase == detector.PhaseGone {
		t.Error("asked to register again although nothing has changed")
	}
	sweepFor(b, start, 4)
	yes := b.Register(gauge("newer"))
	if !yes.Watched() || figure(b, evictedFull) != 1 || b.Len() != 3 {
		t.Fatalf("got slot %#x, %v evicted, %d watched", yes, figure(b, evictedFull), b.Len())
	}
	if v, _ := b.Observe(slots[2], start+5*hour, 1); v.Phase != detector.PhaseGone {
		t.Errorf("the longest idle was kept: %+v", v)
	}
	if v, _ := b.Observe(no, start+5*hour, 1); v.Phase != detector.PhaseGone {
		t.Error("one that was refused is not asked to try again")
	}
}

func TestCheckpoint_AfterEvictions_SameVerdictsForThoseLeft(t *testing.T) {
	first, second := newBank(t, evictAfter(3*time.Hour)), newBank(t)
	shown := func(b *detector.Bank, name string, i int) detector.Verdict {
		v, _ := b.Observe(b.Register(gauge(name)), minute(i), float64(i%17)*float64(len(name)))
		v.Slot = 0
		return v
	}
	for i := range 600 {
		shown(first, "left", i)
		if i < 300 {
			shown(first, "evicted", i)
		}
		if i >= 550 {
			shown(first, "latecomer", i)
		}
		first.Sweep(minute(i), ignore)
	}
	if first.Len() != 2 {
		t.Fatalf("got %d series, want 2", first.Len())
	}
	var file bytes.Buffer
	if err := first.Checkpoint(&file); err != nil {
		t.Fatal(err)
	}
	if err := second.Restore(&file); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(second.Services(minute(600))), fmt.Sprint(first.Services(minute(600))); second.Len() != 2 || got != want {
		t.Errorf("got %d series of %s, want 2 of %s", second.Len(), got, want)
	}
	for i := 600; i < 700; i++ {
		for _, name := range []string{"left", "latecomer", "evicted"} {
			if a, b := shown(first, name, i), shown(second, name, i); !same(a, b) {
				t.Fatalf("%s, minute %d: got %+v, want %+v", name, i, b, a)
			}
		}
	}
}

// Writers hold slots while series are evicted under them: no sample may ever
// reach another series.
func TestEviction_WritersHoldOldSlots_SeriesStayApart(t *testing.T) {
	b := newBank(t, evictAfter(3*time.Hour), func(c *detector.Config) { c.MaxSeries = 40 })
	var clock atomic.Int64
	clock.Store(start)
	var writers sync.WaitGroup
	done := make(chan struct{})
	for w := range 4 {
		writers.Go(func() {
			held := map[int]detector.Slot{}
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				// Each writer has thirty series of its own and turns to others as time goes on.
				n := 1000*w + int(clock.Load()/hour/8)%7*20 + i%30
				l := gauge("s" + strconv.Itoa(n))
				if _, ok := held[n]; !ok {
					held[n] = b.Register(l)
				}
				if v, _ := b.Observe(held[n], clock.Load()+int64(i), float64(n)); v.Phase == detector.PhaseGone {
					held[n] = b.Register(l)
				}
			}
		})
	}
	for range 300 {
		b.Sweep(clock.Add(hour), ignore)
		for _, slot := range b.Slots() {
			v, ok := b.Last(slot)
			name := b.Labels(slot).Get("__name__")
			if ok && name != "" && name != "s"+strconv.Itoa(int(v.Value)) {
				t.Fatalf("slot %#x of %s has a sample of s%v", slot, name, v.Value)
			}
		}
		if err := b.Checkpoint(discard{}); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	writers.Wait()
	if figure(b, evictedIdle)+figure(b, evictedFull) < 40 || figure(b, refused) == 0 {
		t.Errorf("got %v and %v evicted, %v refused: the test shows nothing", figure(b, evictedIdle), figure(b, evictedFull), figure(b, refused))
	}
}
