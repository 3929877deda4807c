package remotewrite_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/prompb"

	"github.com/tocsinhq/tocsin/ingest/remotewrite"
	"github.com/tocsinhq/tocsin/telemetry"
)

// met is a Known over the labels that batches had.
type met map[string]bool

func (m met) learn(b *telemetry.Batch) {
	for i := range b.Series {
		var wire []byte
		s := telemetry.Series{Wire: b.Series[i].Wire, Labels: append([]telemetry.Pair(nil), b.Series[i].Labels...)}
		for _, p := range s.Unpack() {
			wire = telemetry.AppendWire(wire, string(p.Name), string(p.Value))
		}
		m[string(wire)] = true
	}
}

func (m met) known(series []telemetry.Series, known []bool) {
	for i := range series {
		s := &series[i]
		known[i] = s.Wire != nil && m[string(s.Wire)]
		if s.Wire != nil {
			s.Key = [2]uint64{1, uint64(len(s.Wire))}
		}
	}
}

// agree holds a Decoder for one who knows nothing, all series or some of them to Decode.
func agree(t *testing.T, body []byte) {
	t.Helper()
	var want, got telemetry.Batch
	refused := remotewrite.Decode(body, &want)
	all, some := met{}, met{}
	all.learn(&want)
	for wire := range all {
		if len(wire)%2 == 0 {
			some[wire] = true
		}
	}
	for name, m := range map[string]met{"nothing": {}, "some": some, "all": all} {
		d := remotewrite.Decoder{Known: m.known}
		for range 2 { // its memory is used again
			if err := d.Decode(body, &got); (err == nil) != (refused == nil) {
				t.Fatalf("for one who knows %s: got %v, want %v", name, err, refused)
			}
		}
		for i := range got.Series {
			if s := &got.Series[i]; s.Key != [2]uint64{} && s.Key != [2]uint64{1, uint64(len(s.Wire))} {
				t.Errorf("for one who knows %s: series %d has the key of other bytes", name, i)
			}
		}
		if d := cmp.Diff(ofBatch(&want), ofBatch(&got), sameFloat); d != "" {
			t.Fatalf("for one who knows %s: -want +got\n%s", name, d)
		}
		if err := remotewrite.Decode(body, &want); (err == nil) != (refused == nil) { // ofBatch has unpacked
			t.Fatal(err)
		}
	}
}

func TestDecoder_WhoeverKnowsSeries_GetsWhatIsThere(t *testing.T) {
	one := func(samples ...prompb.Sample) prompb.TimeSeries {
		return prompb.TimeSeries{Labels: []prompb.Label{{Name: "__name__", Value: "m"}, {Name: "a", Value: "b"}}, Samples: samples}
	}
	at := prompb.Sample{Value: 1, Timestamp: 1_700_000_000_000}
	later := prompb.Sample{Value: 2, Timestamp: 1_700_000_015_000}
	example := one(at)
	example.Exemplars = []prompb.Exemplar{{Labels: []prompb.Label{{Name: "trace_id", Value: "x"}}, Value: 1, Timestamp: at.Timestamp}}
	long := one(at)
	long.Labels[1].Value = strings.Repeat("x", 20_000)
	var many []prompb.TimeSeries
	for i := range 700 {
		s := one(at)
		s.Labels[1].Value = strings.Repeat("y", i)
		many = append(many, s)
	}
	for name, r := range map[string]*prompb.WriteRequest{
		"one sample":       {Timeseries: []prompb.TimeSeries{one(at), one(later)}},
		"two samples":      {Timeseries: []prompb.TimeSeries{one(at, later), one(at)}},
		"three samples":    {Timeseries: []prompb.TimeSeries{one(at, prompb.Sample{Timestamp: 5}, later)}},
		"an early one":     {Timeseries: []prompb.TimeSeries{one(prompb.Sample{Timestamp: 5}), one(at)}},
		"none":             {Timeseries: []prompb.TimeSeries{one(), one(at)}},
		"no labels":        {Timeseries: []prompb.TimeSeries{{Samples: []prompb.Sample{at}}, one(at)}},
		"an exemplar":      {Timeseries: []prompb.TimeSeries{example, one(at)}},
		"a long label":     {Timeseries: []prompb.TimeSeries{long, one(at)}},
		"many":             {Timeseries: many},
		"many and several": {Timeseries: append(many[:300:300], one(at, later), example, long)},
		"all there is":     richRequest(),
	} {
		t.Run(name, func(t *testing.T) { agree(t, marshal(t, r)) })
	}
	agree(t, benchBody(t, 1000))
}

func TestDecoder_LabelsThatAreNotKnown_AreLookedAt(t *testing.T) {
	var none met
	d := remotewrite.Decoder{Known: none.known}
	whole := marshal(t, &prompb.WriteRequest{Timeseries: []prompb.TimeSeries{{
		Labels: []prompb.Label{{Name: "__name__", Value: "metric"}, {Name: "job", Value: "api"}}, Samples: []prompb.Sample{{Timestamp: 1_700_000_000_000}},
	}}})
	var b telemetry.Batch
	for i := 2; i < len(whole)-18; i++ {
		bad := append([]byte(nil), whole...)
		bad[i] = 0x83 // a length that is too great, a tag of a wrong type, or another letter
		got, want := d.Decode(bad, &b), remotewrite.Decode(bad, &b)
		if (got == nil) != (want == nil) || got != nil && got.Error() != want.Error() {
			t.Errorf("byte %d: got %v, want %v", i, got, want)
		}
	}
}
