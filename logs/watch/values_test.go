package watch

import (
	"testing"

	"github.com/tocsinhq/tocsin/logs/template"
)

func TestNumber_InSecondsAndBytesWithItsName(t *testing.T) {
	m := template.New(template.DefaultConfig())
	var match template.Match
	for line, want := range map[string]struct {
		label string
		value float64
	}{
		"took 35 ms":               {"took_seconds", 0.035},
		"took 1.5s to answer":      {"took_seconds", 1.5},
		"sent 12KB away":           {"sent_bytes", 12288},
		"queue size=17":            {"size", 17},
		"depth: -4":                {"depth", -4},
		"latency_seconds=0.25 ok":  {"latency_seconds", 0.25},
		"cpu at 93% now":           {"at_percent", 93},
		"order 81723 paid":         {},
		"worker 7 of 12 is ready":  {},
		"id=99999999999999999999 ": {},
	} {
		m.Mine("s", 9, nil, []byte(line), 1, &match)
		p := &pattern{}
		p.collect(match.Vars, []byte(line))
		got := ""
		value := 0.0
		if len(p.values) > 0 {
			got, value = p.values[0].name, p.values[0].kept[0]
		}
		if got != want.label || !near(value, want.value) {
			t.Errorf("%q: got %s %v, want %s %v", line, got, value, want.label, want.value)
		}
	}
}

func TestValues_KeepASampleOfManyThatIsFair(t *testing.T) {
	v := &values{turn: 1}
	for i := range 10000 {
		v.add(float64(i))
	}
	if q := v.quantile(0.5); len(v.kept) != keptValues || q < 3500 || q > 6500 {
		t.Errorf("%d kept, median %v; want %d and about 5000", len(v.kept), q, keptValues)
	}
}
