package head

import "testing"

func TestHead_Counts_FollowChunksAndSeries(t *testing.T) {
	o := testOptions(t)
	h := openHead(t, o)
	check := func(what string, want Counts) {
		t.Helper()
		got := h.Counts()
		n := 0
		h.floats.each(func(id ID, _ int64) { n += len(h.floats.metas(id, nil)) })
		if got != want || got.Chunks != n {
			t.Errorf("%s: got %+v, want %+v; there are %d chunks", what, got, want, n)
		}
	}
	h.Begin()
	a, b := make1(t, h, 1), make1(t, h, 2)
	h.End()
	check("without samples", Counts{Created: 2})
	const n = 3*samplesPerChunk + 5
	for at := range int64(n) {
		commit(t, h, Sample{ID: a, T: at, V: 1})
	}
	commit(t, h, Sample{ID: b, T: 1, V: 1}, Sample{ID: b, T: 1, V: 1})
	full := len(h.floats.metas(a, nil))
	if full < 3 {
		t.Fatalf("%d chunks", full)
	}
	check("full chunks", Counts{Chunks: full + 1, Appended: n + 1, Created: 2})
	if err := h.Image(); err != nil {
		t.Fatal(err)
	}
	closeHead(t, h)
	h = openHead(t, o)
	check("from the image", Counts{Chunks: full + 1, Created: 2})
	commit(t, h, Sample{ID: h.index.get(seriesName(1)), T: 5 * coreRange, V: 1})
	if err := h.Truncate(t.Context(), 4*coreRange, nil); err != nil {
		t.Fatal(err)
	}
	check("truncated", Counts{Chunks: 1, Appended: 1, Created: 2, Removed: 1})
	closeHead(t, h)
}

// What young series take is little at first, and all that they will is known from then on.
func TestHead_SamplesToCome_BecomesWhatWasTaken(t *testing.T) {
	h := openHead(t, testOptions(t))
	defer closeHead(t, h)
	if got := h.SamplesToCome(); got != 0 {
		t.Errorf("empty: got %d bytes", got)
	}
	const n = 2000
	h.Begin()
	ids := make([]ID, n)
	for i := range ids {
		ids[i] = make1(t, h, i)
	}
	h.End()
	before := h.floats.lines.bytes()
	told := h.SamplesToCome()
	all := make([]Sample, n)
	for at := range int64(samplesPerChunk - 1) {
		for i, id := range ids {
			all[i] = Sample{ID: id, T: at * 15_000, V: float64((int64(i)*7+at*at)%100) / 8}
		}
		commit(t, h, all...)
	}
	took := h.floats.lines.bytes() - before
	if told < took/2 || told > took*2 {
		t.Errorf("%d bytes were to come, and %d came", told, took)
	}
	if got := h.SamplesToCome(); got > told/2 {
		t.Errorf("grown up: got %d bytes to come of %d", got, told)
	}
}
