package remotewrite_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"

	"github.com/tocsinhq/tocsin/ingest/remotewrite"
	"github.com/tocsinhq/tocsin/telemetry"
)

func marshalV2(t testing.TB, r *writev2.Request) []byte {
	t.Helper()
	body, err := r.OptimizedMarshal(nil)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// symbolized builds a 2.0 request; labels are names and values in turn.
type symbolized struct {
	table writev2.SymbolsTable
	r     writev2.Request
}

func newSymbolized() *symbolized { return &symbolized{table: writev2.NewSymbolTable()} }

func (s *symbolized) refs(texts ...string) (refs []uint32) {
	for _, x := range texts {
		refs = append(refs, s.table.Symbolize(x))
	}
	return refs
}

func (s *symbolized) request() *writev2.Request {
	s.r.Symbols = s.table.Symbols()
	return &s.r
}

// richRequestV2 uses every field of a 2.0 request.
func richRequestV2() *writev2.Request {
	ih := histogram.Histogram{Schema: 1, Count: 5, Sum: 18.4, ZeroThreshold: 1e-9, ZeroCount: 1,
		PositiveSpans: []histogram.Span{{Offset: 0, Length: 2}}, PositiveBuckets: []int64{1, 2},
		NegativeSpans: []histogram.Span{{Offset: -3, Length: 1}}, NegativeBuckets: []int64{0}}
	s := newSymbolized()
	s.r.Timeseries = []writev2.TimeSeries{
		{
			LabelsRefs: s.refs("__name__", "requests_total", "job", "ümlaut", "empty", ""),
			Samples:    []writev2.Sample{{Value: 1, Timestamp: 1700000000000, StartTimestamp: 1600000000000}, {Value: math.NaN(), Timestamp: 1700000015000}},
			Exemplars:  []writev2.Exemplar{{LabelsRefs: s.refs("trace_id", "abc"), Value: 3, Timestamp: 7}, {}},
			Metadata:   writev2.Metadata{Type: writev2.Metadata_METRIC_TYPE_COUNTER, HelpRef: s.table.Symbolize("Requests."), UnitRef: s.table.Symbolize("requests")},
		},
		{
			LabelsRefs: s.refs("__name__", "h"),
			Histograms: []writev2.Histogram{writev2.FromIntHistogram(4, 5, &ih), writev2.FromFloatHistogram(0, 6, ih.ToFloat(nil))},
			Metadata:   writev2.Metadata{Type: writev2.Metadata_METRIC_TYPE_HISTOGRAM},
		},
		{LabelsRefs: s.refs("__name__", "h"), Metadata: writev2.Metadata{HelpRef: s.table.Symbolize("only help")}},
		{},
	}
	for i := range 300 { // references of two bytes
		s.r.Timeseries = append(s.r.Timeseries, writev2.TimeSeries{LabelsRefs: s.refs("__name__", "up", "i", fmt.Sprint(i)), Samples: []writev2.Sample{{Value: float64(i), Timestamp: int64(i)}}})
	}
	return s.request()
}

// createdOf returns the last created_timestamp that stands among the fields that
// the generated code does not know.
func createdOf(t testing.TB, unknown []byte) (created int64) {
	for len(unknown) > 0 {
		tag, n := binary.Uvarint(unknown)
		unknown = unknown[n:]
		size := 0
		switch tag & 7 {
		case 0:
			var v uint64
			v, size = uvarint(unknown)
			if int32(tag>>3) == 6 {
				created = int64(v)
			}
		case 1:
			size = 8
		case 2:
			v, n := binary.Uvarint(unknown)
			size = n + int(v)
		case 5:
			size = 4
		default:
			t.Skip("groups are not walked here")
		}
		unknown = unknown[size:]
	}
	return created
}

// uvarint reads a varint as the generated code does, which drops what is beyond 64 bits.
func uvarint(b []byte) (v uint64, n int) {
	for shift := 0; ; shift += 7 {
		v |= uint64(b[n]&0x7f) << shift
		n++
		if b[n-1] < 0x80 {
			return v, n
		}
	}
}

// ofRequestV2 resolves a request, but for the series of which that cannot be, whose numbers
// it returns, or says why none can be.
func ofRequestV2(t testing.TB, r *writev2.Request) (c content, left []int, _ error) {
	if len(r.Symbols) > 0 && r.Symbols[0] != "" {
		return c, nil, errors.New("first symbol")
	}
	var err error // of the series at hand
	symbol := func(ref uint32) string {
		if int(ref) >= len(r.Symbols) {
			err = errors.New("reference outside")
			return ""
		}
		return r.Symbols[ref]
	}
	resolve := func(refs []uint32) (all []string) {
		if len(refs)%2 != 0 {
			err = errors.New("odd references")
		}
		for _, ref := range refs {
			all = append(all, symbol(ref))
		}
		return all
	}
	for i, s := range r.Timeseries {
		err = nil
		x := series{Labels: resolve(s.LabelsRefs)}
		created := createdOf(t, s.XXX_unrecognized)
		for _, p := range s.Samples {
			if p.StartTimestamp == 0 {
				p.StartTimestamp = created
			}
			x.Samples = append(x.Samples, telemetry.Sample{T: p.Timestamp, V: p.Value, ST: p.StartTimestamp})
		}
		for _, h := range s.Histograms {
			if h.StartTimestamp == 0 {
				h.StartTimestamp = created
			}
			hs := telemetry.HistogramSample{T: h.Timestamp, ST: h.StartTimestamp}
			if h.IsFloatHistogram() {
				hs.Float = h.ToFloatHistogram()
			} else {
				hs.Int = h.ToIntHistogram()
			}
			x.Histograms = append(x.Histograms, hs)
		}
		for _, e := range s.Exemplars {
			x.Exemplars = append(x.Exemplars, exemplar{resolve(e.LabelsRefs), e.Timestamp, e.Value})
		}
		if m := s.Metadata; m.Type != 0 || m.HelpRef != 0 || m.UnitRef != 0 {
			md, _ := s.ToMetadata(r.Symbols) // its error is that of symbol
			x.Metadata = metadata{known(md.Type), "", symbol(m.HelpRef), symbol(m.UnitRef)}
		}
		if err != nil {
			left = append(left, i)
			continue
		}
		c.Series = append(c.Series, x)
	}
	return c, left, nil
}

func decodeV2(t testing.TB, body []byte) *telemetry.Batch {
	t.Helper()
	var d remotewrite.DecoderV2
	b := new(telemetry.Batch)
	if err := d.Decode(body, b); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecodeV2_RichRequest_HoldsWhatTheGeneratedDecoderHolds(t *testing.T) {
	r := richRequestV2()
	want, left, err := ofRequestV2(t, r)
	if err != nil || left != nil {
		t.Fatal(left, err)
	}
	plain, err := r.Marshal() // another order of fields than the optimized one
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range [][]byte{marshalV2(t, r), plain} {
		b := decodeV2(t, body)
		if d := cmp.Diff(want, ofBatch(b), sameFloat); d != "" {
			t.Errorf("-want +got\n%s", d)
		}
		s := &b.Series[0]
		if b.Len() != 304 || s.Metadata.Type != model.MetricTypeCounter || string(s.Exemplars[0].Labels[0].Value) != "abc" || s.Samples[0].ST != 1600000000000 || b.Series[1].Histograms[0].ST != 4 {
			t.Errorf("got %d samples, first series %+v", b.Len(), ofBatch(b).Series[0])
		}
		if m := b.Series[3].Metadata; m != nil {
			t.Errorf("a series without metadata has %+v", m)
		}
	}
}

func TestDecodeV2_DecoderUsedAgain_ForgetsTheFormerRequest(t *testing.T) {
	var d remotewrite.DecoderV2
	var b telemetry.Batch
	small := newSymbolized()
	small.r.Timeseries = []writev2.TimeSeries{{LabelsRefs: small.refs("a", "b")}}
	for _, r := range []*writev2.Request{richRequestV2(), small.request(), {}, richRequestV2()} {
		if err := d.Decode(marshalV2(t, r), &b); err != nil {
			t.Fatal(err)
		}
		want, _, _ := ofRequestV2(t, r)
		if diff := cmp.Diff(want, ofBatch(&b), sameFloat); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	}
	// The table of a former request does not resolve references of the next.
	if err := d.Decode([]byte("\x2a\x04\x0a\x02\x01\x02"), &b); err != nil || len(b.Series) != 0 {
		t.Errorf("got %d series, %v for references without a table", len(b.Series), err)
	}
	if refused, _ := d.Refused(); refused.RefusedTotal() != 1 {
		t.Errorf("refused %+v", refused)
	}
	if err := d.Decode(marshalV2(t, richRequestV2()), &b); err != nil {
		t.Fatal(err)
	}
	if refused, lost := d.Refused(); refused.RefusedTotal() != 0 || lost != 0 {
		t.Errorf("of a request that is good it refuses %+v", refused)
	}
}

func TestDecodeV2_SymbolsAfterSeries_AreFound(t *testing.T) {
	b := decodeV2(t, []byte("\x2a\x04\x0a\x02\x01\x02"+"\x22\x00\x22\x01a"+"\x2a\x04\x0a\x02\x02\x01"+"\x22\x01b"))
	if got := fmt.Sprint(ofBatch(b).Series[0].Labels, ofBatch(b).Series[1].Labels); got != "[a b] [b a]" {
		t.Errorf("got %s", got)
	}
}

func TestDecodeV2_ReferencesOneByOne_AreRead(t *testing.T) {
	const table = "\x22\x00\x22\x01a\x22\x01b"
	for _, series := range []string{
		"\x0a\x02\x01\x02",         // packed
		"\x08\x01\x08\x02",         // each a field
		"\x0a\x01\x01\x08\x02",     // one of each
		"\x0a\x01\x01\x0a\x01\x02", // two packed fields
		"\x0a\x00\x0a\x02\x01\x02",
	} {
		b := decodeV2(t, []byte(table+"\x2a"+string(rune(len(series)))+series))
		if got := fmt.Sprint(ofBatch(b).Series[0].Labels); got != "[a b]" {
			t.Errorf("%q: got %s", series, got)
		}
	}
}

func TestDecodeV2_CreatedTimestampOfTheSeries_IsThatOfItsSamples(t *testing.T) {
	// field 6 after two samples, of which one has a start of its own
	series := "\x12\x04\x10\x64\x18\x09" + "\x12\x02\x10\x65" + "\x1a\x03\x78\x66\x08" + "\x30\x07"
	series = strings.Replace(series, "\x1a\x03\x78\x66\x08", "\x1a\x02\x78\x66", 1)
	b := decodeV2(t, []byte("\x22\x00\x2a"+string(rune(len(series)))+series))
	s := b.Series[0]
	if s.Samples[0].ST != 9 || s.Samples[1].ST != 7 || s.Histograms[0].ST != 7 {
		t.Errorf("got %+v %+v, want starts 9, 7 and 7", s.Samples, s.Histograms[0].ST)
	}
}

func TestDecodeV2_LabelBytes_AliasTheBody(t *testing.T) {
	s := newSymbolized()
	s.r.Timeseries = []writev2.TimeSeries{{LabelsRefs: s.refs("name", "value")}}
	body := marshalV2(t, s.request())
	b := decodeV2(t, body)
	copy(body[strings.Index(string(body), "value"):], "other")
	if got := string(b.Series[0].Labels[0].Value); got != "other" {
		t.Errorf("got %q after changing the body, want other", got)
	}
}

func TestDecodeV2_UsedMemory_AllocatesNothing(t *testing.T) {
	body := benchBodyV2(t, 200)
	var d remotewrite.DecoderV2
	var b telemetry.Batch
	if err := d.Decode(body, &b); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(20, func() { _ = d.Decode(body, &b) }); n != 0 {
		t.Errorf("got %v allocations per decode, want 0", n)
	}
}

func TestDecodeV2_Malformed_SaysWhereAndWhat(t *testing.T) {
	const table = "\x22\x00\x22\x01a\x22\x01b" // 8 bytes, 3 symbols
	for _, tc := range []struct{ name, body, want string }{
		{"symbol as number", "\x20\x01", "byte 0, symbol 1: symbol: want wire type 2 (length-delimited), got 0 (varint)"},
		{"symbol cut", "\x22\x00\x22\x05a", "byte 3, symbol 2: symbol: want 5 bytes, got the end of the message after 1"},
		{"first symbol not empty", "\x22\x01a\x2a\x00", "byte 2, symbol 1: want the empty string as the first symbol, got another"},
		{"series as number", table + "\x28\x01", "byte 8, time series 1: time series: want wire type 2 (length-delimited), got 0 (varint)"},
		{"series cut", table + "\x2a\x00\x2a\x09\x01", "byte 11, time series 2: time series: want 9 bytes, got the end of the message after 1"},
		{"reference cut", table + "\x2a\x04\x0a\x02\x01\x80", "byte 13, time series 1: want a whole varint, got the end of the message after 1 bytes"},
		{"references as 64-bit", table + "\x2a\x02\x09\x00", "byte 10, time series 1: label references: want wire type 2 (length-delimited), got 1 (64-bit)"},
		{"sample value cut", table + "\x2a\x04\x12\x02\x09\x01", "byte 13, time series 1, sample 1: value: want 8 bytes, got the end of the message after 1"},
		{"start as bytes", table + "\x2a\x04\x12\x02\x1a\x00", "byte 12, time series 1, sample 1: start timestamp: want wire type 0 (varint), got 2 (length-delimited)"},
		{"histogram", table + "\x2a\x04\x1a\x02\x08\x80", "byte 12, time series 1, histogram 1: want a histogram in the 2 bytes from here, got unexpected EOF"},
		{"metadata type as bytes", table + "\x2a\x04\x2a\x02\x0a\x00", "byte 12, time series 1, metadata 1: type: want wire type 0 (varint), got 2 (length-delimited)"},
		{"created cut", table + "\x2a\x02\x30\x80", "byte 11, time series 1: want a whole varint, got the end of the message after 1 bytes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var d remotewrite.DecoderV2
			var b telemetry.Batch
			err := d.Decode([]byte(tc.body), &b)
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
			r := new(writev2.Request)
			if err := r.Unmarshal([]byte(tc.body)); err == nil {
				if _, _, err := ofRequestV2(t, r); err == nil {
					t.Error("the generated decoder accepts this body")
				}
			}
		})
	}
}

// A series with a reference that cannot be is left out, and the others are not.
func TestDecodeV2_BadReferences_LeaveOutTheirSeries(t *testing.T) {
	const table = "\x22\x00\x22\x01a\x22\x01b" // 8 bytes, 3 symbols
	const good = "\x2a\x08\x0a\x02\x01\x02\x12\x02\x10\x05"
	for _, tc := range []struct{ name, body, want string }{
		{"reference outside", table + "\x2a\x04\x0a\x02\x01\x03", "byte 13: label reference: want one of the 3 symbols, counted from 0, got number 3"},
		{"no table", "\x2a\x04\x0a\x02\x00\x00", "byte 4: label reference: want one of the 0 symbols, counted from 0, got number 0"},
		{"odd references", table + "\x2a\x05\x0a\x03\x01\x02\x01", `byte 10: label references: want pairs of a name and a value, got an odd number; "a" has no value`},
		{"exemplar reference outside", table + "\x2a\x06\x22\x04\x0a\x02\x01\x63", "byte 15, exemplar 1: label reference: want one of the 3 symbols, counted from 0, got number 99"},
		{"exemplar odd", table + "\x2a\x05\x22\x03\x0a\x01\x02", `byte 12, exemplar 1: label references: want pairs of a name and a value, got an odd number; "b" has no value`},
		{"help outside", table + "\x2a\x04\x2a\x02\x18\x07", "byte 13, metadata 1: help: want one of the 3 symbols, counted from 0, got number 7"},
		{"unit outside", table + "\x2a\x04\x2a\x02\x20\x07", "byte 13, metadata 1: unit: want one of the 3 symbols, counted from 0, got number 7"},
		{"sample with it", table + "\x2a\x0c\x12\x02\x10\x05\x0a\x02\x01\x03\x12\x02\x10\x06", "byte 17: label reference: want one of the 3 symbols, counted from 0, got number 3"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var d remotewrite.DecoderV2
			var b telemetry.Batch
			if err := d.Decode([]byte(tc.body+good+"\x2a\x03\x0a\x01\x01"), &b); err != nil {
				t.Fatal(err)
			}
			refused, lost := d.Refused()
			samples := strings.Count(tc.body, "\x12\x02\x10")
			if tc.name == "no table" { // in which the others have none either
				if len(b.Series) != 0 || len(refused.RefusedSeries) != 3 || lost != 1 {
					t.Errorf("got %d series, refused %+v", len(b.Series), refused)
				}
				return
			}
			if got := fmt.Sprint(ofBatch(&b).Series[0].Labels, len(b.Series), b.Series[0].Samples[0].T); got != "[a b] 1 5" {
				t.Errorf("got %s", got)
			}
			x := refused.Rejected
			if fmt.Sprint(refused.RefusedSeries) != "[0 2]" || len(x) != 2 || x[0].Series != 0 || x[0].Samples != samples || lost != samples || x[0].Reason != telemetry.ReasonReference {
				t.Fatalf("refused %+v, %d samples", refused, lost)
			}
			if x[0].Message != tc.want {
				t.Errorf("got  %s\nwant %s", x[0].Message, tc.want)
			}
		})
	}
}

func TestDecodeV2_AnotherMessage_IsNoEmptyRequest(t *testing.T) {
	var d remotewrite.DecoderV2
	var b telemetry.Batch
	err := d.Decode(marshal(t, richRequest()), &b)
	const want = "byte 0: want a io.prometheus.write.v2.Request, got "
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s...", err, want)
	}
	if err := d.Decode([]byte("\x22\x00"), &b); err != nil { // a table and no series
		t.Errorf("got %v for a request without series", err)
	}
}

func TestDecoderV2_Release_GivesUpAGiantTable(t *testing.T) {
	var d remotewrite.DecoderV2
	var b telemetry.Batch
	small := benchBodyV2(t, 3)
	if err := d.Decode([]byte(strings.Repeat("\x22\x00", 1<<19)), &b); err != nil {
		t.Fatal(err)
	}
	d.Release()
	if n := testing.AllocsPerRun(1, func() { d = remotewrite.DecoderV2{}; _ = d.Decode(small, &b) }); n == 0 {
		t.Error("a new decoder allocates nothing, so this test shows nothing")
	}
	if err := d.Decode(small, &b); err != nil {
		t.Fatal(err)
	}
	d.Release() // a usual table stays
	if n := testing.AllocsPerRun(10, func() { _ = d.Decode(small, &b) }); n != 0 {
		t.Errorf("got %v allocations after Release of a small table, want 0", n)
	}
}

// FuzzDecodeV2 holds the decoder to the generated one and to what the
// specification asks of references.
func FuzzDecodeV2(f *testing.F) {
	f.Add([]byte{})
	f.Add(marshalV2(f, richRequestV2()))
	f.Add(benchBodyV2(f, 3))
	f.Add([]byte("\x22\x00\x22\x01a\x2a\x08\x0a\x02\x01\x01\x12\x02\x10\x05\x30\x03"))
	f.Add([]byte("\x22\x00\x2a\x06\x2a\x04\x18\x00\x08\x03"))
	f.Add([]byte("\x22\x00\x2a\x04\x22\x02\x0a\x00"))
	f.Add([]byte("\x22\x00\x22\x01a\x2a\x04\x0a\x02\x01\x09\x2a\x04\x0a\x02\x01\x00"))
	var d remotewrite.DecoderV2
	f.Fuzz(func(t *testing.T, body []byte) {
		var b telemetry.Batch
		got := d.Decode(body, &b)
		var r writev2.Request
		want := r.Unmarshal(body)
		var c content
		var left []int
		if want == nil {
			c, left, want = ofRequestV2(t, &r)
			if len(body) > 0 && len(r.Symbols)+len(r.Timeseries) == 0 {
				want = errors.New("another message")
			}
		}
		if (got == nil) != (want == nil) {
			t.Fatalf("got %v, the generated decoder says %v", got, want)
		}
		if got != nil {
			if e := new(remotewrite.Error); !errors.As(got, &e) || e.Offset < 0 || e.Offset > len(body) {
				t.Fatalf("got %#v for a body of %d bytes", got, len(body))
			}
			return
		}
		if d := cmp.Diff(c, ofBatch(&b), sameFloat); d != "" {
			t.Fatalf("-want +got\n%s", d)
		}
		if refused, _ := d.Refused(); !slices.Equal(refused.RefusedSeries, left) {
			t.Fatalf("series %v are left out, want %v", refused.RefusedSeries, left)
		}
	})
}

// benchBodyV2 is the content of benchBody as Prometheus sends it in 2.0.
func benchBodyV2(t testing.TB, n int) []byte {
	var b telemetry.Batch
	if err := remotewrite.Decode(benchBody(t, n), &b); err != nil {
		t.Fatal(err)
	}
	s := newSymbolized()
	for _, x := range b.Series {
		s.r.Timeseries = append(s.r.Timeseries, writev2.TimeSeries{
			LabelsRefs: s.refs(texts(x.Labels)...),
			Samples:    []writev2.Sample{{Value: x.Samples[0].V, Timestamp: x.Samples[0].T}},
			Metadata:   writev2.Metadata{Type: writev2.Metadata_METRIC_TYPE_HISTOGRAM, HelpRef: s.table.Symbolize("Seconds that requests took.")},
		})
	}
	return marshalV2(t, s.request())
}
