package rca_test

import (
	"math"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

// linesTerm returns what the new log lines of a change's service count for.
func linesTerm(t *testing.T, r rca.Ranking, id string) rca.Term {
	t.Helper()
	for _, f := range r.Findings {
		if f.Change == nil || f.Change.ID != id {
			continue
		}
		for _, x := range f.Terms {
			if x.Name == "lines" {
				return x
			}
		}
	}
	t.Fatalf("no term of lines for %s in %+v", id, r)
	return rca.Term{}
}

func TestRank_NewErrorLinesPointAtTheirChange(t *testing.T) {
	w := newWorld(1, "pay")
	w.service("pay", 3, noon)
	w.change("a", "pay", 4*time.Minute)
	w.change("b", "cart", 5*time.Minute)
	w.change("c", "mail", 6*time.Minute)
	w.service("cart", 1, noon)
	before := w.rank()
	w.in.Lines = map[string][]rca.Line{
		"cart": {
			{At: noon.Add(-4 * time.Minute), Text: "warned", Severity: telemetry.SeverityWarn},
			{At: noon.Add(-3 * time.Minute), Text: "no field <word>", Severity: telemetry.SeverityError},
			{At: noon.Add(-2 * time.Hour), Text: "before it", Severity: telemetry.SeverityFatal},
			{At: noon.Add(-3 * time.Minute), Text: "chatter", Severity: telemetry.SeverityInfo},
		},
		"pay": nil,
	}
	after := w.rank()
	if x := linesTerm(t, after, "b"); x.Points != 2 || x.Text != `new since it: error line "no field <word>" and 1 more, first 2m after` {
		t.Errorf("got %+v", x)
	}
	if x := linesTerm(t, after, "a"); x.Points != 0 || x.Text != "no warning or error of pay is new since it: counts neither way" {
		t.Errorf("got %+v", x)
	}
	if x := linesTerm(t, after, "c"); x.Points != 0 || x.Text != "no log lines of mail were watched for long enough before" {
		t.Errorf("got %+v", x)
	}
	odds := func(r rca.Ranking) float64 {
		for _, f := range r.Findings {
			if f.Change != nil && f.Change.ID == "b" {
				return f.LogOdds
			}
		}
		return 0
	}
	if d := odds(after) - odds(before); math.Abs(d-2) > 1e-9 {
		t.Errorf("the log odds rose by %v, want 2", d)
	}
}

func TestRank_NewLinesOfAChangeAfterTheOnsetCountForNothing(t *testing.T) {
	w := newWorld(1, "pay")
	w.service("pay", 3, noon)
	w.change("a", "pay", -5*time.Minute)
	w.in.Lines = map[string][]rca.Line{"pay": {{At: noon.Add(6 * time.Minute), Text: "x", Severity: telemetry.SeverityError}}}
	if x := linesTerm(t, w.rank(), "a"); x.Points != 0 {
		t.Errorf("got %+v", x)
	}
}
