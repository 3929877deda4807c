package store

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/internal/labeltext"
	"github.com/tocsinhq/tocsin/telemetry"
)

func TestOrdinary_EachByteAtEachPlace(t *testing.T) {
	for n := 1; n < 20; n++ {
		for at := range n {
			for c := range 256 {
				b := []byte(strings.Repeat("~ ", n))[:n]
				b[at] = byte(c)
				if want := c >= 0x20 && c < 0x7f; ordinary(b) != want {
					t.Fatalf("%q: got %t, want %t", b, !want, want)
				}
			}
		}
	}
	if ordinary([]byte("\x00\x00\x00\x00\x00\x00\x00\x01")) || !ordinary(nil) {
		t.Error("only the last of several, or nothing")
	}
}

// pickedLabels writes labels of some texts in wire form, most of them good ones in order.
func pickedLabels(r *rand.Rand) (wire []byte) {
	names := []string{"__name__", "a", "job", "le", "naïve", "zone", "", "tab\t", "high\x7f", "bad\xff", strings.Repeat("n", 126), strings.Repeat("n", 200)}
	values := []string{"1", "/api/v1/orders", "grüße", "", "two\nlines", "\x01", "\xff", strings.Repeat("v", 120), strings.Repeat("v", 128)}
	few := func(all []string) string {
		if r.IntN(12) > 0 {
			return all[r.IntN(3)]
		}
		return all[r.IntN(len(all))]
	}
	if r.IntN(8) > 0 {
		wire = telemetry.AppendWire(wire, "__name__", few(values))
	}
	for i := range r.IntN(5) {
		name := names[min(i+1, len(names)-1)]
		if r.IntN(8) == 0 {
			name = few(names)
		}
		wire = telemetry.AppendWire(wire, name, few(values))
	}
	return wire
}

// What ofWire takes make takes, as the same labels, and their bytes are those that come.
func TestLabelMaker_OfWire_AgreesWithMake(t *testing.T) {
	limits := Limits{MaxLabels: 4, MaxLabelNameBytes: 120, MaxLabelValueBytes: 110}
	m := labelMaker{limits: &limits, writes: labeltext.Kept()}
	h := newHasher()
	r := rand.New(rand.NewPCG(3, 4))
	taken, left := 0, 0
	for range 50_000 {
		wire := pickedLabels(r)
		if n := len(wire); n > 0 && r.IntN(10) == 0 {
			if wire[r.IntN(n)] ^= 1 << r.IntN(8); r.IntN(2) == 0 {
				wire = wire[:r.IntN(n)]
			}
		}
		s := telemetry.Series{Wire: wire}
		got, ok := m.ofWire(wire)
		want, f := m.make(s.Unpack())
		if !ok {
			left++
			continue
		}
		taken++
		if f != nil || !labels.Equal(got, want) {
			t.Fatalf("%q: got %s, want %s, %v", wire, got, want, f)
		}
		if own, _ := h.ofLabels(got, nil); own != h.sum(wire) {
			t.Fatalf("%q: the identity is another than that of %s", wire, got)
		}
	}
	if taken < 20_000 || left < 5000 {
		t.Errorf("%d were taken and %d left to make, too few of one", taken, left)
	}
}

func TestLabelMaker_OfWire_OrdinaryLabels_AreTakenAndStay(t *testing.T) {
	limits := DefaultConfig().Limits
	m := labelMaker{limits: &limits, writes: labeltext.Kept()}
	wire := telemetry.AppendWire(telemetry.AppendWire(nil, "__name__", "up"), "job", "grüße")
	got, ok := m.ofWire(wire)
	clear(wire)
	if _, again := m.ofWire(telemetry.AppendWire(nil, "__name__", "down")); !ok || !again || got.String() != `{__name__="up", job="grüße"}` {
		t.Errorf("got %s, %t", got, ok)
	}
}

func TestLabelMaker_OfWire_WithoutText_LeavesAllToMake(t *testing.T) {
	limits := DefaultConfig().Limits
	m := labelMaker{limits: &limits}
	if _, ok := m.ofWire(telemetry.AppendWire(nil, "__name__", "up")); ok {
		t.Error("labels were written though they are kept in another way")
	}
}
