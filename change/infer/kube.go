package infer

import (
	"strings"

	"github.com/prometheus/prometheus/model/labels"
)

// field is a number of a workload.
type field uint8

const (
	fieldGeneration field = iota
	fieldObserved
	fieldSpec
	fieldReplicas
	fieldUpdated
	fieldAvailable
	fieldStuck // 1 when the deadline for progress has passed
	fieldCount
)

// workloadMetrics are the series of kube-state-metrics that tell of rollouts: the
// label with the name, and the number.
var workloadMetrics = map[string]struct {
	label string
	field field
}{
	"kube_deployment_metadata_generation":            {"deployment", fieldGeneration},
	"kube_deployment_status_observed_generation":     {"deployment", fieldObserved},
	"kube_deployment_spec_replicas":                  {"deployment", fieldSpec},
	"kube_deployment_status_replicas":                {"deployment", fieldReplicas},
	"kube_deployment_status_replicas_updated":        {"deployment", fieldUpdated},
	"kube_deployment_status_replicas_available":      {"deployment", fieldAvailable},
	"kube_deployment_status_condition":               {"deployment", fieldStuck},
	"kube_statefulset_metadata_generation":           {"statefulset", fieldGeneration},
	"kube_statefulset_status_observed_generation":    {"statefulset", fieldObserved},
	"kube_statefulset_replicas":                      {"statefulset", fieldSpec},
	"kube_statefulset_status_replicas":               {"statefulset", fieldReplicas},
	"kube_statefulset_status_replicas_updated":       {"statefulset", fieldUpdated},
	"kube_statefulset_status_replicas_available":     {"statefulset", fieldAvailable},
	"kube_daemonset_metadata_generation":             {"daemonset", fieldGeneration},
	"kube_daemonset_status_observed_generation":      {"daemonset", fieldObserved},
	"kube_daemonset_status_desired_number_scheduled": {"daemonset", fieldSpec},
	"kube_daemonset_status_current_number_scheduled": {"daemonset", fieldReplicas},
	"kube_daemonset_status_updated_number_scheduled": {"daemonset", fieldUpdated},
	"kube_daemonset_updated_number_scheduled":        {"daemonset", fieldUpdated},
	"kube_daemonset_status_number_available":         {"daemonset", fieldAvailable},
}

// classifyKube reads series of kube-state-metrics, whose own service label names
// kube-state-metrics and not what they speak of.
func (w *Watcher) classifyKube(name string, l labels.Labels) (target, bool) {
	ns := l.Get("namespace")
	if c := l.Get("cluster"); c != "" {
		ns = c + ":" + ns
	}
	at := func(label string) string { return ns + "/" + l.Get(label) }
	t := target{Env: w.environment(l)}
	switch name {
	case "kube_pod_container_info":
		t.Kind, t.Source, t.Part = kindVersion, SourceImage, l.Get("container")
		t.Workload = at("pod")
		t.Detail = l.Get("image_spec")
		if t.Detail == "" {
			t.Detail = l.Get("image")
		}
		t.Version = imageVersion(t.Detail, l.Get("image_id"))
		t.Instance = hashOf(t.Workload)
		return t, w.cfg.Images && l.Get("pod") != "" && t.Version != ""
	case "kube_pod_container_status_restarts_total":
		t.Kind, t.Source, t.Workload = kindRestarts, SourceRestarts, at("pod")
		t.Instance = hashOf(t.Workload)
		return t, w.cfg.Restarts && l.Get("pod") != ""
	case "kube_replicaset_owner":
		t.Kind, t.Workload, t.Part = kindOwner, at("replicaset"), at("owner_name")
		return t, (w.cfg.Rollouts || w.cfg.Images || w.cfg.Restarts) && l.Get("owner_kind") == "Deployment"
	case "kube_pod_owner":
		t.Kind, t.Workload, t.Part = kindOwner, at("pod"), at("owner_name")
		return t, (w.cfg.Images || w.cfg.Restarts) && l.Get("owner_is_controller") != "false" && l.Get("owner_name") != "" && l.Get("owner_kind") != "Node"
	case "kube_deployment_labels", "kube_statefulset_labels", "kube_daemonset_labels":
		label := strings.TrimSuffix(strings.TrimPrefix(name, "kube_"), "_labels")
		t.Kind, t.Workload = kindName, at(label)
		for _, n := range []string{"label_app_kubernetes_io_name", "label_app"} {
			if t.Part == "" {
				t.Part = l.Get(n)
			}
		}
		return t, t.Part != "" && t.Part != l.Get(label)
	}
	m, ok := workloadMetrics[name]
	if !ok || !w.cfg.Rollouts || l.Get(m.label) == "" {
		return target{}, false
	}
	if m.field == fieldStuck && (l.Get("condition") != "Progressing" || l.Get("status") != "false") {
		return target{}, false
	}
	t.Kind, t.Source, t.Workload, t.Field = kindWorkload, SourceRollout, at(m.label), m.field
	t.Part = m.label
	return t, true
}

// workloadOf returns the workload of a pod: by its owners if they were told, else by
// the form of its name (NAME-HASH-SUFFIX, NAME-SUFFIX of five signs, NAME-NUMBER).
func (w *Watcher) workloadOf(pod string) string {
	set, ok := w.owners[pod]
	if !ok {
		at := strings.LastIndexByte(pod, '-')
		if at < 0 {
			return pod
		}
		set = pod[:at]
		if tail := pod[at+1:]; len(tail) != 5 && strings.Trim(tail, "0123456789") != "" {
			return pod
		}
	}
	if owner, ok := w.owners[set]; ok {
		return owner
	}
	if at := strings.LastIndexByte(set, '-'); at > 0 && podHash(set[at+1:]) {
		return set[:at]
	}
	return set
}

// podHash says whether a part of a name is the hash of a template of pods: Kubernetes
// makes them of these signs, so that they form no words.
func podHash(s string) bool {
	return len(s) >= 6 && len(s) <= 10 && strings.Trim(s, "bcdfghjklmnpqrstvwxz2456789") == ""
}

// serviceOf returns the service that a workload's own telemetry speaks of.
func (w *Watcher) serviceOf(workload string) string {
	if name, ok := w.names[workload]; ok {
		return name
	}
	_, name, _ := strings.Cut(workload, "/")
	return name
}
