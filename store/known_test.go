package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/prometheus/prompb"

	"github.com/tocsinhq/tocsin/ingest/remotewrite"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

// What the writer knows of series saves a look at their labels and changes nothing.
func TestWriter_Known_SeriesOfEarlierRequests(t *testing.T) {
	r := newRig(t, nil)
	at := r.now.UnixMilli()
	body := func(samples ...prompb.Sample) []byte {
		b, err := (&prompb.WriteRequest{Timeseries: []prompb.TimeSeries{
			{Labels: []prompb.Label{{Name: "__name__", Value: "m"}, {Name: "job", Value: "api"}}, Samples: samples},
			{Labels: []prompb.Label{{Name: "job", Value: "api"}, {Name: "__name__", Value: "m"}, {Name: "zone", Value: "a"}}, Samples: samples},
		}}).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	told := 0
	d := remotewrite.Decoder{Known: func(series []telemetry.Series, known []bool) {
		r.Known(series, known)
		for i := range known {
			if known[i] {
				told++
			}
		}
	}}
	var b telemetry.Batch
	for i, samples := range [][]prompb.Sample{
		{{Timestamp: at, Value: 1}},
		{{Timestamp: at + 1, Value: 2}},
		{{Timestamp: at + 2, Value: 3}, {Timestamp: at + 3, Value: 4}},
		{{Timestamp: at + 4, Value: 5}},
	} {
		if err := d.Decode(body(samples...), &b); err != nil {
			t.Fatal(err)
		}
		if res, err := r.Write(context.Background(), &b); err != nil || res.Stored != 2*len(samples) {
			t.Fatal(i, res, err)
		}
	}
	if told != 6 {
		t.Errorf("%d series were known, want both of the last three requests", told)
	}
	got, _ := read(t, r.db, "m")
	for _, ls := range []string{`{job="api"}`, `{job="api", zone="a"}`} {
		if len(got[ls]) != 5 {
			t.Errorf("%s: got %v, want 5 samples", ls, got[ls])
		}
	}
	if r.counter(t, "tocsin_store_cache_misses_total") != "2" {
		t.Error("a series was looked up by its labels again")
	}
}

// Bytes that are called known by mistake are not stored under a part of them.
func TestWriter_BytesThatAreNoLabels_AreRefused(t *testing.T) {
	r := newRig(t, nil)
	wire := telemetry.AppendWire(telemetry.AppendWire(nil, "__name__", "m"), "a", "b")
	s := telemetry.Series{Wire: append(wire, 0x12, 0x00), Samples: []telemetry.Sample{{T: r.now.UnixMilli(), V: 1}}}
	known := make([]bool, 1)
	b := &telemetry.Batch{Series: []telemetry.Series{s}}
	r.Known(b.Series, known)
	res, err := r.Write(context.Background(), b)
	if err != nil || known[0] || res.Stored != 0 || res.Refused[telemetry.ReasonMissingName] != 1 {
		t.Errorf("got %+v, %v; known: %v", res, err, known[0])
	}
}

// Between the decoder's question and the write a sweep may give the place of a series
// to another one.
func TestWriter_PlaceGivenAwayBeforeTheWrite_SeriesStayApart(t *testing.T) {
	r := newRig(t, nil)
	batch := func(name string, v float64) *telemetry.Batch {
		return &telemetry.Batch{Series: []telemetry.Series{{
			Wire: telemetry.AppendWire(nil, "__name__", name), Samples: []telemetry.Sample{{T: r.now.UnixMilli(), V: v}},
		}}}
	}
	write := func(b *telemetry.Batch) {
		t.Helper()
		if res, err := r.Write(context.Background(), b); err != nil || res.Stored != 1 {
			t.Fatal(res, err)
		}
	}
	known := make([]bool, 1)
	write(batch("a", 1))
	r.now = r.now.Add(5 * time.Hour)
	b := batch("a", 2)
	if r.Known(b.Series, known); !known[0] {
		t.Fatal("the series is not known")
	}
	if n := r.Sweep(r.now); n != 1 {
		t.Fatalf("%d series were swept, want one", n)
	}
	write(batch("b", 3))
	other := batch("b", 3)
	if r.Known(other.Series, known); other.Series[0].Place != b.Series[0].Place {
		t.Fatal("the place was not given away, which this test is about")
	}
	write(b)
	for name, want := range map[string]int{"a": 2, "b": 1} {
		if got, _ := read(t, r.db, name); len(got["{}"]) != want {
			t.Errorf("%s: got %v, want %d samples", name, got, want)
		}
	}
}

// What a limit refuses is named by its labels, also if they are still packed.
func TestWriter_PackedLabelsBeyondALimit_AreNamed(t *testing.T) {
	r := newRig(t, func(o *store.WriterOptions) { o.Config.Limits.MaxSeries = 1 })
	var b telemetry.Batch
	for _, name := range []string{"first", "second"} {
		s := b.Next()
		s.Wire = telemetry.AppendWire(nil, "__name__", name)
		s.Samples = append(s.Samples, telemetry.Sample{T: r.now.UnixMilli(), V: 1})
	}
	res, err := r.Write(context.Background(), &b)
	if err != nil || res.Stored != 1 || len(res.Rejected) != 1 || res.Rejected[0].Labels != `{__name__="second"}` {
		t.Errorf("got %+v, %v", res, err)
	}
}
