package rules_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	prules "github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"
)

const everything = `
groups:
  - name: first
    interval: 15s
    query_offset: 30s
    limit: 10
    labels: {team: core}
    rules:
      - record: job:errors:rate2m
        expr: sum by (job) (rate(http_requests_total{code="500"}[2m]))
      - alert: Errors
        expr: job:errors:rate2m > 0.1
        for: 1m
        keep_firing_for: 3m
        labels: {severity: page, where: "{{ $labels.job }} {{ $value | humanize }}"}
        annotations: {summary: "{{ $labels.job }} of {{ $externalURL }}: {{ with query \"count(http_requests_total)\" }}{{ . | first | value }}{{ end }}"}
  - name: second
    interval: 30s
    limit: 1
    rules:
      - {alert: TooMany, expr: http_requests_total > 0}
      - {alert: Few, expr: 'count(http_requests_total) > 1', for: 2m}
      - {alert: Gone, expr: absent(http_requests_total)}
`

// TestPrometheusRules_EqualPrometheusManager evaluates a rule file by the engine
// and by Prometheus' own manager, at the same moments over the same data, and
// compares every alert after every one.
func TestPrometheusRules_EqualPrometheusManager(t *testing.T) {
	s := newStory(t, shop)
	s.start(promOf(t, everything))

	other := newStory(t, shop)
	file := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(file, []byte(everything), 0o600); err != nil {
		t.Fatal(err)
	}
	engine := query(t)
	m := prules.NewManager(&prules.ManagerOptions{
		ExternalURL: &url.URL{}, QueryFunc: prules.EngineQueryFunc(engine, other.db), Context: t.Context(),
		NotifyFunc:   func(context.Context, string, ...*prules.Alert) {},
		AppendableV2: other.appendable(), Queryable: other.db.(storage.Queryable),
		DefaultRuleQueryOffset: func() time.Duration { return 0 },
	})
	loaded, errs := m.LoadGroups(15*time.Second, labels.EmptyLabels(), "", nil, false, file)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	groups := []*prules.Group{loaded[prules.GroupKey(file, "first")], loaded[prules.GroupKey(file, "second")]}
	for _, g := range groups {
		for _, r := range g.AlertingRules() {
			r.SetRestored(true)
		}
	}
	differ := 0
	for at := time.Duration(0); at <= 30*time.Minute; at += 15 * time.Second {
		if _, err := s.engine.EvalDue(t.Context(), epoch(at)); err != nil && !strings.Contains(err.Error(), "exceeded limit of 1") {
			t.Fatal(err)
		}
		for _, g := range groups {
			if at%g.Interval() == 0 {
				g.Eval(t.Context(), epoch(at))
			}
		}
		var ours []*prules.Group
		for _, g := range s.engine.RuleGroups() {
			if g.File() == "rules.yml" {
				ours = append(ours, g)
			}
		}
		got, want := statesOf(ours), statesOf(groups)
		if !slices.Equal(got, want) {
			t.Errorf("at %s:\n got %s\nwant %s", at, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
			if differ++; differ > 3 {
				return
			}
		}
	}
}

// statesOf words every alert of the groups and the health of every rule.
func statesOf(groups []*prules.Group) []string {
	var out []string
	for _, g := range groups {
		for _, r := range g.Rules() {
			out = append(out, fmt.Sprintf("%s %s %v", r.Name(), r.Health(), r.LastError()))
			a, ok := r.(*prules.AlertingRule)
			if !ok {
				continue
			}
			for _, x := range a.ActiveAlerts() {
				out = append(out, fmt.Sprintf("%s %s %v %s since %s kept since %s %s", x.Labels, x.State, x.Value, x.Annotations,
					x.ActiveAt.UTC(), x.KeepFiringSince.UTC(), x.FiredAt.UTC()))
			}
		}
	}
	slices.Sort(out)
	return out
}
