package app_test

import (
	"math"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/prompb"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"

	"github.com/tocsinhq/tocsin/web"
)

// A histogram has no value to foresee, and what stands beside it under a selector has.
func TestApp_ForecastOfASelectorWithHistograms_ForeseesTheOthers(t *testing.T) {
	d := newDaemon(t).start()
	end := time.Now().Truncate(time.Second)
	name := func(n string) []prompb.Label {
		return []prompb.Label{{Name: "__name__", Value: n}, {Name: "service", Value: "pay"}}
	}
	depth, took := prompb.TimeSeries{Labels: name("depth")}, prompb.TimeSeries{Labels: name("took_seconds")}
	for i := range 200 {
		at := end.Add(-time.Duration(199-i) * 15 * time.Minute).UnixMilli()
		depth.Samples = append(depth.Samples, prompb.Sample{Timestamp: at, Value: float64(50 + i%7)})
		took.Histograms = append(took.Histograms, prompb.FromIntHistogram(at, tsdbutil.GenerateTestHistogram(int64(i))))
	}
	d.writeSeries(depth, took)
	var list web.ForecastList
	d.json("/api/v1/tocsin/forecast?horizon=1h&match="+url.QueryEscape(`{service="pay"}`), &list)
	if len(list.Forecasts) != 1 || list.Forecasts[0].Series["__name__"] != "depth" {
		t.Errorf("got %+v", list)
	}
}

// What is sampled each hour is as alive 40 minutes after its newest sample as what is
// sampled each minute a few seconds after; a series that has ended is not.
func TestApp_ForecastOfSparseSeries_IsThereBetweenTheirSamples(t *testing.T) {
	d := newDaemon(t).start()
	end := time.Now().Truncate(time.Second).Add(-40 * time.Minute)
	var all []prompb.TimeSeries
	for _, x := range []struct {
		name string
		step time.Duration
	}{{"hourly", time.Hour}, {"ended", 5 * time.Minute}, {"quarterly", 15 * time.Minute}} {
		ts := prompb.TimeSeries{Labels: []prompb.Label{{Name: "__name__", Value: x.name}, {Name: "service", Value: "pay"}}}
		for i := range 200 {
			ts.Samples = append(ts.Samples, prompb.Sample{Timestamp: end.Add(-time.Duration(199-i) * x.step).UnixMilli(), Value: float64(50 + i%7)})
		}
		all = append(all, ts)
	}
	d.writeSeries(all...)
	var list web.ForecastList
	d.json("/api/v1/tocsin/forecast?horizon=3h&match="+url.QueryEscape(`{service="pay"}`), &list)
	var got []string
	for _, f := range list.Forecasts {
		got = append(got, f.Series["__name__"])
		if !f.From.Equal(end) || f.Replayed {
			t.Errorf("got %+v", f)
		}
	}
	if !slices.Equal(got, []string{"hourly", "quarterly"}) {
		t.Errorf("got %v", got)
	}
}

// The quantiles that are watched of a histogram are series like any other.
func TestApp_ForecastOfAQuantile_IsThatOfTheWatchedSeries(t *testing.T) {
	d := newDaemon(t).start()
	end := time.Now().Truncate(time.Second)
	var all []prompb.TimeSeries
	for _, x := range []struct {
		le    string
		count float64
	}{{"0.1", 50}, {"0.2", 150}, {"+Inf", 200}} {
		ts := prompb.TimeSeries{Labels: []prompb.Label{{Name: "__name__", Value: "took_seconds_bucket"}, {Name: "le", Value: x.le}, {Name: "service", Value: "pay"}}}
		for i := range 200 {
			ts.Samples = append(ts.Samples, prompb.Sample{Timestamp: end.Add(-time.Duration(199-i) * 5 * time.Minute).UnixMilli(), Value: float64(i) * x.count})
		}
		all = append(all, ts)
	}
	d.writeSeries(all...)
	var list web.ForecastList
	d.json("/api/v1/tocsin/forecast?horizon=1h&match="+url.QueryEscape(`took_seconds{quantile="0.5"}`), &list)
	if len(list.Forecasts) != 1 || math.Abs(float64(list.Forecasts[0].Value)-0.15) > 1e-9 || list.Forecasts[0].Series["service"] != "pay" || list.Forecasts[0].Replayed {
		t.Errorf("got %+v, want that the median stays at 150 ms", list.Forecasts)
	}
	for _, query := range []string{`took_seconds{quantile="0.9"}`, `other_seconds{quantile="0.5"}`} {
		if status, body := d.get("/api/v1/tocsin/forecast?match=" + url.QueryEscape(query)); status != 404 {
			t.Errorf("%s: got %d %s", query, status, body)
		}
	}
}
