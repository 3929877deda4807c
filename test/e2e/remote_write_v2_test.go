//go:build linux

package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	remoteapi "github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/prometheus/model/histogram"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
)

// TestRemoteWriteV2_FromPrometheusClient_SurvivesAKill sends 2.0 with the client
// library that Prometheus itself sends with: floats, a native histogram, exemplars,
// metadata and starts, and once more a part of it beside what is refused.
func TestRemoteWriteV2_FromPrometheusClient_SurvivesAKill(t *testing.T) {
	d := serve(t)
	client, err := remoteapi.NewAPI(d.url, remoteapi.WithAPIPath("api/v1/write"))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Truncate(time.Second)
	table := writev2.NewSymbolTable()
	refs := func(texts ...string) (all []uint32) {
		for _, x := range texts {
			all = append(all, table.Symbolize(x))
		}
		return all
	}
	h := &histogram.Histogram{Schema: 1, Count: 3, Sum: 5, PositiveSpans: []histogram.Span{{Length: 2}}, PositiveBuckets: []int64{1, 1}}
	r := &writev2.Request{Timeseries: []writev2.TimeSeries{
		{
			LabelsRefs: refs("__name__", "e2e_requests_total", "job", "e2e"),
			Samples:    []writev2.Sample{{Value: 7, Timestamp: now.UnixMilli(), StartTimestamp: now.Add(-time.Hour).UnixMilli()}},
			Exemplars:  []writev2.Exemplar{{LabelsRefs: refs("trace_id", "a"), Value: 1, Timestamp: now.UnixMilli()}},
			Metadata:   writev2.Metadata{Type: writev2.Metadata_METRIC_TYPE_COUNTER, HelpRef: table.Symbolize("Requests.")},
		},
		{
			LabelsRefs: refs("__name__", "e2e_seconds", "job", "e2e"),
			Histograms: []writev2.Histogram{writev2.FromIntHistogram(0, now.UnixMilli(), h)},
			Exemplars:  []writev2.Exemplar{{LabelsRefs: refs("trace_id", "b"), Value: 2}},
			Metadata:   writev2.Metadata{Type: writev2.Metadata_METRIC_TYPE_HISTOGRAM, HelpRef: table.Symbolize("Seconds.")},
		},
	}}
	r.Symbols = table.Symbols()
	send := func(want string) {
		t.Helper()
		stats, err := client.Write(context.Background(), remoteapi.WriteV2MessageType, r)
		got := fmt.Sprintf("%d samples, %d histograms, %d exemplars", stats.Samples, stats.Histograms, stats.Exemplars)
		if err != nil {
			got += ": " + err.Error()
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	send("1 samples, 1 histograms, 2 exemplars")
	send("1 samples, 1 histograms, 2 exemplars") // twice is as good as once
	good := r.Timeseries
	r.Timeseries = append(r.Timeseries[:1:1], writev2.TimeSeries{LabelsRefs: refs("job", "e2e"), Samples: good[0].Samples})
	r.Symbols = table.Symbols()
	send("1 samples, 0 histograms, 1 exemplars: server returned HTTP status 400 Bad Request: stored 1 of 2 samples; series 2 {job=\"e2e\"}: want a label __name__")

	d.kill()
	d.boot(t)
	for expr, want := range map[string]float64{
		"e2e_requests_total": 7, "histogram_count(e2e_seconds)": 3, "histogram_sum(e2e_seconds)": 5, `count({job="e2e"})`: 2,
	} {
		if got, err := d.number(expr); err != nil || got != want {
			t.Errorf("%s after a kill: got %v, %v; want %v", expr, got, err, want)
		}
	}
}
