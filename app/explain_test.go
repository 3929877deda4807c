package app_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// An explanation replays what is stored. After a warm start from a server that is a young
// series, and the one that watches is not.
func TestCore_Explain_HistoryThatIsNotStored_IsTold(t *testing.T) {
	for name, known := range map[string]int{"warmed": 400, "young": 0} {
		h := newHouse(t, "").open()
		bank := h.core.BankForTest()
		slot := bank.Register(labels.FromStrings("__name__", "queue_depth", "service", "pay"))
		for i := range known {
			bank.Observe(slot, h.now.Add(time.Duration(i-known)*15*time.Second).UnixMilli(), 100+2*math.Sin(float64(i)*1.7))
		}
		h.steady(8, 100)
		e, err := h.core.Explain(t.Context(), `queue_depth{service="pay"}`, h.now)
		if err != nil {
			t.Fatal(err)
		}
		if told := strings.Contains(e.Text, "has seen more of this series than is stored here"); told != (known > 0) || !strings.Contains(e.Text, "too young to alarm") {
			t.Errorf("%s: got\n%s", name, e.Text)
		}
	}
}

// An alarm that is charged to the budget raises what the next one needs, so that the same
// sample would no longer alarm: who asks for it afterwards is told.
func TestCore_Explain_DoubtfulAlarm_SaysThatTheBudgetHasMoved(t *testing.T) {
	h := newHouse(t, "").open()
	h.steady(400, 100)
	bank, at := h.core.BankForTest(), h.now.Add(15*time.Second)
	slot := bank.Lookup(labels.FromStrings("__name__", "queue_depth", "service", "pay"))
	v := 100.0
	for e, _ := bank.Explain(slot, at.UnixMilli(), v); !e.Odd; e, _ = bank.Explain(slot, at.UnixMilli(), v) {
		v += 0.1
	}
	h.now = at
	h.write("queue_depth", 0, v)
	if last, ok := bank.Last(slot); !ok || last.Since != at.UnixMilli() {
		t.Fatalf("the live detector says %+v", last)
	}
	e, err := h.core.Explain(t.Context(), `queue_depth{service="pay"}`, at)
	if err != nil {
		t.Fatal(err)
	}
	if e.Odd || !strings.Contains(e.Text, "What is owed to the service is that of now.") {
		t.Errorf("odd %v\n%s", e.Odd, e.Text)
	}
	if plain, err := h.core.Explain(t.Context(), `queue_depth{service="pay"}`, at.Add(-time.Minute)); err != nil || strings.Contains(plain.Text, "that of now") {
		t.Errorf("an ordinary sample: %v\n%s", err, plain.Text)
	}
}

// A series that is not watched is explained as if it were, for it can be drawn; that
// nobody is told of it stands before that.
func TestCore_Explain_SeriesThatIsNotWatched_IsToldToBeNone(t *testing.T) {
	h := newHouse(t, "").open()
	h.steady(400, 100)
	for i := range 40 {
		h.now = h.now.Add(15 * time.Second)
		h.write("tocsin_rows", 0, float64(i))
		h.write("took_seconds_bucket", 0, float64(i), "le", "0.5")
	}
	for query, want := range map[string]string{
		`queue_depth{service="pay"}`: "value ",
		"tocsin_rows":                "The detector does not watch this series, which is of the daemon itself or says what was found already. If it did:\nvalue ",
		"took_seconds_bucket":        `The detector does not watch this bucket by itself, but all of the histogram together, as {__name__="took_seconds", quantile="0.5", service="pay"} and {__name__="took_seconds", quantile="0.99", service="pay"}. If it did:` + "\nvalue ",
	} {
		e, err := h.core.Explain(t.Context(), query, h.now)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if !strings.HasPrefix(e.Text, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", query, e.Text, want)
		}
	}
	if _, err := h.core.Explain(t.Context(), "queue_depth", h.now.Add(2*time.Hour)); err == nil ||
		!strings.Contains(err.Error(), "has no sample in the hour before ") || !strings.Contains(err.Error(), "; its newest is of ") {
		t.Errorf("two hours later: got %v", err)
	}
}
