package app

import (
	"testing"

	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

// What two incidents must agree on to be one: the change that is likely enough, else
// the service that all points to.
func TestRelated_Suspect(t *testing.T) {
	change := func(p float64) []rca.Finding {
		return []rca.Finding{{Change: &telemetry.Change{ID: "d1"}, Probability: p}}
	}
	cause := func(confidence string) *rca.Analysis {
		return &rca.Analysis{PrimaryCause: &rca.Cause{Service: "pay", Confidence: confidence}}
	}
	for name, tt := range map[string]struct {
		ranking rca.Ranking
		want    string
	}{
		"a likely change":                {rca.Ranking{Findings: change(0.6), Analysis: cause(rca.High)}, "d1"},
		"an unlikely change":             {rca.Ranking{Findings: change(0.4)}, ""},
		"an unlikely change, but a sure": {rca.Ranking{Findings: change(0.4), Analysis: cause(rca.High)}, "service pay"},
		"an unsure service":              {rca.Ranking{Analysis: cause(rca.Medium)}, ""},
		"unexplained":                    {rca.Ranking{Analysis: &rca.Analysis{}}, ""},
	} {
		var r related
		r.ranked("i1", rca.Ranking{Findings: change(1)})
		r.ranked("i1", tt.ranking)
		if got := r.suspect("i1"); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}
