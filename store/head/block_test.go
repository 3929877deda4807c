package head

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/tombstones"
)

const testRange = 1_000_000 // ms

func openTSDBHead(tb testing.TB) *tsdb.Head {
	tb.Helper()
	o := tsdb.DefaultHeadOptions()
	o.ChunkDirRoot = tb.TempDir()
	o.ChunkRange = testRange
	o.EnableSharding = true
	h, err := tsdb.NewHead(nil, promslog.NewNopLogger(), nil, nil, o, nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = h.Close() })
	return h
}

// both is the same series and samples in a head of the TSDB and here.
type both struct {
	tb     testing.TB
	theirs *tsdb.Head
	index  *index
	floats *floats
	refs   chunks.HeadSeriesRef
	floor  int64 // what is older may be gone
}

func newBoth(tb testing.TB) *both {
	tb.Helper()
	files, err := openChunkFiles(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = files.close() })
	return &both{tb: tb, theirs: openTSDBHead(tb), index: newIndex(), floats: newFloats(testRange, files)}
}

func (b *both) append(ls []labels.Labels, t int64, value func(i int) float64) {
	b.tb.Helper()
	app := b.theirs.Appender(context.Background())
	for i, ls := range ls {
		v := value(i)
		if _, err := app.Append(0, ls, t, v); err != nil {
			b.tb.Fatal(err)
		}
		id, _ := b.index.getOrCreate(ls, b.add)
		b.floats.append(id, t, v)
	}
	if err := app.Commit(); err != nil {
		b.tb.Fatal(err)
	}
}

func (b *both) add() ID {
	b.refs++
	return b.floats.add(b.refs)
}

// truncate drops series without samples from mint on.
func (b *both) truncate(mint int64) (gone int) {
	b.tb.Helper()
	if err := b.theirs.Truncate(mint); err != nil {
		b.tb.Fatal(err)
	}
	ids, _ := b.floats.drop(b.floats.old(mint), mint)
	b.index.remove(ids)
	b.floats.free(ids)
	b.floor = mint
	return len(ids)
}

func (b *both) blocks(mint, maxt int64) (theirs, ours tsdb.BlockReader) {
	return tsdb.NewRangeHead(b.theirs, mint, maxt), &block{b.index, b.floats, max(mint, b.theirs.MinTime()), maxt}
}

// sample is one sample in text. It is asked for millions of times, where fmt takes
// most of a test under the race detector.
func sample(to []byte, t int64, v float64) []byte {
	to = strconv.AppendInt(append(to, ' '), t, 10)
	return strconv.AppendFloat(append(to, ':'), v, 'g', -1, 64)
}

// text writes down series with all their samples, one a line. A series may have a chunk
// in a range and no sample, which depends on where chunks are cut: withSamples leaves
// it out.
func text(tb testing.TB, set storage.SeriesSet, withSamples bool) []string {
	tb.Helper()
	var out []string
	var line [64]byte
	var it chunkenc.Iterator
	for set.Next() {
		var s strings.Builder
		s.WriteString(set.At().Labels().String())
		it = set.At().Iterator(it)
		samples := 0
		for ; it.Next() != chunkenc.ValNone; samples++ {
			t, v := it.At()
			s.Write(sample(line[:0], t, v))
		}
		if it.Err() != nil {
			tb.Fatal(it.Err())
		}
		if samples > 0 || !withSamples {
			out = append(out, s.String())
		}
	}
	if set.Err() != nil {
		tb.Fatal(set.Err())
	}
	return out
}

// chunkText does so with chunks; where chunks are cut is not compared.
func chunkText(tb testing.TB, set storage.ChunkSeriesSet) []string {
	tb.Helper()
	var out []string
	var line [64]byte
	for set.Next() {
		var s strings.Builder
		s.WriteString(set.At().Labels().String())
		any := false
		for it := set.At().Iterator(nil); it.Next(); {
			m := it.At()
			samples := m.Chunk.Iterator(nil)
			var newest int64
			any = true
			for samples.Next() != chunkenc.ValNone {
				t, v := samples.At()
				if t < m.MinTime {
					tb.Errorf("sample at %d in a chunk from %d", t, m.MinTime)
				}
				newest = t
				s.Write(sample(line[:0], t, v))
			}
			if newest != m.MaxTime {
				tb.Errorf("chunk until %d has its last sample at %d", m.MaxTime, newest)
			}
		}
		if any {
			out = append(out, s.String())
		}
	}
	if set.Err() != nil {
		tb.Fatal(set.Err())
	}
	return out
}

type chance struct{ *rand.Rand }

func (r chance) of(s ...string) string { return s[r.IntN(len(s))] }

func (r chance) labels() labels.Labels {
	b := labels.NewScratchBuilder(6)
	b.Add("__name__", r.of("up", "cpu", "mem"))
	for _, name := range []string{"a", "ab", "b", "z"} {
		if r.IntN(3) > 0 {
			b.Add(name, r.of("1", "2", "10", "x", "xy", "y\xff", "long "+strings.Repeat("v", 300)))
		}
	}
	if r.IntN(2) == 0 {
		b.Add("zz", fmt.Sprint(r.IntN(300)))
	}
	return b.Labels()
}

func (r chance) name() string { return r.of("__name__", "a", "ab", "b", "z", "zz", "none") }

func (r chance) matcher() *labels.Matcher {
	kind := labels.MatchType(r.IntN(4))
	value := r.of("", "up", "1", "2", "10", "x", "17", "none")
	if kind == labels.MatchRegexp || kind == labels.MatchNotRegexp {
		value = r.of("", ".*", ".+", "1|2", "x.*", "1|", ".*1.*", "up|mem", "[0-9]+", "[^x]*", "1.?.?", "none|nothing", "(|y).*")
	}
	return labels.MustNewMatcher(kind, r.name(), value)
}

func (r chance) matchers(n int) []*labels.Matcher {
	ms := make([]*labels.Matcher, n)
	for i := range ms {
		ms[i] = r.matcher()
	}
	return ms
}

func TestBlock_RandomSeriesAndMatchers_AnswersAsHeadOfTSDB(t *testing.T) {
	for seed := range uint64(4) {
		r := chance{rand.New(rand.NewPCG(seed, 1))}
		b := newBoth(t)
		pool := make([]labels.Labels, 250)
		for i := range pool {
			pool[i] = r.labels()
		}
		slices.SortFunc(pool, labels.Compare)
		pool = slices.CompactFunc(pool, func(a, b labels.Labels) bool { return labels.Compare(a, b) == 0 })
		now := int64(testRange)
		removed := 0
		for range 12 {
			r.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
			some := pool[:1+r.IntN(len(pool))]
			for range 1 + r.IntN(90) {
				now += 1000
				b.append(some, now, func(int) float64 { return float64(r.IntN(1000)) })
			}
			if r.IntN(3) == 0 {
				removed += b.truncate(max(b.floor, now-int64(r.IntN(100_000))))
			}
			if got, want := b.index.len(), int(b.theirs.NumSeries()); got != want {
				t.Fatalf("seed %d: %d series, want %d", seed, got, want)
			}
			for range 15 {
				from := now - int64(r.IntN(200_000))
				compare(t, r, b, from, from+int64(r.IntN(100_000)))
			}
			for range 5 {
				compare(t, r, b, math.MinInt64, math.MaxInt64)
			}
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
		if removed == 0 {
			t.Errorf("seed %d: no series was ever removed", seed)
		}
	}
}

// compare asks both the same at random.
func compare(t *testing.T, r chance, b *both, mint, maxt int64) {
	t.Helper()
	ctx := context.Background()
	mint = max(mint, b.floor)
	theirs, ours := b.blocks(mint, maxt)
	ms := r.matchers(r.IntN(4))
	if len(ms) == 0 {
		ms = append(ms, labels.MustNewMatcher(labels.MatchEqual, "", ""))
	}
	hints := &storage.SelectHints{Start: mint, End: maxt}
	if r.IntN(3) == 0 {
		hints.ShardCount = 3
		hints.ShardIndex = uint64(r.IntN(3))
	}
	if maxt == math.MaxInt64 && r.IntN(2) == 0 {
		hints.Func = "series"
	}
	name, limit := r.name(), &storage.LabelHints{Limit: r.IntN(8), LimitSmallest: true}
	type answer struct{ series, chunks, names, values, fewer []string }
	ask := func(block tsdb.BlockReader) (a answer) {
		q := querierOf(t, block, mint, maxt)
		defer q.Close()
		a.series = text(t, q.Select(ctx, true, hints, slices.Clone(ms)...), hints.Func == "")
		unsorted := text(t, q.Select(ctx, false, hints, slices.Clone(ms)...), hints.Func == "")
		if slices.Sort(unsorted); !slices.Equal(unsorted, slices.Sorted(slices.Values(a.series))) {
			t.Errorf("%v: sorted and unsorted have not the same series", ms)
		}
		own := ms
		if ms[0].Name == "" {
			own = nil
		}
		var err error
		a.names, _, err = q.LabelNames(ctx, nil, slices.Clone(own)...)
		if err != nil {
			t.Fatal(err)
		}
		a.values, _, err = q.LabelValues(ctx, name, nil, slices.Clone(own)...)
		if err != nil {
			t.Fatal(err)
		}
		a.fewer, _, err = q.LabelValues(ctx, name, limit, slices.Clone(own)...)
		if err != nil {
			t.Fatal(err)
		}
		cq, err := tsdb.NewBlockChunkQuerier(block, mint, maxt)
		if err != nil {
			t.Fatal(err)
		}
		defer cq.Close()
		hints := *hints
		hints.Func = ""
		a.chunks = chunkText(t, cq.Select(ctx, true, &hints, slices.Clone(ms)...))
		return a
	}
	want, got := ask(theirs), ask(ours)
	labelsAlone(t, ours, mint, maxt, ms)
	check := func(what string, got, want []string) {
		t.Helper()
		if slices.Equal(got, want) {
			return
		}
		i := 0
		for i < len(got) && i < len(want) && got[i] == want[i] {
			i++
		}
		t.Errorf("%s of %v from %d to %d (hints %+v): %d, want %d; at %d\ngot  %.300q\nwant %.300q", what, ms, mint, maxt, hints,
			len(got), len(want), i, got[i:min(i+2, len(got))], want[i:min(i+2, len(want))])
	}
	check("series", got.series, want.series)
	check("chunks", got.chunks, want.chunks)
	check("names", got.names, want.names)
	check("values of "+name, got.values, want.values)
	check(fmt.Sprintf("%d values of %s", limit.Limit, name), got.fewer, want.fewer)
}

// labelsAlone compares our way of finding series for who wants no samples with that of the
// TSDB, over the same block. Where chunks are cut is the same then, so that any range will do.
func labelsAlone(t *testing.T, b tsdb.BlockReader, mint, maxt int64, ms []*labels.Matcher) {
	t.Helper()
	if mint > maxt { // the TSDB looks at no chunk's end there
		return
	}
	plain, err := tsdb.NewBlockQuerier(b, mint, maxt)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	own := querierOf(t, b, mint, maxt)
	defer own.Close()
	for _, sorted := range []bool{true, false} {
		hints := &storage.SelectHints{Start: mint, End: maxt, Func: "series"}
		got := text(t, own.Select(t.Context(), sorted, hints, slices.Clone(ms)...), false)
		want := text(t, plain.Select(t.Context(), sorted, hints, slices.Clone(ms)...), false)
		if !slices.Equal(got, want) {
			t.Errorf("%v from %d to %d, sorted %t: got %d series, want %d", ms, mint, maxt, sorted, len(got), len(want))
		}
	}
}

// querierOf returns the querier that the store reads a block of ours with, or that of the
// TSDB for one of theirs.
func querierOf(tb testing.TB, b tsdb.BlockReader, mint, maxt int64) storage.Querier {
	tb.Helper()
	if own, ok := b.(*block); ok {
		return &querier{index: &indexReader{own}, mint: mint, maxt: maxt}
	}
	q, err := tsdb.NewBlockQuerier(b, mint, maxt)
	if err != nil {
		tb.Fatal(err)
	}
	return q
}

func TestBlock_NoTombstonesAndRange(t *testing.T) {
	b := &block{newIndex(), nil, 5, 9}
	if m := b.Meta(); m.MinTime != 5 || m.MaxTime != 10 || m.Stats.NumSeries != 0 {
		t.Errorf("meta %+v", m)
	}
	if m := (&block{newIndex(), nil, 5, math.MaxInt64}).Meta(); m.MaxTime != math.MaxInt64 {
		t.Errorf("end %d of a range without end", m.MaxTime)
	}
	ts, err := b.Tombstones()
	if err != nil {
		t.Fatal(err)
	}
	if ts.Total() != 0 || b.Size() != 0 {
		t.Errorf("%d tombstones, %d bytes, want none", ts.Total(), b.Size())
	}
	if got, err := ts.Get(1); err != nil || len(got) != 0 {
		t.Errorf("deleted %v, %v", got, err)
	}
	if err := ts.Iter(func(storage.SeriesRef, tombstones.Intervals) error { return fmt.Errorf("one") }); err != nil {
		t.Error(err)
	}
	if err := ts.Close(); err != nil {
		t.Error(err)
	}
}
