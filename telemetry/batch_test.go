package telemetry_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"

	"github.com/tocsinhq/tocsin/telemetry"
)

func TestBatch_Reset_KeepsMemoryAndForgetsData(t *testing.T) {
	var b telemetry.Batch
	for range 3 {
		s := b.Next()
		s.Labels = append(s.Labels, telemetry.Pair{Name: []byte("a"), Value: []byte("b")})
		s.Samples = append(s.Samples, telemetry.Sample{T: 1, V: 2}, telemetry.Sample{T: 2, V: 3})
		s.Histograms = append(s.Histograms, telemetry.HistogramSample{T: 1, Int: &histogram.Histogram{}})
	}
	b.Series[0].Exemplars = append(b.Series[0].Exemplars, telemetry.Exemplar{Labels: []telemetry.Pair{{Name: []byte("a")}}})
	b.Describe(&b.Series[0]).Help = []byte("help")
	b.Metadata = append(b.Metadata, telemetry.Metadata{Family: []byte("m")})
	if b.Len() != 9 {
		t.Errorf("got %d samples, want 9", b.Len())
	}
	b.Reset()
	if b.Len() != 0 || len(b.Series) != 0 || len(b.Metadata) != 0 {
		t.Errorf("after Reset: got %+v", b)
	}
	if h := b.Series[:1][0].Histograms[:1][0]; h.Int != nil {
		t.Error("a histogram is kept alive by a batch that was reset")
	}
	if s := b.Series[:1][0]; s.Exemplars[:1][0].Labels != nil || s.Metadata != nil || b.Metadata[:1][0].Family != nil {
		t.Error("a body is kept alive by a batch that was reset")
	}
	if m := b.Describe(b.Next()); m.Help != nil {
		t.Error("metadata of an earlier request show")
	}
	if n := testing.AllocsPerRun(10, func() {
		b.Reset()
		s := b.Next()
		s.Samples = append(s.Samples, telemetry.Sample{T: 1})
	}); n != 0 {
		t.Errorf("a batch in use again allocates %v times", n)
	}
	if s := b.Next(); len(s.Labels)+len(s.Samples)+len(s.Histograms) != 0 {
		t.Errorf("a series of an earlier request shows: %+v", s)
	}
}

func TestWriteResult_CountsAllAndKeepsTheFirst(t *testing.T) {
	var r telemetry.WriteResult
	if r.RefusedTotal() != 0 {
		t.Errorf("nothing refused: got %d", r.RefusedTotal())
	}
	for i := range 15 {
		r.Reject(telemetry.Rejection{Series: i, Reason: telemetry.ReasonTooOld, Samples: 2})
	}
	r.Reject(telemetry.Rejection{Reason: telemetry.ReasonMissingName}) // a series without samples counts as one
	if r.RefusedTotal() != 31 || r.Refused[telemetry.ReasonTooOld] != 30 || r.Refused[telemetry.ReasonMissingName] != 1 {
		t.Errorf("got %v", r.Refused)
	}
	if n := len(r.RefusedSeries); n == 0 || r.RefusedSeries[n-1] != 0 || r.RefusedSeries[n-2] == r.RefusedSeries[n-1] {
		t.Errorf("got refused series %v, want each index once in a run, also beyond the details", r.RefusedSeries)
	}
	if len(r.Rejected) != telemetry.MaxRejections || r.Rejected[9].Series != 9 {
		t.Errorf("got %d rejections, want the first %d", len(r.Rejected), telemetry.MaxRejections)
	}
}

func TestWriteResult_Merge_KeepsTheOrderOfTheBatch(t *testing.T) {
	r := telemetry.WriteResult{Stored: 3, Histograms: 1, Exemplars: 2}
	r.Merge(telemetry.WriteResult{})
	if r.Rejected != nil || r.Refused != nil {
		t.Errorf("nothing merged: got %+v", r)
	}
	var a telemetry.WriteResult
	for i := range 8 {
		r.Reject(telemetry.Rejection{Series: 2 * i, Reason: telemetry.ReasonTooOld, Samples: 1})
		a.Reject(telemetry.Rejection{Series: 2*i + 1, Reason: telemetry.ReasonMixedTypes, Samples: 2})
	}
	a.Stored, a.Histograms, a.Exemplars = 10, 5, 7
	r.Merge(a)
	if r.Stored != 13 || r.Histograms != 6 || r.Exemplars != 9 || r.RefusedTotal() != 24 {
		t.Errorf("got %+v", r)
	}
	for i, x := range r.Rejected {
		if x.Series != i {
			t.Errorf("detail %d is of series %d", i, x.Series)
		}
	}
	if len(r.Rejected) != telemetry.MaxRejections {
		t.Errorf("got %d details, want %d", len(r.Rejected), telemetry.MaxRejections)
	}
}

func TestWriteResult_MergeLeftOut_NumbersAsTheRequest(t *testing.T) {
	var r, left telemetry.WriteResult
	for _, i := range []int{3, 0, 1, 5} { // of the batch
		r.Reject(telemetry.Rejection{Series: i, Reason: telemetry.ReasonTooOld, Samples: 1})
	}
	r.MergeLeftOut(left)
	if fmt.Sprint(r.RefusedSeries) != "[3 0 1 5]" {
		t.Errorf("nothing left out: got %v", r.RefusedSeries)
	}
	for _, i := range []int{0, 2, 3, 6, 11} { // of the request, of which the batch is 1 4 5 7 8 9 10 12
		left.Reject(telemetry.Rejection{Series: i, Reason: telemetry.ReasonReference})
	}
	r.MergeLeftOut(left)
	var at []int
	for _, x := range r.Rejected {
		at = append(at, x.Series)
	}
	const want = "[0 1 2 3 4 6 7 9 11]"
	if fmt.Sprint(r.RefusedSeries) != want || fmt.Sprint(at) != want || r.RefusedTotal() != 9 {
		t.Errorf("got %v, details of %v, want %s", r.RefusedSeries, at, want)
	}
}

func TestNumber_JSON_NotANumberIsNull(t *testing.T) {
	for in, want := range map[telemetry.Number]string{1.5: "1.5", telemetry.Number(math.Inf(1)): "null", telemetry.Number(math.Inf(-1)): "null"} {
		if b, err := json.Marshal(in); err != nil || string(b) != want {
			t.Errorf("%v: got %s, %v; want %s", in, b, err, want)
		}
	}
	var got struct{ A, B telemetry.Number }
	if err := json.Unmarshal([]byte(`{"A":null,"B":2}`), &got); err != nil || !math.IsNaN(float64(got.A)) || got.B != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
	if b, err := json.Marshal(got); err != nil || string(b) != `{"A":null,"B":2}` {
		t.Errorf("there and back: got %s, %v", b, err)
	}
	if err := json.Unmarshal([]byte(`{"A":"x"}`), &got); err == nil {
		t.Error("a text for a number: got no error")
	}
}

func TestChange_TitleAndEffect(t *testing.T) {
	at := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	for want, c := range map[string]telemetry.Change{
		"deployment pay v1 -> v2": {Kind: telemetry.KindDeployment, Service: "pay", VersionFrom: "v1", VersionTo: "v2"},
		"deployment pay v2":       {Kind: telemetry.KindDeployment, Service: "pay", VersionTo: "v2"},
		"flag pay":                {Kind: "flag", Service: "pay", VersionFrom: "v1"},
	} {
		c.Started, c.Finished = at, at.Add(time.Hour)
		if got := fmt.Sprint(c.Title(), c.Effective()); got != fmt.Sprint(want, at) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestBatch_Truncate_LeavesTheFirst(t *testing.T) {
	var b telemetry.Batch
	for i := range 5 {
		s := b.Next()
		s.Labels = append(s.Labels, telemetry.Pair{Name: []byte("a")})
		s.Samples = append(s.Samples, telemetry.Sample{T: int64(i)})
	}
	if b.Truncate(2); b.Len() != 2 || b.Series[1].Samples[0].T != 1 {
		t.Errorf("got %+v", b.Series)
	}
	if s := b.Next(); len(s.Labels)+len(s.Samples) != 0 {
		t.Errorf("a series that was taken out shows: %+v", s)
	}
}
