package cardinality_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunks"

	"github.com/tocsinhq/tocsin/cardinality"
	"github.com/tocsinhq/tocsin/telemetry"
)

// house is a tracker with a clock of its own.
type house struct {
	*cardinality.Tracker
	now time.Time
	ref chunks.HeadSeriesRef
}

var noon = time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)

func newHouse() *house {
	h := &house{now: noon}
	h.Tracker = cardinality.New(cardinality.Options{
		Service: func(l labels.Labels) string { return l.Get("service") }, Now: func() time.Time { return h.now }, Metrics: metrics.NewSet(),
	})
	return h
}

func series(service, metric string, more ...string) labels.Labels {
	return labels.FromStrings(append([]string{"service", service, "__name__", metric}, more...)...)
}

func (h *house) drop(list ...labels.Labels) {
	gone := map[chunks.HeadSeriesRef]labels.Labels{}
	for _, l := range list {
		h.ref++
		gone[h.ref] = l
	}
	h.PostDeletion(gone)
}

func row(t *testing.T, rows []cardinality.Row, name, value string) cardinality.Row {
	t.Helper()
	for _, r := range rows {
		if r.Name == name && r.Value == value {
			return r
		}
	}
	t.Fatalf("no row %s %s in %+v", name, value, rows)
	return cardinality.Row{}
}

func TestTracker_MadeAndGone_ByEverything(t *testing.T) {
	h := newHouse()
	for i := range 3 { // from the log: in memory, and not new
		h.PostCreation(series("pay", "up", "instance", fmt.Sprint(i)))
	}
	h.Begin()
	h.now = noon.Add(3 * time.Hour)
	for i := range 5 {
		h.PostCreation(series("pay", "orders", "user", fmt.Sprint(i)))
	}
	h.now = noon.Add(5 * time.Hour)
	h.PostCreation(series("cart", "orders", "user", "0"))
	h.drop(series("pay", "up", "instance", "0"), series("pay", "orders", "user", "4"))
	metric := row(t, h.Rows(cardinality.ByMetric), "orders", "")
	if metric.MadeDay != 6 || metric.MadeHour != 1 || metric.GoneDay != 1 || metric.Made[21] != 5 || metric.Made[23] != 1 || metric.Gone[23] != 1 || metric.Over != 0 {
		t.Errorf("metric: got %+v", metric)
	}
	services := h.Rows(cardinality.ByService)
	if pay := row(t, services, "pay", ""); pay.Series != 6 || pay.MadeDay != 5 {
		t.Errorf("service: got %+v", pay)
	}
	if cart := row(t, services, "cart", ""); cart.Series != 1 || len(services) != 2 {
		t.Errorf("services: got %+v", services)
	}
	if user := row(t, h.Rows(cardinality.ByLabel), "user", ""); user.MadeDay != 6 {
		t.Errorf("label: got %+v", user)
	}
	if zero := row(t, h.Rows(cardinality.ByPair), "user", "0"); zero.MadeDay != 2 {
		t.Errorf("pair: got %+v", zero)
	}
	if total, since := h.Total(); total.MadeDay != 6 || !since.Equal(noon) {
		t.Errorf("total: got %+v since %s", total, since)
	}
	h.drop(series("cart", "orders", "user", "0"))
	h.now = noon.Add(30 * time.Hour)
	if services := h.Rows(cardinality.ByService); row(t, services, "pay", "").MadeDay != 0 {
		t.Errorf("a day later: got %+v", services)
	}
}

// What is counted by sketches of bounded size is bounded in its error, too.
func TestTracker_MoreKeysThanPlaces_LargeOnesStayAndErrorIsTold(t *testing.T) {
	h := newHouse()
	h.Begin()
	random := rand.New(rand.NewPCG(1, 2))
	want := map[string]int64{}
	const n = 60_000
	for i := range n {
		metric := fmt.Sprintf("small_%d", random.IntN(20_000))
		if i%3 == 0 {
			metric = fmt.Sprintf("large_%d", random.IntN(10))
		}
		want[metric]++
		h.PostCreation(series("s", metric))
	}
	rows := h.Rows(cardinality.ByMetric)
	if len(rows) > 2048 {
		t.Errorf("got %d keys", len(rows))
	}
	for i := range 10 {
		name := fmt.Sprintf("large_%d", i)
		r := row(t, rows, name, "")
		if r.MadeDay > want[name] || r.MadeDay+r.Over < want[name] {
			t.Errorf("%s: got %d and at most %d more, want %d", name, r.MadeDay, r.Over, want[name])
		}
	}
	for _, r := range rows {
		if r.Over > n/2048+1 {
			t.Errorf("%s: error %d is more than the bound", r.Name, r.Over)
		}
	}
	// Labels are counted on a sixteenth of the series when there are so many.
	if r := row(t, h.Rows(cardinality.ByLabel), "service", ""); r.MadeDay < n*95/100 || r.MadeDay > n*105/100 {
		t.Errorf("sampled: got %d, want about %d", r.MadeDay, n)
	}
}

func TestTracker_WeeksLater_OldKeysAreForgotten(t *testing.T) {
	h := newHouse()
	h.Begin()
	h.PostCreation(series("s", "old"))
	for hour := range 9 * 24 {
		h.now = noon.Add(time.Duration(hour) * time.Hour)
		h.PostCreation(series("s", "new"))
	}
	rows := h.Rows(cardinality.ByMetric)
	if len(rows) != 1 || rows[0].Name != "new" || rows[0].MadeDay != 24 {
		t.Errorf("got %+v", rows)
	}
}

func TestTracker_SaveAndLoad_GoesOn(t *testing.T) {
	h := newHouse()
	h.Begin()
	h.now = noon.Add(time.Hour)
	for i := range 50 {
		h.PostCreation(series("pay", "orders", "user", fmt.Sprint(i)))
	}
	var b bytes.Buffer
	if err := h.Save(&b); err != nil {
		t.Fatal(err)
	}
	again := newHouse()
	again.now = h.now
	if err := again.Load(bytes.NewReader(b.Bytes())); err != nil {
		t.Fatal(err)
	}
	for i := range 50 { // the log tells of them again
		again.PostCreation(series("pay", "orders", "user", fmt.Sprint(i)))
	}
	again.Begin()
	again.PostCreation(series("pay", "orders", "user", "50"))
	h.PostCreation(series("pay", "orders", "user", "50"))
	for _, by := range []cardinality.By{cardinality.ByMetric, cardinality.ByService, cardinality.ByLabel, cardinality.ByPair} {
		if got, want := fmt.Sprint(again.Rows(by)), fmt.Sprint(h.Rows(by)); got != want {
			t.Errorf("by %s: got %.300s, want %.300s", by, got, want)
		}
	}
	for _, text := range []string{"", "{", `{"version":9}`, `{"version":1,"groups":[null]}`, `{"version":1,"groups":[{"key":{"a":"x"},"count":-1}]}`,
		`{"version":1,"groups":[{"key":{"a":"x"},"count":1},{"key":{"a":"x"},"count":1}]}`,
		`{"version":1,"pairs":[{"key":{"a":"x"},"count":1,"history":[{"t":2},{"t":1}]}]}`} {
		if err := newHouse().Load(strings.NewReader(text)); err == nil {
			t.Errorf("%s: got no error", text)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(`{"version":1,"since":"2026-03-02T12:00:00Z","groups":[{"key":{"a":"s","b":"m"},"count":3,"over":1,"history":[{"t":5924304,"m":2}]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		h := newHouse()
		if h.Load(strings.NewReader(text)) != nil {
			return
		}
		h.Begin()
		h.PostCreation(series("a", "b"))
		h.Rows(cardinality.ByMetric)
		h.Jumps()
	})
}

func TestTracker_ManyAtOnce(t *testing.T) {
	h := newHouse()
	h.Begin()
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 500 {
				l := series("s", fmt.Sprint("m", i%50), "w", fmt.Sprint(w))
				h.PostCreation(l)
				h.PostDeletion(map[chunks.HeadSeriesRef]labels.Labels{1: l})
				h.Rows(cardinality.ByPair)
			}
		})
	}
	wg.Wait()
	if total, _ := h.Total(); total.MadeDay != 2000 || total.GoneDay != 2000 {
		t.Errorf("got %+v", total)
	}
}

// change is a deployment of a service at a time.
func change(id, service string, at time.Time) telemetry.Change {
	return telemetry.Change{ID: id, Kind: telemetry.KindDeployment, Service: service, Started: at}
}

func TestJumps_AttributedToTheChangeBefore(t *testing.T) {
	h := newHouse()
	h.Begin()
	for i := range 500 { // in the first minutes everything is new
		h.PostCreation(series("pay", "up", "instance", fmt.Sprint(i)))
	}
	// Twelve hours in which each service makes ten series an hour.
	for hour := range 12 {
		h.now = noon.Add(time.Duration(hour)*time.Hour + 20*time.Minute)
		for i := range 10 {
			for _, s := range []string{"pay", "cart", "search"} {
				h.PostCreation(series(s, "up", "pod", fmt.Sprint(hour, i)))
			}
		}
	}
	leak := noon.Add(13*time.Hour + 7*time.Minute)
	h.now = leak.Add(-8 * time.Minute) // a few, as of a start, are not the begin
	for i := range 6 {
		h.PostCreation(series("pay", "build_info", "version", fmt.Sprint(i)))
	}
	for minute := range 100 { // a label that leaks
		h.now = leak.Add(time.Duration(minute) * time.Minute)
		for i := range 20 {
			h.PostCreation(series("pay", "orders", "user_id", fmt.Sprint(minute, i)))
		}
		h.PostCreation(series("pay", "errors", "code", fmt.Sprint(minute)))
		if minute != 40 {
			continue
		}
		for i := range 80 { // another service, at the same time
			h.PostCreation(series("cart", "sessions", "id", fmt.Sprint(i)))
		}
	}
	h.now = leak.Add(5 * time.Hour)
	for i := range 90 {
		h.PostCreation(series("search", "segments", "id", fmt.Sprint(i)))
	}
	jumps := h.Jumps()
	if len(jumps) != 3 || jumps[0].Service != "search" || jumps[2].Service != "pay" {
		t.Fatalf("got %+v", jumps)
	}
	pay := jumps[2]
	if pay.From.After(leak) || leak.Sub(pay.From) > cardinality.Step || pay.Made != 2100 || pay.Usual < 5 || pay.Usual > 40 || pay.Metrics[0] != (cardinality.MetricGrowth{Metric: "orders", Made: 2000}) {
		t.Errorf("got %+v", pay)
	}
	changes := []telemetry.Change{
		change("too late", "pay", leak.Add(10*time.Minute)),
		change("right", "pay", leak.Add(-4*time.Minute)),
		change("before", "pay", leak.Add(-20*time.Minute)),
		change("nearer, of another", "mail", leak.Add(-2*time.Minute)),
		change("of another alone", "gateway", leak.Add(35*time.Minute)),
		change("long ago", "search", leak.Add(3*time.Hour)),
	}
	got := cardinality.Attribute(jumps, changes)
	if got[2].Change == nil || got[2].Change.ID != "right" || !got[2].Own {
		t.Errorf("pay: got %+v", got[2].Change)
	}
	if got[1].Change == nil || got[1].Change.ID != "of another alone" || got[1].Own {
		t.Errorf("cart: got %+v", got[1].Change)
	}
	if got[0].Change != nil {
		t.Errorf("search: got %+v, want no change", got[0].Change)
	}
	if !h.NewLabel("user_id", pay.From, 10*time.Minute) || h.NewLabel("instance", pay.From, 10*time.Minute) || h.NewLabel("none", pay.From, time.Hour) {
		t.Error("which labels are new")
	}
}

// Deployments that bring the series of new pods each time are what is usual.
func TestJumps_EveryRolloutAlike_IsNone(t *testing.T) {
	h := newHouse()
	h.Begin()
	for hour := range 48 {
		h.now = noon.Add(time.Duration(hour)*time.Hour + 30*time.Minute)
		for i := range 100 {
			h.PostCreation(series("pay", "up", "pod", fmt.Sprint(hour, i)))
		}
	}
	for _, j := range h.Jumps() {
		if j.From.After(noon.Add(2 * time.Hour)) {
			t.Errorf("got %+v", j)
		}
	}
}
