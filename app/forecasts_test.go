package app_test

import (
	"math"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/prompb"

	"github.com/tocsinhq/tocsin/web"
)

func TestApp_SeriesOfDays_AreForetoldAndSortedByWhenTheyFill(t *testing.T) {
	d := newDaemon(t).start()
	const days = 10 // so many that it does not matter at which time of day they end
	filling, steady := make([]float64, days*288), make([]float64, days*288)
	for i := range filling {
		filling[i] = 30 + 5*float64(i)/288 + 0.1*math.Sin(float64(i)*1.7)
		steady[i] = 70 + 0.5*math.Sin(float64(i)*1.7)
	}
	// In one request: the store takes no sample hours older than its newest.
	end := time.Now().Truncate(time.Millisecond)
	var series []prompb.TimeSeries
	for name, values := range map[string][]float64{"tocsin:disk_percent": filling, "tocsin:memory_percent": steady} {
		ts := prompb.TimeSeries{Labels: []prompb.Label{{Name: "__name__", Value: name}, {Name: "service", Value: "db"}}}
		for i, v := range values {
			at := end.Add(-time.Duration(len(values)-1-i) * 5 * time.Minute)
			ts.Samples = append(ts.Samples, prompb.Sample{Timestamp: at.UnixMilli(), Value: v})
		}
		series = append(series, ts)
	}
	d.writeSeries(series...)

	var list web.ForecastList
	d.json("/api/v1/tocsin/forecast?horizon=2d&threshold=95&match="+url.QueryEscape(`{__name__=~"tocsin:(disk|memory)_percent"}`), &list)
	if len(list.Forecasts) != 2 {
		t.Fatalf("got %+v", list)
	}
	disk, memory := list.Forecasts[0], list.Forecasts[1]
	if math.Abs(float64(disk.Value)-90) > 4 || disk.Lower > disk.Value || disk.Upper < disk.Value || disk.Unit != "percent" || disk.Tried == 0 || disk.Replayed {
		t.Errorf("disk in two days: got %+v, want about 90", disk)
	}
	if !disk.At.Equal(disk.From.Add(48*time.Hour)) || !disk.From.Equal(end.Truncate(time.Millisecond)) {
		t.Errorf("disk: from %s at %s, last sample %s", disk.From, disk.At, end)
	}
	if math.Abs(float64(memory.Value)-70) > 2 || memory.Crossing == nil || !memory.Crossing.Likely.IsZero() {
		t.Errorf("memory in two days: got %+v, want about 70 and no crossing", memory)
	}

	var far web.ForecastList
	d.json("/api/v1/tocsin/forecast?horizon=30d&match=tocsin:disk_percent", &far)
	if len(far.Forecasts) != 1 || far.Forecasts[0].Value != 100 || far.Forecasts[0].Upper != 100 {
		t.Errorf("disk in thirty days: got %+v, want 100, which is the most that a percentage can be", far)
	}

	var rooms web.RoomList
	d.json("/api/v1/tocsin/capacity?horizon=10d", &rooms)
	if len(rooms.Rooms) != 2 || rooms.Rooms[0].Signal != "disk_percent" || rooms.Rooms[1].Signal != "memory_percent" {
		t.Fatalf("got %+v", rooms)
	}
	full := rooms.Rooms[0].Crossing
	if got := full.Likely.Sub(end).Hours() / 24; math.Abs(got-3) > 1.3 || full.Threshold != 95 || full.Earliest.After(full.Likely) {
		t.Errorf("disk is full in %.1f days (%+v), want about 3", got, full)
	}
	if !rooms.Rooms[1].Crossing.Likely.IsZero() {
		t.Errorf("memory fills: %+v", rooms.Rooms[1])
	}
	for path, want := range map[string]int{
		"/api/v1/tocsin/forecast?match=nothing_like_it": 404,
		"/api/v1/tocsin/forecast?match=%7Bbroken":       400,
		"/api/v1/tocsin/capacity?service=nobody":        200,
	} {
		if status, body := d.get(path); status != want {
			t.Errorf("%s: got %d %s, want %d", path, status, body, want)
		}
	}
}

func TestCore_ConditionOnTheFuture_FiresBeforeTheDiskIsFull(t *testing.T) {
	h := newHouse(t, `
alerts:
  - name: disk_will_be_full
    condition: predict(disk_percent, 3d) > 90%
    severity: warning
`).open()
	fired := 0.0
	for i := range 7 * 144 {
		h.now = h.now.Add(10 * time.Minute)
		days := float64(i) / 144
		h.write("node_filesystem_size_bytes", 0, 1e12)
		h.write("node_filesystem_avail_bytes", 0, 1e10*(60-6*days+0.1*math.Sin(float64(i)*1.7)))
		h.step()
		if fired == 0 && len(h.core.Alerts()) > 0 {
			fired = days
		}
	}
	if fired < 4 || fired > 6.5 {
		t.Errorf("fired at day %.1f, want about day 5.3, when it is at 72 %%", fired)
	}
	alerts := h.core.Alerts()
	if len(alerts) != 1 || alerts[0].Service != "pay" || !strings.Contains(alerts[0].Summary, "disk_percent of pay is expected to be 9") || !strings.Contains(alerts[0].Summary, "% to 100%) (limit 90%)") || alerts[0].Bounds == nil {
		t.Errorf("got %+v", alerts)
	}
}
