package main

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
)

// lifeOf makes a series of a filling, one sample each five minutes.
func lifeOf(t *testing.T, name string, noise float64, falls bool) *life {
	t.Helper()
	for _, f := range fillings {
		if f.name == name {
			l, r := &life{filling: f, step: 300, noise: noise, falls: falls}, rand.New(rand.NewPCG(1, 2))
			l.clean, l.onset = f.make(r)
			l.live(r)
			return l
		}
	}
	t.Fatalf("no filling %q", name)
	return nil
}

func TestLife_Questions_AreTrulyReachedAndNotBefore(t *testing.T) {
	for _, f := range fillings {
		if f.calm {
			continue
		}
		l := lifeOf(t, f.name, 0, f.exact)
		asked := l.questions()
		if len(asked) < 5 {
			t.Errorf("%s: %d questions, want at least 5", f.name, len(asked))
		}
		for _, q := range asked {
			past := func(v float64) bool { return (v >= q.threshold) != l.falls || v == q.threshold }
			at := l.day(q.row) + q.days
			if !past(l.shown(l.clean(at))) {
				t.Fatalf("%s: not at %v on day %v, when it is to be reached", f.name, q.threshold, at)
			}
			if early := l.shown(l.clean(l.day(q.row) + 0.4*q.days)); past(early) {
				t.Fatalf("%s: at %v long before it is to be reached", f.name, early)
			}
			if past(l.samples[q.row].V) {
				t.Fatalf("%s: at %v when the question is asked", f.name, q.threshold)
			}
		}
	}
}

func TestLife_Beyond_IsNeverReachedByWhatIsCalm(t *testing.T) {
	for _, f := range fillings {
		for _, falls := range []bool{false, true} {
			if !f.calm {
				continue
			}
			l := lifeOf(t, f.name, 0.2, falls)
			threshold := l.beyond()
			for _, x := range l.samples {
				if !falls && x.V >= threshold || falls && x.V <= threshold {
					t.Fatalf("%s: %v is past %v", f.name, x.V, threshold)
				}
			}
		}
	}
}

func TestLine_EvenGrowth_KnowsTheTime(t *testing.T) {
	for _, falls := range []bool{false, true} {
		l := lifeOf(t, "even", 0, falls)
		for _, q := range l.questions() {
			for _, hours := range lineHours {
				if days, ok := l.line(q.row, hours).reaches(q.threshold); !ok || math.Abs(days-q.days) > 0.001 {
					t.Fatalf("falls %v, %v hours: reached in %v days (%v), want %v", falls, hours, days, ok, q.days)
				}
			}
		}
	}
	l := lifeOf(t, "even", 0, false)
	if days, ok := l.line(900, 6).reaches(0); ok {
		t.Errorf("a line that leads away reaches the threshold in %v days", days)
	}
	if _, ok := l.line(0, 24).reaches(90); ok {
		t.Error("a line through one sample")
	}
}

// A series that grows evenly is foretold, one that is steady is not said to fill up; a
// line through an hour of noise says so again and again.
func TestCapacity_EvenAndSteady_ScoredForWhatTheyAre(t *testing.T) {
	var s capacityScore
	for _, name := range []string{"even", "steady"} {
		if err := s.live(detector.DefaultConfig(), lifeOf(t, name, 0.5, false)); err != nil {
			t.Fatal(err)
		}
	}
	all := s.of(func(answer) bool { return true })
	if all.n < 50 || all.within < 0.8 || all.errors[0] > 0.5 || all.errors[3] > 0.2 {
		t.Errorf("even growth: got %+v", all)
	}
	weekly, share := s.falsehoods(func(watched) bool { return true })
	if weekly[0] != 0 || share[0] != 0 || weekly[1] < 1 || share[1] == 0 {
		t.Errorf("steady: got %v a week, %v of the time", weekly, share)
	}
	var out bytes.Buffer
	if err := s.print(&out, true); err != nil || !strings.Contains(out.String(), "line of 24h") {
		t.Errorf("printed %q (%v)", out.String(), err)
	}
	if _, err := capacity([]string{"-series=0"}, &out); err == nil {
		t.Error("no series are taken")
	}
}
