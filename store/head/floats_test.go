package head

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
)

type point struct {
	t int64
	v float64
}

// awkward are values with many or few bits in common.
func awkward(r *rand.Rand, last float64) float64 {
	switch r.IntN(10) {
	case 0, 1, 2:
		return last
	case 3:
		return math.Float64frombits(value.StaleNaN)
	case 4:
		return math.Float64frombits(r.Uint64())
	case 5:
		return math.Inf(1 - 2*r.IntN(2))
	case 6:
		return float64(r.IntN(1000))
	case 7:
		return math.Copysign(0, -1)
	default:
		return last + float64(r.IntN(100))/100
	}
}

func awkwardStep(r *rand.Rand) int64 {
	switch r.IntN(8) {
	case 0:
		return 1 + r.Int64N(1<<uint(1+r.IntN(33)))
	case 1, 2:
		return 14_900 + r.Int64N(200)
	default:
		return 15_000
	}
}

func stream(r *rand.Rand, n int) []point {
	out := make([]point, 0, n)
	t, v := r.Int64N(1<<41)-1<<39, 0.0
	for range n {
		v = awkward(r, v)
		out = append(out, point{t, v})
		t += awkwardStep(r)
	}
	return out
}

// pointsOf reads all samples of a series and checks what metas say of its chunks.
func pointsOf(t testing.TB, f *floats, id ID) []point {
	t.Helper()
	var out []point
	metas := f.metas(id, nil)
	for i, m := range metas {
		c, err := f.chunk(m.Ref)
		if err != nil {
			t.Fatalf("chunk %d of series %d: %v", i, id, err)
		}
		first := true
		it := c.Iterator(nil)
		for it.Next() == chunkenc.ValFloat {
			at, v := it.At()
			if first && at != m.MinTime {
				t.Fatalf("chunk %d begins at %d, meta says %d", i, at, m.MinTime)
			}
			first = false
			out = append(out, point{at, v})
		}
		if err := it.Err(); err != nil {
			t.Fatal(err)
		}
		if want := out[len(out)-1].t; i < len(metas)-1 && m.MaxTime != want {
			t.Fatalf("chunk %d ends at %d, meta says %d", i, want, m.MaxTime)
		}
	}
	if n := len(metas); n > 0 && metas[n-1].MaxTime != math.MaxInt64 {
		t.Fatalf("open chunk ends at %d, want no end", metas[n-1].MaxTime)
	}
	return out
}

func samePoints(t testing.TB, got, want []point) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d samples, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i].t != want[i].t || math.Float64bits(got[i].v) != math.Float64bits(want[i].v) {
			t.Fatalf("sample %d is %v, want %v", i, got[i], want[i])
		}
	}
}

// checkBytes compares the bytes of all chunks with what Prometheus writes for the same
// samples.
func checkBytes(t testing.TB, f *floats, id ID) {
	t.Helper()
	for i, m := range f.metas(id, nil) {
		c, err := f.chunk(m.Ref)
		if err != nil {
			t.Fatal(err)
		}
		want := chunkenc.NewXORChunk()
		app, err := want.Appender()
		if err != nil {
			t.Fatal(err)
		}
		for it := c.Iterator(nil); it.Next() == chunkenc.ValFloat; {
			at, v := it.At()
			app.Append(0, at, v)
		}
		if got, want := string(c.Bytes()), string(want.Bytes()); got != want {
			t.Fatalf("chunk %d:\n%x, want\n%x", i, got, want)
		}
	}
}

func TestFloats_AnySamples_AreTheBytesOfXORChunks(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		f := newFloats(2*3600_000, nil)
		id := f.add(7)
		want := stream(r, 1+r.IntN(600))
		for _, p := range want {
			if !f.append(id, p.t, p.v) {
				t.Fatalf("seed %d: sample at %d was not taken", seed, p.t)
			}
		}
		samePoints(t, pointsOf(t, f, id), want)
		checkBytes(t, f, id)
	}
}

func FuzzFloats_AnySamples_AreTheBytesOfXORChunks(f *testing.F) {
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 2))
		var b []byte
		for _, p := range stream(r, 150) {
			b = binary.LittleEndian.AppendUint64(b, uint64(p.t))
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(p.v))
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		x := newFloats(2*3600_000, nil)
		id := x.add(7)
		var want []point
		for ; len(b) >= 16; b = b[16:] {
			p := point{int64(binary.LittleEndian.Uint64(b)), math.Float64frombits(binary.LittleEndian.Uint64(b[8:]))}
			newer := p.t > math.MinInt64 && (len(want) == 0 || p.t > want[len(want)-1].t)
			if got := x.append(id, p.t, p.v); got != newer {
				t.Fatalf("append at %d: %t, want %t", p.t, got, newer)
			}
			if newer {
				want = append(want, p)
			}
		}
		samePoints(t, pointsOf(t, x, id), want)
		checkBytes(t, x, id)
	})
}

func TestFloats_SampleNotNewer_IsRefused(t *testing.T) {
	f := newFloats(1000, nil)
	id := f.add(1)
	if _, _, ok := f.newest(id); ok {
		t.Fatal("a series without samples has a newest one")
	}
	for _, c := range []struct {
		t    int64
		want bool
	}{{math.MinInt64, false}, {-5, true}, {-5, false}, {-6, false}, {3, true}} {
		if got := f.append(id, c.t, 1); got != c.want {
			t.Fatalf("append at %d: %t, want %t", c.t, got, c.want)
		}
	}
	if at, v, ok := f.newest(id); at != 3 || v != 1 || !ok {
		t.Fatalf("newest is %d %v %t", at, v, ok)
	}
	if f.append(id+1, 5, 1) || f.append(1e6, 5, 1) || f.ref(1e6) != 0 || f.ref(id) != 1 {
		t.Fatal("a series that was never made takes samples")
	}
}

func TestFloats_Chunks_EndAtBordersAndWhenFull(t *testing.T) {
	const blockRange = 3600_000
	f := newFloats(blockRange, nil)
	id := f.add(1)
	for at := int64(-2 * blockRange); at < 3*blockRange; at += 5000 {
		f.append(id, at, 1)
	}
	metas := f.metas(id, nil)
	borders := 0
	for i, m := range metas {
		c, err := f.chunk(m.Ref)
		if err != nil {
			t.Fatal(err)
		}
		if n := c.NumSamples(); n > samplesPerChunk {
			t.Fatalf("chunk %d has %d samples", i, n)
		}
		if i == len(metas)-1 {
			break
		}
		if m.MinTime >= metas[i+1].MinTime || m.MaxTime >= metas[i+1].MinTime {
			t.Fatalf("chunk %d overlaps the next", i)
		}
		if chunkEnd(m.MinTime, blockRange) <= m.MaxTime {
			t.Fatalf("chunk %d from %d to %d crosses a border", i, m.MinTime, m.MaxTime)
		}
		if metas[i+1].MinTime%blockRange == 0 {
			borders++
		}
	}
	if borders != 4 {
		t.Fatalf("%d chunks begin at a border, want 4", borders)
	}
	f = newFloats(math.MaxInt64/2, nil)
	id = f.add(1)
	f.append(id, 0, 1)
	f.append(id, 1<<40, 1)
	f.append(id, math.MaxInt64, 1)
	if n := len(f.metas(id, nil)); n != 3 {
		t.Fatalf("steps of more than 32 bits make %d chunks, want 3", n)
	}
}

func TestFloats_OpenChunkBecomesFull_RefStaysGood(t *testing.T) {
	files, err := openChunkFiles(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer files.close()
	f := newFloats(1<<40, files)
	id := f.add(1)
	f.append(id, 0, 5)
	ref := f.metas(id, nil)[0].Ref
	for at := range int64(300) {
		f.append(id, at, 5)
	}
	c, err := f.chunk(ref)
	if err != nil {
		t.Fatal(err)
	}
	if it := c.Iterator(nil); it.Next() != chunkenc.ValFloat || it.AtT() != 0 || c.NumSamples() < earliestCut {
		t.Fatal("the reference of the first chunk leads to another one")
	}
	for _, ref := range []chunks.ChunkRef{chunkRef(id, 100), chunkRef(id+1, 0), chunkRef(9999, 0)} {
		if _, err := f.chunk(ref); err == nil {
			t.Fatalf("chunk %x was found", ref)
		}
	}
}

func TestFloats_Each_GoesByID(t *testing.T) {
	f := newFloats(1<<40, nil)
	f.each(func(ID, int64) { t.Fatal("no series was made") })
	for i := range 1000 {
		id := f.add(chunks.HeadSeriesRef(i + 1))
		if i%3 > 0 {
			f.append(id, int64(i), 0)
		}
	}
	last, count := ID(0), 0
	f.each(func(id ID, newest int64) {
		want := int64(count)
		if want%3 == 0 {
			want = never
		}
		if id <= last || newest != want {
			t.Fatalf("series %d after %d at %d, want %d", id, last, newest, want)
		}
		last = id
		count++
	})
	if count != 1000 {
		t.Fatalf("%d series, want 1000", count)
	}
}

// append stores one sample and reports whether it did.
func (f *floats) append(id ID, t int64, v float64) bool {
	stored := true
	f.appendAll([]Sample{{ID: id, T: t, V: v}}, func(*Sample) { stored = false })
	return stored
}

// What is late is told in its turn: when the samples before it are stored, and those
// behind it are not.
func TestFloats_AppendAll_LateInTheirTurn(t *testing.T) {
	f := newFloats(1<<40, nil)
	const series = 700 // of three pages
	ids := make([]ID, series)
	for i := range ids {
		ids[i] = f.add(chunks.HeadSeriesRef(i + 1))
	}
	var all []Sample
	var want []int
	for round := range int64(6) {
		for i, id := range ids {
			x := Sample{ID: id, T: 1000 * (round + 1), V: float64(i)}
			all = append(all, x)
			if i%97 == 5 {
				x.V++
				want = append(want, len(all))
				all = append(all, x) // again, with another value
			}
			if i == 400 && round == 3 {
				want = append(want, len(all))
				all = append(all, Sample{ID: 1 << 30, T: x.T})
			}
		}
	}
	at := map[*Sample]int{}
	for i := range all {
		at[&all[i]] = i
	}
	var late []int
	f.appendAll(all, func(s *Sample) {
		late = append(late, at[s])
		if tm, v, ok := f.newest(s.ID); s.ID < 1<<30 && (!ok || tm != s.T || v != s.V-1) {
			t.Fatalf("sample %d: the newest is %v at %d, want %v at %d", at[s], v, tm, s.V-1, s.T)
		}
	})
	if !slices.Equal(late, want) {
		t.Errorf("late are %v, want %v", late, want)
	}
	for i, id := range ids {
		if tm, v, ok := f.newest(id); !ok || tm != 6000 || v != float64(i) {
			t.Fatalf("series %d: the newest is %v at %d, want %d at 6000", id, v, tm, i)
		}
	}
}
