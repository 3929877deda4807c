// Package argocd reads the notifications of Argo CD and Argo Rollouts in the
// form of the templates that docs/changes-receiving.md has for them: their
// notification engine sends whatever a template says, so the form is ours.
//
// A sync of an application is one change by the application and the time at which
// its operation started. Applied and healthy is its success, degraded or failed
// its failure. A rollout is one by its images; one that was aborted goes back to
// the stable version and counts as rolled back.
package argocd

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/telemetry"
)

// application is the body of the template for Argo CD.
type application struct {
	App       string   `json:"app"`
	Namespace string   `json:"namespace"` // where it is deployed to
	Project   string   `json:"project"`
	Cluster   string   `json:"cluster"`
	Phase     string   `json:"phase"`  // of the operation: Running, Succeeded, Failed, Error, Terminating
	Health    string   `json:"health"` // Healthy, Progressing, Degraded, Suspended, Missing, Unknown
	Sync      string   `json:"sync"`
	Revision  string   `json:"revision"`
	Images    []string `json:"images"`
	Started   string   `json:"started"`
	Finished  string   `json:"finished"`
	Message   string   `json:"message"`
	User      string   `json:"user"`
	Automated bool     `json:"automated"`
	Repo      string   `json:"repo"`
	URL       string   `json:"url"`
	DryRun    bool     `json:"dry_run"`
	Rollback  bool     `json:"rollback"`
}

// Decode reads one notification of Argo CD. The error is a *hook.MalformedError.
func Decode(r hook.Request, o hook.Naming) (hook.Outcome, error) {
	var out hook.Outcome
	var a application
	if err := hook.Decode(r.Body, &a); err != nil {
		return out, err
	}
	if a.App == "" {
		return out, hook.Malformed("want the field app, got none; use the template of docs/changes-receiving.md")
	}
	if a.Started == "" {
		out.Ignore(hook.State, "application %s had no operation", a.App)
		return out, nil
	}
	if a.DryRun {
		out.Ignore(hook.NoChange, "a dry run of %s", a.App)
		return out, nil
	}
	c := telemetry.Change{
		ID:   hook.ID("argocd", a.App, hook.Time(a.Started).Format("20060102T150405Z")),
		Kind: telemetry.KindDeployment, Service: o.Service(slash(a.Project, a.App), a.App), Environment: o.Env(hook.First(envOf(o, a.Namespace), envOf(o, a.Cluster))),
		VersionTo: hook.First(tag(a.Images), hook.Rev(a.Revision)),
		Started:   hook.Time(a.Started), Author: a.User, Link: a.URL, Summary: hook.Line(a.Message),
		Labels: map[string]string{"source": "argocd", "application": a.App, "project": a.Project, "namespace": a.Namespace, "cluster": a.Cluster,
			"revision": a.Revision, "repository": a.Repo, "images": strings.Join(a.Images, " "), "health": a.Health, "phase": a.Phase},
	}
	if a.Automated && a.User == "" {
		c.Author = "automated sync"
	}
	if a.Rollback {
		c.Labels["rollback"] = "true"
	}
	finished := hook.Time(a.Finished)
	switch {
	case a.Phase == "Failed" || a.Phase == "Error":
		c.Status, c.Finished = telemetry.StatusFailed, finished
	case a.Phase == "Running":
		c.Status = telemetry.StatusStarted
	case a.Phase == "Succeeded" && a.Health == "Degraded":
		c.Status = telemetry.StatusFailed // as of now: the operation was over before that showed
	case a.Phase == "Succeeded" && a.Health == "Healthy":
		c.Status, c.Finished = telemetry.StatusSucceeded, finished
	case a.Phase == "Succeeded" && (a.Health == "Progressing" || a.Health == "Missing" || a.Health == "Unknown"):
		c.Status = telemetry.StatusStarted // applied, and not up yet
	default:
		out.Ignore(hook.State, "operation is %s, health %s", hook.First(a.Phase, "unknown"), hook.First(a.Health, "unknown"))
		return out, nil
	}
	out.Add(c)
	return out, nil
}

// rollout is the body of the templates for Argo Rollouts.
type rollout struct {
	Rollout   string   `json:"rollout"`
	Namespace string   `json:"namespace"`
	Trigger   string   `json:"trigger"` // updated, completed, aborted, degraded
	Images    []string `json:"images"`  // that are wanted
	URL       string   `json:"url"`
}

// DecodeRollout reads one notification of Argo Rollouts. What the controller notes
// in a rollout may be older than what it tells, so start and end are paired by the
// images that are wanted, which are the same from one to the other. The error is a
// *hook.MalformedError.
func DecodeRollout(r hook.Request, o hook.Naming) (hook.Outcome, error) {
	var out hook.Outcome
	var a rollout
	if err := hook.Decode(r.Body, &a); err != nil {
		return out, err
	}
	if a.Rollout == "" || a.Trigger == "" {
		return out, hook.Malformed("want the fields rollout and trigger, got %q and %q; use the templates of docs/changes-receiving.md",
			hook.Clip(a.Rollout, 60), hook.Clip(a.Trigger, 60))
	}
	c := telemetry.Change{
		Kind: telemetry.KindDeployment, Service: o.Service(slash(a.Namespace, a.Rollout), a.Rollout), Environment: o.Env(envOf(o, a.Namespace)),
		VersionTo: hook.First(tag(a.Images), together(a.Images)), Link: a.URL, Summary: "rollout " + a.Rollout + " " + a.Trigger,
		Labels: map[string]string{"source": "argo-rollouts", "rollout": a.Rollout, "namespace": a.Namespace, "images": strings.Join(a.Images, " ")},
	}
	switch a.Trigger {
	case "updated":
		c.Status = telemetry.StatusStarted
	case "completed":
		c.Status = telemetry.StatusSucceeded
	case "aborted":
		c.Status = telemetry.StatusRolledBack
	case "degraded":
		c.Status = telemetry.StatusFailed
	default:
		out.Ignore(hook.State, "trigger %s", a.Trigger)
		return out, nil
	}
	out.Add(c)
	return out, nil
}

// together names several images by a hash.
func together(images []string) string {
	if len(images) == 0 {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.Join(images, " ")))
	return "images-" + hex.EncodeToString(sum[:4])
}

// envOf returns a name that the settings know as an environment, or nothing:
// most namespaces and clusters are none.
func envOf(o hook.Naming, name string) string {
	if _, ok := o.Environments[strings.ToLower(name)]; ok {
		return name
	}
	return ""
}

func slash(a, b string) string {
	if a == "" || b == "" {
		return ""
	}
	return a + "/" + b
}

// tag returns the tag of the image, if there is one image and it has a tag that
// is no digest.
func tag(images []string) string {
	if len(images) != 1 {
		return ""
	}
	image, _, _ := strings.Cut(images[0], "@")
	_, t, ok := strings.Cut(image[strings.LastIndexByte(image, '/')+1:], ":")
	if _, err := strconv.Unquote(`"` + t + `"`); !ok || err != nil {
		return ""
	}
	return t
}
