package rca_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const step = 30 * time.Second

// world makes inputs: services with an error rate and a latency, quiet unless
// told otherwise.
type world struct {
	in  rca.Input
	rnd *rand.Rand
}

func newWorld(seed uint64, service string) *world {
	return &world{rnd: rand.New(rand.NewPCG(seed, 7)), in: rca.Input{Service: service, Onset: noon, At: noon.Add(10 * time.Minute), Step: step}}
}

// signal adds a series whose value at t is f(t), with a little noise.
func (w *world) signal(service, name, unit string, f func(t time.Time) float64) {
	s := rca.Series{Service: service, Signal: name, Unit: unit, Bad: 1, Query: name + `{service="` + service + `"}`}
	for t := noon.Add(-200 * time.Minute); !t.After(w.in.At); t = t.Add(step) {
		s.Points = append(s.Points, telemetry.Sample{T: t.UnixMilli(), V: f(t) * (1 + 0.05*w.rnd.NormFloat64())})
	}
	w.in.Series = append(w.in.Series, s)
}

// service adds the usual signals, which rise by the given factor from a time on.
func (w *world) service(name string, factor float64, from time.Time) {
	rise := func(base float64) func(time.Time) float64 {
		return func(t time.Time) float64 {
			if t.Before(from) {
				return base
			}
			return base * factor
		}
	}
	w.signal(name, "error_rate", "ratio", rise(0.01))
	w.signal(name, "p95_latency", "seconds", rise(0.2))
}

func (w *world) change(id, service string, before time.Duration) *telemetry.Change {
	start := noon.Add(-before)
	w.in.Changes = append(w.in.Changes, telemetry.Change{ID: id, Kind: telemetry.KindDeployment, Service: service, VersionTo: "v2",
		Started: start, Finished: start.Add(30 * time.Second), Status: telemetry.StatusSucceeded})
	return &w.in.Changes[len(w.in.Changes)-1]
}

func (w *world) rank() rca.Ranking { return rca.Rank(w.in, rca.DefaultConfig()) }

// top names the first row.
func top(r rca.Ranking) string {
	if r.Findings[0].Change == nil {
		return "none"
	}
	return r.Findings[0].Change.ID
}

func row(t *testing.T, r rca.Ranking, id string) rca.Finding {
	t.Helper()
	for _, f := range r.Findings {
		if (f.Change == nil && id == "none") || (f.Change != nil && f.Change.ID == id) {
			return f
		}
	}
	t.Fatalf("no row %q", id)
	return rca.Finding{}
}

func term(t *testing.T, f rca.Finding, name string) rca.Term {
	t.Helper()
	for _, x := range f.Terms {
		if x.Name == name {
			return x
		}
	}
	t.Fatalf("no term %q in %q", name, f.Title)
	return rca.Term{}
}

func show(r rca.Ranking) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%.3f %+.2f %s\n", f.Probability, f.LogOdds, f.Title)
		for _, x := range f.Terms {
			fmt.Fprintf(&b, "      %-7s %+.2f %s\n", x.Name, x.Points, x.Text)
		}
	}
	return b.String()
}

// sane checks what holds of every ranking.
func sane(t *testing.T, r rca.Ranking) {
	t.Helper()
	sum, none := 0.0, 0
	for i, f := range r.Findings {
		sum += f.Probability
		if f.Change == nil {
			none++
		}
		points := 0.0
		for _, x := range f.Terms {
			points += x.Points
			if x.Text == "" {
				t.Errorf("term %s of %q has no words", x.Name, f.Title)
			}
		}
		if math.IsNaN(f.LogOdds) || math.Abs(points-f.LogOdds) > 1e-9 {
			t.Errorf("%q: log odds %v, terms sum to %v", f.Title, f.LogOdds, points)
		}
		if i > 0 && f.LogOdds > r.Findings[i-1].LogOdds {
			t.Errorf("row %d is out of order", i)
		}
	}
	if math.Abs(sum-1) > 1e-9 || none != 1 {
		t.Errorf("probabilities sum to %v, %d rows without a change", sum, none)
	}
}

func TestRank_TrueChangeAmongDecoys(t *testing.T) {
	for seed := range uint64(25) {
		w := newWorld(seed, "checkout")
		w.service("checkout", 20, noon)
		w.change("true", "checkout", time.Duration(30+w.rnd.IntN(300))*time.Second)
		for i := range 20 {
			name := fmt.Sprintf("s%d", i)
			w.service(name, 1, noon)
			w.change("decoy"+name, name, time.Duration(w.rnd.IntN(7200))*time.Second)
		}
		r := w.rank()
		sane(t, r)
		if top(r) != "true" || r.Findings[0].Probability < 0.7 {
			t.Fatalf("seed %d:\n%s", seed, show(r))
		}
	}
}

func TestRank_CulpritIsAnotherService(t *testing.T) {
	w := newWorld(1, "web")
	w.service("web", 1.4, noon.Add(time.Minute))
	w.service("stock", 30, noon)
	w.service("ads", 1, noon)
	w.change("web", "web", 40*time.Minute)
	w.change("stock", "stock", 2*time.Minute)
	w.change("ads", "ads", time.Minute)
	r := w.rank()
	sane(t, r)
	if top(r) != "stock" || r.Findings[0].Probability < 0.6 {
		t.Errorf("got\n%s", show(r))
	}
	if text := term(t, r.Findings[0], "effect").Text; !strings.HasPrefix(text, "error_rate went from ") || !strings.HasSuffix(text, "the largest effect seen") {
		t.Errorf("effect: got %q", text)
	}
	e := r.Findings[0].Evidence
	if len(e) != 2 || e[0].Z < e[1].Z || e[0].Query == "" || e[0].Onset.Sub(noon).Abs() > time.Minute {
		t.Errorf("evidence: got %+v", e)
	}
}

func TestRank_NothingFits(t *testing.T) {
	for name, edit := range map[string]func(w *world){
		"no change at all":              func(*world) {},
		"changed services show nothing": func(w *world) { w.service("ads", 1, noon); w.change("ads", "ads", time.Minute) },
		"an old change":                 func(w *world) { w.change("old", "checkout", 115*time.Minute) },
		"a change before the window":    func(w *world) { w.change("old", "checkout", 3*time.Hour) },
		"a change after the onset":      func(w *world) { w.change("late", "checkout", -3*time.Minute) },
		"a change of another environment": func(w *world) {
			w.in.Environment = "prod"
			w.change("dev", "checkout", time.Minute).Environment = "dev"
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(3, "checkout")
			w.service("checkout", 20, noon)
			edit(w)
			r := w.rank()
			sane(t, r)
			if top(r) != "none" || r.Findings[0].Probability < 0.6 || r.Findings[0].Title != rca.NoneTitle {
				t.Errorf("got\n%s", show(r))
			}
		})
	}
}

func TestRank_LateChange_SaysWhy(t *testing.T) {
	w := newWorld(3, "checkout")
	w.service("checkout", 20, noon)
	w.change("late", "checkout", -3*time.Minute)
	w.change("future", "checkout", -20*time.Minute) // after the time of the ranking
	r := w.rank()
	if len(r.Findings) != 2 {
		t.Errorf("got\n%s", show(r))
	}
	x := term(t, row(t, r, "late"), "time")
	if x.Text != "began 3m after the onset: cannot be its cause" || x.Points >= 0 {
		t.Errorf("got %+v", x)
	}
}

// A roll back half a minute after the onset is within what clocks allow, but it
// was made because the incident had been seen.
func TestRank_ChangeAfterTheIncidentWasSeen_IsNotItsCause(t *testing.T) {
	f := func(received time.Time, wantTime float64) {
		t.Helper()
		w := newWorld(5, "pay")
		w.service("pay", 30, noon)
		w.in.Seen = noon.Add(5 * time.Second)
		w.in.Changes = []telemetry.Change{
			{ID: "bad", Kind: telemetry.KindDeployment, Service: "pay", VersionTo: "v42", Started: noon.Add(-5 * time.Second), Received: noon},
			{ID: "back", Kind: telemetry.KindDeployment, Service: "pay", VersionTo: "v41", Started: noon.Add(20 * time.Second), Received: received},
		}
		r := rca.Rank(w.in, rca.DefaultConfig())
		for _, x := range r.Findings {
			if x.Change == nil || x.Change.ID != "back" {
				continue
			}
			for _, term := range x.Terms {
				if term.Name == "time" && term.Points != wantTime {
					t.Errorf("time of the roll back=%v (%s), want %v", term.Points, term.Text, wantTime)
				}
			}
		}
		if got := r.Findings[0].Change; wantTime < 0 && (got == nil || got.ID != "bad") {
			t.Errorf("first=%v, want the deployment", r.Findings[0].Title)
		}
	}
	f(noon.Add(20*time.Second), -5)
	f(noon.Add(time.Second), 2) // told of before: its clock is ahead
}

func TestRank_TroubleBeforeTheChange_SpeaksAgainstIt(t *testing.T) {
	w := newWorld(4, "checkout")
	w.service("checkout", 20, noon.Add(-20*time.Minute)) // the onset was noticed late
	w.change("early", "checkout", 21*time.Minute)
	w.change("after", "checkout", 2*time.Minute)
	r := w.rank()
	sane(t, r)
	if top(r) == "after" {
		t.Errorf("got\n%s", show(r))
	}
	w = newWorld(4, "checkout")
	w.service("checkout", 20, noon)
	w.change("late", "checkout", -9*time.Minute)
	x := term(t, row(t, w.rank(), "late"), "before")
	if x.Points > -2 || !strings.Contains(x.Text, "already in the 10m before it") {
		t.Errorf("got %+v", x)
	}
}

func TestRank_SlowLeak_FindsTheOldDeployment(t *testing.T) {
	deploy := noon.Add(-10 * time.Hour)
	long := func(name string, f func(h float64) float64) rca.Series {
		s := rca.Series{Service: "worker", Signal: name, Unit: "percent", Bad: 1}
		rnd := rand.New(rand.NewPCG(9, 9))
		for t := noon.Add(-26 * time.Hour); !t.After(noon.Add(10 * time.Minute)); t = t.Add(5 * time.Minute) {
			s.Points = append(s.Points, telemetry.Sample{T: t.UnixMilli(), V: f(t.Sub(deploy).Hours()) + 0.3*rnd.NormFloat64()})
		}
		return s
	}
	w := newWorld(5, "worker")
	w.change("leak", "worker", 10*time.Hour)
	w.change("older", "worker", 20*time.Hour)
	w.in.Long = []rca.Series{
		long("memory_percent", func(h float64) float64 { return 40 + 4.5*max(h, 0) }),
		long("cpu_usage", func(float64) float64 { return 20 }),
	}
	r := w.rank()
	sane(t, r)
	if top(r) != "leak" || len(r.Findings) != 2 {
		t.Fatalf("got\n%s", show(r))
	}
	if text := term(t, r.Findings[0], "time").Text; !strings.Contains(text, "memory_percent has climbed ever since (rank correlation 0.9") && !strings.Contains(text, "correlation 1.00") {
		t.Errorf("got %q", text)
	}
	if e := r.Findings[0].Evidence; len(e) != 1 || e[0].Signal != "memory_percent" || e[0].After < 75 {
		t.Errorf("evidence: got %+v", e)
	}
	w.in.Long = []rca.Series{long("memory_percent", func(h float64) float64 { return 40 + 2*(h+16) })} // it climbed before too
	if r := w.rank(); top(r) != "none" || len(r.Findings) != 1 {
		t.Errorf("a rise that is older than the change: got\n%s", show(r))
	}
}

func TestRank_UnknownTelemetry_CountsNeitherWay(t *testing.T) {
	w := newWorld(6, "checkout")
	w.service("checkout", 20, noon)
	w.change("dark", "dark", time.Minute)
	x := term(t, row(t, w.rank(), "dark"), "effect")
	if x.Points != 0 || x.Text != "no telemetry of dark around the onset: counts neither way" {
		t.Errorf("got %+v", x)
	}
	w.in.Series, w.in.Unread = nil, "not within 3s"
	w.change("own", "checkout", time.Minute)
	r := w.rank()
	sane(t, r)
	if x := term(t, row(t, r, "own"), "effect"); x.Points != 0 || !strings.Contains(x.Text, "could not be read (not within 3s)") {
		t.Errorf("got %+v", x)
	}
	if top(r) != "own" {
		t.Errorf("a change of the service a minute before: got\n%s", show(r))
	}
}

func TestRank_History_MovesThePrior(t *testing.T) {
	w := newWorld(7, "checkout")
	w.service("checkout", 20, noon)
	w.change("a", "checkout", time.Minute)
	before := row(t, w.rank(), "a")
	w.in.History = map[rca.Habit]rca.Record{{Kind: telemetry.KindDeployment, Service: "checkout"}: {Changes: 20, Failed: 9}}
	after := row(t, w.rank(), "a")
	if d := after.LogOdds - before.LogOdds; d < 1 || d > 3 {
		t.Errorf("prior moved by %v", d)
	}
	if got, want := term(t, after, "prior").Text, "9 of 20 earlier changes of this kind to checkout failed or were rolled back: 25%"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if math.Abs(term(t, before, "prior").Points-math.Log(0.05/0.95)) > 1e-9 {
		t.Errorf("first guess: got %+v", term(t, before, "prior"))
	}
}

func TestRank_TauFollowsTheKind(t *testing.T) {
	w := newWorld(8, "checkout")
	w.service("checkout", 20, noon)
	w.change("deploy", "checkout", 40*time.Minute)
	w.change("infra", "checkout", 40*time.Minute).Kind = telemetry.KindInfra
	r := w.rank()
	if a, b := term(t, row(t, r, "deploy"), "time"), term(t, row(t, r, "infra"), "time"); a.Points >= b.Points {
		t.Errorf("deployment %v, infra %v", a, b)
	}
	w.in.Changes[0].Finished = noon.Add(time.Minute)
	if x := term(t, row(t, w.rank(), "deploy"), "time"); x.Text != "was under way at the onset" || x.Points != 2 {
		t.Errorf("got %+v", x)
	}
}
