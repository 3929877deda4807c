package changes

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/ingest/changes/sentrycli"
)

// Sentry answers the calls of sentry-cli about releases and deploys, below
// /api/0/. Its answers have the form of Sentry's, errors {"detail": "..."}.
func (h *Handler) Sentry() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.Do(w, r, func() {
			var b ingest.Body
			defer h.Release(&b)
			code, answer, f := h.sentry(w, r, &b)
			if f != nil {
				h.RefuseHeaders(w, r, f, "GET, POST, PUT, DELETE")
				write(w, f.Code, map[string]string{"detail": f.Text})
				return
			}
			h.Answered(code)
			write(w, code, answer)
		})
	})
}

func (h *Handler) sentry(w http.ResponseWriter, r *http.Request, b *ingest.Body) (int, any, *ingest.Refusal) {
	p := h.plan.Load()
	body, f := h.body(w, r, b)
	if f != nil {
		return 0, nil, f
	}
	if f := h.allow(r, hook.Request{Header: r.Header, Body: body}, p.sentry); f != nil {
		return 0, nil, f
	}
	c, ok, err := sentrycli.Decode(r.Method, r.URL.EscapedPath(), body)
	switch {
	case !ok:
		return 0, nil, ingest.Refuse(http.StatusNotFound, "unknown_call", "%s %s: only the calls of sentry-cli about releases and deploys are served here", r.Method, hook.Clip(r.URL.Path, 200))
	case err != nil:
		return 0, nil, ingest.Refuse(http.StatusBadRequest, "malformed", "sentry: %s", err)
	}
	switch c.What {
	case sentrycli.Hello:
		return http.StatusOK, map[string]any{"version": "0", "user": nil, "auth": map[string]any{"scopes": []string{"project:releases", "org:read"}}}, nil
	case sentrycli.Repos:
		return http.StatusOK, []any{}, nil // none are connected; sentry-cli reads the local one then
	case sentrycli.Create, sentrycli.Update, sentrycli.Deploy:
		return h.sentryTold(r.Context(), c, p)
	}
	code, answer, err := h.sentryAsked(r.Context(), c)
	if err != nil {
		return 0, nil, sentryRefusal(c, err)
	}
	return code, answer, nil
}

// sentryAsked answers what is kept.
func (h *Handler) sentryAsked(ctx context.Context, c sentrycli.Call) (int, any, error) {
	if c.What == sentrycli.List {
		list, err := h.o.Releases.List(ctx, c.Org, c.Project)
		out := make([]sentryRelease, len(list))
		for i, r := range list {
			out[i] = shown(r)
		}
		return http.StatusOK, out, err
	}
	rel, err := h.o.Releases.Get(ctx, c.Org, c.Version)
	if err != nil {
		return 0, nil, err
	}
	switch c.What {
	case sentrycli.Previous:
		prev, err := h.o.Releases.Previous(ctx, rel)
		if errors.Is(err, sentrycli.ErrNotFound) {
			return http.StatusOK, map[string]any{}, nil
		}
		return http.StatusOK, shown(prev), err
	case sentrycli.Deploys:
		out := make([]sentryDeploy, len(rel.Deploys))
		for i, d := range rel.Deploys {
			out[len(out)-1-i] = shownDeploy(d)
		}
		return http.StatusOK, out, nil
	case sentrycli.Delete:
		return http.StatusOK, map[string]any{}, h.o.Releases.Delete(ctx, c.Org, c.Version)
	}
	return http.StatusOK, shown(rel), nil
}

// sentryTold keeps what a call says of a release and records the changes in it.
func (h *Handler) sentryTold(ctx context.Context, c sentrycli.Call, p *plan) (int, any, *ingest.Refusal) {
	if c.What == sentrycli.Deploy || c.What == sentrycli.Update {
		// sentry-cli creates a release before it speaks of it; a version that names its
		// package can be deployed without.
		_, err := h.o.Releases.Get(ctx, c.Org, c.Version)
		if err != nil && !(errors.Is(err, sentrycli.ErrNotFound) && (sentrycli.NamesPackage(c.Version) || len(c.Release.Projects) > 0)) {
			return 0, nil, sentryRefusal(c, err)
		}
	}
	var done sentrycli.Done
	rel, created, err := h.o.Releases.Change(ctx, c.Org, c.Version, h.Now(), func(r *sentrycli.Release) {
		r.Merge(c)
		if c.What == sentrycli.Deploy {
			done = r.Deploy(c.Deploy, h.Now())
		}
	})
	if err != nil {
		return 0, nil, sentryRefusal(c, err)
	}
	out := sentrycli.Changes(c, rel, done, p.sentryNaming, p.sentryRecord)
	out.Only(p.sentryOnly)
	answer, f := h.record(ctx, "sentry", out)
	if f != nil {
		return 0, nil, f
	}
	for _, x := range answer.Errors {
		h.Warn("sentry: "+x.Error, c.Org)
	}
	switch {
	case c.What == sentrycli.Deploy:
		return http.StatusCreated, shownDeploy(done), nil
	case created:
		return http.StatusCreated, shown(rel), nil
	case c.What == sentrycli.Create:
		return http.StatusAlreadyReported, shown(rel), nil // as Sentry answers for one that it has
	}
	return http.StatusOK, shown(rel), nil
}

func sentryRefusal(c sentrycli.Call, err error) *ingest.Refusal {
	if errors.Is(err, sentrycli.ErrNotFound) {
		return ingest.Refuse(http.StatusNotFound, "unknown_release", "release %s of %s is not known; tell of it first: sentry-cli releases new -p PROJECT %s",
			hook.Clip(c.Version, 60), hook.Clip(c.Org, 60), hook.Clip(c.Version, 60))
	}
	return ingest.Unavailable(err)
}

// sentryRelease and sentryDeploy are the answers, with the fields that sentry-cli reads.
type sentryRelease struct {
	Version      string          `json:"version"`
	Short        string          `json:"shortVersion"`
	URL          *string         `json:"url"`
	DateCreated  time.Time       `json:"dateCreated"`
	DateReleased *time.Time      `json:"dateReleased"`
	NewGroups    int             `json:"newGroups"` // no errors are counted here
	Projects     []sentryProject `json:"projects"`
	LastCommit   *sentryCommit   `json:"lastCommit"`
}

type sentryProject struct {
	Slug string `json:"slug"`
	Name string `json:"name"`
}

type sentryCommit struct {
	ID string `json:"id"`
}

type sentryDeploy struct {
	ID          string     `json:"id"`
	Environment string     `json:"environment"`
	Name        *string    `json:"name"`
	URL         *string    `json:"url"`
	Started     *time.Time `json:"dateStarted"`
	Finished    time.Time  `json:"dateFinished"`
}

func shown(r sentrycli.Release) sentryRelease {
	out := sentryRelease{Version: r.Version, Short: hook.Rev(r.Version), URL: orNull(r.URL), DateCreated: r.Created, Projects: []sentryProject{}}
	for _, p := range r.Projects {
		out.Projects = append(out.Projects, sentryProject{p, p})
	}
	if !r.Released.IsZero() {
		out.DateReleased = &r.Released
	}
	if r.Commit != "" {
		out.LastCommit = &sentryCommit{r.Commit}
	}
	return out
}

func shownDeploy(d sentrycli.Done) sentryDeploy {
	out := sentryDeploy{ID: strconv.FormatInt(d.ID, 10), Environment: d.Environment, Name: orNull(d.Name), URL: orNull(d.URL), Finished: d.Finished}
	if !d.Started.IsZero() {
		out.Started = &d.Started
	}
	return out
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
