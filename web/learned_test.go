package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/rca/feedback"
	"github.com/tocsinhq/tocsin/web"
)

const api = "/api/v1/tocsin"

func TestLearning_SimilarAndEstimates(t *testing.T) {
	h := newServer().Handler()
	_, body := ask(t, h, "GET", api+"/incidents/"+burning+"/similar", "")
	l := decode[web.Likeness](t, body)
	if len(l.Similar) != 2 || l.Estimates.Detect.Took == nil || l.Estimates.Resolve.P80 == nil || l.Nothing != "" || strings.Contains(body, `"print"`) {
		t.Errorf("got %s", body)
	}
	_, body = ask(t, h, "GET", api+"/incidents/01JDJC2XW0B9RE/similar", "")
	if l := decode[web.Likeness](t, body); l.Nothing == "" || l.Estimates.Resolve.P50 != nil || l.Estimates.Resolve.Reason == "" {
		t.Errorf("without history: got %s", body)
	}
	if res, _ := ask(t, h, "GET", api+"/incidents/nobody/similar", ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("unknown incident: got %d", res.StatusCode)
	}
}

func TestLearning_Feedback(t *testing.T) {
	h := newServer().Handler()
	path := api + "/incidents/" + burning + "/feedback"
	for body, want := range map[string]int{
		`{"kind":"wrong_cause","actor":"ann","right":"none"}`:                                             201,
		`{"kind":"wrong_cause","actor":" "}`:                                                              400,
		`{"kind":"nonsense","actor":"ann"}`:                                                               400,
		`{"kind":"expected","actor":"ann"}`:                                                               400,
		`{"kind":"expected","actor":"ann","expect":{"reason":"test"}}`:                                    400,
		`{"kind":"expected","actor":"ann","surprise":1}`:                                                  400,
		`{"kind":"expected","actor":"ann","expect":{"reason":"load test","signal":"x","for_seconds":60}}`: 201,
	} {
		if res, got := ask(t, h, "POST", path, body); res.StatusCode != want {
			t.Errorf("%s: got %d %s, want %d", body, res.StatusCode, got, want)
		}
	}
	_, body := ask(t, h, "GET", path, "")
	if l := decode[web.FeedbackList](t, body); len(l.Feedback) != 2 {
		t.Errorf("got %s", body)
	}
}

func TestLearning_Expectations(t *testing.T) {
	h := newServer().Handler()
	res, body := ask(t, h, "POST", api+"/expectations", `{"actor":"ann","service":"pay","reason":"load test","for_seconds":3600,"hours":{"from":"22:00","to":"04:00","days":["mon"]}}`)
	e := decode[feedback.Expectation](t, body)
	if res.StatusCode != 201 || e.ID == 0 || e.Hours == nil || e.Expires.Sub(e.Created).Hours() != 1 {
		t.Fatalf("got %d %s", res.StatusCode, body)
	}
	if res, body := ask(t, h, "POST", api+"/expectations", `{"actor":"ann","reason":"anything","for_seconds":3600}`); res.StatusCode != 400 || !strings.Contains(body, "everything would be expected") {
		t.Errorf("got %d %s", res.StatusCode, body)
	}
	count := func(query string) int {
		_, body := ask(t, h, "GET", api+"/expectations"+query, "")
		return len(decode[web.ExpectationList](t, body).Expectations)
	}
	if a, b := count(""), count("?state=all"); a != 2 || b != 3 {
		t.Errorf("got %d that hold of %d, want 2 of 3", a, b)
	}
	if res, body := ask(t, h, "POST", api+"/expectations/3/end", `{"actor":"bob"}`); res.StatusCode != 200 || decode[feedback.Expectation](t, body).EndedBy != "bob" {
		t.Errorf("got %d %s", res.StatusCode, body)
	}
	if n := count(""); n != 1 {
		t.Errorf("%d still hold, want 1", n)
	}
	for _, id := range []string{"99", "x"} {
		if res, _ := ask(t, h, "POST", api+"/expectations/"+id+"/end", `{"actor":"bob"}`); res.StatusCode != 404 {
			t.Errorf("%s: got %d", id, res.StatusCode)
		}
	}
}

func TestLearning_WeightsRefitAndUndo(t *testing.T) {
	h := newServer().Handler()
	_, body := ask(t, h, "GET", api+"/rca/weights", "")
	if w := decode[web.Weights](t, body); w.Current.ID != 1 || len(w.History) != 2 || w.Wanted != feedback.MinLabels {
		t.Errorf("got %s", body)
	}
	if res, body := ask(t, h, "POST", api+"/rca/refit", `{"actor":"ann"}`); res.StatusCode != 200 || decode[feedback.RefitRow](t, body).Taken {
		t.Errorf("got %d %s", res.StatusCode, body)
	}
	if res, body := ask(t, h, "POST", api+"/rca/undo", `{"actor":"ann"}`); res.StatusCode != 400 || !strings.Contains(body, "0 for the weights of the house") {
		t.Errorf("got %d %s", res.StatusCode, body)
	}
	if res, body := ask(t, h, "POST", api+"/rca/undo", `{"actor":"ann","to":0}`); res.StatusCode != 200 || !decode[feedback.RefitRow](t, body).Taken {
		t.Errorf("got %d %s", res.StatusCode, body)
	}
}
