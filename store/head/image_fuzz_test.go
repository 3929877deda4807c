package head

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"
)

// partsOf returns the bytes and the counts of an image's parts, by kind.
func partsOf(t testing.TB, path string) (b [imageKinds][]byte, counts [imageKinds]int) {
	t.Helper()
	m, err := openImage(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.f.Close()
	for kind, parts := range m.parts {
		for _, p := range parts {
			part, err := m.read(p, nil)
			if err != nil {
				t.Fatal(err)
			}
			b[kind] = append(b[kind], part...)
			counts[kind] += p.count
		}
	}
	return b, counts
}

// FuzzImage opens a head from an image whose parts are any bytes with the right checksums.
func FuzzImage(f *testing.F) {
	m := newImageModel(f, 1)
	m.o.Exemplars = func(do func(labels.Labels, exemplar.Exemplar) error) error {
		return do(seriesName(1), exemplar.Exemplar{Labels: labels.FromStrings("a", "b"), Ts: 1})
	}
	closeHead(f, m.h)
	m.h = openHead(f, m.o)
	for range 3 {
		m.write(40, 5)
		image1(f, m.h)
		b, n := partsOf(f, m.h.imagePath(m.h.images.last))
		f.Add(b[floatsPart], b[labelsPart], b[namesPart], b[pairsPart], b[exemplarsPart], n[floatsPart], n[namesPart], n[pairsPart], n[exemplarsPart], m.h.highest.Load(), int64(never))
	}
	closeHead(f, m.h)
	f.Fuzz(func(t *testing.T, floats, labelled, names, pairs, exemplars []byte, series, nNames, nPairs, nExemplars int, highest uint64, truncated int64) {
		o := testOptions(t)
		o.Exemplar = func(ls labels.Labels, e exemplar.Exemplar) { _ = ls.String() + e.Labels.String() }
		h := openHead(t, o) // for a segment to read on from, and a chunk file
		h.highest.Store(highest)
		if _, ok := h.files.write(200, 5, func(b []byte) []byte { return append(b, make([]byte, 200)...) }); !ok {
			t.Fatal("no chunk file")
		}
		files, err := h.files.sync()
		if err != nil {
			t.Fatal(err)
		}
		out, err := os.Create(h.imagePath(0))
		if err != nil {
			t.Fatal(err)
		}
		w := imageWriter{f: out, all: series, pids: make([]pairID, max(0, min(nPairs, 1<<20)))}
		for kind, b := range map[int][]byte{floatsPart: floats, labelsPart: labelled, namesPart: names, pairsPart: pairs, exemplarsPart: exemplars} {
			count := [imageKinds]int{series, series, nNames, nPairs, nExemplars}[kind]
			if err := w.part(kind, b, count); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.end(h, 0, files); err != nil {
			t.Fatal(err)
		}
		out.Close()
		closeHead(t, h)
		if truncated >= 0 { // a head that says a time before 1970 does not open
			o.InBlocks = math.MaxInt64 // any time is believed
			if err := writeTruncated(o.Dir, truncated/o.BlockRange*o.BlockRange); err != nil {
				t.Fatal(err)
			}
		}
		h = openHead(t, o)
		useAll(t, h)
		if err := h.Image(); err != nil {
			t.Fatal(err)
		}
		n := h.NumSeries()
		closeHead(t, h)
		h = openHead(t, o)
		defer closeHead(t, h)
		if h.NumSeries() != n || h.images.damaged.Load() > 0 {
			t.Fatalf("%d series, want %d; %d images put aside", h.NumSeries(), n, h.images.damaged.Load())
		}
	})
}

// useAll reads all of a head and writes to each series. Chunks may hold anything.
func useAll(t *testing.T, h *Head) {
	q, err := tsdb.NewBlockQuerier(h.Block(math.MinInt64, math.MaxInt64), math.MinInt64, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	set := q.Select(t.Context(), true, nil, labels.MustNewMatcher(labels.MatchRegexp, "__name__", ".*"))
	for set.Next() {
		it := set.At().Iterator(nil)
		for it.Next() != 0 {
		}
	}
	var tx Transaction
	h.Begin()
	defer h.End()
	h.floats.each(func(id ID, newest int64) {
		for k := range int64(3) {
			if newest < math.MaxInt64-3 {
				tx.Samples = append(tx.Samples, Sample{ID: id, T: max(newest, h.MinValid()) + k + 1, V: float64(k)})
			}
		}
	})
	if _, err := h.Commit(&tx, nil); err != nil {
		t.Fatal(err)
	}
}

// FuzzImageFile opens a file of any bytes as an image.
func FuzzImageFile(f *testing.F) {
	m := newImageModel(f, 1)
	m.write(30, 4)
	image1(f, m.h)
	b, err := os.ReadFile(m.h.imagePath(m.h.images.last))
	if err != nil {
		f.Fatal(err)
	}
	closeHead(f, m.h)
	table := b[len(b)-imageEnd-60:]
	f.Add(b, b, int64(len(b)))
	f.Add(table, b[:100], int64(100))
	img, err := openImage(filepath.Join(m.o.Dir, filepath.Base(images1(f, m.o.Dir)[0])))
	if err != nil {
		f.Fatal(err)
	}
	defer img.f.Close()
	parts := int64(0)
	for _, of := range img.parts {
		for _, p := range of {
			parts += int64(p.size)
		}
	}
	f.Add(b[parts:len(b)-imageEnd], b, parts)
	f.Fuzz(func(t *testing.T, table, file []byte, bytes int64) {
		if bytes >= 0 && bytes < 1<<40 {
			if err := new(image).decode(table, bytes); err == nil && bytes == parts && len(table) == 0 {
				t.Error("an empty table was taken")
			}
		}
		path := filepath.Join(t.TempDir(), "image")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if m, err := openImage(path); err == nil {
			m.f.Close()
		}
	})
}
