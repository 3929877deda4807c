package app_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/tsdb"

	"github.com/tocsinhq/tocsin/backfill"
	"github.com/tocsinhq/tocsin/web"
)

// shopPast is two days of a shop up to an hour ago: a gauge with a daily season,
// requests, and a classic histogram of their durations.
func shopPast(end time.Time) string {
	var b strings.Builder
	end = end.Truncate(time.Minute)
	const n = 2 * 24 * 60
	at := func(i int) int64 { return end.Add(-time.Duration(n-i) * time.Minute).Unix() }
	for i := range n {
		v := 100 + 30*math.Sin(2*math.Pi*float64(at(i)%86400)/86400) + 3*math.Sin(float64(i)*1.7)
		fmt.Fprintf(&b, "queue_depth{job=\"shop\"} %.3f %d\n", v, at(i))
	}
	for i := range n {
		fmt.Fprintf(&b, "http_requests_total{job=\"shop\",code=\"200\"} %d %d\n", 600*i+i%7, at(i))
	}
	for _, le := range []struct {
		bound string
		part  int
	}{{"0.1", 5}, {"0.5", 9}, {"+Inf", 10}} {
		for i := range n {
			fmt.Fprintf(&b, "http_request_duration_seconds_bucket{job=\"shop\",le=%q} %d %d\n", le.bound, le.part*(60*i+i%7), at(i))
		}
	}
	b.WriteString("# EOF\n")
	return b.String()
}

// importPast puts a text into the data folder of a daemon.
func (d *daemon) importPast(text string) backfill.Report {
	d.t.Helper()
	now := time.Now()
	source := backfill.NewText(backfill.TextOptions{Paths: []string{"-"}, Stdin: strings.NewReader(text), Format: backfill.OpenMetrics, Newest: now})
	r, err := backfill.Run(d.t.Context(), backfill.Options{
		Source: source, Data: filepath.Join(d.dir, "data"), Query: backfill.Query{From: math.MinInt64, To: math.MaxInt64},
		Oldest: now.Add(-15 * 24 * time.Hour), Newest: now, BlockWidth: backfill.BlockWidth(0), Now: time.Now,
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return r
}

// learned waits until nothing waits to be learned.
func (d *daemon) learned(imports int) {
	d.t.Helper()
	d.eventually("the import is learned from", func() bool {
		var list web.ImportList
		d.json("/api/v1/tocsin/warm", &list)
		if list.Error != "" {
			d.t.Fatalf("not learned: %s", list.Error)
		}
		return len(list.Waiting) == 0 && list.Step == "" && list.Learned == imports
	})
}

// knows says that the bands of the shop's series look learned; so many others do
// not.
func (d *daemon) knows(end time.Time, young int) {
	d.t.Helper()
	var status web.Status
	d.json("/api/v1/tocsin/status", &status)
	// The gauge, the counter, the count and quantiles of the histogram, and signals.
	if status.Detector.Warming != young || status.Detector.Watched < 7 {
		d.t.Errorf("%d of %d series are still learning", status.Detector.Warming, status.Detector.Watched)
	}
	for _, query := range []string{`queue_depth{job="shop"}`, `http_requests_total{job="shop"}`, `tocsin:request_rate{service="shop"}`, `http_request_duration_seconds{job="shop",quantile="0.5"}`} {
		var band web.Band
		d.json("/api/v1/tocsin/band?query="+url.QueryEscape(query)+fmt.Sprintf("&start=%d&end=%d&step=60", end.Add(-3*time.Hour).Unix(), end.Unix()), &band)
		if len(band.Points) < 50 {
			d.t.Errorf("%s: %d points", query, len(band.Points))
			continue
		}
		for _, p := range band.Points[len(band.Points)-30:] {
			if math.IsNaN(p.Expected) || !(p.Lower <= p.Expected && p.Expected <= p.Upper) {
				d.t.Errorf("%s at %d: band from %g to %g around %g", query, p.T, p.Lower, p.Upper, p.Expected)
				break
			}
		}
	}
	bank := d.app.Core().BankForTest()
	known := 0
	for _, slot := range bank.Slots() {
		if v, ok := bank.Last(slot); ok && !math.IsNaN(v.Expected) {
			known++
		}
	}
	if known < 7 {
		d.t.Errorf("the live detector knows %d series", known)
	}
}

const importConfig = "rules: {interval: 1m, rate_window: 5m}\n"

func TestImport_RunningDaemon_LearnsAtOnce(t *testing.T) {
	d := newDaemon(t, "tocsin.yml", importConfig).start()
	end := time.Now().Add(-time.Hour)
	d.remoteWrite("queue_depth", time.Second, 100, 101, 102) // of the same name, another job
	if r := d.importPast(shopPast(end)); r.Samples != 5*2*24*60 {
		t.Fatalf("imported %+v", r)
	}
	status, body := d.post("/api/v1/tocsin/warm", "")
	if status != 202 || !strings.Contains(body, `"source":"-"`) {
		t.Fatalf("got %d %s", status, body)
	}
	d.learned(1)
	d.knows(end, 1)
	if strings.Contains(d.console.String(), "anomaly") {
		t.Errorf("history was told as news: %s", d.console)
	}
	// What was learned is on the disk.
	d.stop()
	d.make()
	d.start()
	d.knows(end, 1)
}

func TestImport_StoppedDaemon_LearnsAtTheNextStart(t *testing.T) {
	for name, before := range map[string]bool{"new folder": false, "with a checkpoint": true} {
		t.Run(name, func(t *testing.T) {
			d := newDaemon(t, "tocsin.yml", importConfig)
			young := 0
			if before {
				young = 1
				d.start()
				d.remoteWrite("queue_depth", time.Second, 100, 101, 102)
				d.stop()
				d.make()
			}
			end := time.Now().Add(-time.Hour)
			d.importPast(shopPast(end))
			d.start()
			d.learned(1)
			d.knows(end, young)
		})
	}
}

// Blocks of late samples are named after whole hours: that of the present ones ends
// in the future.
func TestStatus_BlocksOfWholeHours_SamplesSayWhenFirstAndLast(t *testing.T) {
	d := newDaemon(t, "tocsin.yml", importConfig)
	end := time.Now().Truncate(time.Minute)
	d.importPast(shopPast(end))
	const width = 2 * 60 * 60 * 1000
	metas, err := filepath.Glob(filepath.Join(d.dir, "data", "*", "*", "meta.json"))
	if err != nil || len(metas) == 0 {
		t.Fatalf("no blocks: %v", err)
	}
	for _, file := range metas {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var m tsdb.BlockMeta
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatal(err)
		}
		m.MinTime, m.MaxTime = m.MinTime/width*width, (m.MaxTime+width-1)/width*width
		if text, err = json.Marshal(m); err == nil {
			err = os.WriteFile(file, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	d.start()
	d.learned(1)
	var s web.Status
	d.json("/api/v1/tocsin/status", &s)
	if now := time.Now(); s.Store.Newest.After(now) || s.Store.Newest.Before(end.Add(-time.Minute)) {
		t.Errorf("newest: got %s, want at most %s and at least %s", s.Store.Newest, now, end.Add(-time.Minute))
	}
	if want := end.Add(-2 * 24 * time.Hour); !s.Store.Oldest.Equal(want) {
		t.Errorf("oldest: got %s, want %s", s.Store.Oldest, want.UTC())
	}
}
