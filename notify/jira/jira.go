// Package jira is the channel that keeps one issue in Jira for each incident, on
// cloud (API v3) or on a server (API v2).
//
// The issue bears a label by which it is found again; see package tracker. Later
// events are comments. Resolved takes a transition to a state of the category done,
// reopened one that leads out of it, raised sets the priority. The chart is attached
// to the issue where attachments are permitted.
package jira

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/chart"
	"github.com/tocsinhq/tocsin/notify/outbound"
	"github.com/tocsinhq/tocsin/notify/render"
	"github.com/tocsinhq/tocsin/notify/tracker"
)

// settles is how long the search of Jira may not know of a new issue.
const settles = 30 * time.Second

// Options are what a Channel is made of.
type Options struct {
	Name   string
	Config notify.JiraConfig
	HTTP   *http.Client     // its Transport is used; nil: a default one
	Now    func() time.Time // nil: time.Now
}

// Channel keeps issues of one project.
type Channel struct {
	name, base, authorization string
	cfg                       notify.JiraConfig
	cloud                     bool
	client                    *outbound.Client
	flow                      tracker.Flow
}

// New returns a channel. Its configuration must be valid; no address, token or
// project is an error.
func New(o Options) (*Channel, error) {
	cfg := o.Config
	if cfg.URL == "" || cfg.Token == "" || cfg.Project == "" {
		return nil, fmt.Errorf("channel %s: want url, token and project", o.Name)
	}
	c := &Channel{name: o.Name, cfg: cfg, cloud: cfg.Kind() == notify.JiraCloud, authorization: "Bearer " + cfg.Token.Reveal()}
	secrets := []string{cfg.Token.Reveal()}
	if cfg.Username != "" {
		basic := base64.StdEncoding.EncodeToString([]byte(cfg.Username + ":" + cfg.Token.Reveal()))
		c.authorization = "Basic " + basic
		secrets = append(secrets, basic)
	}
	c.base = strings.TrimRight(cfg.URL, "/") + "/rest/api/2"
	if c.cloud {
		c.base = strings.TrimRight(cfg.URL, "/") + "/rest/api/3"
	}
	c.client = outbound.New(outbound.Options{HTTP: o.HTTP, Now: o.Now, Secrets: secrets})
	c.flow = tracker.New(tracker.Options{Name: "Jira", Tracker: c, Settles: settles, Now: o.Now})
	return c, nil
}

// Name returns the configured name.
func (c *Channel) Name() string { return c.name }

// Send creates, comments on or moves the issue of the incident.
func (c *Channel) Send(ctx context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	return c.flow.Send(ctx, m, t)
}

func (c *Channel) call(ctx context.Context, call outbound.Call) error {
	h := http.Header{"Authorization": {c.authorization}, "Accept": {"application/json"}}
	for k, v := range call.Header {
		h[k] = v
	}
	call.URL, call.Header = c.base+call.URL, h
	return c.client.JSON(ctx, call)
}

// Find searches for the label of the incident. Jira's search knows no time zone of
// ours, so since is not used.
func (c *Channel) Find(ctx context.Context, marker string, _ time.Time) (string, error) {
	path := "/search"
	if c.cloud {
		path = "/search/jql"
	}
	in := map[string]any{
		// Both are checked to hold no quotes.
		"jql":    fmt.Sprintf(`project = "%s" AND labels = "%s" ORDER BY created ASC`, c.cfg.Project, marker),
		"fields": []string{"status"}, "maxResults": 1,
	}
	var got struct {
		Issues []struct {
			ID string `json:"id"`
		} `json:"issues"`
	}
	if err := c.call(ctx, outbound.Call{Method: http.MethodPost, URL: path, In: in, Out: &got}); err != nil {
		return "", err
	}
	if len(got.Issues) == 0 {
		return "", nil
	}
	return got.Issues[0].ID, nil
}

// draft is the body that creates an issue.
func (c *Channel) draft(m notify.Message, marker string) map[string]any {
	kind := c.cfg.IssueType
	if kind == "" {
		kind = "Task"
	}
	labels := []string{marker}
	for _, l := range append([]string{"tocsin"}, c.cfg.Labels...) {
		if !slices.Contains(labels, l) {
			labels = append(labels, l)
		}
	}
	fields := map[string]any{
		"project": map[string]string{"key": c.cfg.Project}, "issuetype": map[string]string{"name": kind},
		"summary": render.Cut(render.Title(m), 250), "description": c.text(describe(m)), "labels": labels,
	}
	if p := c.cfg.Priorities[render.SeverityOf(m)]; p != "" {
		fields["priority"] = map[string]string{"name": p}
	}
	return map[string]any{"fields": fields}
}

func (c *Channel) text(d document) any {
	if c.cloud {
		return d.adf()
	}
	return d.wiki()
}

// Create makes the issue of a message.
func (c *Channel) Create(ctx context.Context, m notify.Message, marker string) (string, error) {
	var made struct {
		ID string `json:"id"`
	}
	if err := c.call(ctx, outbound.Call{Method: http.MethodPost, URL: "/issue", In: c.draft(m, marker), Out: &made}); err != nil {
		return "", err
	}
	if made.ID == "" {
		return "", &notify.RetryError{Err: errors.New("the answer names no issue")}
	}
	return made.ID, nil
}

// Attach adds the chart as a file.
func (c *Channel) Attach(ctx context.Context, id string, m notify.Message) error {
	png, err := chart.PNG(m.Chart)
	if err != nil {
		return err
	}
	return c.call(ctx, outbound.Call{
		Method: http.MethodPost, URL: issue(id, "/attachments"), Header: http.Header{"X-Atlassian-Token": {"no-check"}},
		Files: []outbound.File{{Field: "file", Name: "chart.png", Type: "image/png", Body: png}},
	})
}

func issue(id, rest string) string { return "/issue/" + url.PathEscape(id) + rest }

// Commented looks through the newest comments.
func (c *Channel) Commented(ctx context.Context, id, reference string, _ time.Time) (bool, error) {
	var got struct {
		Comments []struct {
			Properties []struct {
				Key   string `json:"key"`
				Value struct {
					Message string `json:"message"`
				} `json:"value"`
			} `json:"properties"`
		} `json:"comments"`
	}
	err := gone(c.call(ctx, outbound.Call{Method: http.MethodGet, URL: issue(id, "/comment?orderBy=-created&maxResults=20&expand=properties"), Out: &got}))
	if err != nil {
		return false, err
	}
	for _, k := range got.Comments {
		for _, p := range k.Properties {
			if p.Key == property && p.Value.Message == reference {
				return true, nil
			}
		}
	}
	return false, nil
}

// property is the property of a comment that holds the reference.
const property = "tocsin"

// Comment writes what an event says.
func (c *Channel) Comment(ctx context.Context, id string, m notify.Message, reference string) error {
	in := map[string]any{
		"body":       c.text(remark(m, reference)),
		"properties": []map[string]any{{"key": property, "value": map[string]string{"message": reference}}},
	}
	return gone(c.call(ctx, outbound.Call{Method: http.MethodPost, URL: issue(id, "/comment"), In: in}))
}

// Move takes the transition to a state of the wanted category, unless the issue is
// in one already; or sets the priority.
func (c *Channel) Move(ctx context.Context, id string, m notify.Message, to tracker.State) error {
	if to == tracker.Raised {
		p := c.cfg.Priorities[render.SeverityOf(m)]
		if p == "" {
			return nil
		}
		in := map[string]any{"fields": map[string]any{"priority": map[string]string{"name": p}}}
		return gone(c.call(ctx, outbound.Call{Method: http.MethodPut, URL: issue(id, ""), In: in}))
	}
	var now struct {
		Fields struct {
			Status status `json:"status"`
		} `json:"fields"`
	}
	if err := gone(c.call(ctx, outbound.Call{Method: http.MethodGet, URL: issue(id, "?fields=status"), Out: &now})); err != nil {
		return err
	}
	if now.Fields.Status.done() == (to == tracker.Done) {
		return nil
	}
	step, err := c.transition(ctx, id, to)
	if err != nil {
		return err
	}
	in := map[string]any{"transition": map[string]string{"id": step}}
	return gone(c.call(ctx, outbound.Call{Method: http.MethodPost, URL: issue(id, "/transitions"), In: in}))
}

type status struct {
	Name     string `json:"name"`
	Category struct {
		Key string `json:"key"` // new, indeterminate or done
	} `json:"statusCategory"`
}

func (s status) done() bool { return s.Category.Key == "done" }

// transition returns the id of the step to take.
func (c *Channel) transition(ctx context.Context, id string, to tracker.State) (string, error) {
	var got struct {
		Transitions []struct {
			ID   string `json:"id"`
			Name string `json:"name"`
			To   status `json:"to"`
		} `json:"transitions"`
	}
	if err := gone(c.call(ctx, outbound.Call{Method: http.MethodGet, URL: issue(id, "/transitions"), Out: &got})); err != nil {
		return "", err
	}
	var names []string
	for _, t := range got.Transitions {
		names = append(names, render.Cut(render.Line(t.Name), 50))
		named := to == tracker.Done && c.cfg.Transition != ""
		if named && strings.EqualFold(t.Name, c.cfg.Transition) || !named && t.To.done() == (to == tracker.Done) {
			return t.ID, nil
		}
	}
	if to == tracker.Done && c.cfg.Transition != "" {
		return "", fmt.Errorf("the issue has no transition %q; it has %s", c.cfg.Transition, strings.Join(names, ", "))
	}
	return "", fmt.Errorf("the issue has no transition to a state that is %s; it has %s", to, strings.Join(names, ", "))
}

// gone marks the answer that says that an issue was deleted.
func gone(err error) error {
	if outbound.Status(err) == http.StatusNotFound {
		return fmt.Errorf("%w: %w", tracker.ErrGone, err)
	}
	return err
}

// Preview returns the body that creates the issue of a message, and its picture.
func (c *Channel) Preview(m notify.Message) ([]notify.Part, error) {
	p, err := outbound.JSONPart("issue.json", c.draft(m, render.DedupKey(m)))
	out := []notify.Part{p}
	if png, perr := chart.PNG(m.Chart); perr == nil {
		out = append(out, notify.Part{Name: "chart.png", Type: "image/png", Body: png})
	}
	return out, err
}
