package app

import (
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/web"
)

func TestObserver_FullQueue_LosesTheTellingAndCountsIt(t *testing.T) {
	set := metrics.NewSet()
	o := &observer{queue: make(chan detector.Verdict, 2), metrics: newCoreMetrics(set, &Core{})}
	for range 5 {
		o.tell(detector.Verdict{})
	}
	if n := o.metrics.verdictsDropped.Get(); n != 3 || len(o.queue) != 2 || !o.lost.Load() {
		t.Errorf("five into a queue of two: counted %d, queued %d, noted %v; want 3 and 2, and noted", n, len(o.queue), o.lost.Load())
	}
	var b strings.Builder
	set.WritePrometheus(&b)
	got := drops(parseCounters(b.String()))
	want := web.Drop{Where: "verdicts", Reason: "queue_full", Count: 3}
	if len(got) != 1 || got[0] != want {
		t.Errorf("status: got %+v, want %+v alone", got, want)
	}
}

func TestDrops_LargestFirst_ThenByName(t *testing.T) {
	got := drops(parseCounters(strings.Join([]string{
		"# TYPE tocsin_x_dropped_total counter",
		`tocsin_store_rejected_total{reason="future",kind="a"} 2`,
		`tocsin_ingest_refused_total{protocol="rw",reason="size"} 9`,
		`tocsin_a_dropped_total 2`,
		`tocsin_b_dropped_total{reason="old"} 0`,
		"tocsin_store_samples_total 5", "nonsense", "tocsin_c_dropped_total x",
	}, "\n")))
	want := []web.Drop{{Where: "ingest", Reason: "size", Count: 9}, {Where: "a", Count: 2}, {Where: "store", Reason: "future", Count: 2}}
	if len(got) != len(want) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("row %d: got %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestRateMeter_SendersEveryThirtySeconds_SteadyRate(t *testing.T) {
	now := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	m := &rateMeter{now: func() time.Time { return now }}
	if r := m.rate(500); r != 0 {
		t.Errorf("without a look: got %v, want 0", r)
	}
	m.note(0)
	if r := m.rate(500); r != 0 {
		t.Errorf("in the moment of the first look: got %v, want 0", r)
	}
	total := 0.0
	for i := range 60 {
		now = now.Add(10 * time.Second)
		if i%3 == 2 {
			total += 3000 // 100 a second, sent every thirty
		}
		m.note(total)
		if r := m.rate(total); i > 8 && (r < 40 || r > 160) {
			t.Errorf("after %d s: got %v a second, want about 100", 10*(i+1), r)
		}
	}
	if len(m.looks) > 9 {
		t.Errorf("%d looks are kept for a minute of them every 10 s", len(m.looks))
	}
}

func TestAlive_ClockLoopThatHangs_IsNot(t *testing.T) {
	var a App
	begun := time.UnixMilli(1_000_000_000)
	a.moved.Store(begun.UnixMilli())
	if !a.alive(begun.Add(hungAfter - time.Second)) {
		t.Error("a long turn counts as hung")
	}
	if a.alive(begun.Add(hungAfter)) {
		t.Error("a loop that does not move counts as alive")
	}
}
