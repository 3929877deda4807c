package app_test

import (
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
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

// What is never watched, and histograms that have no value, leave the few histories that a
// question may replay to the series that have one.
func TestApp_ForecastOfASelectorWithManyBuckets_ReplaysWhatTheDetectorHasNoRoomFor(t *testing.T) {
	d := newDaemon(t, "tocsin.yml", "detector: {max_series: 1}\n").start()
	end := time.Now().Truncate(time.Second)
	floats := func(more ...string) prompb.TimeSeries {
		ts := prompb.TimeSeries{Labels: []prompb.Label{{Name: "__name__", Value: more[0]}, {Name: "service", Value: "pay"}}}
		for i := 1; i < len(more); i += 2 {
			ts.Labels = append(ts.Labels, prompb.Label{Name: more[i], Value: more[i+1]})
		}
		slices.SortFunc(ts.Labels, func(a, b prompb.Label) int { return strings.Compare(a.Name, b.Name) })
		for i := range 200 {
			ts.Samples = append(ts.Samples, prompb.Sample{Timestamp: end.Add(-time.Duration(199-i) * 5 * time.Minute).UnixMilli(), Value: float64(50 + i%7)})
		}
		return ts
	}
	all := []prompb.TimeSeries{floats("depth"), floats("waiting")}
	var natives []prompb.TimeSeries // last: the store takes no floats hours older than they are
	for i := range 12 {
		all = append(all, floats("a_bucket", "le", strconv.Itoa(i)))
		native := prompb.TimeSeries{Labels: []prompb.Label{{Name: "__name__", Value: "b"}, {Name: "path", Value: strconv.Itoa(i)}, {Name: "service", Value: "pay"}}}
		for k := range 20 {
			native.Histograms = append(native.Histograms, prompb.FromIntHistogram(end.Add(-time.Duration(19-k)*time.Minute).UnixMilli(), tsdbutil.GenerateTestHistogram(int64(k))))
		}
		natives = append(natives, native)
	}
	d.writeSeries(append(all, natives...)...)
	var list web.ForecastList
	d.json("/api/v1/tocsin/forecast?horizon=1h&match="+url.QueryEscape(`{service="pay"}`), &list)
	got := map[string]bool{}
	for _, f := range list.Forecasts {
		got[f.Series["__name__"]] = f.Replayed
	}
	if want := map[string]bool{"depth": false, "waiting": true}; !maps.Equal(got, want) {
		t.Errorf("got %v replayed or not, want %v", got, want)
	}
	d.json("/api/v1/tocsin/forecast?match=a_bucket", &list) // whoever names it, means it
	if len(list.Forecasts) != 10 || !list.Forecasts[0].Replayed {
		t.Errorf("got %+v of twelve buckets that are asked for by name", list.Forecasts)
	}
}
