package head

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb/chunks"
	logrecord "github.com/prometheus/prometheus/tsdb/record"
	"github.com/prometheus/prometheus/tsdb/wlog"
)

func bitsOf(v float64) uint64 { return math.Float64bits(v) }

func nameOf(i int) labels.Labels {
	return labels.FromStrings("__name__", "m", "i", fmt.Sprint(i), "text", "0123456789abcdef0123456789abcdef")
}

// wildSamples are of random series, times and values, odd ones among them.
func wildSamples(rnd *rand.Rand, n, series int) []Sample {
	values := []float64{0, 1, -1, math.Inf(1), math.Inf(-1), math.NaN(), math.Float64frombits(value.StaleNaN), math.MaxFloat64, 5e-324}
	times := []int64{0, math.MinInt64, math.MaxInt64, -1, 1 << 40}
	out := make([]Sample, n)
	for i := range out {
		out[i] = Sample{ID: ID(1 + rnd.IntN(series)), T: 1_700_000_000_000 + rnd.Int64N(1<<rnd.IntN(40)+1), V: rnd.NormFloat64() * 1000}
		if rnd.IntN(8) == 0 {
			out[i].V = values[rnd.IntN(len(values))]
		}
		if rnd.IntN(50) == 0 {
			out[i].T = times[rnd.IntN(len(times))]
		}
	}
	return out
}

// logged is all of a log as Prometheus reads it.
type logged struct {
	kinds     []logrecord.Type
	series    []logrecord.RefSeries
	samples   []logrecord.RefSample
	exemplars []logrecord.RefExemplar
	metadata  []logrecord.RefMetadata
}

func readLog(t *testing.T, o Options) (out logged) {
	t.Helper()
	segments, err := wlog.NewSegmentsReader(filepath.Join(o.Dir, walDir))
	if err != nil {
		t.Fatal(err)
	}
	defer segments.Close()
	dec := logrecord.NewDecoder(labels.NewSymbolTable(), slog.New(slog.DiscardHandler))
	r := wlog.NewReader(segments)
	for r.Next() {
		kind := dec.Type(r.Record())
		out.kinds = append(out.kinds, kind)
		switch kind {
		case logrecord.Series:
			out.series, err = dec.Series(r.Record(), out.series)
		case logrecord.Samples:
			var some []logrecord.RefSample
			some, err = dec.Samples(r.Record(), nil)
			out.samples = append(out.samples, some...)
		case logrecord.Exemplars:
			out.exemplars, err = dec.Exemplars(r.Record(), out.exemplars)
		case logrecord.Metadata:
			out.metadata, err = dec.Metadata(r.Record(), out.metadata)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	return out
}

func TestJournal_Write_IsReadByPrometheus(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, base := range []fakeRefs{0, 1 << 40} {
		o := logOptions(t)
		j := mustOpen(t, o)
		var want []Sample
		for i := range 100 {
			id := ID(i + 1)
			j.created(base.ref(id), nameOf(i))
		}
		for range 50 {
			tx := Transaction{Samples: wildSamples(rnd, 1+rnd.IntN(5000), 100)}
			mustWrite(t, j, base, &tx)
			want = append(want, tx.Samples...)
		}
		large := Transaction{Samples: wildSamples(rnd, 3*recordSamples+1, 100)}
		mustWrite(t, j, base, &large)
		want = append(want, large.Samples...)
		mustClose(t, j)
		got := readLog(t, o)
		if len(got.series) != 100 || len(got.samples) != len(want) {
			t.Fatalf("%d series and %d samples, want 100 and %d", len(got.series), len(got.samples), len(want))
		}
		for i, s := range got.samples {
			w := want[i]
			if s.Ref != base.ref(w.ID) || s.T != w.T || bitsOf(s.V) != bitsOf(w.V) || s.ST != 0 {
				t.Fatalf("sample %d: got %+v, want %+v", i, s, w)
			}
		}
		for i, s := range got.series {
			if s.Ref != base.ref(ID(i+1)) || !labels.Equal(s.Labels, nameOf(i)) {
				t.Fatalf("series %d: got %v", i, s)
			}
		}
	}
}

// Lengths of labels and of a record have another form from 128 on, those of package labels
// from 255 on.
func TestEncoder_Series_LengthsOfAnyForm_AreReadByPrometheus(t *testing.T) {
	copied, encoded := encoder{writes: true}, encoder{}
	var want []labels.Labels
	for _, n := range []int{1, 127, 128, 254, 255, 256, 150_000} {
		long := strings.Repeat("v", n)
		want = append(want, labels.FromStrings("a", "1", "b", long), labels.FromStrings("a"+long, "1", "b", "2"))
	}
	many := labels.NewScratchBuilder(0)
	for i := range 200 {
		many.Add(fmt.Sprintf("l%03d", i), "x")
	}
	want = append(want, many.Labels(), labels.EmptyLabels())
	for i, ls := range want {
		copied.series(chunks.HeadSeriesRef(i), ls)
		encoded.series(chunks.HeadSeriesRef(i), ls)
	}
	copied.end()
	encoded.end()
	recs := copied.records()
	if !slices.EqualFunc(recs, encoded.records(), bytes.Equal) || len(recs) < 2 {
		t.Fatalf("%d records differ from those that Prometheus encodes, or are one", len(recs))
	}
	dec := logrecord.NewDecoder(labels.NewSymbolTable(), slog.New(slog.DiscardHandler))
	var got []logrecord.RefSeries
	for _, rec := range recs {
		var err error
		if got, err = dec.Series(rec, got); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d series, want %d", len(got), len(want))
	}
	for i, s := range got {
		if s.Ref != chunks.HeadSeriesRef(i) || !labels.Equal(s.Labels, want[i]) {
			t.Errorf("series %d: got %d with %.80s", i, s.Ref, s.Labels)
		}
	}
}

func TestJournal_SeriesThatAreGone_AreLeftOut(t *testing.T) {
	o := logOptions(t)
	j := mustOpen(t, o)
	e := Exemplar{ID: 0, Exemplar: exemplar.Exemplar{Labels: labels.FromStrings("a", "b")}}
	mustWrite(t, j, fakeRefs(0), &Transaction{Samples: []Sample{{ID: 0}, {ID: 3, T: 5, V: 1}, {ID: 0}}, Exemplars: []Exemplar{e}, Metadata: []Metadata{{ID: 0}}})
	mustWrite(t, j, fakeRefs(0), &Transaction{Samples: []Sample{{ID: 0}}})
	mustWrite(t, j, fakeRefs(0), &Transaction{})
	mustClose(t, j)
	got := readLog(t, o)
	if len(got.kinds) != 1 || len(got.samples) != 1 || got.samples[0] != (logrecord.RefSample{Ref: 3, T: 5, V: 1}) {
		t.Errorf("got %+v", got)
	}
}

func TestJournal_SecondWriterOfASeries_WaitsForItsLabels(t *testing.T) {
	o := logOptions(t)
	j := mustOpen(t, o)
	const writers, rounds = 8, 200
	done := make(chan error, writers)
	for w := range writers {
		go func() {
			var err error
			for n := range rounds {
				// All write samples of series that the others have made just now.
				id := ID(w*rounds + n + 1)
				j.created(fakeRefs(0).ref(id), nameOf(int(id)))
				err = j.write(&Transaction{Samples: []Sample{{ID: id, T: 1, V: 1}}}, fakeRefs(0))
				if err != nil {
					break
				}
			}
			done <- err
		}()
	}
	for range writers {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	mustClose(t, j)
	s, highest, stats := mustReplay(t, o)
	if s.total() != writers*rounds || stats.Unknown.Samples != 0 || highest != writers*rounds {
		t.Errorf("%d samples, highest %d, %+v", s.total(), highest, stats)
	}
}

func TestJournal_Metadata_IsLoggedWhenItChanges(t *testing.T) {
	o := logOptions(t)
	j := mustOpen(t, o)
	m := func(id ID, help string) Metadata {
		return Metadata{ID: id, Metadata: metadata.Metadata{Type: model.MetricTypeCounter, Unit: "s", Help: help}}
	}
	for i := range 3 {
		j.created(chunks.HeadSeriesRef(i+1), nameOf(i))
	}
	mustWrite(t, j, fakeRefs(0), &Transaction{Samples: []Sample{{ID: 1, T: 1}}, Metadata: []Metadata{m(1, "one"), m(2, "two")}})
	mustWrite(t, j, fakeRefs(0), &Transaction{Metadata: []Metadata{m(1, "one"), m(2, "two")}})
	mustWrite(t, j, fakeRefs(0), &Transaction{Metadata: []Metadata{m(1, "one"), m(2, "other"), m(300, "far")}})
	mustClose(t, j)
	got := readLog(t, o)
	want := []logrecord.RefMetadata{
		{Ref: 1, Type: uint8(logrecord.Counter), Unit: "s", Help: "one"}, {Ref: 2, Type: uint8(logrecord.Counter), Unit: "s", Help: "two"},
		{Ref: 2, Type: uint8(logrecord.Counter), Unit: "s", Help: "other"}, {Ref: 300, Type: uint8(logrecord.Counter), Unit: "s", Help: "far"},
	}
	if fmt.Sprint(got.metadata) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got.metadata, want)
	}
	if k := fmt.Sprint(got.kinds); k != "[series metadata samples metadata]" {
		t.Errorf("order of records: %s", k)
	}
}

func TestReplay_RoundTrip_KeepsSamplesInOrder(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	o := logOptions(t)
	o.SegmentSize = 64 << 10
	want := map[int][]Sample{}
	made := 0
	for opening := range 3 {
		base := fakeRefs(opening * 1000)
		j := mustOpen(t, o)
		for range 40 {
			if made < 900 {
				for range rnd.IntN(20) {
					j.created(base.ref(ID(made+1)), nameOf(made))
					made++
				}
			}
			if made == 0 {
				continue
			}
			tx := Transaction{Samples: wildSamples(rnd, rnd.IntN(3000), made)}
			mustWrite(t, j, base, &tx)
			for _, s := range tx.Samples {
				want[int(s.ID-1)] = append(want[int(s.ID-1)], s)
			}
		}
		mustClose(t, j)
		for i := range made { // the next opening has other references for them
			j2 := fakeRefs((opening + 1) * 1000)
			if i == 0 {
				j = mustOpen(t, o)
			}
			j.created(j2.ref(ID(i+1)), nameOf(i))
		}
		mustWrite(t, j, base, &Transaction{Samples: []Sample{{ID: 1, T: 7, V: 7}}})
		want[0] = append(want[0], Sample{T: 7, V: 7})
		mustClose(t, j)
	}
	var progress [][2]int
	o.Progress = func(segment, last int) { progress = append(progress, [2]int{segment, last}) }
	s, highest, stats := mustReplay(t, o)
	if stats.Unknown != (unknownReferences{}) || stats.Old != 0 || int(highest) != 3000+made {
		t.Errorf("highest %d, %+v", highest, stats)
	}
	if n := len(progress) - 1; n < 3 || progress[0] != [2]int{0, n} || progress[n] != [2]int{n, n} {
		t.Errorf("progress %v", progress)
	}
	for i := range made {
		if !sameSamples(s.of(nameOf(i)), want[i]) {
			t.Fatalf("series %d: %d samples, want %d, or not the same", i, len(s.of(nameOf(i))), len(want[i]))
		}
		if id := s.ids[nameOf(i).String()]; s.refs[id-1] != chunks.HeadSeriesRef(3000+i+1) {
			t.Fatalf("series %d: reference %d, want the newest", i, s.refs[id-1])
		}
	}
}

func TestJournal_WriteThatFailed_IsTheLast(t *testing.T) {
	o := logOptions(t)
	o.SegmentSize = 32 << 10
	j := mustOpen(t, o)
	if err := os.RemoveAll(filepath.Join(o.Dir, walDir)); err != nil {
		t.Fatal(err)
	}
	tx := Transaction{Samples: wildSamples(rand.New(rand.NewPCG(1, 1)), 1000, 9)}
	var failed error
	for range 10 { // more than a segment, and the next cannot be made
		if failed = j.write(&tx, fakeRefs(0)); failed != nil {
			break
		}
	}
	if failed == nil {
		t.Fatal("no error")
	}
	if err := j.write(&Transaction{Samples: tx.Samples[:1]}, fakeRefs(0)); !errors.Is(err, failed) {
		t.Errorf("the next write: got %v, want %v", err, failed)
	}
	if err := j.cut(0, func(chunks.HeadSeriesRef) bool { return true }); !errors.Is(err, failed) {
		t.Errorf("cut: got %v, want %v", err, failed)
	}
	mustClose(t, j)
}

func TestJournal_Write_AllocatesNothing(t *testing.T) {
	if !poolsKeep {
		t.Skip("pools lose what they hold")
	}
	j := mustOpen(t, logOptions(t))
	tx := Transaction{Samples: wildSamples(rand.New(rand.NewPCG(1, 1)), 2000, 100)}
	for i := range 100 {
		tx.Metadata = append(tx.Metadata, Metadata{ID: ID(i + 1), Metadata: metadata.Metadata{Help: "h"}})
	}
	mustWrite(t, j, fakeRefs(0), &tx)
	// Less than one: the log begins segments now and then.
	if n := testing.AllocsPerRun(200, func() { mustWrite(t, j, fakeRefs(0), &tx) }); n > 0.5 {
		t.Errorf("%v allocations for a write", n)
	}
	mustClose(t, j)
}

func TestJournal_Resume_LogsNoMetadataAgain(t *testing.T) {
	o := logOptions(t)
	j := mustOpen(t, o)
	m := Metadata{ID: 1, Metadata: metadata.Metadata{Type: model.MetricTypeSummary, Unit: "s", Help: "h"}}
	j.created(1, nameOf(1))
	mustWrite(t, j, fakeRefs(0), &Transaction{Metadata: []Metadata{m}})
	mustClose(t, j)
	_, _, stats := mustReplay(t, o)
	j = mustOpen(t, o)
	j.resume(stats)
	mustWrite(t, j, fakeRefs(0), &Transaction{Metadata: []Metadata{m}})
	mustClose(t, j)
	if got := readLog(t, o); len(got.metadata) != 1 {
		t.Errorf("got %v, want one", got.metadata)
	}
}
