// Package sentrycli understands the calls of Sentry's API that sentry-cli makes
// for releases and deploys (`sentry-cli releases new`, `set-commits`, `finalize`,
// `deploys new`), recorded from sentry-cli 3.8.
//
//	Decode (pure: method, path, body -> Call) -> Releases (what is known of each release)
//	  -> Changes (pure: a call and its release -> hook.Outcome)
//
// A deploy names no project; its release does. So what was told of releases is
// kept until they are deployed.
package sentrycli

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/ingest/changes/hook"
)

// What says what a call asks for.
type What string

// The calls that are understood.
const (
	Hello    What = "hello"    // GET /api/0/: is anybody there
	Repos    What = "repos"    // which source repositories are connected; none
	List     What = "list"     // the releases
	Create   What = "create"   // a release, or more of one
	Update   What = "update"   // a release: its commits, or that it is released
	Show     What = "show"     // a release
	Delete   What = "delete"   // a release
	Previous What = "previous" // the release before, that has commits
	Deploy   What = "deploy"   // a release was deployed
	Deploys  What = "deploys"  // those of a release
)

// Call is one request.
type Call struct {
	What    What
	Org     string
	Project string // of the older addresses; else empty
	Version string // of the release, if the address has one
	Release ReleaseBody
	Deploy  DeployBody
}

// ReleaseBody is what sentry-cli says of a release.
type ReleaseBody struct {
	Version      string   `json:"version"`
	Projects     []string `json:"projects"`
	URL          string   `json:"url"`
	DateStarted  string   `json:"dateStarted"`
	DateReleased string   `json:"dateReleased"`
	Status       string   `json:"status"`
	Commits      []struct {
		ID         string `json:"id"`
		Repository string `json:"repository"`
		AuthorName string `json:"author_name"`
		Message    string `json:"message"`
		Timestamp  string `json:"timestamp"`
	} `json:"commits"`
	Refs []struct {
		Repository string `json:"repository"`
		Commit     string `json:"commit"`
	} `json:"refs"`
}

// DeployBody is what sentry-cli says of a deploy.
type DeployBody struct {
	Environment  string   `json:"environment"`
	Name         string   `json:"name"`
	URL          string   `json:"url"`
	DateStarted  string   `json:"dateStarted"`
	DateFinished string   `json:"dateFinished"`
	Projects     []string `json:"projects"`
}

// Decode reads one request by its method and its path as it was sent, with % and
// all. ok is false for an address that is none of these; the error is a
// *hook.MalformedError.
func Decode(method, path string, body []byte) (c Call, ok bool, err error) {
	parts := strings.Split(strings.Trim(strings.TrimPrefix(path, "/api/0"), "/"), "/")
	for i := range parts {
		if parts[i], err = url.PathUnescape(parts[i]); err != nil {
			return c, true, hook.Malformed("path: %s", hook.Clip(err.Error(), 100))
		}
	}
	switch {
	case len(parts) == 1 && parts[0] == "":
		return Call{What: Hello}, method == http.MethodGet, nil
	case len(parts) >= 3 && parts[0] == "organizations":
		c.Org, parts = parts[1], parts[2:]
	case len(parts) >= 4 && parts[0] == "projects":
		c.Org, c.Project, parts = parts[1], parts[2], parts[3:]
	default:
		return c, false, nil
	}
	if len(parts) > 1 && parts[0] == "releases" {
		c.Version = parts[1]
		parts = append([]string{"releases", ""}, parts[2:]...)
	}
	c.What, ok = calls[method+" "+strings.Join(parts, "/")]
	if !ok {
		return c, false, nil
	}
	switch c.What {
	case Create, Update:
		err = hook.Decode(body, &c.Release)
		if err == nil && c.What == Create {
			c.Version = c.Release.Version
		}
	case Deploy:
		err = hook.Decode(body, &c.Deploy)
		if err == nil && c.Deploy.Environment == "" {
			err = hook.Malformed("want the field environment, got none")
		}
	}
	if err == nil && c.What != Repos && c.What != List && (strings.TrimSpace(c.Version) == "" || len(c.Version) > 200) {
		err = hook.Malformed("want a version of 1 to 200 bytes, got %q", hook.Clip(c.Version, 60))
	}
	return c, true, err
}

var calls = map[string]What{
	"GET repos": Repos, "GET releases": List, "POST releases": Create,
	"PUT releases/": Update, "GET releases/": Show, "DELETE releases/": Delete,
	"GET releases//previous-with-commits": Previous,
	"POST releases//deploys":              Deploy, "GET releases//deploys": Deploys,
}

// when reads a time of sentry-cli.
func when(s string) time.Time { return hook.Time(s) }
