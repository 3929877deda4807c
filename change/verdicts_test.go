package change_test

import (
	"maps"
	"testing"

	"github.com/tocsinhq/tocsin/change/verdict"
)

func TestVerdicts_OfSeveralChanges(t *testing.T) {
	f, _ := newFeed(t)
	for id, v := range map[string]verdict.Verdict{
		"alone":  {State: verdict.Collecting, At: noon},
		"canary": {State: verdict.Faulty, Final: true, At: noon, Arms: &verdict.Comparison{Label: "version"}},
	} {
		if _, err := f.SaveVerdict(t.Context(), id, v); err != nil {
			t.Fatal(err)
		}
	}
	ids := []string{"alone", "canary", "never judged"}
	if got, err := f.Canaries(t.Context(), ids); err != nil || !maps.Equal(got, map[string]bool{"canary": true}) {
		t.Errorf("canaries: got %v, %v", got, err)
	}
	if got, err := f.Judged(t.Context(), ids); err != nil || !maps.Equal(got, map[string]bool{"alone": false, "canary": true}) {
		t.Errorf("judged: got %v, %v", got, err)
	}
	if got, err := f.VerdictStates(t.Context(), ids); err != nil || !maps.Equal(got, map[string]verdict.State{"alone": verdict.Collecting, "canary": verdict.Faulty}) {
		t.Errorf("states: got %v, %v", got, err)
	}
}
