package detector_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// What young series will take is told from their first moment on, and no more of those that
// have their page, that never change, or that have ended.
func TestToCome_YoungSeries_CountUntilTheyHavePages(t *testing.T) {
	b := newBank(t)
	if got := b.ToCome(); got != 0 {
		t.Errorf("empty: got %d bytes", got)
	}
	const each = 1000
	at := start
	show := func(name string, value float64) {
		for i := range each {
			b.Observe(b.Register(gauge(fmt.Sprint(name, i))), at, value+float64(i))
		}
	}
	show("changes", 1)
	one := b.ToCome()
	if one < each*500 || one > each*1000 {
		t.Errorf("%d new series: got %d bytes, want some 600 each", each, one)
	}
	b.Sweep(at, ignore)
	if got := b.ToCome(); got != one {
		t.Errorf("swept: got %d bytes, want %d as before", got, one)
	}
	show("ends", 1)
	show("constant", 1)
	if got := b.ToCome(); got != 3*one {
		t.Errorf("with as many twice more: got %d bytes, want %d", got, 3*one)
	}
	for k := range 60 {
		at += hour / 6
		show("changes", 100*math.Sin(float64(k)))
		show("constant", 1)
		b.Sweep(at+240*hour, ignore) // all samples are old, as after an outage
		if k == 12 {                 // two hours later the silent ones are not given up yet
			if got := b.ToCome(); got != 3*one {
				t.Errorf("two hours later: got %d bytes, want %d", got, 3*one)
			}
		}
	}
	if got := b.ToCome(); got != 0 {
		t.Errorf("ten hours later: got %d bytes, want none", got)
	}
	show("new", 1)
	if got := b.ToCome(); got >= one || got < one/2 { // some pages are there already
		t.Errorf("new ones: got %d bytes, want %d less what was taken for pages already", got, one)
	}
}

// A native histogram keeps copies, of which it has one at first.
func TestToCome_NativeHistograms_CountUntilTheyHaveTheirCopies(t *testing.T) {
	b := newBank(t)
	const each = 200
	r := rand.New(rand.NewPCG(1, 2))
	show := func(name string, from, rounds int) []*native {
		var all []*native
		for i := range each {
			n := newNative(b, name, fmt.Sprint(i))
			n.busy(r, from, rounds, 100, 1)
			all = append(all, n)
		}
		return all
	}
	pages := func(series int) int64 { // of a bank with as many series and no histogram
		b := newBank(t)
		for i := range series {
			b.Observe(b.Register(gauge(fmt.Sprint("g", i))), start, 1)
		}
		return b.ToCome()
	}
	show("a", 0, 1)
	young := b.ToCome() - pages(3*each)
	if young < each*2*8*10 || young > each*2*8*60 {
		t.Errorf("%d bytes are to come for %d histograms, want two copies of some ten to fifty buckets each", young, each)
	}
	show("a", 1, 20)
	if left := b.ToCome() - pages(3*each); left > young/4 {
		t.Errorf("twenty samples later: %d bytes are to come, of %d at first", left, young)
	}
	show("ends", 0, 1)
	for i := range 60 {
		at := start + int64(i)*6*hour
		b.Observe(b.Register(gauge("clock")), at, float64(i))
		b.Sweep(at, ignore)
	}
	if after := b.ToCome(); after > 1000 { // one page, of the clock
		t.Errorf("%d bytes are to come when all histograms have ended", after)
	}
}
