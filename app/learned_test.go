package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rca/feedback"
	"github.com/tocsinhq/tocsin/report"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

// fail lets a deployment of pay fail, which opens an incident, and returns it.
func (h *house) fail(id string) incident.Incident {
	h.t.Helper()
	h.deploy(id, telemetry.StatusFailed)
	return h.newest()
}

func (h *house) deploy(id string, status telemetry.ChangeStatus) {
	h.t.Helper()
	_, _, err := h.core.RecordChange(h.t.Context(), telemetry.Change{
		ID: id, Service: "pay", Kind: telemetry.KindDeployment, VersionTo: id, Status: status, Started: h.now, Finished: h.now,
	}, h.now)
	if err != nil {
		h.t.Fatal(err)
	}
	h.step()
}

func (h *house) newest() incident.Incident {
	h.t.Helper()
	list, err := h.core.Incidents().List(h.t.Context(), incident.Filter{Service: "pay", Limit: 1})
	if err != nil || len(list) == 0 {
		h.t.Fatalf("no incident of pay: %v", err)
	}
	return list[0]
}

func (h *house) likeness(id string) web.Likeness {
	h.t.Helper()
	l, err := h.core.Likeness(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return l
}

// Six incidents that people resolved tell how long the seventh lasts and what was done
// about them, also to a core that was started anew.
func TestCore_PastIncidents_TellOfANewOne(t *testing.T) {
	h := newHouse(t, deploymentAlert).open()
	for n := range 6 {
		inc := h.fail(fmt.Sprint("v", n))
		if n < 5 {
			if l := h.likeness(inc.ID); l.Estimates.Resolve.P50 != nil || !strings.Contains(l.Estimates.Resolve.Reason, "not enough history") {
				t.Errorf("after %d: got %+v", n, l.Estimates.Resolve)
			}
		}
		h.now = h.now.Add(time.Duration(10+2*n) * time.Minute)
		if _, err := h.core.Incidents().Resolve(t.Context(), inc.ID, "ann", "fixed the pipeline", h.now); err != nil {
			t.Fatal(err)
		}
		h.step()
		h.deploy(fmt.Sprint("good", n), telemetry.StatusSucceeded)
		h.now = h.now.Add(2 * time.Hour)
		h.step()
	}
	h.close()
	h.open()
	inc := h.fail("v7")
	l := h.likeness(inc.ID)
	r := l.Estimates.Resolve
	if r.P50 == nil || *r.P50 < 5*60 || *r.P50 > 40*60 || *r.P80 <= *r.P50 || r.BasedOn != 6 {
		t.Errorf("got %+v, want half within some minutes to forty, from 6", r)
	}
	if past := h.likeness(l.Similar[0].Record.Incident).Estimates; past.Ack.Took != nil || past.Ack.Reason != "nobody acknowledged it before it was over" || past.Resolve.Took == nil {
		t.Errorf("of a past one that nobody acknowledged: got %+v", past)
	}
	if l.Estimates.Detect.Took == nil || len(l.Similar) != 3 || len(l.Similar[0].Record.Ended) != 1 || l.Similar[0].Record.Ended[0].Text != "fixed the pipeline" {
		t.Errorf("got %+v", l)
	}
	p, err := h.core.Postmortem(t.Context(), inc.ID, report.DefaultConfig())
	if err != nil || len(p.Similar) != 3 || p.Similar[0].ID != l.Similar[0].Record.Incident || p.Similar[0].Fixed != "fixed the pipeline" {
		t.Errorf("similar incidents of the postmortem: %+v, %v", p.Similar, err)
	}
	h.now = h.now.Add(3 * time.Hour)
	later := h.likeness(inc.ID).Estimates.Resolve
	if later.P50 == nil || *later.P50 < 3*3600 || *later.Left50 <= 0 {
		t.Errorf("after three hours: got %+v, want more than that", later)
	}
}

// Something expected ends the incident it is said of and opens no other until it ends;
// what still fires then does.
func TestCore_Expected_EndsTheIncidentAndOpensNoOther(t *testing.T) {
	h := newHouse(t, deploymentAlert).open()
	inc := h.fail("v1")
	f, err := h.core.GiveFeedback(t.Context(), inc.ID, web.FeedbackRequest{Kind: feedback.Expected, Actor: "ann",
		Expect: &web.ExpectRequest{Signal: "deployment_failure", Service: "pay", Reason: "trying the pipeline", ForSeconds: 2 * 3600}}, h.now)
	if err != nil || f.Expectation == 0 {
		t.Fatalf("got %+v, %v", f, err)
	}
	if got := h.newest(); got.State != incident.StateResolved {
		t.Errorf("the incident is %s", got.State)
	}
	h.now = h.now.Add(time.Hour)
	h.deploy("good", telemetry.StatusSucceeded)
	h.now = h.now.Add(10 * time.Minute)
	if again := h.fail("v2"); again.ID != inc.ID || !again.State.Over() {
		t.Errorf("it opened %+v", again)
	}
	if h.pager.count("opened") != 1 {
		t.Errorf("%d messages were sent of openings, want 1", h.pager.count("opened"))
	}
	h.now = h.now.Add(time.Hour) // it is over, and the second one still fires
	h.step()
	if late := h.newest(); late.ID == inc.ID || late.State != incident.StateOpen {
		t.Errorf("after the end: got %s of %s, want another incident open", late.State, late.ID)
	}
	if _, err := h.core.GiveFeedback(t.Context(), inc.ID, web.FeedbackRequest{Kind: "praise", Actor: "ann"}, h.now); err == nil {
		t.Error("unknown feedback is taken")
	}
}

// Weights that were refitted hold after a restart, and those gone back to as well.
func TestCore_Weights_SurviveARestart(t *testing.T) {
	h := newHouse(t, deploymentAlert).open()
	row, err := h.core.Refit(t.Context(), "ann", h.now)
	if err != nil || row.Taken || !strings.Contains(row.Reason, "no labels yet") {
		t.Fatalf("got %+v, %v", row, err)
	}
	if _, err := h.core.UndoRefit(t.Context(), row.ID, "ann", "", h.now); err == nil {
		t.Error("went back to weights that never were in force")
	}
	undo, err := h.core.UndoRefit(t.Context(), 0, "ann", "to be sure", h.now)
	if err != nil {
		t.Fatal(err)
	}
	h.close()
	h.open()
	w, err := h.core.Weights(t.Context())
	if err != nil || w.Current.ID != undo.ID || len(w.History) != 2 || w.Wanted != feedback.MinLabels {
		t.Errorf("got %+v, %v", w, err)
	}
}
