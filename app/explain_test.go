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
