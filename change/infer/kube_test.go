package infer_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/change/infer"
)

// deploy is what kube-state-metrics says of a Deployment.
type deploy struct{ gen, observed, spec, replicas, updated, available, stuck int }

func (d deploy) scrape() []string {
	var out []string
	for _, x := range []struct {
		name string
		v    int
	}{
		{"metadata_generation", d.gen}, {"status_observed_generation", d.observed}, {"spec_replicas", d.spec}, {"status_replicas", d.replicas},
		{"status_replicas_updated", d.updated}, {"status_replicas_available", d.available},
	} {
		out = append(out, fmt.Sprintf("kube_deployment_%s{job=ksm,namespace=shop,deployment=pay} %d", x.name, x.v))
	}
	return append(out, fmt.Sprintf("kube_deployment_status_condition{job=ksm,namespace=shop,deployment=pay,condition=Progressing,status=false} %d", d.stuck))
}

func (r *rig) steps(from time.Duration, steps ...deploy) {
	for i, d := range steps {
		r.at(from+time.Duration(i)*30*time.Second, d.scrape()...)
	}
}

func TestRollout_IsSeenFromBeginToEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		steps []deploy
		want  string
	}{
		"done":                               {[]deploy{{2, 1, 3, 3, 3, 3, 0}, {2, 2, 3, 4, 1, 3, 0}, {2, 2, 3, 4, 3, 3, 0}, {2, 2, 3, 3, 3, 3, 0}, {2, 2, 3, 3, 3, 3, 0}}, "succeeded rollout from 10m0s to 11m30s"},
		"under way":                          {[]deploy{{2, 1, 3, 3, 3, 3, 0}, {2, 2, 3, 4, 1, 3, 0}, {2, 2, 3, 4, 1, 3, 0}}, "started rollout from 10m0s"},
		"stuck":                              {[]deploy{{2, 2, 3, 4, 1, 3, 0}, {2, 2, 3, 4, 1, 3, 0}, {2, 2, 3, 4, 1, 3, 1}}, "failed rollout from 10m0s to 11m0s"},
		"quick":                              {[]deploy{{2, 2, 3, 3, 3, 3, 0}, {2, 2, 3, 3, 3, 3, 0}}, "succeeded rollout from 10m0s to 10m0s"},
		"scaled":                             {[]deploy{{2, 2, 5, 5, 5, 3, 0}, {2, 2, 5, 5, 5, 5, 0}, {2, 2, 5, 5, 5, 5, 0}}, ""},
		"scaled, and the controller is late": {[]deploy{{2, 1, 2, 3, 3, 3, 0}, {2, 2, 2, 2, 2, 2, 0}, {2, 2, 2, 2, 2, 2, 0}}, ""},
		"rolled and scaled":                  {[]deploy{{2, 2, 5, 4, 1, 3, 0}, {2, 2, 5, 6, 3, 5, 0}, {2, 2, 5, 5, 5, 5, 0}}, "succeeded rollout from 10m0s to 11m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.steps(0, deploy{1, 1, 3, 3, 3, 3, 0}, deploy{1, 1, 3, 3, 3, 3, 0})
			r.steps(10*time.Minute, tt.steps...)
			if tt.want == "" {
				r.want()
				return
			}
			r.want("deployment pay " + tt.want)
		})
	}
}

func TestRollout_OverARestart_AndTwoWatchers(t *testing.T) {
	r := newRig(t)
	r.steps(0, deploy{1, 1, 3, 3, 3, 3, 0})
	r.steps(10*time.Minute, deploy{2, 2, 3, 4, 1, 3, 0}, deploy{2, 2, 3, 4, 1, 3, 0})
	r.restart()
	r.steps(12*time.Minute, deploy{1, 1, 3, 3, 3, 3, 0}, deploy{2, 2, 3, 3, 3, 3, 0}, deploy{2, 2, 3, 3, 3, 3, 0})
	r.want("deployment pay succeeded rollout from 10m0s to 12m30s")
}

func TestRollout_NameOfTheService(t *testing.T) {
	r := newRig(t)
	name := "kube_deployment_labels{job=ksm,namespace=shop,deployment=pay,label_app_kubernetes_io_name=payments} 1"
	r.at(0, name)
	r.steps(0, deploy{1, 1, 3, 3, 3, 3, 0})
	r.steps(10*time.Minute, deploy{2, 2, 3, 4, 1, 3, 0}, deploy{2, 2, 3, 4, 1, 3, 0})
	r.want("deployment payments started rollout from 10m0s")
}

func restartsOf(pods map[string]int) []string {
	var out []string
	for pod, n := range pods {
		out = append(out, fmt.Sprintf("kube_pod_container_status_restarts_total{job=ksm,namespace=shop,pod=%s,container=pay} %d", pod, n))
	}
	return out
}

func TestRestarts_CrashLoop_IsOneChange(t *testing.T) {
	r := newRig(t)
	r.play(0, 5*time.Minute, func(time.Duration) []string { return restartsOf(map[string]int{"pay-6b7c9d4f5-abcde": 0}) })
	r.play(5*time.Minute, 3*time.Hour, func(at time.Duration) []string {
		return restartsOf(map[string]int{"pay-6b7c9d4f5-abcde": int(at / (5 * time.Minute))})
	})
	r.want("restart pay succeeded restart from 5m0s to 2h55m0s")
	c := r.changes[r.order[0]]
	if c.Labels["restarts"] != "35" || r.reports > 36 {
		t.Errorf("got %v, %d reports", c, r.reports)
	}
	r.play(3*time.Hour, 4*time.Hour, func(time.Duration) []string { return restartsOf(map[string]int{"pay-6b7c9d4f5-abcde": 36}) })
	r.play(4*time.Hour, 5*time.Hour, func(time.Duration) []string { return restartsOf(map[string]int{"pay-6b7c9d4f5-abcde": 37}) })
	if len(r.order) != 2 {
		t.Errorf("after a quiet time a restart is a new change: %d", len(r.order))
	}
}

func TestRestarts_OfADeployment_AreItsDoing(t *testing.T) {
	r := newRig(t)
	scrape := func(version string, begun int) []string {
		return append(build(version, "a"), fmt.Sprintf("process_start_time_seconds{job=shop,instance=a} %d", begun))
	}
	r.play(0, 10*time.Minute, func(time.Duration) []string { return scrape("v1", 1000) })
	r.play(10*time.Minute, 20*time.Minute, func(time.Duration) []string { return scrape("v2", 2000) })
	r.want("deployment shop v1 -> v2 succeeded build_info from 10m0s to 10m0s")
	r.play(20*time.Minute, 30*time.Minute, func(at time.Duration) []string { return scrape("v2", 2001+int(at/time.Minute)%2) })
	r.play(30*time.Minute, 40*time.Minute, func(time.Duration) []string { return scrape("v2", 3000) })
	r.want("deployment shop v1 -> v2 succeeded build_info from 10m0s to 10m0s", "restart shop succeeded restart from 30m0s to 30m0s")
}

func TestRestarts_OfADeploymentThatWasTold(t *testing.T) {
	r := newRig(t)
	l, _ := parse(t, "process_start_time_seconds{job=shop,instance=a} 1")
	id, _ := r.w.Register(l)
	r.w.Observe(id, start.UnixMilli(), 1000)
	r.w.Observe(id, start.Add(time.Minute).UnixMilli(), 2000)
	asked := ""
	told := func(service, env string, from, to time.Time) bool {
		asked = fmt.Sprint(service, from.Sub(start), to.Sub(start))
		return true
	}
	if got := r.w.Tick(start.Add(10*time.Minute), told); len(got) != 0 || asked != "shop-2m0s 4m0s" {
		t.Errorf("got %v, asked for %s", got, asked)
	}
}

func TestConfig_Sources_AreSwitchedOff(t *testing.T) {
	for _, s := range append(deploy{1, 1, 1, 1, 1, 1, 0}.scrape(), build("v1", "a")[0], restartsOf(map[string]int{"p": 1})[0],
		"process_start_time_seconds{job=shop} 1", "target_info{job=shop,service_version=1} 1", "kube_pod_container_info{pod=p,container=c,image=i:1} 1") {
		l, _ := parse(t, s)
		cfg := infer.Config{MaxSeries: 10, MaxPerHour: 1}
		w := infer.New(infer.Options{Config: cfg, Service: func(labels.Labels) string { return "s" }, Environment: func(labels.Labels) string { return "" }})
		if _, ok := w.Register(l); ok {
			t.Errorf("%s is followed with all sources off", s)
		}
	}
}

func FuzzLoad(f *testing.F) {
	r := &rig{t: &testing.T{}}
	w := r.fresh()
	l := labels.FromStrings("__name__", "a_build_info", "job", "j", "version", "1")
	id, _ := w.Register(l)
	w.Observe(id, 1000, 1)
	var b strings.Builder
	if err := w.Save(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.String(), int64(1_000_000))
	f.Add(`{"version":1,"lines":[{"key":{"Service":"s","Source":"telemetry/build_info","Part":"a_build_info"},"line":{"under":{"to":"x"}}},{}],"workloads":{"a":null,"b":{"under":true}},"restarts":[{}]}`, int64(5))
	f.Fuzz(func(t *testing.T, state string, at int64) {
		w := r.fresh()
		if w.Load(strings.NewReader(state)) != nil {
			return
		}
		for i := range int64(3) {
			for _, v := range []string{"1", "2"} {
				if id, ok := w.Register(labels.FromStrings("__name__", "a_build_info", "job", "s", "version", v)); ok {
					w.Observe(id, at+i*600_000, float64(i))
				}
			}
			w.Tick(time.UnixMilli(at+i*600_000), nil)
		}
		var b strings.Builder
		if err := w.Save(&b); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		}
	})
}
