package rca_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

// chain is a shop in which web calls cart, cart calls stock, and stock uses a
// database; stock fails from noon on and its callers with it, half as much.
func chain(seed uint64) *world {
	w := newWorld(seed, "web")
	w.service("web", 8, noon.Add(time.Minute))
	w.service("cart", 12, noon.Add(30*time.Second))
	w.service("stock", 30, noon)
	w.service("ads", 1, noon)
	w.signal("db", "cpu_usage", "percent", func(time.Time) float64 { return 30 })
	w.in.Graph.Edges = []rca.Edge{
		{From: "web", To: "cart", Kind: rca.EdgeCalls}, {From: "web", To: "ads", Kind: rca.EdgeCalls},
		{From: "cart", To: "stock", Kind: rca.EdgeCalls}, {From: "stock", To: "db", Kind: rca.EdgeUses},
	}
	return w
}

func names(list []rca.Affected) []string {
	var out []string
	for _, x := range list {
		out = append(out, x.Service)
	}
	return out
}

func texts(a *rca.Analysis) string {
	out, _ := json.MarshalIndent(a, "", " ")
	return string(out)
}

func TestRank_Analysis_FollowsTheCallsToTheirEnd(t *testing.T) {
	w := chain(1)
	w.change("v2", "stock", 2*time.Minute)
	w.in.Changes[0].VersionFrom = "v1"
	p := 1800.0
	w.in.TimeToResolve = &rca.Estimate{P50: &p, BasedOn: 9}
	w.in.Fixes = []rca.Fix{{Title: "restart stock", Source: "similar", Ref: "i-7", Helped: 2, Tried: 3}}
	w.in.Guards = rca.Guards{Canary: map[string]bool{"v2": false}, Verdict: map[string]string{"v2": "healthy"}, Watched: map[string]bool{}}
	a := w.rank().Analysis
	c := a.PrimaryCause
	if c == nil || c.Service != "stock" || c.Change == nil || c.Change.ID != "v2" || c.Confidence == rca.Low {
		t.Fatalf("got %s", texts(a))
	}
	if d := cmp.Diff([]string{"web", "cart", "stock"}, c.Path); d != "" {
		t.Errorf("path, -want +got:\n%s", d)
	}
	if c.Onset.Sub(noon).Abs() > time.Minute || a.Unexplained != "" {
		t.Errorf("onset %s, unexplained %q", c.Onset, a.Unexplained)
	}
	if got := names(a.AffectedServices); got[0] != "web" || !slices.Contains(got, "cart") || slices.Contains(got, "ads") {
		t.Errorf("affected: %v", got)
	}
	if d := cmp.Diff([]string{"web", "cart", "stock"}, a.AffectedServices[0].Path); d != "" {
		t.Errorf("path of the affected, -want +got:\n%s", d)
	}
	if f := a.SuggestedFixes; len(f) < 3 || f[0] != (rca.Fix{Title: "roll back v2 of stock to v1", Source: "change", Ref: "v2"}) || f[1] != w.in.Fixes[0] || f[2].Source != "rule" {
		t.Errorf("fixes: %+v", f)
	}
	if a.EstimatedTimeToResolve != w.in.TimeToResolve {
		t.Errorf("estimate: %+v", a.EstimatedTimeToResolve)
	}
	basis := map[string]string{}
	for _, m := range a.PreventionMeasures {
		basis[m.Title] = m.Basis
	}
	for title, want := range map[string]string{
		"send changes of stock to a part of its users first":          rca.Observed,
		"wait for the verdict on changes of stock before they go on":  "", // somebody did
		"let failed changes of stock go back by themselves":           rca.Inferred,
		"alert on " + c.Evidence[0].Signal + " of stock":              rca.Observed,
		"limit what stock may use, and what may be asked of it":       "",
		"send changes of web to a part of its users first (anything)": "",
	} {
		if basis[title] != want && !strings.HasPrefix(title, "alert on") {
			t.Errorf("%q: got basis %q, want %q", title, basis[title], want)
		}
	}
	for _, e := range c.Evidence {
		if e.Basis != rca.Observed && e.Basis != rca.Inferred || e.Service == "" || e.Signal == "" && e.Text == "" {
			t.Errorf("evidence: %+v", e)
		}
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(texts(a)), &fields); err != nil {
		t.Fatal(err)
	}
	want := []string{"affected_services", "against", "contributing_factors", "estimated_time_to_resolve", "prevention_measures", "primary_cause", "suggested_fixes", "unexplained"}
	if d := cmp.Diff(want, slices.Sorted(maps.Keys(fields))); d != "" {
		t.Errorf("fields, -want +got:\n%s", d)
	}
}

func TestRank_Analysis_NothingOdd_IsUnexplained(t *testing.T) {
	w := newWorld(2, "web")
	w.service("web", 1, noon)
	w.service("cart", 1, noon)
	a := w.rank().Analysis
	if a.PrimaryCause != nil || a.Unexplained == "" || len(a.PreventionMeasures) != 0 {
		t.Errorf("got %s", texts(a))
	}
	w.in.Series, w.in.Unread = nil, "the store did not answer"
	if a = w.rank().Analysis; !strings.Contains(a.Unexplained, "the store did not answer") {
		t.Errorf("got %q", a.Unexplained)
	}
}

func TestRank_Analysis_ChangeWithoutTelemetry(t *testing.T) {
	w := newWorld(3, "web")
	w.service("web", 1.1, noon)
	w.in.History = map[rca.Habit]rca.Record{{Kind: telemetry.KindDeployment, Service: "dark"}: {Changes: 10, Failed: 9}}
	w.change("x", "dark", time.Minute)
	w.in.Lines = map[string][]rca.Line{"dark": {{At: noon, Text: "no such table", Severity: telemetry.SeverityError}}}
	a := w.rank().Analysis
	if a.PrimaryCause == nil || a.PrimaryCause.Service != "dark" || a.PrimaryCause.Kind != "change" || a.PrimaryCause.Change == nil {
		t.Errorf("got %s", texts(a))
	}
}

// templates adds lines of a service per request; from noon on those in gone are not
// written any more and fresh ones are.
func templates(w *world, service string, all, gone, fresh []string) {
	for _, name := range append(slices.Clone(all), fresh...) {
		s := rca.Series{Service: service, Signal: name, Source: rca.SourceTemplate}
		for at := noon.Add(-time.Hour); !at.After(w.in.At); at = at.Add(step) {
			v := 1 + 0.2*w.rnd.NormFloat64()
			if slices.Contains(fresh, name) != !at.Before(noon) && slices.Contains(fresh, name) || slices.Contains(gone, name) && !at.Before(noon) {
				v = 0
			}
			s.Points = append(s.Points, telemetry.Sample{T: at.UnixMilli(), V: max(v, 0)})
			s.Exposure = append(s.Exposure, 40)
		}
		w.in.Series = append(w.in.Series, s)
	}
}

func TestRank_MixOfLogLines_NamesTheService(t *testing.T) {
	w := chain(4)
	w.in.Series = nil
	for _, name := range []string{"web", "cart", "stock", "ads"} {
		w.service(name, 1, noon)
	}
	lines := []string{"begin", "look up", "done"}
	templates(w, "ads", lines, nil, nil)
	templates(w, "cart", lines, nil, nil)
	templates(w, "stock", lines, []string{"done"}, []string{"failed"})
	r := w.rank()
	if s := r.Suspects[0]; s.Service != "stock" || s.Kind != "logs" || !strings.Contains(r.Analysis.PrimaryCause.Title, "log lines") {
		t.Errorf("got %+v", r.Suspects)
	}
}

func TestRank_ClientView_CountsForItsService(t *testing.T) {
	w := chain(5)
	for i := range w.in.Series {
		if w.in.Series[i].Service == "stock" {
			w.in.Series[i].Service = "stock seen by cart"
		}
	}
	w.in.Graph.Alias = map[string]string{"stock seen by cart": "stock view", "stock view": "stock"}
	if s := w.rank().Suspects[0]; s.Service != "stock" {
		t.Errorf("got %+v", s)
	}
}

func TestRank_LateOnset_IsFoundEarlier(t *testing.T) {
	w := newWorld(6, "web")
	w.service("web", 20, noon.Add(-5*time.Minute))
	r := w.rank()
	if d := r.Earliest.Sub(noon.Add(-5*time.Minute - step)); d.Abs() > step {
		t.Errorf("earliest %s, want about five minutes before noon", r.Earliest)
	}
	if r.Suspects[0].Service != "web" || r.Suspects[0].Kind == "" {
		t.Errorf("got %+v", r.Suspects)
	}
}

func TestRank_Services_SameInputSameOutput_WhateverTheOrder(t *testing.T) {
	w := chain(7)
	templates(w, "stock", []string{"a", "b"}, []string{"b"}, []string{"c"})
	w.change("one", "stock", time.Minute)
	w.change("two", "stock", time.Minute)
	w.change("three", "cart", time.Minute)
	want := w.rank()
	for range 10 {
		w.rnd.Shuffle(len(w.in.Series), func(i, j int) { w.in.Series[i], w.in.Series[j] = w.in.Series[j], w.in.Series[i] })
		w.rnd.Shuffle(len(w.in.Changes), func(i, j int) { w.in.Changes[i], w.in.Changes[j] = w.in.Changes[j], w.in.Changes[i] })
		e := w.in.Graph.Edges
		w.rnd.Shuffle(len(e), func(i, j int) { e[i], e[j] = e[j], e[i] })
		w.in.Graph.Edges = append(e, e[0]) // said twice
		if d := cmp.Diff(want, w.rank()); d != "" {
			t.Fatalf("-first +shuffled:\n%s", d)
		}
	}
}

func TestRank_OnsetOffByAMinute_SameService(t *testing.T) {
	for _, off := range []time.Duration{-time.Minute, 0, time.Minute} {
		for seed := range uint64(10) {
			w := chain(seed)
			w.in.Onset = noon.Add(off)
			if s := w.rank().Suspects[0]; s.Service != "stock" {
				t.Errorf("%s, seed %d: got %+v", off, seed, s)
			}
		}
	}
}

func TestRank_Distractors_SeldomMatter(t *testing.T) {
	changed, n := 0, 0
	for seed := range uint64(40) {
		w := chain(seed)
		for i := range 20 {
			name := fmt.Sprintf("other%d", i)
			w.service(name, 1, noon)
			w.in.Graph.Edges = append(w.in.Graph.Edges, rca.Edge{From: []string{"web", "cart", "stock", "db"}[w.rnd.IntN(4)], To: name})
		}
		n++
		if w.rank().Suspects[0].Service != "stock" {
			changed++
		}
	}
	if float64(changed) > 0.05*float64(n) {
		t.Errorf("the first suspect changed in %d of %d", changed, n)
	}
}

// FuzzRank builds graphs, series and changes from bytes and checks what holds of
// every ranking.
func FuzzRank(f *testing.F) {
	f.Add([]byte{0}, uint64(1))
	f.Add([]byte{1, 1, 0, 2, 1, 2, 2, 1, 3, 3, 200, 201, 202, 203, 204, 205, 206, 207}, uint64(2))
	f.Add([]byte("self loops and cycles, and aliases of aliases"), uint64(3))
	odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64, 5e-324, 0, 1, -1}
	sourceNames := []string{"", rca.SourceMetric, rca.SourceSelfTime, rca.SourceEdgeGap, rca.SourceCalls, rca.SourceTemplate, rca.SourceErrors, rca.SourceRestarts, "other"}
	units := []string{"", "ratio", "percent", "seconds", "bytes"}
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		next := func() int {
			if len(data) == 0 {
				return rnd.IntN(256)
			}
			b := data[0]
			data = data[1:]
			return int(b)
		}
		node := func() string { return []string{"", "a", "b", "c", "d", "e"}[next()%6] }
		in := rca.Input{Service: node(), Onset: noon, At: noon.Add(time.Duration(next()%30) * time.Minute), Step: time.Duration(next()%90) * time.Second}
		in.Graph.Alias = map[string]string{}
		for range next() % 8 {
			in.Graph.Edges = append(in.Graph.Edges, rca.Edge{From: node(), To: node(), Kind: []string{"", rca.EdgeCalls, rca.EdgeRunsOn, rca.EdgeUses}[next()%4]})
		}
		for range next() % 4 {
			in.Graph.Alias[node()] = node()
		}
		for range next() % 12 {
			s := rca.Series{Service: node(), Signal: node(), Source: sourceNames[next()%len(sourceNames)], Unit: units[next()%len(units)], Bad: next()%3 - 1}
			for i := range next() {
				v := rnd.NormFloat64()
				if next()%7 == 0 {
					v = odd[next()%len(odd)]
				}
				s.Points = append(s.Points, telemetry.Sample{T: noon.Add(time.Duration(i-100) * 30 * time.Second).UnixMilli(), V: v})
				if next()%2 == 0 {
					s.Exposure = append(s.Exposure, odd[next()%len(odd)])
				}
			}
			in.Series = append(in.Series, s)
		}
		for i := range next() % 5 {
			in.Changes = append(in.Changes, telemetry.Change{ID: fmt.Sprint(i), Kind: telemetry.KindDeployment, Service: node(), Started: noon.Add(time.Duration(next()-200) * time.Minute)})
		}
		r := rca.Rank(in, rca.DefaultConfig())
		sane(t, r)
		sum := 0.0
		for i, s := range r.Suspects {
			sum += s.Probability
			if math.IsNaN(s.Score) || s.Score < 0 || s.Score > 3+1e-9 || s.Probability < 0 || s.Service == "" {
				t.Fatalf("suspect %+v", s)
			}
			if i > 0 && s.Score > r.Suspects[i-1].Score {
				t.Fatalf("suspect %d is out of order", i)
			}
		}
		if sum > 1+1e-9 || (r.Analysis.PrimaryCause == nil) != (r.Analysis.Unexplained != "") {
			t.Fatalf("probabilities sum to %v, analysis %s", sum, texts(r.Analysis))
		}
		if _, err := json.Marshal(r); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(r, rca.Rank(in, rca.DefaultConfig()), cmp.Comparer(func(a, b telemetry.Number) bool { return a == b || a != a && b != b })); d != "" {
			t.Fatalf("the second ranking is another:\n%s", d)
		}
	})
}
