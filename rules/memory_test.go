package rules_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/signal"
	"github.com/tocsinhq/tocsin/store"
)

// notes is a Memory that a test can look into and break.
type notes struct {
	kept map[string]rules.Standing
	bad  error
}

func (n *notes) Remember(_ context.Context, changed []rules.Standing, over []string) error {
	if n.bad != nil {
		return n.bad
	}
	for _, s := range changed {
		n.kept[s.Alert.Fingerprint] = s
	}
	for _, fp := range over {
		delete(n.kept, fp)
	}
	return nil
}

func (n *notes) Recall(context.Context) ([]rules.Standing, error) {
	return slices.Collect(maps.Values(n.kept)), n.bad
}

// few is a catalogue that compiles fast, for tests with many starts.
func few(t *testing.T, set rules.RuleSet) rules.RuleSet {
	t.Helper()
	cat, errs := (&signal.Catalogue{}).Extend("few.yml", []byte(`signals:
  - {name: error_rate, unit: ratio, bad: up, variants: [{part: 'http_requests_total{code=~"5.."}', whole: http_requests_total}]}
  - {name: request_rate, unit: per_second, variants: [{rate: http_requests_total}]}
  - {name: memory_usage, unit: bytes, bad: up, per_instance: true, variants: [{gauge: process_resident_memory_bytes}]}
`))
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	set.Catalogue = cat
	return set
}

// lines words what was told, without refreshes.
func (s *story) lines() []string {
	var out []string
	last := map[string]rules.AlertState{}
	for _, a := range s.told {
		if last[a.Fingerprint] != a.State {
			out = append(out, fmt.Sprintf("%s %s %s %s", a.At.Sub(epoch(0)), a.State, a.Name, a.Service))
		}
		last[a.Fingerprint] = a.State
	}
	return out
}

// standing returns what was last told of each alert that is not over, as the
// incidents keep it.
func (s *story) standing() []rules.Alert {
	last := map[string]rules.Alert{}
	for _, a := range s.told {
		last[a.Fingerprint] = a
		if a.State == rules.AlertResolved {
			delete(last, a.Fingerprint)
		}
	}
	return slices.Collect(maps.Values(last))
}

// Checkout fails, gets better but not well, fails again and recovers; cart goes
// over its limit for a moment and then for longer.
const eventful = `load 15s
	http_requests_total{job="checkout",code="200"} 0+100x20 2000+90x20 3800+97x20 5740+90x20 7540+100x60
	http_requests_total{job="checkout",code="500"} 0x20 0+10x20 200+3x20 260+10x20 460x60
	process_resident_memory_bytes{job="cart",instance="a"} 1e8x30 9e8x9 1e8x3 9e8x50 1e8x60
`

var restless = map[string]string{
	"plain": `
alerts:
  - {name: errors, condition: error_rate > 5%}
  - {name: big, condition: memory_usage > 500MiB}
`,
	"keep_firing_for": `
alerts:
  - {name: errors, condition: error_rate > 5%, keep_firing_for: 4m}
  - {name: big, condition: memory_usage > 500MiB, keep_firing_for: 2m}
`,
	"recovery": `
alerts:
  - {name: errors, condition: error_rate > 5%, recovery: error_rate < 2%}
  - {name: traffic, condition: error_rate > 5%, min_traffic: 1/s, recovery: error_rate < 2%, keep_firing_for: 1m}
`,
	"shadow": `
alerts:
  - {name: errors, condition: error_rate > 5%, keep_firing_for: 1m, shadow: true}
`,
}

const eventfulEnd = 34 * time.Minute

// TestRestart_AgainAndAgain_TellsTheSame stops the engine and starts it anew many
// times in a story: what is told, and when, is what one engine tells.
func TestRestart_AgainAndAgain_TellsTheSame(t *testing.T) {
	for name, text := range restless {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := few(t, alertsOf(t, text))
			s := newStory(t, eventful)
			s.start(set)
			s.run(0, eventfulEnd)
			want := s.lines()
			if len(want) < 2 {
				t.Fatalf("too little happens: %q", want)
			}
			for _, every := range []time.Duration{15 * time.Second, 2*time.Minute + 15*time.Second} {
				s := newStory(t, eventful)
				s.memory = &notes{kept: map[string]rules.Standing{}}
				for at := time.Duration(0); at <= eventfulEnd; at += 15 * time.Second {
					if at%every == 0 {
						// Incidents know nothing of shadow alerts.
						told := slices.DeleteFunc(s.standing(), func(a rules.Alert) bool { return a.Shadow })
						s.start(set)
						s.resume(told)
					}
					s.run(at, at)
				}
				if got := s.lines(); !slices.Equal(got, want) {
					t.Errorf("a restart every %s:\n got %s\nwant %s", every, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
				}
			}
		})
	}
}

// TestRestart_WithinFor_GoesOnWithIt stops once within the `for` of an alert. As
// in Prometheus the outage itself does not count, and it ends with the second
// evaluation.
func TestRestart_WithinFor_GoesOnWithIt(t *testing.T) {
	for at := 6*time.Minute + 30*time.Second; at < 10*time.Minute; at += 45 * time.Second {
		s := newStory(t, shop)
		s.start(alertsOf(t, highErrors))
		s.run(0, at)
		told := s.standing()
		s.start(alertsOf(t, highErrors))
		s.resume(told)
		s.run(at+15*time.Second, 20*time.Minute)
		got := s.told
		late := got[0].At.Sub(epoch(8*time.Minute + 15*time.Second))
		if late != 0 && late != 30*time.Second || len(s.lines()) != 2 {
			t.Errorf("restart at %s: got %q", at, s.lines())
		}
	}
}

// TestReload_AtAnyMoment_TellsTheSame loads the same rules again before every
// evaluation.
func TestReload_AtAnyMoment_TellsTheSame(t *testing.T) {
	for name, text := range restless {
		s := newStory(t, eventful)
		s.start(alertsOf(t, text))
		s.run(0, eventfulEnd)
		want := s.lines()
		s = newStory(t, eventful)
		s.start(alertsOf(t, text))
		sets := []rules.RuleSet{few(t, alertsOf(t, text)), few(t, alertsOf(t, text+"  - {name: unrelated, condition: request_rate > 1000/s}\n"))}
		for at := time.Duration(0); at <= eventfulEnd; at += 15 * time.Second {
			s.load(sets[at/(15*time.Second)%2])
			s.run(at, at)
		}
		if got := s.lines(); !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, want)
		}
	}
}

func TestRestart_KeepFiringFor_RuleItselfGoesOnFiring(t *testing.T) {
	text := strings.Replace(highErrors, "duration: 2m", "duration: 2m\n    keep_firing_for: 5m", 1)
	s := newStory(t, shop)
	s.memory = &notes{kept: map[string]rules.Standing{}}
	s.start(alertsOf(t, text))
	s.run(0, 18*time.Minute) // false since 16m30s
	told := s.standing()
	s.start(alertsOf(t, text))
	s.resume(told)
	s.run(18*time.Minute+15*time.Second, 18*time.Minute+15*time.Second)
	a := s.engine.AlertingRules()[0].ActiveAlerts()
	if len(a) != 1 || a[0].State.String() != "firing" || !a[0].KeepFiringSince.Equal(epoch(16*time.Minute+30*time.Second)) || a[0].Annotations.Get("summary") == "" {
		t.Errorf("the rule has %+v", a)
	}
}

func TestMemory_Broken_CountedAndTriedAgain(t *testing.T) {
	s := newStory(t, shop)
	n := &notes{kept: map[string]rules.Standing{}, bad: errors.New("disk is full")}
	s.memory = n
	s.start(alertsOf(t, highErrors))
	s.run(0, 9*time.Minute)
	s.want("8m15s firing high_error_rate checkout")
	var out strings.Builder
	s.set.WritePrometheus(&out)
	if !strings.Contains(out.String(), "tocsin_rules_memory_failures_total 4\n") {
		t.Errorf("got %s", out.String())
	}
	if err := s.engine.Resume(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "recall standing alerts: disk is full") {
		t.Errorf("got %v", err)
	}
	n.bad = nil
	s.run(9*time.Minute+15*time.Second, 10*time.Minute)
	if len(n.kept) != 1 {
		t.Errorf("kept %+v", n.kept)
	}
	s.run(10*time.Minute, 20*time.Minute)
	if len(n.kept) != 0 {
		t.Errorf("after the end: kept %+v", n.kept)
	}
}

func TestNotebook_RemembersAndForgets(t *testing.T) {
	db, err := store.OpenState(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	n := rules.NewNotebook(db)
	a := rules.Standing{Alert: rules.Alert{Fingerprint: "a", Name: "x", Labels: map[string]string{"k": "v"}, Since: epoch(time.Minute)}, FalseSince: epoch(time.Hour)}
	b := rules.Standing{Alert: rules.Alert{Fingerprint: "b", Name: "y", Shadow: true}}
	if err := n.Remember(t.Context(), []rules.Standing{a, b}, nil); err != nil {
		t.Fatal(err)
	}
	a.FalseSince = time.Time{}
	if err := n.Remember(t.Context(), []rules.Standing{a}, []string{"b", "unknown"}); err != nil {
		t.Fatal(err)
	}
	got, err := n.Recall(t.Context())
	if err != nil || len(got) != 1 || got[0].Alert.Labels["k"] != "v" || !got[0].FalseSince.IsZero() || !got[0].Alert.Since.Equal(epoch(time.Minute)) {
		t.Errorf("got %+v, %v", got, err)
	}
}
