package render_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/notifytest"
	"github.com/tocsinhq/tocsin/notify/render"
	"github.com/tocsinhq/tocsin/notify/sample"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

func TestCause(t *testing.T) {
	f := func(a *rca.Analysis, state incident.State, want ...string) {
		t.Helper()
		got := render.Cause(notify.Message{Incident: incident.Incident{State: state}, Ranking: rca.Ranking{Analysis: a}})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	cause := func(e ...rca.Evidence) *rca.Analysis {
		return &rca.Analysis{PrimaryCause: &rca.Cause{Service: "pay", Title: "pay takes longer\nitself", Probability: 0.78, Confidence: rca.High, Evidence: e}}
	}
	slow := rca.Evidence{Service: "pay", Signal: "time in the service itself (p90)", Unit: telemetry.UnitSeconds, Before: 0.024, After: 0.82}
	f(nil, incident.StateOpen)
	f(&rca.Analysis{}, incident.StateOpen)
	f(cause(), incident.StateOpen, "pay takes longer itself (78%, high confidence)")
	f(cause(slow), incident.StateOpen, "pay takes longer itself (78%, high confidence)", "because time in the service itself (p90) of pay went from 24 ms to 820 ms")
	f(cause(rca.Evidence{}, rca.Evidence{Text: "web waits for it", Basis: rca.Inferred}), incident.StateOpen, "pay takes longer itself (78%, high confidence)", "because web waits for it")
	f(cause(slow), incident.StateResolved)
	f(&rca.Analysis{Unexplained: "nothing moved before the onset"}, incident.StateOpen, "unexplained: nothing moved before the onset")
}

func TestCause_IsInTextAndCard(t *testing.T) {
	m := sample.Message(incident.EventOpened, sample.Options{Onset: notifytest.Onset})
	m.Ranking.Analysis = &rca.Analysis{PrimaryCause: &rca.Cause{Service: "pay", Title: "pay takes longer itself", Probability: 0.78, Confidence: rca.High}}
	if text := render.Text(m); !strings.Contains(text, "\n  cause     pay takes longer itself (78%, high confidence)\n") {
		t.Errorf("got %s", text)
	}
	if f := render.CardOf(m).Fields; f[len(f)-1] != (render.Field{Name: "Cause", Value: "pay takes longer itself (78%, high confidence)"}) {
		t.Errorf("got %+v", f)
	}
}
