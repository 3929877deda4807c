package detector_test

import (
	"fmt"
	"math"
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
