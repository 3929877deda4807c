package sentrycli

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Release is what is known of a release. Times are in UTC; zero is not known.
type Release struct {
	Org        string    `json:"-"`
	Version    string    `json:"-"`
	Created    time.Time `json:"-"`
	Projects   []string  `json:"projects"`
	URL        string    `json:"url,omitempty"`
	Released   time.Time `json:"released,omitzero"`
	Commit     string    `json:"commit,omitempty"` // the newest
	CommitTime time.Time `json:"commit_time,omitzero"`
	Author     string    `json:"author,omitempty"` // of the newest commit
	Message    string    `json:"message,omitempty"`
	Repository string    `json:"repository,omitempty"`
	Deploys    []Done    `json:"deploys,omitempty"` // the last maxDeploys
}

// Done is a deploy that was told of.
type Done struct {
	ID          int64     `json:"id"`
	Environment string    `json:"environment"`
	Name        string    `json:"name,omitempty"`
	URL         string    `json:"url,omitempty"`
	Started     time.Time `json:"started,omitzero"`
	Finished    time.Time `json:"finished"`
}

// Bounds on what is kept of one release.
const (
	maxProjects = 100
	maxDeploys  = 100
)

// Merge adds what a call says of a release.
func (r *Release) Merge(c Call) {
	b := c.Release
	for _, p := range append(slices.Clone(b.Projects), c.Project) {
		if p != "" && !slices.Contains(r.Projects, p) && len(r.Projects) < maxProjects {
			r.Projects = append(r.Projects, hook.Clip(p, 200))
		}
	}
	r.URL = hook.Clip(hook.First(b.URL, r.URL), 2000)
	if t := when(b.DateReleased); !t.IsZero() {
		r.Released = t
	}
	for _, x := range b.Commits {
		if at := when(x.Timestamp); at.After(r.CommitTime) {
			r.CommitTime, r.Commit, r.Author = at, hook.Clip(x.ID, 100), hook.Clip(x.AuthorName, 200)
			r.Message, r.Repository = hook.Clip(hook.Line(x.Message), 500), hook.Clip(x.Repository, 200)
		}
	}
	for _, x := range b.Refs {
		r.Commit, r.Repository = hook.Clip(x.Commit, 100), hook.Clip(x.Repository, 200)
	}
}

// Deploy adds a deploy, received at a time, and returns it.
func (r *Release) Deploy(b DeployBody, receivedAt time.Time) Done {
	d := Done{ID: receivedAt.UnixMilli(), Environment: hook.Clip(b.Environment, 200), Name: hook.Clip(b.Name, 200), URL: hook.Clip(b.URL, 2000),
		Started: when(b.DateStarted), Finished: when(b.DateFinished)}
	if d.Finished.IsZero() {
		d.Finished = receivedAt.UTC()
	}
	if d.Started.After(d.Finished) {
		d.Started = time.Time{}
	}
	r.Deploys = append(r.Deploys, d)
	if n := len(r.Deploys) - maxDeploys; n > 0 {
		r.Deploys = slices.Clone(r.Deploys[n:])
	}
	return d
}

// projects are those that a change of the release is of: those that it names, or
// the package of a version such as checkout@1.4.2.
func (r *Release) projects(named []string) []string {
	switch {
	case len(named) > 0:
		return named[:min(len(named), maxProjects)]
	case len(r.Projects) > 0:
		return r.Projects
	}
	if name, _, _ := strings.Cut(r.Version, "@"); NamesPackage(r.Version) {
		return []string{name}
	}
	return nil
}

// NamesPackage reports whether a version says what it is of, as checkout@1.4.2 does.
func NamesPackage(version string) bool {
	name, rest, ok := strings.Cut(version, "@")
	return ok && name != "" && rest != ""
}

// Record says which calls are changes.
type Record string

// The choices of Record: deploys, each with its environment; releases, from new to
// finalize; or both, for projects that tell of one or the other.
const (
	RecordDeploys  Record = "deploys"
	RecordReleases Record = "releases"
	RecordBoth     Record = "both"
)

// Records lists the choices.
var Records = []Record{RecordDeploys, RecordReleases, RecordBoth}

// Changes makes the changes of a call that creates or updates a release, which is
// as it stands after the call, or deploys it.
func Changes(c Call, r Release, done Done, o hook.Naming, record Record) hook.Outcome {
	var out hook.Outcome
	deploy := c.What == Deploy
	if deploy && record == RecordReleases || !deploy && record == RecordDeploys {
		out.Ignore(hook.NotRecorded, "%s: changes.sentry.record is %s", c.What, record)
		return out
	}
	if !deploy && c.What == Update && when(c.Release.DateReleased).IsZero() || !deploy && c.Release.Status == "archived" {
		out.Ignore(hook.State, "commits or other news of release %s", r.Version)
		return out
	}
	for _, p := range r.projects(c.Deploy.Projects) {
		x := telemetry.Change{
			Kind: telemetry.KindDeployment, Service: o.Service(r.Org+"/"+p, p), VersionTo: bare(r.Version),
			Author: r.Author, Link: r.URL, Summary: hook.First(r.Message, "release "+r.Version),
			Labels: map[string]string{"source": "sentry", "release": r.Version, "project": p, "sha": r.Commit, "repository": r.Repository, "event": string(c.What)},
		}
		if !r.CommitTime.IsZero() {
			x.Labels["commit_time"] = r.CommitTime.Format(time.RFC3339)
		}
		switch {
		case deploy:
			x.ID = hook.ID("sentry-deploy", r.Org, p, r.Version, done.Environment, strconv.FormatInt(done.Finished.Unix(), 10))
			x.Environment, x.Status = o.Env(done.Environment), telemetry.StatusSucceeded
			x.Link = hook.First(done.URL, r.URL)
			x.Started, x.Finished = done.Started, done.Finished
			if done.Name != "" {
				x.Summary = done.Name
			}
			if x.Started.IsZero() {
				x.Started = x.Finished
			}
		default:
			x.ID = hook.ID("sentry-release", r.Org, p, r.Version)
			x.Environment, x.Status, x.Started = o.Env(""), telemetry.StatusStarted, when(c.Release.DateStarted)
			if t := when(c.Release.DateReleased); !t.IsZero() {
				x.Status, x.Finished = telemetry.StatusSucceeded, t
			}
		}
		out.Add(x)
	}
	return out
}

// bare is a version without its package: checkout@1.4.2 is 1.4.2.
func bare(version string) string {
	if _, v, ok := strings.Cut(version, "@"); ok && v != "" {
		return v
	}
	return hook.Rev(version)
}
