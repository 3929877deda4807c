package app

import (
	"testing"

	"github.com/tocsinhq/tocsin/incident"
)

func TestSeriesOf_KeyOfAnAnomaly(t *testing.T) {
	for key, want := range map[string]string{
		`series:{__name__="tocsin:error_rate", service="pay \"x\""}`: `{__name__="tocsin:error_rate", service="pay \"x\""}`,
		`series:{__name__="a", "label.with.dots"="b"}`:               `{__name__="a", "label.with.dots"="b"}`,
		"alert:f1":  "",
		"series:{{": "",
		"":          "",
	} {
		l, ok := seriesOf(incident.Occurrence{Key: key})
		if ok != (want != "") || ok && l.String() != want {
			t.Errorf("%s: got %s, %v; want %s", key, l, ok, want)
		}
	}
}
