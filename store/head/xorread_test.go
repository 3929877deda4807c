package head

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// asPrometheus reads a chunk of any bytes in both ways. Of a sample that is cut off by the
// end theirs makes something; ours does not.
func asPrometheus(t *testing.T, b []byte) {
	t.Helper()
	var ours xorReader
	ours.reset(append(append([]byte{}, b...), make([]byte, xorPadding)...), len(b))
	if len(b) < 2 {
		if ours.next() {
			t.Fatalf("a sample in %d bytes", len(b))
		}
		return
	}
	chunk, err := chunkenc.FromData(chunkenc.EncXOR, b)
	if err != nil {
		t.Fatal(err)
	}
	theirs := chunk.Iterator(nil)
	for i := 0; ; i++ {
		got, want := ours.next(), theirs.Next() == chunkenc.ValFloat
		if ours.err != nil && ours.pos > ours.end {
			return
		}
		if got != want || (ours.err == nil) != (theirs.Err() == nil) {
			t.Fatalf("sample %d: got %t, %v, want %t, %v", i, got, ours.err, want, theirs.Err())
		}
		if !want {
			return
		}
		wt, wv := theirs.At()
		if ours.t != wt || ours.v != math.Float64bits(wv) {
			t.Fatalf("sample %d: got %x at %d, want %x at %d", i, ours.v, ours.t, math.Float64bits(wv), wt)
		}
	}
}

// FuzzXORReader reads chunks of any bytes as Prometheus' iterator reads them.
func FuzzXORReader(f *testing.F) {
	r := rand.New(rand.NewPCG(9, 10))
	for kind := range 6 {
		c := chunkenc.NewXORChunk()
		app, err := c.Appender()
		if err != nil {
			f.Fatal(err)
		}
		at := r.Int64N(1<<42) - 1<<41
		for i := range 120 {
			v := [...]float64{float64(i), 7, r.Float64(), math.Float64frombits(r.Uint64()), float64(r.IntN(100)) / 8, math.NaN()}[kind]
			app.Append(0, at, v)
			at += 15_000
			if kind > 2 {
				at += [...]int64{0, 0, r.Int64N(9000), 60_000, 300_000, 1 << 33}[r.IntN(6)]
			}
		}
		b := c.Bytes()
		f.Add(b)
		f.Add(b[:len(b)/2])
		var x xorReader
		x.reset(append(append([]byte{}, b...), make([]byte, xorPadding)...), len(b))
		for x.next() {
		}
		if x.err != nil || x.read != 120 {
			f.Fatalf("%d samples of 120 read, %v", x.read, x.err)
		}
	}
	f.Add([]byte{})
	f.Add([]byte{0, 9})
	f.Add(append([]byte{0, 2}, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1))
	f.Fuzz(asPrometheus)
}

func BenchmarkXORReader(b *testing.B) {
	c := chunkenc.NewXORChunk()
	app, err := c.Appender()
	if err != nil {
		b.Fatal(err)
	}
	for i := range 120 {
		app.Append(0, int64(i)*15_000, float64(i*i%1000)/8)
	}
	size := len(c.Bytes())
	padded := append(append([]byte{}, c.Bytes()...), make([]byte, xorPadding)...)
	b.Run("ours", func(b *testing.B) {
		var x xorReader
		for b.Loop() {
			x.reset(padded, size)
			for x.next() {
			}
		}
	})
	b.Run("theirs", func(b *testing.B) {
		var it chunkenc.Iterator
		for b.Loop() {
			it = c.Iterator(it)
			for it.Next() != chunkenc.ValNone {
			}
		}
	})
	if binary.BigEndian.Uint16(padded) != 120 {
		b.Fatal("the chunk was changed")
	}
}
