package app_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

func (h *house) budget() web.Budget {
	h.t.Helper()
	all, err := h.core.Budgets(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	for _, b := range all {
		if b.Service == "pay" {
			return b
		}
	}
	h.t.Fatalf("no budget of pay in %+v", all)
	return web.Budget{}
}

// twin writes ordinary samples to a core and to a detector that learns the same.
type twin struct {
	*house
	bank *detector.Bank
	slot detector.Slot
	r    *rand.Rand
}

func newTwin(h *house) *twin {
	h.t.Helper()
	bank, err := detector.NewBank(h.config.Detector)
	if err != nil {
		h.t.Fatal(err)
	}
	slot := bank.Register(labels.FromStrings("__name__", "queue_depth", "service", "pay"))
	return &twin{house: h, bank: bank, slot: slot, r: rand.New(rand.NewPCG(1, 2))}
}

func (w *twin) put(v float64) {
	w.t.Helper()
	w.now = w.now.Add(15 * time.Second)
	w.write("queue_depth", 0, v)
	w.bank.Observe(w.slot, w.now.UnixMilli(), v)
}

func (w *twin) ordinary(n int) {
	w.t.Helper()
	for i := range n {
		w.put(100 + w.r.NormFloat64())
		if i%4 == 3 {
			w.step()
		}
	}
}

// nudge leaves the band by little, so that an alarm is doubtful.
func (w *twin) nudge() {
	w.t.Helper()
	v, _ := w.bank.Last(w.slot)
	w.put(v.Upper + 0.2*(v.Upper-v.Expected))
	w.ordinary(40)
}

func TestCore_DoubtfulAlarm_IsChargedAndGivenBackWhenARuleSaysTheSame(t *testing.T) {
	h := newTwin(newHouse(t, deploymentAlert).open())
	h.ordinary(1000)
	h.nudge()
	first := h.budget()
	if first.Spent7 != 1 || first.PerWeek != 1 || len(first.Most) != 1 || !strings.Contains(first.Most[0].Series, "queue_depth") {
		t.Fatalf("nobody confirms it: got %+v, want one alarm charged to queue_depth", first)
	}
	h.ordinary(400) // no longer the same alarm
	_, _, err := h.core.RecordChange(t.Context(), telemetry.Change{
		Service: "pay", Kind: telemetry.KindDeployment, VersionTo: "v1", Status: telemetry.StatusFailed, Started: h.now, Finished: h.now,
	}, h.now)
	if err != nil {
		t.Fatal(err)
	}
	h.step()
	h.nudge()
	after := h.budget()
	if after.Spent7 != 1 || after.Alarms7 != 2 {
		t.Errorf("with an alert of the service: got %d charged of %d, want 1 of 2", after.Spent7, after.Alarms7)
	}
}

func TestCore_MetricsOddTogether_AreAnAnomalyOfTheService(t *testing.T) {
	h := newHouse(t, "").open()
	r := rand.New(rand.NewPCG(1, 2))
	write := func(n int, shift float64) {
		for i := range n {
			h.now = h.now.Add(time.Minute)
			for m := range 12 {
				x := 100 + r.NormFloat64()
				if m > 3 {
					x += shift
				}
				h.write(fmt.Sprint("m", m), 0, x)
			}
			if i%4 == 3 {
				h.step()
			}
		}
	}
	write(2600, 0) // a group may alarm after a day and a half
	write(8, 4.5)
	var found *incident.Anomaly
	for _, a := range h.anomalies() {
		if a.Kind == "group" {
			found = &a
		}
	}
	if found == nil {
		t.Fatalf("got %d anomalies, none of the group", len(h.anomalies()))
	}
	if found.Key != "group:pay" || !strings.Contains(found.Labels["guilty_1"], `__name__="m`) || math.IsNaN(float64(found.Value)) {
		t.Errorf("got %+v", found)
	}
	if b := h.budget(); b.Series != 12 || len(b.Daily) != 28 {
		t.Errorf("got budget %+v", b)
	}
}
