package github

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Options say what counts as a change.
type Options struct {
	hook.Naming
	// Branches whose pushes and runs of workflows count, as patterns of path.Match.
	// Empty: no push, and runs of the default branch.
	Branches []string
	// Workflows whose runs count, as patterns for their name or the name of their file.
	Workflows []string
}

// Verify reports whether the body was signed with one of the secrets, by
// X-Hub-Signature-256.
func Verify(r hook.Request, secrets hook.Secrets) bool {
	return secrets.Any(func(s string) bool {
		return hook.Algorithm("sha256").Signed(r.Header.Get("X-Hub-Signature-256"), s, r.Body)
	})
}

// Decode reads one delivery. The error is a *hook.MalformedError.
func Decode(r hook.Request, o Options) (hook.Outcome, error) {
	out := hook.Outcome{Delivery: hook.Clip(r.Header.Get("X-GitHub-Delivery"), 100)}
	event := r.Header.Get("X-GitHub-Event")
	switch event {
	case "":
		return out, hook.Malformed("want the header X-GitHub-Event, got none; GitHub sends it with every delivery")
	case "ping":
		out.Ignore(hook.Ping, "the webhook works")
		return out, nil
	case "deployment", "deployment_status", "workflow_run", "release", "push":
	default:
		out.Ignore(hook.Event, "event %s tells of no change", hook.Clip(event, 60))
		return out, nil
	}
	var p payload
	if err := hook.Decode(unwrap(r.Body), &p); err != nil {
		return out, err
	}
	d := decoder{o: o, p: p, out: &out}
	missing := ""
	switch {
	case p.Repository.FullName == "":
		missing = "repository.full_name"
	case event == "deployment" && p.Deployment == nil, event == "deployment_status" && p.Deployment == nil:
		missing = "deployment"
	case event == "deployment_status" && p.DeploymentStatus == nil:
		missing = "deployment_status"
	case event == "workflow_run" && p.WorkflowRun == nil:
		missing = "workflow_run"
	case event == "release" && p.Release == nil:
		missing = "release"
	case event == "push" && p.After == "":
		missing = "after"
	}
	if missing != "" {
		return out, hook.Malformed("event %s: want the field %s, got none", event, missing)
	}
	switch event {
	case "deployment":
		d.deployment()
	case "deployment_status":
		d.status()
	case "workflow_run":
		d.run()
	case "release":
		d.release()
	case "push":
		d.push()
	}
	return out, nil
}

// unwrap returns the JSON of a body of the content type
// application/x-www-form-urlencoded, which is GitHub's first choice.
func unwrap(body []byte) []byte {
	if !bytes.HasPrefix(body, []byte("payload=")) {
		return body
	}
	if v, err := url.ParseQuery(string(body)); err == nil {
		return []byte(v.Get("payload"))
	}
	return body
}

type decoder struct {
	o   Options
	p   payload
	out *hook.Outcome
}

// base is what every change of a repository has.
func (d *decoder) base(event, environment string) telemetry.Change {
	r := d.p.Repository
	exact := ""
	if environment != "" {
		exact = r.FullName + "/" + environment
	}
	return telemetry.Change{
		Kind: telemetry.KindDeployment, Service: d.o.Service(exact, r.FullName), Environment: d.o.Env(environment),
		Labels: map[string]string{"source": "github", "event": event, "repository": r.FullName},
	}
}

func (d *decoder) deployment() {
	x := d.p.Deployment
	if d.p.Action != "" && d.p.Action != "created" {
		d.out.Ignore(hook.Event, "deployment was %s", d.p.Action)
		return
	}
	c := d.ofDeployment()
	c.Status, c.Started = telemetry.StatusStarted, hook.Time(x.CreatedAt)
	d.out.Add(c)
}

// ofDeployment is what a deployment says of itself, whatever its state.
func (d *decoder) ofDeployment() telemetry.Change {
	x := d.p.Deployment
	c := d.base("deployment", x.Environment)
	c.ID = hook.ID("github-deployment", strconv.FormatInt(x.ID, 10))
	c.VersionTo, c.Author, c.Summary = version(x.Ref, x.SHA), x.Creator.Login, hook.Line(x.Description)
	c.Labels["ref"], c.Labels["sha"], c.Labels["task"] = x.Ref, x.SHA, x.Task
	if x.SHA != "" {
		c.Labels["commit"] = d.p.Repository.HTMLURL + "/commit/" + x.SHA
	}
	if strings.Contains(strings.ToLower(x.Task), "rollback") {
		c.Labels["rollback"] = "true"
	}
	if r := d.p.WorkflowRun; r != nil {
		c.Link = r.HTMLURL
		commitOf(&c, r.HeadCommit)
	}
	return c
}

// states of a deployment that are an end.
var ends = map[string]telemetry.ChangeStatus{
	"success": telemetry.StatusSucceeded, "failure": telemetry.StatusFailed, "error": telemetry.StatusFailed,
}

func (d *decoder) status() {
	s := d.p.DeploymentStatus
	c := d.ofDeployment()
	at := hook.Time(s.CreatedAt)
	if link := hook.First(s.LogURL, s.TargetURL); link != "" && c.Link == "" {
		c.Link = link
	}
	if line := hook.Line(s.Description); line != "" {
		c.Summary = line
	}
	switch end, ended := ends[s.State]; {
	case ended:
		// The start is left as it is known: a deployment may have waited for its
		// approval long after it was created.
		c.Status, c.Finished = end, at
	case s.State == "in_progress":
		c.Status, c.Started = telemetry.StatusStarted, at
	default:
		d.out.Ignore(hook.State, "deployment is %s", hook.First(s.State, "without a state"))
		return
	}
	d.out.Add(c)
}

func (d *decoder) run() {
	r := d.p.WorkflowRun
	file := r.Path[strings.LastIndexByte(r.Path, '/')+1:]
	file, _, _ = strings.Cut(file, "@") // of a workflow that another repository calls
	if !hook.Matches(d.o.Workflows, r.Name) && !hook.Matches(d.o.Workflows, file) {
		d.out.Ignore(hook.Workflow, "workflow %s (%s) is none of changes.github.workflows", r.Name, file)
		return
	}
	wanted := r.HeadBranch == d.p.Repository.DefaultBranch
	if len(d.o.Branches) > 0 {
		wanted = hook.Matches(d.o.Branches, r.HeadBranch)
	}
	if !wanted {
		d.out.Ignore(hook.Branch, "run of branch %s", r.HeadBranch)
		return
	}
	c := d.base("workflow_run", "")
	c.ID = hook.ID("github-run", strconv.FormatInt(r.ID, 10), strconv.FormatInt(max(1, r.RunAttempt), 10))
	c.VersionTo, c.Author, c.Link = hook.Rev(r.HeadSHA), hook.First(r.Triggering.Login, r.Actor.Login, d.p.Sender.Login), r.HTMLURL
	c.Summary = hook.First(r.Name, file) + ": " + r.DisplayTitle
	c.Labels["ref"], c.Labels["sha"], c.Labels["workflow"] = r.HeadBranch, r.HeadSHA, hook.First(r.Name, file)
	c.Started = hook.Time(hook.First(r.RunStartedAt, r.CreatedAt))
	commitOf(&c, r.HeadCommit)
	switch d.p.Action {
	case "requested", "in_progress":
		c.Status = telemetry.StatusStarted
	case "completed":
		c.Finished = hook.Time(r.UpdatedAt)
		switch r.Conclusion {
		case "success":
			c.Status = telemetry.StatusSucceeded
		case "failure", "timed_out", "cancelled", "startup_failure":
			c.Status = telemetry.StatusFailed
			c.Labels["conclusion"] = r.Conclusion
		default: // skipped, neutral, stale, action_required
			d.out.Ignore(hook.NoChange, "the run was %s", hook.First(r.Conclusion, "without a conclusion"))
			return
		}
	default:
		d.out.Ignore(hook.State, "the run was %s", hook.First(d.p.Action, "nothing"))
		return
	}
	d.out.Add(c)
}

func (d *decoder) release() {
	r := d.p.Release
	if d.p.Action != "published" && d.p.Action != "released" || r.Draft {
		d.out.Ignore(hook.State, "release was %s", hook.First(d.p.Action, "nothing"))
		return
	}
	c := d.base("release", "")
	c.ID = hook.ID("github-release", strconv.FormatInt(r.ID, 10))
	c.VersionTo, c.Author, c.Link = r.TagName, r.Author.Login, r.HTMLURL
	c.Summary = hook.First(r.Name, "release "+r.TagName)
	c.Labels["ref"] = r.Target
	if r.Prerelease {
		c.Labels["prerelease"] = "true"
	}
	c.Status = telemetry.StatusSucceeded
	c.Started = hook.Time(r.PublishedAt)
	c.Finished = c.Started
	d.out.Add(c)
}

// noCommit is what stands for the absence of one.
const noCommit = "0000000000000000000000000000000000000000"

func (d *decoder) push() {
	branch, ok := strings.CutPrefix(d.p.Ref, "refs/heads/")
	switch {
	case !ok:
		d.out.Ignore(hook.Branch, "push of %s, which is no branch", d.p.Ref)
		return
	case !hook.Matches(d.o.Branches, branch):
		d.out.Ignore(hook.Branch, "branch %s is none of changes.github.branches", branch)
		return
	case d.p.Deleted || d.p.After == noCommit:
		d.out.Ignore(hook.NoChange, "branch %s was deleted", branch)
		return
	}
	c := d.base("push", "")
	c.ID = hook.ID("github-push", strconv.FormatInt(d.p.Repository.ID, 10), branch, hook.Rev(d.p.Before), hook.Rev(d.p.After))
	if d.p.Before != noCommit {
		c.VersionFrom = hook.Rev(d.p.Before)
	}
	c.VersionTo, c.Link, c.Author = hook.Rev(d.p.After), d.p.Compare, hook.First(d.p.Sender.Login, d.p.Pusher.Login, d.p.Pusher.Name)
	c.Labels["ref"], c.Labels["sha"] = branch, d.p.After
	commitOf(&c, d.p.HeadCommit)
	c.Status, c.Started = telemetry.StatusSucceeded, d.p.Repository.pushed()
	c.Finished = c.Started
	d.out.Add(c)
}

// pushed returns when the repository was last pushed to: in a push, that push.
func (r repository) pushed() time.Time {
	s := strings.Trim(string(r.PushedAt), `"`)
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return hook.Millis(n * 1000)
	}
	return hook.Time(s)
}

// commitOf notes the commit that is delivered: its time is what lead times are
// counted from.
func commitOf(c *telemetry.Change, x *commit) {
	if x == nil {
		return
	}
	if t := hook.Time(x.Timestamp); !t.IsZero() {
		c.Labels["commit_time"] = t.Format(time.RFC3339)
	}
	if c.Summary == "" {
		c.Summary = hook.Line(x.Message)
	}
}

// version is the tag that is deployed, if it reads like a version, or else the commit.
func version(ref, sha string) string {
	if tag := strings.TrimPrefix(ref, "refs/tags/"); hook.VersionLike(tag) {
		return tag
	}
	return hook.First(hook.Rev(sha), ref)
}
