package store_test

import (
	"context"
	"testing"

	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"

	"github.com/tocsinhq/tocsin/ingest/remotewrite"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Senders of both versions of remote write may send one series, while one of them
// is being upgraded.
func TestWriter_BothVersionsOfRemoteWrite_WriteOneSeries(t *testing.T) {
	rec := newRecorder()
	r := newRig(t, func(o *store.WriterOptions) { o.Observer = rec })
	at := r.now.UnixMilli()
	v1, err := (&prompb.WriteRequest{Timeseries: []prompb.TimeSeries{{
		Labels:  []prompb.Label{{Name: "__name__", Value: "m"}, {Name: "job", Value: "api"}},
		Samples: []prompb.Sample{{Timestamp: at, Value: 1}},
	}}}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	v2, err := (&writev2.Request{
		Symbols:    []string{"", "api", "job", "m", "__name__"},
		Timeseries: []writev2.TimeSeries{{LabelsRefs: []uint32{4, 3, 2, 1}, Samples: []writev2.Sample{{Timestamp: at + 1, Value: 2}}}},
	}).OptimizedMarshal(nil)
	if err != nil {
		t.Fatal(err)
	}
	var d remotewrite.DecoderV2
	var b telemetry.Batch
	for _, decode := range []func() error{
		func() error { return remotewrite.Decode(v1, &b) },
		func() error { return d.Decode(v2, &b) },
	} {
		if err := decode(); err != nil {
			t.Fatal(err)
		}
		if res, err := r.Write(context.Background(), &b); err != nil || res.Stored != 1 {
			t.Fatal(res, err)
		}
	}
	if got := times(rec.of(`{__name__="m", job="api"}`), at); got != "0 1" || rec.registered("m") != 1 {
		t.Errorf("observed at %q after %d registrations, want 0 1 after one", got, rec.registered("m"))
	}
	// The second found the series in the cache.
	if r.counter(t, "tocsin_store_cache_misses_total") != "1" || r.counter(t, "tocsin_store_cache_entries") != "1" {
		t.Error("the versions have identities of their own")
	}
}
