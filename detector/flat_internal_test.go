package detector

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

func TestFlat_EveryType_AsPackageBinaryWritesIt(t *testing.T) {
	flatCase[series](t, true)
	flatCase[page](t, true)
	flatCase[classic](t, true)
	flatCase[bucket](t, true)
	flatCase[serviceState](t, false)
	flatCase[nativeState](t, false)
	flatCase[nativeHead](t, false)
	flatCase[struct {
		A uint8
		B [3]bool
		C float64
	}](t, false)
	flatCase[struct {
		A [2]struct{ On [2]bool }
		B uint32
	}](t, true)
}

// flatCase compares both ways of writing and reading values of a type; quick says
// that memory should have it as it is written, so that it is only copied.
func flatCase[T any](t *testing.T, quick bool) {
	t.Helper()
	f := flatOf[T]()
	if little := binary.NativeEndian.Uint16([]byte{1, 0}) == 1; little && f.same != quick {
		t.Errorf("%T is copied: got %v, want %v", *new(T), f.same, quick)
	}
	slow := f
	slow.same = false
	r := rand.New(rand.NewPCG(1, uint64(f.size)))
	for range 20 {
		raw := make([]byte, f.size)
		for i := range raw {
			raw[i] = byte(r.Uint32()) &^ 0x40 // no NaN, which package binary makes a quiet one
		}
		var want, got T
		if err := slow.read(raw, &want); err != nil {
			t.Fatal(err)
		}
		written := slow.append([]byte("x"), &want)
		if other := f.append([]byte("x"), &want); !bytes.Equal(other, written) {
			t.Fatalf("%T is written as\n%x, want\n%x", want, other, written)
		}
		if err := f.read(written[1:], &got); err != nil {
			t.Fatal(err)
		}
		if a, b := f.append(nil, &got), written[1:]; !bytes.Equal(a, b) {
			t.Fatalf("%T was read as\n%x, want\n%x", got, a, b)
		}
	}
	for _, n := range []int{0, f.size - 1, f.size + 1} {
		if err := f.read(make([]byte, n), new(T)); err == nil {
			t.Errorf("%T from %d bytes: no error, want one of %d", *new(T), n, f.size)
		}
	}
}

// Bytes that no checkpoint has must not become bools that are neither true nor false.
func TestFlat_Bools_AreTrueOrFalse(t *testing.T) {
	f := flatOf[bucket]()
	raw := bytes.Repeat([]byte{0x82}, f.size)
	var got, want bucket
	if err := f.read(raw, &got); err != nil {
		t.Fatal(err)
	}
	if _, err := binary.Decode(raw, binary.LittleEndian, &want); err != nil {
		t.Fatal(err)
	}
	if written := f.append(nil, &got); got != want || !got.Active || written[f.size-1] != 1 {
		t.Errorf("got %+v, written as %x, want %+v", got, written, want)
	}
}
