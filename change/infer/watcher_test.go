package infer_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/change/infer"
	"github.com/tocsinhq/tocsin/telemetry"
)

var start = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// rig plays scrapes into a watcher and keeps the last report of each change.
type rig struct {
	t       *testing.T
	w       *infer.Watcher
	changes map[string]telemetry.Change
	order   []string
	reports int
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, changes: map[string]telemetry.Change{}}
	r.w = r.fresh()
	return r
}

func (r *rig) fresh() *infer.Watcher {
	return infer.New(infer.Options{
		Config:      infer.DefaultConfig(),
		Service:     func(l labels.Labels) string { return l.Get("job") },
		Environment: func(l labels.Labels) string { return l.Get("env") },
	})
}

// restart saves and loads.
func (r *rig) restart() {
	var b bytes.Buffer
	if err := r.w.Save(&b); err != nil {
		r.t.Fatal(err)
	}
	r.w = r.fresh()
	if err := r.w.Load(&b); err != nil {
		r.t.Fatal(err)
	}
}

// at writes samples, given as "name{label=value,...} value", at a time, and ticks.
func (r *rig) at(at time.Duration, series ...string) {
	for _, s := range series {
		l, v := parse(r.t, s)
		if id, ok := r.w.Register(l); ok {
			if !r.w.Observe(id, start.Add(at).UnixMilli(), v) {
				r.t.Fatalf("%s: not followed", s)
			}
		}
	}
	for _, x := range r.w.Tick(start.Add(at), nil) {
		if _, ok := r.changes[x.Change.ID]; !ok {
			r.order = append(r.order, x.Change.ID)
		}
		r.changes[x.Change.ID] = x.Change
		r.reports++
	}
}

func parse(t *testing.T, s string) (labels.Labels, float64) {
	t.Helper()
	name, rest, _ := strings.Cut(s, "{")
	inner, value, ok := strings.Cut(rest, "} ")
	b := labels.NewBuilder(labels.EmptyLabels())
	b.Set("__name__", name)
	for _, kv := range strings.Split(inner, ",") {
		k, v, _ := strings.Cut(kv, "=")
		b.Set(k, v)
	}
	var v float64
	if _, err := fmt.Sscan(value, &v); err != nil || !ok {
		t.Fatalf("bad sample %q: %v", s, err)
	}
	return b.Labels(), v
}

// want compares all changes, in the order in which they were seen.
func (r *rig) want(lines ...string) {
	r.t.Helper()
	var got []string
	for _, id := range r.order {
		c := r.changes[id]
		s := fmt.Sprintf("%s %s %s from %s", c.Title(), c.Status, strings.TrimPrefix(c.Sources[0], telemetry.SourceInferred), c.Started.Sub(start))
		if !c.Finished.IsZero() {
			s += fmt.Sprintf(" to %s", c.Finished.Sub(start))
		}
		got = append(got, s)
	}
	if g, w := strings.Join(got, "\n"), strings.Join(lines, "\n"); g != w {
		r.t.Errorf("got\n%s\nwant\n%s", g, w)
	}
}

func build(version string, instances ...string) []string {
	var out []string
	for _, i := range instances {
		out = append(out, fmt.Sprintf("shop_build_info{job=shop,instance=%s,version=%s} 1", i, version))
	}
	return out
}

// play scrapes every 15 s: versions gives what each instance runs.
func (r *rig) play(from, to time.Duration, versions func(at time.Duration) []string) {
	for at := from; at < to; at += 15 * time.Second {
		r.at(at, versions(at)...)
	}
}

func TestVersions_RollOverInstances_AreOneChange(t *testing.T) {
	r := newRig(t)
	r.play(0, 10*time.Minute, func(time.Duration) []string { return build("v1", "a", "b", "c") })
	r.want()
	r.play(10*time.Minute, 25*time.Minute, func(at time.Duration) []string {
		out := build("v2", "a")
		for i, name := range []string{"b", "c"} {
			if at >= 10*time.Minute+time.Duration(i+1)*2*time.Minute {
				out = append(out, build("v2", name)...)
			} else {
				out = append(out, build("v1", name)...)
			}
		}
		return out
	})
	r.want("deployment shop v1 -> v2 succeeded build_info from 10m0s to 14m0s")
	if s := r.changes[r.order[0]].Summary; !strings.Contains(s, "3 instances") {
		t.Errorf("summary %q", s)
	}
}

func TestVersions_Canary_IsUnderWayUntilItIsWithdrawn(t *testing.T) {
	r := newRig(t)
	r.play(0, 10*time.Minute, func(time.Duration) []string { return build("v1", "a", "b") })
	r.play(10*time.Minute, 70*time.Minute, func(time.Duration) []string { return append(build("v1", "a", "b"), build("v2", "c")...) })
	r.want("deployment shop v1 -> v2 started build_info from 10m0s")
	r.play(70*time.Minute, 80*time.Minute, func(time.Duration) []string { return build("v1", "a", "b") })
	r.want("deployment shop v1 -> v2 rolled_back build_info from 10m0s to 1h9m45s")
}

func TestVersions_ThatAreThereAtFirst_AreNoChange(t *testing.T) {
	r := newRig(t)
	r.at(0, build("v1", "a")...)
	r.at(time.Minute, append(build("v1", "a"), build("v2", "b")...)...)
	r.play(2*time.Minute, time.Hour, func(time.Duration) []string { return append(build("v1", "a"), build("v2", "b", "x")...) })
	r.want()
}

func TestVersions_OverARestart(t *testing.T) {
	r := newRig(t)
	r.play(0, 10*time.Minute, func(time.Duration) []string { return build("v1", "a", "b") })
	r.play(10*time.Minute, 11*time.Minute, func(time.Duration) []string { return append(build("v2", "a"), build("v1", "b")...) })
	r.restart()
	// The first scrapes after the restart come one by one, and one instance late.
	r.at(20*time.Minute, build("v2", "a")...)
	r.at(21*time.Minute, build("v2", "a")...)
	r.play(22*time.Minute, 30*time.Minute, func(time.Duration) []string { return append(build("v2", "a"), build("v1", "b")...) })
	r.want("deployment shop v1 -> v2 started build_info from 10m0s")
	r.play(30*time.Minute, 40*time.Minute, func(time.Duration) []string { return build("v2", "a", "b") })
	r.want("deployment shop v1 -> v2 succeeded build_info from 10m0s to 30m0s")
	r.restart()
	r.play(50*time.Minute, time.Hour, func(time.Duration) []string { return build("v3", "a", "b") })
	r.want("deployment shop v1 -> v2 succeeded build_info from 10m0s to 30m0s",
		"deployment shop v2 -> v3 succeeded build_info from 50m0s to 50m0s")
}

func TestVersions_BreakOfData_IsNoChange(t *testing.T) {
	r := newRig(t)
	both := func(time.Duration) []string { return append(build("v1", "a"), build("v2", "b")...) }
	r.play(0, 10*time.Minute, both)
	r.play(time.Hour, 2*time.Hour, both)
	// One of the two is silent for an hour and comes back as it was.
	r.play(2*time.Hour, 3*time.Hour, func(time.Duration) []string { return build("v2", "b") })
	r.play(3*time.Hour, 4*time.Hour, both)
	r.want()
}

func TestVersions_Flood_IsBounded(t *testing.T) {
	r := newRig(t)
	r.play(0, 10*time.Minute, func(time.Duration) []string { return build("v0", "a") })
	r.play(10*time.Minute, 69*time.Minute, func(at time.Duration) []string { return build(fmt.Sprintf("v%d", at/(15*time.Second)), "a") })
	if len(r.order) != infer.DefaultConfig().MaxPerHour {
		t.Errorf("got %d changes in an hour, want %d", len(r.order), infer.DefaultConfig().MaxPerHour)
	}
	var b bytes.Buffer
	r.w.WriteMetrics(&b)
	if !strings.Contains(b.String(), `reason="too_many_changes"} 230`) {
		t.Errorf("the rest is not counted:\n%s", b.String())
	}
}

func TestVersions_Labels(t *testing.T) {
	for _, tt := range []struct{ before, after, want string }{
		{"target_info{job=shop,instance=a,service_version=1.0} 1", "target_info{job=shop,instance=a,service_version=1.1} 1", "deployment shop 1.0 -> 1.1"},
		{"target_info{job=shop,instance=a,version=1.0} 1", "target_info{job=shop,instance=a,version=1.1} 1", "deployment shop 1.0 -> 1.1"},
		{"requests_total{job=shop,instance=a,sentry_release=s1} 1", "requests_total{job=shop,instance=a,sentry_release=s2} 1", "deployment shop s1 -> s2"},
		{"shop_build_info{job=shop,revision=0123456789abcdef0} 1", "shop_build_info{job=shop,revision=1123456789abcdef0} 1", "deployment shop 0123456789ab -> 1123456789ab"},
		{"go_build_info{job=shop,version=1} 1", "go_build_info{job=shop,version=2} 1", ""},
		{"go_info{job=shop,version=go1} 1", "go_info{job=shop,version=go2} 1", ""},
		{"requests_total{job=shop,version=1.0} 1", "requests_total{job=shop,version=1.1} 1", ""},
		{
			"kube_pod_container_info{job=ksm,namespace=n,pod=shop-6b7c9d4f5-abcde,container=shop,image=r/shop:1.0} 1",
			"kube_pod_container_info{job=ksm,namespace=n,pod=shop-7b7c9d4f5-abcde,container=shop,image=r/shop:1.1} 1", "deployment shop 1.0 -> 1.1",
		},
		{
			"kube_pod_container_info{job=ksm,namespace=n,pod=shop-0,container=shop,image=r:5000/shop@sha256:0123456789abcdef} 1",
			"kube_pod_container_info{job=ksm,namespace=n,pod=shop-0,container=shop,image=r/shop:latest,image_id=r/shop@sha256:1123456789abcdef} 1", "deployment shop 0123456789ab -> 1123456789ab",
		},
	} {
		r := newRig(t)
		r.play(0, 10*time.Minute, func(time.Duration) []string { return []string{tt.before} })
		r.play(10*time.Minute, 20*time.Minute, func(time.Duration) []string { return []string{tt.after} })
		got := ""
		for _, id := range r.order {
			got += r.changes[id].Title()
		}
		if got != tt.want {
			t.Errorf("%s, then %s: got %q, want %q", tt.before, tt.after, got, tt.want)
		}
	}
}
