// Package flux reads the events that Flux' notification-controller sends to
// providers of the types generic and generic-hmac
// (https://fluxcd.io/flux/components/notification/events/).
//
// What a Kustomization does with one revision is one change, and so is one release
// of a HelmRelease. An event of another kind of object deploys nothing.
package flux

import (
	"regexp"
	"strings"

	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Verify reports whether a body was signed with one of the secrets by X-Signature
// (sha256, sha512 or sha1), or else shows one as a bearer token.
func Verify(r hook.Request, secrets hook.Secrets) bool {
	if signature := r.Header.Get("X-Signature"); signature != "" {
		algorithm, _, _ := strings.Cut(signature, "=")
		return secrets.Any(func(s string) bool { return hook.Algorithm(algorithm).Signed(signature, s, r.Body) })
	}
	shown := hook.Bearer(r.Header)
	return shown != "" && secrets.Any(func(s string) bool { return hook.Equal(shown, s) })
}

type event struct {
	Object struct {
		Kind      string `json:"kind"`
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
		UID       string `json:"uid"`
	} `json:"involvedObject"`
	Severity   string            `json:"severity"`
	Timestamp  string            `json:"timestamp"`
	Message    string            `json:"message"`
	Reason     string            `json:"reason"`
	Metadata   map[string]string `json:"metadata"`
	Controller string            `json:"reportingController"`
	Instance   string            `json:"reportingInstance"`
}

// meta returns a value of the metadata, whose names notification-controller sends
// with or without the group of the object's API before them.
func (e event) meta(name string) string {
	if v := e.Metadata[name]; v != "" {
		return v
	}
	for _, group := range []string{"kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/", "event.toolkit.fluxcd.io/"} {
		if v := e.Metadata[group+name]; v != "" {
			return v
		}
	}
	return ""
}

// Decode reads one event. The error is a *hook.MalformedError.
func Decode(r hook.Request, o hook.Naming) (hook.Outcome, error) {
	var out hook.Outcome
	var e event
	if err := hook.Decode(r.Body, &e); err != nil {
		return out, err
	}
	if e.Object.Kind == "" || e.Object.Name == "" {
		return out, hook.Malformed("want the fields involvedObject.kind and .name, got %q and %q; use a provider of the type generic or generic-hmac",
			hook.Clip(e.Object.Kind, 60), hook.Clip(e.Object.Name, 60))
	}
	if e.Object.Kind != "Kustomization" && e.Object.Kind != "HelmRelease" {
		out.Ignore(hook.Event, "%s deploys nothing", e.Object.Kind)
		return out, nil
	}
	revision := e.meta("revision")
	if revision == "" {
		out.Ignore(hook.State, "%s %s: no revision", e.Object.Kind, e.Reason)
		return out, nil
	}
	full := e.Object.Namespace + "/" + e.Object.Name
	c := telemetry.Change{
		Kind: telemetry.KindDeployment, Service: o.Service(strings.ToLower(e.Object.Kind)+"/"+full, full), Environment: o.Env(e.meta("env")),
		Author: "flux", Summary: summary(e),
		Labels: map[string]string{"source": "flux", "object": e.Object.Kind + "/" + full, "revision": revision, "reason": e.Reason, "chart": chart(e)},
	}
	// A Kustomization sees one revision of its source once; a HelmRelease may release
	// one chart many times, which it counts.
	c.ID = hook.ID("flux", strings.ToLower(e.Object.Kind), e.Object.Namespace, e.Object.Name, short(revision))
	c.VersionTo = short(revision)
	if e.Object.Kind == "HelmRelease" {
		c.VersionTo = hook.First(e.meta("app-version"), revision)
		c.ID = hook.ID("flux-helmrelease", e.Object.Namespace, e.Object.Name, revision, release(e.Message))
	}
	if link := e.meta("commit_link"); link != "" {
		c.Link = link
	}
	status, ok := outcome(e)
	if !ok {
		out.Ignore(hook.State, "%s: %s", e.Object.Kind, hook.First(e.Reason, "no reason"))
		return out, nil
	}
	c.Status = status
	if strings.HasPrefix(e.Reason, "Rollback") {
		// A change of its own, to the release before: what failed keeps its end.
		c.ID = hook.ID("flux-helmrelease", e.Object.Namespace, e.Object.Name, "rollback", revision, release(e.Message), hook.Time(e.Timestamp).Format("20060102T150405Z"))
		c.Labels["rollback"] = "true"
	}
	if at := hook.Time(e.Timestamp); status == telemetry.StatusStarted {
		c.Started = at
	} else {
		c.Finished = at
	}
	out.Add(c)
	return out, nil
}

// outcome says what an event means for the change, by its reason; one that is not
// known is a failure if it is told of as an error.
func outcome(e event) (telemetry.ChangeStatus, bool) {
	switch e.Reason {
	case "Progressing", "ProgressingWithRetry":
		if e.Object.Kind == "HelmRelease" {
			return "", false // a HelmRelease tells by it of each step
		}
		return telemetry.StatusStarted, e.Severity != "error"
	case "ReconciliationSucceeded", "InstallSucceeded", "UpgradeSucceeded", "RollbackSucceeded":
		return telemetry.StatusSucceeded, true
	case "ReconciliationFailed", "InstallFailed", "UpgradeFailed", "RollbackFailed", "TestFailed", "HealthCheckFailed", "PruneFailed", "ValidationFailed", "BuildFailed":
		return telemetry.StatusFailed, true
	case "DependencyNotReady", "ArtifactFailed", "SourceNotReady":
		return "", false // nothing was applied
	}
	return telemetry.StatusFailed, e.Severity == "error"
}

// short names the revision "main@sha1:6f0f..." by its commit, and leaves the
// version of a chart or of an artifact.
func short(revision string) string {
	if _, digest, ok := strings.Cut(revision, "@sha1:"); ok {
		return hook.Rev(digest)
	}
	if name, _, ok := strings.Cut(revision, "@sha256:"); ok && name != "" {
		return name
	}
	if branch, digest, ok := strings.Cut(revision, "/"); ok && branch != "" && hook.Rev(digest) != digest {
		return hook.Rev(digest) // as before Flux 2.0
	}
	return revision
}

var (
	releaseNumber = regexp.MustCompile(`release [^\s/]+/[^\s]+\.v(\d+)\b`)
	chartName     = regexp.MustCompile(`with chart (\S+?)[:,.]?(\s|$)`)
)

// release returns the number of the Helm release that a message names.
func release(message string) string {
	if m := releaseNumber.FindStringSubmatch(hook.Clip(message, 500)); m != nil {
		return "v" + m[1]
	}
	return ""
}

func chart(e event) string {
	if m := chartName.FindStringSubmatch(hook.Clip(e.Message, 500)); m != nil && e.Object.Kind == "HelmRelease" {
		return m[1]
	}
	return ""
}

// summary is what the alert says, or the first line of the message.
func summary(e event) string {
	if s := e.meta("summary"); s != "" {
		return s
	}
	return hook.Line(e.Message)
}
