package head

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/wlog"
)

// cutRig writes rounds of samples, some of them to a segment.
type cutRig struct {
	t    *testing.T
	o    Options
	j    *journal
	live map[chunks.HeadSeriesRef]bool
}

func newCutRig(t *testing.T) *cutRig {
	o := logOptions(t)
	return &cutRig{t: t, o: o, j: mustOpen(t, o), live: map[chunks.HeadSeriesRef]bool{}}
}

func (r *cutRig) create(id ID) {
	r.j.created(fakeRefs(0).ref(id), nameOf(int(id)))
	r.live[fakeRefs(0).ref(id)] = true
}

// round writes a sample of each series at a time, with an exemplar, and turns to the
// next segment.
func (r *cutRig) round(at int64, ids ...ID) {
	r.t.Helper()
	var tx Transaction
	for _, id := range ids {
		tx.Samples = append(tx.Samples, Sample{ID: id, T: at, V: float64(id)})
		tx.Exemplars = append(tx.Exemplars, Exemplar{id, exemplar.Exemplar{Labels: labels.FromStrings("trace", fmt.Sprint(at)), Value: 1, Ts: at}})
		tx.Metadata = append(tx.Metadata, Metadata{id, metadata.Metadata{Type: model.MetricTypeGauge, Help: fmt.Sprint("help at ", at/10)}})
	}
	mustWrite(r.t, r.j, fakeRefs(0), &tx)
	if err := r.j.turn(); err != nil {
		r.t.Fatal(err)
	}
}

func (r *cutRig) cut(maxt int64) {
	r.t.Helper()
	if err := r.j.cut(maxt, func(ref chunks.HeadSeriesRef) bool { return r.live[ref] }); err != nil {
		r.t.Fatal(err)
	}
}

// files returns the names in the folder of the log.
func (r *cutRig) files() (out []string) {
	r.t.Helper()
	entries, err := os.ReadDir(filepath.Join(r.o.Dir, walDir))
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestJournal_Cut_KeepsWhatNoBlockHas(t *testing.T) {
	r := newCutRig(t)
	r.create(1)
	r.create(2)
	r.create(3)
	for at := range int64(9) {
		r.round(at, 1, 2, 3)
	}
	r.round(9, 1, 2) // segments 0 to 9, and 10 is empty
	r.live[3] = false
	r.cut(4)
	if got, want := fmt.Sprint(r.files()), "[00000007 00000008 00000009 00000010 checkpoint.00000006]"; got != want {
		t.Errorf("files %s, want %s", got, want)
	}
	got, _, stats := mustReplay(t, r.o)
	for i, want := range map[int][]int64{1: {4, 5, 6, 7, 8, 9}, 2: {4, 5, 6, 7, 8, 9}, 3: {7, 8}} {
		var times []int64
		for _, s := range got.of(nameOf(i)) {
			times = append(times, s.T)
		}
		if !slices.Equal(times, want) {
			t.Errorf("series %d: times %v, want %v", i, times, want)
		}
	}
	if stats.Unknown != (unknownReferences{}) || stats.Series != 3 {
		t.Errorf("%+v", stats)
	}
	if n := len(got.exemplars[got.ids[nameOf(1).String()]]); n != 6 {
		t.Errorf("%d exemplars, want 6", n)
	}

	// A series that is gone stays until no segment has samples of it.
	for at := range int64(12) {
		r.round(10+at, 1, 2)
	}
	r.cut(12)
	if got, want := r.files()[0], "00000017"; got != want {
		t.Fatalf("first file %s, want %s", got, want)
	}
	got, highest, stats := mustReplay(t, r.o)
	if stats.Series != 2 || stats.Unknown != (unknownReferences{}) || len(got.of(nameOf(1))) != 10 || highest != 2 {
		t.Errorf("highest %d, %+v", highest, stats)
	}
	if len(r.j.gone) != 0 {
		t.Errorf("remembers %v", r.j.gone)
	}
	mustClose(t, r.j)
}

func TestJournal_Cut_KeepsTheLatestMetadata(t *testing.T) {
	r := newCutRig(t)
	for id := range ID(600) {
		r.create(id + 1)
	}
	r.live[2] = false
	for at := range int64(6) {
		r.round(at*10, 1, 2, 600)
	}
	r.cut(100)
	mustClose(t, r.j)
	checkpoint, _, err := wlog.LastCheckpoint(filepath.Join(r.o.Dir, walDir))
	if err != nil {
		t.Fatal(err)
	}
	// Read as a log of its own.
	o := Options{Dir: t.TempDir()}
	if err := os.Rename(checkpoint, filepath.Join(o.Dir, walDir)); err != nil {
		t.Fatal(err)
	}
	got := readLog(t, o)
	if len(got.metadata) != 2 || got.metadata[0].Ref != 1 || got.metadata[1].Ref != 600 || got.metadata[1].Help != "help at 3" {
		t.Errorf("got %v", got.metadata)
	}
	if len(got.samples) != 0 || len(got.exemplars) != 0 || len(got.series) != 600 {
		t.Errorf("%d samples, %d exemplars, %d series", len(got.samples), len(got.exemplars), len(got.series))
	}
	if r.j.described.at(1) == 0 || r.j.described.at(2) != 0 {
		t.Error("descriptions: want that of the series that lives")
	}
}

func TestJournal_Cut_IsLeftWhenNotWorthIt(t *testing.T) {
	r := newCutRig(t)
	r.create(1)
	r.round(1, 1)
	r.cut(5)
	r.cut(5)
	if got := fmt.Sprint(r.files()); got != "[00000000 00000001]" {
		t.Errorf("files %s", got)
	}
	mustClose(t, r.j)
	if err := r.j.cut(5, func(chunks.HeadSeriesRef) bool { return true }); err == nil {
		t.Error("cut after close: no error")
	}
	if err := r.j.write(&Transaction{Samples: []Sample{{ID: 1}}}, fakeRefs(0)); err == nil {
		t.Error("write after close: no error")
	}
}

func TestJournal_Cut_OfADamagedLog_ChangesNothing(t *testing.T) {
	r := newCutRig(t)
	r.create(1)
	for at := range int64(6) {
		r.round(at, 1)
	}
	b := readSegment(t, r.o, 1)
	b[20] ^= 1
	writeSegment(t, r.o, 1, b)
	before := fmt.Sprint(r.files())
	if err := r.j.cut(3, func(chunks.HeadSeriesRef) bool { return true }); err == nil {
		t.Error("no error")
	}
	if got := fmt.Sprint(r.files()); got != before {
		t.Errorf("files %s, want %s", got, before)
	}
	mustClose(t, r.j)
}

func TestReplay_TruncatedBefore_LeavesOldSamplesOut(t *testing.T) {
	r := newCutRig(t)
	r.create(1)
	for at := range int64(6) {
		r.round(at, 1)
	}
	mustClose(t, r.j)
	for _, maxt := range []int64{3, math.MinInt64, -5, 4} {
		if err := writeTruncated(r.o.Dir, maxt); err != nil {
			t.Fatal(err)
		}
		s, _, stats := mustReplay(t, r.o)
		want := min(6, 6-int(max(0, maxt)))
		if s.total() != want || len(s.exemplars[1]) != want || stats.Old != int64(2*(6-want)) {
			t.Errorf("truncated at %d: %d samples, %+v", maxt, s.total(), stats)
		}
	}
	if err := os.WriteFile(filepath.Join(r.o.Dir, truncatedFile), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := replay(r.o, newFakeSink(t)); err == nil {
		t.Error("a time that is no number: no error")
	}
}

func TestReplay_ReadOnly_WhileAnotherWrites(t *testing.T) {
	o := logOptions(t)
	o.SegmentSize = 32 << 10
	j := mustOpen(t, o)
	const series = 40
	for id := range ID(series) {
		j.created(fakeRefs(0).ref(id+1), nameOf(int(id)))
	}
	var stop atomic.Bool
	written := make(chan error, 1)
	go func() {
		var err error
		for n := int64(0); !stop.Load() && err == nil; n++ {
			var tx Transaction
			for id := range ID(series) {
				tx.Samples = append(tx.Samples, Sample{ID: id + 1, T: n, V: math.Sqrt(float64(n) * float64(id))})
			}
			err = j.write(&tx, fakeRefs(0))
			if n%500 == 499 {
				err = errors.Join(err, j.cut(n-500, func(chunks.HeadSeriesRef) bool { return true }))
			}
		}
		written <- err
	}()
	reader := o
	reader.ReadOnly = true
	cuts, torn, last := 0, 0, int64(-1)
	for n := 0; cuts < 5 || n < 50; n++ {
		select {
		case err := <-written:
			t.Fatalf("the writer has ended: %v", err)
		default:
		}
		s, _, stats := mustReplay(t, reader)
		if stats.Unknown != (unknownReferences{}) {
			t.Fatalf("%+v", stats)
		}
		if stats.Torn {
			torn++
		}
		newest := int64(-1)
		for id, got := range s.found {
			for i, x := range got {
				if i > 0 && x.T <= got[i-1].T || x.T > got[0].T+int64(i) && x.T > got[len(got)-1].T-500 {
					t.Fatalf("series %d: a sample of %d after %d", id, x.T, got[max(0, i-1)].T)
				}
				newest = max(newest, x.T)
			}
		}
		if newest < last {
			t.Fatalf("newest sample is of %d and was of %d before", newest, last)
		}
		last = newest
		if _, n, err := wlog.LastCheckpoint(filepath.Join(o.Dir, walDir)); err == nil {
			cuts = n
		}
	}
	stop.Store(true)
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	t.Logf("checkpoints up to segment %d, %d times torn", cuts, torn)
	mustClose(t, j)
}
