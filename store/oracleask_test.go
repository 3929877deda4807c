package store_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

func (o *oracle) matcher() *labels.Matcher {
	of := func(s ...string) string { return s[o.r.IntN(len(s))] }
	kind, v := labels.MatchType(o.r.IntN(4)), of("", "up", "1", "2", "x", "日本\u2028", " ", "none", "17")
	if kind >= labels.MatchRegexp {
		v = of("", ".*", ".+", "1|2", "1|", "x.*", ".*本.*", "up|cpu", "[0-9]+", "(|x)y?", "(lang)+", "none|nothing", "[^1]*", "1.?")
	}
	return labels.MustNewMatcher(kind, of("__name__", "a", "b", "ü", "z z", "i", "none"), v)
}

// compare asks both the same.
func (o *oracle) compare(whole bool) {
	o.t.Helper()
	mint, maxt := int64(0), o.at+1
	if !whole {
		width := oracleBlock.Milliseconds()
		mint = o.at - o.r.Int64N(5*3_600_000)
		maxt = mint + o.r.Int64N(90*60_000)
		switch o.r.IntN(4) {
		case 0:
			mint = mint / width * width
			maxt = mint + width - int64(o.r.IntN(2))
		case 1:
			maxt = mint
		}
	}
	ms := []*labels.Matcher{o.matcher(), o.matcher(), o.matcher()}[:1+o.r.IntN(3)]
	type answer struct{ series, unsorted, sought, chunks, names, values []string }
	name := []string{"__name__", "a", "b", "ü", "z z", "i", "none"}[o.r.IntN(7)]
	var hints *storage.SelectHints
	if o.r.IntN(2) == 0 {
		hints = &storage.SelectHints{Start: mint, End: maxt}
	}
	seed := o.r.Uint64() | 1
	ask := func(db interface {
		storage.Queryable
		storage.ChunkQueryable
	}) (a answer) {
		q, err := db.Querier(mint, maxt)
		if err != nil {
			o.t.Fatal(err)
		}
		defer q.Close()
		ctx := context.Background()
		a.series = seriesText(o.t, q.Select(ctx, true, hints, slices.Clone(ms)...), 0)
		a.unsorted = seriesText(o.t, q.Select(ctx, false, hints, slices.Clone(ms)...), 0)
		slices.Sort(a.unsorted)
		a.sought = seriesText(o.t, q.Select(ctx, true, hints, slices.Clone(ms)...), seed)
		if whole {
			if a.names, _, err = q.LabelNames(ctx, nil, slices.Clone(ms)...); err != nil {
				o.t.Fatal(err)
			}
			if a.values, _, err = q.LabelValues(ctx, name, nil, slices.Clone(ms)...); err != nil {
				o.t.Fatal(err)
			}
		}
		cq, err := db.ChunkQuerier(mint, maxt)
		if err != nil {
			o.t.Fatal(err)
		}
		defer cq.Close()
		a.chunks = chunksText(o.t, cq.Select(ctx, true, hints, slices.Clone(ms)...))
		return a
	}
	got, want := ask(o.rig.db), ask(o.theirs)
	check := func(what string, got, want []string) {
		o.t.Helper()
		if slices.Equal(got, want) {
			return
		}
		i := 0
		for i < len(got) && i < len(want) && got[i] == want[i] {
			i++
		}
		at := 0
		if i < len(got) && i < len(want) {
			for at < len(got[i]) && at < len(want[i]) && got[i][at] == want[i][at] {
				at++
			}
			at = max(0, at-130)
		}
		cut := func(s []string) string {
			if i >= len(s) {
				return "nothing"
			}
			return fmt.Sprintf("%.60q … %.400q", s[i], s[i][min(at, len(s[i])):])
		}
		o.t.Fatalf("%s of %v from %d to %d: %d, want %d\ngot  %s\nwant %s\nhead %d to %d, %v", what, ms, mint, maxt, len(got), len(want),
			cut(got), cut(want), o.rig.db.MinTime(), o.rig.db.MaxTime(), o.count)
	}
	check("series", got.series, want.series)
	check("unsorted series", got.unsorted, want.unsorted)
	check("sought samples", got.sought, want.sought)
	check("chunks", got.chunks, want.chunks)
	check("names", got.names, want.names)
	check("values of "+name, got.values, want.values)
	o.count["answers"] += len(want.series)
}

// seriesText writes down series that have samples, with them; with a seed, those that some
// random seeks meet.
func seriesText(t *testing.T, set storage.SeriesSet, seed uint64) (out []string) {
	t.Helper()
	var it chunkenc.Iterator
	for set.Next() {
		var b strings.Builder
		b.WriteString(set.At().Labels().String())
		n := b.Len()
		it = set.At().Iterator(it)
		next := it.Next
		op := ""
		if seed != 0 {
			r := rand.New(rand.NewPCG(seed, set.At().Labels().Hash()))
			at := int64(math.MinInt64)
			next = func() chunkenc.ValueType {
				if r.IntN(2) == 0 {
					op = "n"
					vt := it.Next()
					if vt != chunkenc.ValNone {
						at = it.AtT()
					}
					return vt
				}
				to := int64(0)
				if at > math.MinInt64 {
					to = at + r.Int64N(400_000) - 20_000
				}
				op = fmt.Sprint("s", to)
				vt := it.Seek(to)
				if vt != chunkenc.ValNone {
					at = it.AtT()
				}
				return vt
			}
		}
		for vt := next(); vt != chunkenc.ValNone; vt = next() {
			at, v := it.At()
			fmt.Fprintf(&b, " %s %d:%x", op, at, math.Float64bits(v))
		}
		if op != "" && b.Len() > n {
			fmt.Fprintf(&b, "(%s)", op)
		}
		if it.Err() != nil {
			t.Fatal(it.Err())
		}
		if b.Len() > n {
			out = append(out, b.String())
		}
	}
	if set.Err() != nil {
		t.Fatal(set.Err())
	}
	return out
}

func chunksText(t *testing.T, set storage.ChunkSeriesSet) (out []string) {
	t.Helper()
	for set.Next() {
		var b strings.Builder
		b.WriteString(set.At().Labels().String())
		n := b.Len()
		it := set.At().Iterator(nil)
		last := int64(math.MinInt64)
		for it.Next() {
			m := it.At()
			samples := m.Chunk.Iterator(nil)
			for samples.Next() != chunkenc.ValNone {
				at, v := samples.At()
				if at < m.MinTime || at > m.MaxTime || at <= last {
					t.Fatalf("sample at %d after %d in a chunk from %d to %d", at, last, m.MinTime, m.MaxTime)
				}
				last = at
				fmt.Fprintf(&b, " %d:%x", at, math.Float64bits(v))
			}
		}
		if it.Err() != nil {
			t.Fatal(it.Err())
		}
		if b.Len() > n {
			out = append(out, b.String())
		}
	}
	if set.Err() != nil {
		t.Fatal(set.Err())
	}
	return out
}

// copySparse copies a folder without writing what is zero: the files of full chunks are
// mostly that.
func copySparse(t *testing.T, from, to string) {
	t.Helper()
	zero := make([]byte, 64<<10)
	err := filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if e.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o777)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		out, err := os.Create(filepath.Join(to, rel))
		if err != nil {
			return err
		}
		defer out.Close()
		for at := 0; at < len(b); at += len(zero) {
			part := b[at:min(at+len(zero), len(b))]
			if bytes.Equal(part, zero[:len(part)]) {
				continue
			}
			if _, err := out.WriteAt(part, int64(at)); err != nil {
				return err
			}
		}
		return out.Truncate(int64(len(b)))
	})
	if err != nil {
		t.Fatal(err)
	}
}
