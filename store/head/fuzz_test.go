package head

import (
	"bytes"
	"errors"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunks"
	logrecord "github.com/prometheus/prometheus/tsdb/record"
	"github.com/prometheus/prometheus/tsdb/tombstones"
	"github.com/prometheus/prometheus/tsdb/wlog"
)

// FuzzReplay replays a segment of any bytes.
func FuzzReplay(f *testing.F) {
	o := logOptions(f)
	for _, kind := range []string{"snappy", "none", "zstd"} {
		o.Compression = kind
		j := mustOpen(f, o)
		j.created(1, nameOf(1))
		j.created(2, nameOf(2))
		mustWrite(f, j, fakeRefs(0), &Transaction{
			Samples:   []Sample{{ID: 1, T: 1, V: 1}, {ID: 2, T: 2, V: 2}},
			Exemplars: []Exemplar{{ID: 1, Exemplar: exemplar.Exemplar{Labels: labels.FromStrings("a", "b")}}},
			Metadata:  []Metadata{{ID: 1}},
		})
		mustClose(f, j)
	}
	t := &testing.T{}
	for i := range 3 {
		b := bytes.TrimRight(readSegment(t, o, i), "\x00")
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		o := logOptions(t)
		writeSegment(t, o, 0, b)
		s := newFakeSink(t)
		_, stats, err := replay(o, s)
		var damage *wlog.CorruptionErr
		if err != nil && (!errors.As(err, &damage) || damage.Segment != 0) {
			t.Errorf("got %v, want damage of segment 0", err)
		}
		if int64(s.total()) != stats.Samples {
			t.Errorf("%d samples delivered, %d counted", s.total(), stats.Samples)
		}
	})
}

// decodeBoth decodes a record and wants what Prometheus' decoder makes of it.
func decodeBoth(t *testing.T, rec []byte) {
	t.Helper()
	s := newFakeSink(t)
	d := newDecoder(s, noTime, 1)
	const known = 50
	for i := range known {
		d.ids.set(chunks.HeadSeriesRef(i+1), s.series(chunks.HeadSeriesRef(i+1), nameOf(i)))
	}
	err := d.record(rec)
	d.finish()
	dec := logrecord.NewDecoder(labels.NewSymbolTable(), slog.New(slog.DiscardHandler))
	kind := dec.Type(rec)
	if err != nil && (kind == logrecord.Series || kind == logrecord.Exemplars || kind == logrecord.Metadata) {
		return // it may count for years
	}
	var want []logrecord.RefSample
	var werr error
	switch kind {
	case logrecord.Series:
		_, werr = dec.Series(rec, nil)
	case logrecord.Samples, logrecord.SamplesV2:
		want, werr = dec.Samples(rec, nil)
	case logrecord.Exemplars:
		_, werr = dec.Exemplars(rec, nil)
	case logrecord.Metadata:
		_, werr = dec.Metadata(rec, nil)
	case logrecord.Tombstones:
		_, werr = dec.Tombstones(rec, nil)
	}
	// What can be decoded by one and not by the other could not be repaired.
	if (err == nil) != (werr == nil) {
		t.Fatalf("record %x: got %v, want %v", rec, err, werr)
	}
	if err != nil {
		return
	}
	by := map[ID][]Sample{}
	unknown := int64(0)
	for _, x := range want {
		if x.Ref == 0 || x.Ref > known {
			unknown++
			continue
		}
		by[ID(x.Ref)] = append(by[ID(x.Ref)], Sample{T: x.T, V: x.V})
	}
	if d.stats.Unknown.Samples != unknown {
		t.Fatalf("record %x: %d samples of unknown series, want %d", rec, d.stats.Unknown.Samples, unknown)
	}
	for i := range known {
		if id := ID(i + 1); !sameSamples(s.found[id], by[id]) {
			t.Fatalf("record %x: series %d: got %v, want %v", rec, id, s.found[id], by[id])
		}
	}
}

// FuzzDecoder_Record compares with Prometheus' decoder.
func FuzzDecoder_Record(f *testing.F) {
	for _, rec := range someRecords() {
		f.Add(rec)
		f.Add(rec[:len(rec)-1])
	}
	// 2^63 labels, which Prometheus' decoder would set out to count.
	f.Add([]byte("\x04@\b\x00\x00\x00\x00\x00\x00\x00\xf6\xff\xff\xff\xff\xff\xff\xff\x1f\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\t\x00\x00\x00\x00\x00\x00\x00@"))
	f.Fuzz(decodeBoth)
}

func someRecords() [][]byte {
	rnd := rand.New(rand.NewPCG(9, 9))
	samples := []logrecord.RefSample{{Ref: 1, T: 5, V: 1, ST: 3}, {Ref: 3, T: 6, V: 2, ST: 3}, {Ref: 900, T: 7, V: 3}, {Ref: 1, T: 1 << 60}, {Ref: 1<<63 + 1}}
	h := []logrecord.RefHistogramSample{{Ref: 1, T: 1, H: &histogram.Histogram{Schema: 1, Count: 1, ZeroCount: 1}}}
	var v1 logrecord.Encoder
	v2 := logrecord.Encoder{EnableSTStorage: true}
	hist, _ := v1.HistogramSamples(h, nil)
	return [][]byte{
		v1.Samples(samples, nil), v2.Samples(samples, nil), v1.Samples(nil, nil), {byte(logrecord.Samples), 1}, hist, {77, 1, 2},
		v1.Series([]logrecord.RefSeries{{Ref: 1, Labels: nameOf(1)}, {Ref: 1 << 63, Labels: labels.EmptyLabels()}, {Ref: 0}}, nil),
		v1.Exemplars([]logrecord.RefExemplar{{Ref: 1, T: 1, Labels: nameOf(3)}, {Ref: 99}}, nil),
		v1.Metadata([]logrecord.RefMetadata{{Ref: 1, Type: 2, Unit: "s", Help: "h"}, {Ref: 4000}}, nil),
		v1.Tombstones([]tombstones.Stone{{Ref: 5, Intervals: tombstones.Intervals{{Mint: 1, Maxt: 2}}}}, nil),
		appendSamples(nil, wildSamples(rnd, 300, 60), fakeRefs(0), new([refsRun]chunks.HeadSeriesRef)),
	}
}

func TestDecoder_Record_AgreesWithPrometheus(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 9))
	for _, rec := range someRecords() {
		for n := range min(len(rec), 60) {
			decodeBoth(t, rec[:n+1])
		}
		for range 500 {
			b := bytes.Clone(rec)
			b[rnd.IntN(len(b))] ^= 1 << rnd.IntN(8)
			decodeBoth(t, b)
		}
	}
}

// writeRecords makes a log of records.
func writeRecords(t *testing.T, o Options, recs ...[]byte) {
	t.Helper()
	wl, err := wlog.NewSize(slog.New(slog.DiscardHandler), nil, filepath.Join(o.Dir, walDir), o.SegmentSize, o.Compression)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(wl.Log(recs...), wl.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestReplay_RecordsOfOthers_AreIgnored(t *testing.T) {
	o := logOptions(t)
	var enc logrecord.Encoder
	first := enc.Series([]logrecord.RefSeries{{Ref: 1, Labels: nameOf(0)}, {Ref: 3, Labels: nameOf(1)}}, nil)
	all := append([][]byte{first, {}}, someRecords()...)
	all = slices.DeleteFunc(all, func(rec []byte) bool { return len(rec) == 2 }) // the damaged one
	writeRecords(t, o, all...)
	s, highest, stats := mustReplay(t, o)
	// Histograms, an unknown type, an empty record.
	if stats.Ignored != 3 || highest != 4000 || stats.Unknown.Exemplars != 1 || stats.Unknown.Metadata != 1 || stats.Unknown.Samples == 0 {
		t.Errorf("highest %d, %+v", highest, stats)
	}
	if len(s.of(nameOf(1))) < 7 { // by references 1 and 3; the record renames 1
		t.Errorf("got %v", s.found)
	}
	if stats.described.at(1) == 0 {
		t.Error("metadata of series 1 is not remembered")
	}
}

func TestReplay_SamplesInBlocks_StillReserveTheirReferences(t *testing.T) {
	o := logOptions(t)
	var enc logrecord.Encoder
	writeRecords(t, o, enc.Samples([]logrecord.RefSample{{Ref: 7, T: 1}, {Ref: 70, T: 1}}, nil))
	if err := writeTruncated(o.Dir, 10); err != nil {
		t.Fatal(err)
	}
	_, highest, stats := mustReplay(t, o)
	if highest != 70 || stats.Old != 2 || stats.Unknown.Samples != 0 {
		t.Errorf("highest %d, %+v", highest, stats)
	}
}
