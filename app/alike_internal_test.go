package app

import (
	"testing"

	"github.com/tocsinhq/tocsin/incident"
)

func TestLikeness(t *testing.T) {
	of := func(names ...string) incident.Incident {
		var i incident.Incident
		for _, n := range names {
			i.Occurrences = append(i.Occurrences, incident.Occurrence{Name: n})
		}
		return i
	}
	signal := incident.Incident{Occurrences: []incident.Occurrence{{Name: "high_error_rate", Signal: "a"}}}
	for _, tt := range []struct {
		a, b incident.Incident
		want float64
	}{
		{of("a", "b"), of("b", "a", "a"), 1}, {of("a", "b"), of("b", "c"), 1. / 3}, {of("a"), of("b"), 0}, {of(), of(), 0}, {signal, of("a"), 1},
	} {
		if got := likeness(tt.a, tt.b); got != tt.want {
			t.Errorf("%v and %v: got %v, want %v", tt.a.Occurrences, tt.b.Occurrences, got, tt.want)
		}
	}
}
