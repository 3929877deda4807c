package remotewrite_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/prompb"

	"github.com/tocsinhq/tocsin/ingest/remotewrite"
	"github.com/tocsinhq/tocsin/telemetry"
)

func unmarshal(t testing.TB, body []byte) *prompb.WriteRequest {
	t.Helper()
	r := new(prompb.WriteRequest)
	if err := r.Unmarshal(body); err != nil {
		t.Fatal(err)
	}
	return r
}

// sameFloat compares floats by their bits, so that NaN equals itself and -0 differs from 0.
var sameFloat = cmp.Comparer(func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) })

func marshal(t testing.TB, r *prompb.WriteRequest) []byte {
	t.Helper()
	body, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// richRequest uses every field of a write request.
func richRequest() *prompb.WriteRequest {
	ih := histogram.Histogram{Schema: 1, Count: 5, Sum: 18.4, ZeroThreshold: 1e-9, ZeroCount: 1,
		PositiveSpans: []histogram.Span{{Offset: 0, Length: 2}}, PositiveBuckets: []int64{1, 2},
		NegativeSpans: []histogram.Span{{Offset: -3, Length: 1}}, NegativeBuckets: []int64{0}}
	return &prompb.WriteRequest{
		Timeseries: []prompb.TimeSeries{
			{
				Labels:  []prompb.Label{{Name: "__name__", Value: "up"}, {Name: "job", Value: "ümlaut"}, {Name: "empty"}},
				Samples: []prompb.Sample{{Value: 1, Timestamp: 1700000000000}, {Value: math.NaN(), Timestamp: 1700000015000}, {Value: math.Inf(-1), Timestamp: -1}},
				Exemplars: []prompb.Exemplar{
					{Labels: []prompb.Label{{Name: "trace_id", Value: "abc"}}, Value: 3, Timestamp: 7},
					{},
				},
			},
			{
				Labels: []prompb.Label{{Name: "__name__", Value: "h"}},
				Histograms: []prompb.Histogram{
					prompb.FromIntHistogram(5, &ih),
					prompb.FromFloatHistogram(6, ih.ToFloat(nil)),
				},
			},
			{},
		},
		Metadata: []prompb.MetricMetadata{{Type: prompb.MetricMetadata_COUNTER, MetricFamilyName: "up", Help: "h", Unit: "u"}},
	}
}

// content is a batch or a write request with everything copied, for comparison.
type content struct {
	Series   []series
	Metadata []metadata
}

type series struct {
	Labels     []string
	Samples    []telemetry.Sample
	Histograms []telemetry.HistogramSample
	Exemplars  []exemplar
	Metadata   metadata
}

type exemplar struct {
	Labels []string
	T      int64
	V      float64
}

type metadata struct{ Type, Family, Help, Unit string }

func texts(pairs []telemetry.Pair) (all []string) {
	for _, p := range pairs {
		all = append(all, string(p.Name), string(p.Value))
	}
	return all
}

// known is a type as text, empty for the two ways of saying that it is unknown.
func known(t model.MetricType) string {
	if t == model.MetricTypeUnknown {
		return ""
	}
	return string(t)
}

func ofMetadata(m telemetry.Metadata) metadata {
	return metadata{known(m.Type), string(m.Family), string(m.Help), string(m.Unit)}
}

// described returns the metadata of a series, zero if it has none.
func described(s *telemetry.Series) telemetry.Metadata {
	if s.Metadata == nil {
		return telemetry.Metadata{}
	}
	return *s.Metadata
}

func ofBatch(b *telemetry.Batch) content {
	var c content
	for i := range b.Series {
		s := &b.Series[i]
		x := series{Labels: texts(s.Unpack()), Metadata: ofMetadata(described(s))}
		x.Samples = append(x.Samples, s.Samples...)
		x.Histograms = append(x.Histograms, s.Histograms...)
		for _, e := range s.Exemplars {
			x.Exemplars = append(x.Exemplars, exemplar{texts(e.Labels), e.T, e.V})
		}
		c.Series = append(c.Series, x)
	}
	for _, m := range b.Metadata {
		c.Metadata = append(c.Metadata, ofMetadata(m))
	}
	return c
}

func ofRequest(r *prompb.WriteRequest) content {
	var c content
	pairs := func(ls []prompb.Label) (all []string) {
		for _, l := range ls {
			all = append(all, l.Name, l.Value)
		}
		return all
	}
	for _, s := range r.Timeseries {
		x := series{Labels: pairs(s.Labels)}
		for _, p := range s.Samples {
			x.Samples = append(x.Samples, telemetry.Sample{T: p.Timestamp, V: p.Value})
		}
		for _, h := range s.Histograms {
			hs := telemetry.HistogramSample{T: h.Timestamp}
			if h.IsFloatHistogram() {
				hs.Float = h.ToFloatHistogram()
			} else {
				hs.Int = h.ToIntHistogram()
			}
			x.Histograms = append(x.Histograms, hs)
		}
		for _, e := range s.Exemplars {
			x.Exemplars = append(x.Exemplars, exemplar{pairs(e.Labels), e.Timestamp, e.Value})
		}
		c.Series = append(c.Series, x)
	}
	for _, m := range r.Metadata {
		typ := strings.ToLower(m.Type.String())
		if _, ok := prompb.MetricMetadata_MetricType_name[int32(m.Type)]; !ok || m.Type == prompb.MetricMetadata_UNKNOWN {
			typ = ""
		}
		c.Metadata = append(c.Metadata, metadata{typ, m.MetricFamilyName, m.Help, m.Unit})
	}
	return c
}

func TestDecode_RichRequest_HoldsWhatTheGeneratedDecoderHolds(t *testing.T) {
	var b telemetry.Batch
	body := marshal(t, richRequest())
	if err := remotewrite.Decode(body, &b); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(ofRequest(unmarshal(t, body)), ofBatch(&b), sameFloat); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if b.Len() != 5 || len(b.Series[0].Exemplars) != 2 || b.Metadata[0].Type != model.MetricTypeCounter {
		t.Errorf("got %d samples, want 5, in %+v", b.Len(), ofBatch(&b))
	}
}

func TestDecode_BatchUsedAgain_ForgetsTheFormerRequest(t *testing.T) {
	var b telemetry.Batch
	small := &prompb.WriteRequest{Timeseries: []prompb.TimeSeries{{Labels: []prompb.Label{{Name: "a", Value: "b"}}}}}
	for _, r := range []*prompb.WriteRequest{richRequest(), small, {}, richRequest()} {
		body := marshal(t, r)
		if err := remotewrite.Decode(body, &b); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(ofRequest(unmarshal(t, body)), ofBatch(&b), sameFloat); d != "" {
			t.Errorf("-want +got\n%s", d)
		}
	}
}

func TestDecode_NegativeZeroAndNaNPayload_KeepTheirBits(t *testing.T) {
	for _, bits := range []uint64{1 << 63, 0x7ff0000000000002, 0x7ff8000000000001, 1} {
		body := append([]byte("\x0a\x0b\x12\x09\x09"), binary.LittleEndian.AppendUint64(nil, bits)...)
		var b telemetry.Batch
		if err := remotewrite.Decode(body, &b); err != nil {
			t.Fatal(err)
		}
		if got := math.Float64bits(b.Series[0].Samples[0].V); got != bits {
			t.Errorf("got bits %x, want %x", got, bits)
		}
	}
}

func TestDecode_LabelBytes_AliasTheBody(t *testing.T) {
	body := marshal(t, &prompb.WriteRequest{Timeseries: []prompb.TimeSeries{{Labels: []prompb.Label{{Name: "name", Value: "value"}}}}})
	var b telemetry.Batch
	if err := remotewrite.Decode(body, &b); err != nil {
		t.Fatal(err)
	}
	copy(body[strings.Index(string(body), "value"):], "other")
	if got := string(b.Series[0].Unpack()[0].Value); got != "other" {
		t.Errorf("got %q after changing the body, want other", got)
	}
}

func TestDecode_UsedBatch_AllocatesNothing(t *testing.T) {
	body := benchBody(t, 200)
	var b telemetry.Batch
	if err := remotewrite.Decode(body, &b); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(20, func() { _ = remotewrite.Decode(body, &b) }); n != 0 {
		t.Errorf("got %v allocations per decode, want 0", n)
	}
}

func TestDecode_Malformed_SaysWhereAndWhat(t *testing.T) {
	for _, tc := range []struct{ name, body, want string }{
		{"cut tag", "\x80", "byte 0: want a whole varint, got the end of the message after 1 bytes"},
		{"long varint", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "byte 0: time series: want wire type 2 (length-delimited), got 0 (varint)"},
		{"unknown field with a long varint", "\x78\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "byte 1: want a varint of at most 10 bytes, got a longer one"},
		{"field 0", "\x02\x00", "byte 0: want a field number above 0, got 0"},
		{"stray group end", "\x0c", "byte 0: want a field, got the end of a group that was not started"},
		{"group never ended", "\x7b\x08\x01", "byte 3: want a whole varint, got the end of the message after 0 bytes"},
		{"wire type 7", "\x7f", "byte 1: want a wire type from 0 to 5, got 7"},
		{"unknown 64-bit field cut", "\x79\x01", "byte 0: want the whole value of an unknown field, got the end of the message"},
		{"series longer than the body", "\x0a\x05\x01", "byte 1, time series 1: time series: want 5 bytes, got the end of the message after 1"},
		{"second series bad", "\x0a\x00\x0a\x02\x08\x01", "byte 4, time series 2: label: want wire type 2 (length-delimited), got 0 (varint)"},
		{"label name as number", "\x0a\x04\x0a\x02\x08\x01", "byte 4, time series 1, label 1: name: want wire type 2 (length-delimited), got 0 (varint)"},
		{"label value cut", "\x0a\x04\x0a\x02\x12\x09", "byte 5, time series 1, label 1: value: want 9 bytes, got the end of the message after 0"},
		{"sample value cut", "\x0a\x04\x12\x02\x09\x01", "byte 5, time series 1, sample 1: value: want 8 bytes, got the end of the message after 1"},
		{"sample value as varint", "\x0a\x04\x12\x02\x08\x01", "byte 4, time series 1, sample 1: value: want wire type 1 (64-bit), got 0 (varint)"},
		{"timestamp as bytes", "\x0a\x04\x12\x02\x12\x00", "byte 4, time series 1, sample 1: timestamp: want wire type 0 (varint), got 2 (length-delimited)"},
		{"timestamp cut", "\x0a\x04\x12\x02\x10\x80", "byte 5, time series 1, sample 1: want a whole varint, got the end of the message after 1 bytes"},
		{"histogram", "\x0a\x04\x22\x02\x08\x80", "byte 4, time series 1, histogram 1: want a histogram in the 2 bytes from here, got unexpected EOF"},
		{"exemplar value cut", "\x0a\x04\x1a\x02\x11\x01", "byte 5, time series 1, exemplar 1: value: want 8 bytes, got the end of the message after 1"},
		{"exemplar label", "\x0a\x06\x1a\x04\x0a\x02\x08\x01", "byte 6, time series 1, exemplar 1, label 1: name: want wire type 2 (length-delimited), got 0 (varint)"},
		{"metadata type", "\x1a\x02\x0a\x00", "byte 2, metadata 1: type: want wire type 0 (varint), got 2 (length-delimited)"},
		{"metadata help cut", "\x1a\x02\x22\x07", "byte 3, metadata 1: help: want 7 bytes, got the end of the message after 0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var b telemetry.Batch
			err := remotewrite.Decode([]byte(tc.body), &b)
			var e *remotewrite.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if err.Error() != tc.want {
				t.Errorf("got  %s\nwant %s", err, tc.want)
			}
			if len(b.Series) != 0 {
				t.Errorf("got %d series in the batch after an error, want none", len(b.Series))
			}
			if new(prompb.WriteRequest).Unmarshal([]byte(tc.body)) == nil {
				t.Error("the generated decoder accepts this body")
			}
		})
	}
}

func TestDecode_AnotherMessage_IsNoEmptyRequest(t *testing.T) {
	var b telemetry.Batch
	err := remotewrite.Decode(marshalV2(t, richRequestV2()), &b)
	const want = "byte 0: want a prometheus.WriteRequest, got "
	if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "Content-Type") {
		t.Errorf("got %v, want %s...", err, want)
	}
}

func TestDecode_UnknownFields_AreSkipped(t *testing.T) {
	// field 15 as varint, 64-bit, bytes, group with a nested group, 32-bit
	unknown := "\x78\x85\x01" + "\x79\x01\x02\x03\x04\x05\x06\x07\x08" + "\x7a\x02ab" + "\x7b\x73\x08\x01\x74\x7c" + "\x7d\x01\x02\x03\x04"
	series := unknown + "\x0a" + string(rune(len(unknown)+3)) + "\x0a\x01a" + unknown + "\x12" + string(rune(len(unknown)+2)) + "\x10\x07" + unknown
	body := unknown + "\x0a" + string([]byte{byte(len(series)&0x7f | 0x80), byte(len(series) >> 7)}) + series
	var b telemetry.Batch
	if err := remotewrite.Decode([]byte(body), &b); err != nil {
		t.Fatal(err)
	}
	if len(b.Series) != 1 || string(b.Series[0].Labels[0].Name) != "a" || b.Series[0].Samples[0].T != 7 {
		t.Errorf("got %+v", ofBatch(&b))
	}
}

// FuzzDecode holds Decode to the generated decoder: the same bodies are valid,
// and valid bodies have the same content.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{})
	f.Add(marshal(f, richRequest()))
	f.Add(benchBody(f, 3))
	f.Add([]byte("\x7b\x73\x08\x01\x74\x7c\x0a\x04\x12\x02\x10\x80"))
	f.Add([]byte("\x1a\x04\x22\x02ab\x0a\x06\x1a\x04\x0a\x02\x0a\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		var b telemetry.Batch
		got := remotewrite.Decode(body, &b)
		var r prompb.WriteRequest
		want := r.Unmarshal(body)
		if want == nil && len(body) > 0 && len(r.Timeseries)+len(r.Metadata) == 0 {
			want = errors.New("another message")
		}
		if (got == nil) != (want == nil) {
			t.Fatalf("got %v, the generated decoder says %v", got, want)
		}
		agree(t, body)
		if got != nil {
			if e := new(remotewrite.Error); !errors.As(got, &e) || e.Offset < 0 || e.Offset > len(body) {
				t.Fatalf("got %#v for a body of %d bytes", got, len(body))
			}
			return
		}
		if d := cmp.Diff(ofRequest(&r), ofBatch(&b), sameFloat); d != "" {
			t.Fatalf("-want +got\n%s", d)
		}
	})
}

// benchBody is one request of n series as a node exporter would have them: ten
// labels and one sample each.
func benchBody(t testing.TB, n int) []byte {
	r := &prompb.WriteRequest{}
	for i := range n {
		r.Timeseries = append(r.Timeseries, prompb.TimeSeries{
			Labels: []prompb.Label{
				{Name: "__name__", Value: "http_request_duration_seconds_bucket"},
				{Name: "cluster", Value: "eu-west-1"}, {Name: "code", Value: "200"},
				{Name: "container", Value: "checkout"}, {Name: "handler", Value: "/api/v1/orders"},
				{Name: "instance", Value: fmt.Sprintf("10.0.%d.%d:8080", i/250, i%250)}, {Name: "job", Value: "checkout"},
				{Name: "le", Value: "0.25"}, {Name: "namespace", Value: "shop"}, {Name: "pod", Value: fmt.Sprintf("checkout-%08d", i)},
			},
			Samples: []prompb.Sample{{Value: float64(i) * 1.25, Timestamp: 1700000000000 + int64(i)}},
		})
	}
	return marshal(t, r)
}
