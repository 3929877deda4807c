package infer

import (
	"hash/fnv"
	"strings"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Sources of inferred changes.
const (
	SourceVersion  = telemetry.SourceInferred + "version"
	SourceBuild    = telemetry.SourceInferred + "build_info"
	SourceImage    = telemetry.SourceInferred + "image"
	SourceRollout  = telemetry.SourceInferred + "rollout"
	SourceRestarts = telemetry.SourceInferred + "restart"
)

// LabelWithdrawn is the label of a change whose version went away while the one before
// it stayed: its finish is when it was undone.
const LabelWithdrawn = "withdrawn"

// kind is what a followed series tells.
type kind uint8

const (
	kindVersion  kind = iota // its presence says that an instance runs a version
	kindWorkload             // a number of a Kubernetes workload
	kindStart                // when a process was started
	kindRestarts             // how often a container was restarted
	kindOwner                // which workload a set of replicas belongs to
	kindName                 // under which name the telemetry of a workload comes
)

// target is what is known of a series by its labels alone.
type target struct {
	Kind     kind
	Service  string // for those of Kubernetes not yet known: Workload stands for it
	Env      string
	Source   string
	Part     string // what of the service it is: a metric's name, a container
	Version  string
	Detail   string // a revision or a whole image
	Instance uint64
	Workload string // "namespace/name", of a pod the namespace and the pod's name
	Field    field
}

// versionLabels are asked on every series.
var versionLabels = []string{"service_version", "sentry_release"}

// instanceLabels tell one instance of a service from another.
var instanceLabels = []string{"instance", "pod", "service_instance_id", "host_name", "host", "container_id"}

// skippedBuilds are facts of a program's parts, not of the program.
var skippedBuilds = map[string]bool{"go_build_info": true, "python_build_info": true, "process_build_info": true}

// classify says what a series tells; false for almost all. It is asked once for each
// series that is made.
func (w *Watcher) classify(l labels.Labels) (target, bool) {
	name := l.Get(labels.MetricName)
	switch {
	case strings.HasPrefix(name, "kube_"):
		return w.classifyKube(name, l)
	case name == "process_start_time_seconds":
		t := w.target(kindStart, SourceRestarts, l)
		return t, w.cfg.Restarts && t.Service != ""
	case strings.HasSuffix(name, "_build_info") && !skippedBuilds[name]:
		t := w.target(kindVersion, SourceBuild, l)
		t.Part, t.Version, t.Detail = name, l.Get("version"), l.Get("revision")
		if unnamed(t.Version) {
			t.Version, t.Detail = short(t.Detail), ""
		}
		return t, w.cfg.BuildInfo && t.Service != "" && !unnamed(t.Version)
	}
	if !w.cfg.Versions {
		return target{}, false
	}
	version := ""
	for _, label := range versionLabels {
		if version = l.Get(label); version != "" {
			break
		}
	}
	if version == "" && name == "target_info" {
		version = l.Get("version")
	}
	if unnamed(version) {
		return target{}, false
	}
	t := w.target(kindVersion, SourceVersion, l)
	t.Version = version
	return t, t.Service != ""
}

func (w *Watcher) target(k kind, source string, l labels.Labels) target {
	t := target{Kind: k, Source: source, Service: w.service(l), Env: w.environment(l)}
	h := fnv.New64a()
	for _, name := range instanceLabels {
		_, _ = h.Write([]byte(l.Get(name))) // it never fails
		_, _ = h.Write([]byte{0})
	}
	t.Instance = h.Sum64()
	return t
}

// unnamed says whether a version says nothing.
func unnamed(v string) bool {
	switch strings.ToLower(v) {
	case "", "(devel)", "unknown", "dev", "devel", "none", "n/a", "latest", "unset":
		return true
	}
	return len(v) > 200
}

// short cuts a revision or a digest to what people read.
func short(revision string) string {
	_, hex, ok := strings.Cut(revision, ":")
	if !ok {
		hex = revision
	}
	if len(hex) > 12 && strings.Trim(hex, "0123456789abcdef") == "" {
		return hex[:12]
	}
	return hex
}

// imageVersion returns what a person calls the version of an image: its tag, or the
// beginning of its digest.
func imageVersion(image, id string) string {
	name, digest, _ := strings.Cut(image, "@")
	tag := ""
	if at := strings.LastIndexByte(name, ':'); at > strings.LastIndexByte(name, '/') {
		tag = name[at+1:]
	}
	if !unnamed(tag) {
		return tag
	}
	if digest == "" {
		_, digest, _ = strings.Cut(id, "@")
	}
	if digest == "" && strings.Contains(id, "sha256:") {
		digest = id[strings.Index(id, "sha256:"):]
	}
	return short(digest)
}
