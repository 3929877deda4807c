// Package gitlab reads the webhooks of GitLab: deployments, pipelines, releases
// and tags.
//
// The states of a deployment are one change, by project and deployment; those of a
// pipeline likewise. The form of the bodies is that of GitLab 17 and 18
// (https://docs.gitlab.com/user/project/integrations/webhook_events/).
package gitlab

import (
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Options say what counts as a change.
type Options struct {
	hook.Naming
	// Branches whose pipelines count, as patterns of path.Match. Empty: no pipeline does.
	Branches []string
	// Tags whose push counts, likewise. Empty: none does.
	Tags []string
}

// Verify reports whether a request shows one of the secrets: as the signing
// token of webhook-signature, or as it stands in X-Gitlab-Token. A request that is
// signed must be signed right.
func Verify(r hook.Request, secrets hook.Secrets, now time.Time) bool {
	if r.Header.Get("webhook-signature") != "" {
		return hook.Standard(r, secrets, now) == nil
	}
	shown := r.Header.Get("X-Gitlab-Token")
	return shown != "" && secrets.Any(func(s string) bool { return hook.Equal(shown, s) })
}

type payload struct {
	Kind    string  `json:"object_kind"`
	Project project `json:"project"`
	User    user    `json:"user"`

	// Of a deployment.
	Status                 string `json:"status"`
	StatusChangedAt        string `json:"status_changed_at"`
	DeploymentID           int64  `json:"deployment_id"`
	DeployableURL          string `json:"deployable_url"`
	Environment            string `json:"environment"`
	EnvironmentTier        string `json:"environment_tier"`
	EnvironmentExternalURL string `json:"environment_external_url"`
	Ref                    string `json:"ref"`
	ShortSHA               string `json:"short_sha"`
	CommitURL              string `json:"commit_url"`
	CommitTitle            string `json:"commit_title"`

	// Of a pipeline.
	Attributes pipeline `json:"object_attributes"`
	Commit     commit   `json:"commit"`

	// Of a release.
	ID          int64  `json:"id"`
	Action      string `json:"action"`
	Name        string `json:"name"`
	Tag         string `json:"tag"`
	URL         string `json:"url"`
	ReleasedAt  string `json:"released_at"`
	CreatedAt   string `json:"created_at"`
	Description string `json:"description"`

	// Of a tag.
	Before       string   `json:"before"`
	After        string   `json:"after"`
	CheckoutSHA  string   `json:"checkout_sha"`
	UserUsername string   `json:"user_username"`
	ProjectID    int64    `json:"project_id"`
	Message      string   `json:"message"`
	Commits      []commit `json:"commits"`
}

type project struct {
	ID            int64  `json:"id"`
	Name          string `json:"name"`
	Path          string `json:"path_with_namespace"`
	WebURL        string `json:"web_url"`
	DefaultBranch string `json:"default_branch"`
}

type user struct {
	Name     string `json:"name"`
	Username string `json:"username"`
}

type pipeline struct {
	ID         int64  `json:"id"`
	IID        int64  `json:"iid"`
	Name       string `json:"name"`
	Ref        string `json:"ref"`
	Tag        bool   `json:"tag"`
	SHA        string `json:"sha"`
	BeforeSHA  string `json:"before_sha"`
	Source     string `json:"source"`
	Status     string `json:"status"`
	CreatedAt  string `json:"created_at"`
	FinishedAt string `json:"finished_at"`
	URL        string `json:"url"`
}

type commit struct {
	ID        string `json:"id"`
	Title     string `json:"title"`
	Message   string `json:"message"`
	Timestamp string `json:"timestamp"`
}

// Decode reads one delivery. The error is a *hook.MalformedError.
func Decode(r hook.Request, o Options) (hook.Outcome, error) {
	out := hook.Outcome{Delivery: hook.Clip(hook.First(r.Header.Get("Idempotency-Key"), r.Header.Get("X-Gitlab-Event-UUID")), 100)}
	if r.Header.Get("Idempotency-Key") == "" && r.Header.Get("X-Gitlab-Event-UUID") != "" {
		// Before 17.4 all webhooks that one event sets off share the UUID.
		out.Delivery = hook.Clip(r.Header.Get("X-Gitlab-Webhook-UUID")+"/"+out.Delivery, 100)
	}
	var p payload
	if err := hook.Decode(r.Body, &p); err != nil {
		return out, err
	}
	d := decoder{o: o, p: p, out: &out}
	switch p.Kind {
	case "":
		return out, hook.Malformed("want the field object_kind, got none")
	case "deployment", "pipeline", "release", "tag_push":
		if p.Project.Path == "" {
			return out, hook.Malformed("%s: want the field project.path_with_namespace, got none", p.Kind)
		}
	default:
		out.Ignore(hook.Event, "event %s tells of no change", p.Kind)
		return out, nil
	}
	switch p.Kind {
	case "deployment":
		d.deployment()
	case "pipeline":
		d.pipeline()
	case "release":
		d.release()
	case "tag_push":
		d.tag()
	}
	return out, nil
}

type decoder struct {
	o   Options
	p   payload
	out *hook.Outcome
}

func (d *decoder) base(event, environment string) telemetry.Change {
	exact := ""
	if environment != "" {
		exact = d.p.Project.Path + "/" + environment
	}
	return telemetry.Change{
		Kind: telemetry.KindDeployment, Service: d.o.Service(exact, d.p.Project.Path), Environment: d.o.Env(environment),
		Author: hook.First(d.p.User.Username, d.p.UserUsername, d.p.User.Name),
		Labels: map[string]string{"source": "gitlab", "event": event, "repository": d.p.Project.Path},
	}
}

// key names something of the project.
func (d *decoder) key(what string, id int64) string {
	return hook.ID("gitlab", what, strconv.FormatInt(d.p.Project.ID, 10), strconv.FormatInt(id, 10))
}

func (d *decoder) deployment() {
	p := d.p
	c := d.base("deployment", p.Environment)
	c.ID = d.key("deployment", p.DeploymentID)
	c.VersionTo, c.Link, c.Summary = version(p.Ref, p.ShortSHA), p.DeployableURL, p.CommitTitle
	c.Labels["ref"], c.Labels["sha"], c.Labels["commit"], c.Labels["tier"] = p.Ref, p.ShortSHA, p.CommitURL, p.EnvironmentTier
	at := hook.Time(p.StatusChangedAt)
	switch p.Status {
	case "running":
		c.Status, c.Started = telemetry.StatusStarted, at
		d.out.Add(c)
	case "success":
		c.Status, c.Finished = telemetry.StatusSucceeded, at
		d.out.Add(c)
	case "failed":
		c.Status, c.Finished = telemetry.StatusFailed, at
		d.out.Add(c)
	case "canceled":
		// Cancelled before it ran, it changed nothing.
		c.Status, c.Finished = telemetry.StatusFailed, at
		c.Labels["conclusion"] = p.Status
		d.out.Follow(c)
	default: // created, blocked, skipped
		d.out.Ignore(hook.State, "deployment is %s", hook.First(p.Status, "without a status"))
	}
}

func (d *decoder) pipeline() {
	a := d.p.Attributes
	switch {
	case a.Tag:
		d.out.Ignore(hook.Branch, "pipeline of tag %s", a.Ref)
		return
	case !hook.Matches(d.o.Branches, a.Ref):
		d.out.Ignore(hook.Branch, "pipeline of %s, which is none of changes.gitlab.branches", a.Ref)
		return
	}
	c := d.base("pipeline", "")
	c.ID = d.key("pipeline", a.ID)
	if from := hook.Rev(a.BeforeSHA); strings.Trim(from, "0") != "" {
		c.VersionFrom = from
	}
	c.VersionTo, c.Summary = hook.Rev(a.SHA), hook.First(a.Name, d.p.Commit.Title, hook.Line(d.p.Commit.Message))
	c.Link = hook.First(a.URL, d.p.Project.WebURL+"/-/pipelines/"+strconv.FormatInt(a.ID, 10))
	c.Labels["ref"], c.Labels["sha"], c.Labels["trigger"] = a.Ref, a.SHA, a.Source
	commitTime(&c, d.p.Commit.Timestamp)
	c.Started = hook.Time(a.CreatedAt)
	switch a.Status {
	case "running":
		c.Status = telemetry.StatusStarted
	case "success":
		c.Status, c.Finished = telemetry.StatusSucceeded, hook.Time(a.FinishedAt)
	case "failed", "canceled":
		c.Status, c.Finished = telemetry.StatusFailed, hook.Time(a.FinishedAt)
		c.Labels["conclusion"] = a.Status
	default: // created, pending, manual, scheduled, skipped, ...
		d.out.Ignore(hook.State, "pipeline is %s", hook.First(a.Status, "without a status"))
		return
	}
	d.out.Add(c)
}

func (d *decoder) release() {
	p := d.p
	if p.Action != "create" {
		d.out.Ignore(hook.State, "release: action %s", hook.First(p.Action, "none"))
		return
	}
	c := d.base("release", "")
	c.ID = d.key("release", p.ID)
	c.VersionTo, c.Link, c.Summary = p.Tag, p.URL, hook.First(p.Name, "release "+p.Tag)
	c.Labels["ref"], c.Labels["sha"] = p.Tag, p.Commit.ID
	commitTime(&c, p.Commit.Timestamp)
	c.Status, c.Started = telemetry.StatusSucceeded, hook.Time(hook.First(p.ReleasedAt, p.CreatedAt))
	c.Finished = c.Started
	d.out.Add(c)
}

func (d *decoder) tag() {
	p := d.p
	name, ok := strings.CutPrefix(p.Ref, "refs/tags/")
	switch {
	case !ok || !hook.Matches(d.o.Tags, name):
		d.out.Ignore(hook.Branch, "tag %s is none of changes.gitlab.tags", hook.First(name, p.Ref))
		return
	case strings.Trim(p.After, "0") == "":
		d.out.Ignore(hook.NoChange, "tag %s was deleted", name)
		return
	}
	c := d.base("tag_push", "")
	c.ID = hook.ID("gitlab-tag", strconv.FormatInt(p.Project.ID, 10), name, hook.Rev(p.After))
	c.VersionTo, c.Link, c.Summary = name, p.Project.WebURL+"/-/tags/"+name, hook.First(hook.Line(p.Message), "tag "+name)
	c.Labels["ref"], c.Labels["sha"] = name, hook.First(p.CheckoutSHA, p.After)
	if n := len(p.Commits); n > 0 {
		commitTime(&c, p.Commits[n-1].Timestamp)
	}
	c.Status = telemetry.StatusSucceeded // its time is that of its receipt: GitLab names none
	d.out.Add(c)
}

func commitTime(c *telemetry.Change, text string) {
	if t := hook.Time(text); !t.IsZero() {
		c.Labels["commit_time"] = t.Format(time.RFC3339)
	}
}

// version is the tag that is deployed, if it reads like a version, or else the commit.
func version(ref, sha string) string {
	if hook.VersionLike(ref) {
		return ref
	}
	return hook.First(hook.Rev(sha), ref)
}
