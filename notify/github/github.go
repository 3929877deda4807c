// Package github is the channel that keeps one issue on GitHub for each incident.
//
// The issue bears the label tocsin and, in a comment of its text that is not shown,
// the marker by which it is found again; see package tracker. Later events are
// comments; resolved closes it and reopened opens it again. Texts from outside can
// neither mention people nor refer to other issues.
package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/outbound"
	"github.com/tocsinhq/tocsin/notify/render"
	"github.com/tocsinhq/tocsin/notify/tracker"
)

const (
	defaultURL = "https://api.github.com"
	ownLabel   = "tocsin"
	// page is how many issues are read at once: their texts together must fit into
	// what is read of an answer.
	page     = 10
	maxPages = 10
)

// Options are what a Channel is made of.
type Options struct {
	Name   string
	Config notify.GitHubConfig
	HTTP   *http.Client     // its Transport is used; nil: a default one
	Now    func() time.Time // for limits of rates; nil: time.Now
}

// Channel keeps issues of one repository.
type Channel struct {
	name, base string
	cfg        notify.GitHubConfig
	client     *outbound.Client
	flow       tracker.Flow
	now        func() time.Time
}

// New returns a channel. Its configuration must be valid; no repository or token is
// an error.
func New(o Options) (*Channel, error) {
	if o.Config.Repository == "" || o.Config.Token == "" {
		return nil, fmt.Errorf("channel %s: want repository and token", o.Name)
	}
	u := cmp.Or(strings.TrimRight(o.Config.APIURL, "/"), defaultURL)
	if o.Now == nil {
		o.Now = time.Now
	}
	c := &Channel{
		name: o.Name, base: u + "/repos/" + o.Config.Repository, cfg: o.Config, now: o.Now,
		client: outbound.New(outbound.Options{HTTP: o.HTTP, Now: o.Now, Secrets: []string{o.Config.Token.Reveal()}}),
	}
	c.flow = tracker.New(tracker.Options{Name: "GitHub", Tracker: c, Now: o.Now})
	return c, nil
}

// Name returns the configured name.
func (c *Channel) Name() string { return c.name }

// Send creates, comments on or moves the issue of the incident.
func (c *Channel) Send(ctx context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	return c.flow.Send(ctx, m, t)
}

// issue is what is read of one.
type issue struct {
	Number int64  `json:"number"`
	State  string `json:"state"`
	Body   string `json:"body"`
}

func (c *Channel) call(ctx context.Context, method, path string, in, out any) error {
	err := c.client.JSON(ctx, outbound.Call{
		Method: method, URL: c.base + path, In: in, Out: out,
		Header: http.Header{
			"Authorization": {"Bearer " + c.cfg.Token.Reveal()}, "Accept": {"application/vnd.github+json"}, "X-Github-Api-Version": {"2022-11-28"},
		},
	})
	return c.limited(err)
}

// limited makes an error that asks for another try of a 403 that means a limit of
// rates, which GitHub uses beside 429.
func (c *Channel) limited(err error) error {
	var s *outbound.StatusError
	if !errors.As(err, &s) || s.Code != http.StatusForbidden {
		return err
	}
	after := outbound.RetryAfter(s.Header.Get("Retry-After"), c.now())
	if after == 0 && s.Header.Get("X-Ratelimit-Remaining") == "0" {
		if at, perr := strconv.ParseInt(s.Header.Get("X-Ratelimit-Reset"), 10, 64); perr == nil {
			after = max(time.Unix(at, 0).Sub(c.now()), time.Second)
		}
	}
	if after == 0 {
		return err
	}
	return &notify.RetryError{After: after, Err: err}
}

// Find looks through the issues with our label, the newest first.
func (c *Channel) Find(ctx context.Context, marker string, since time.Time) (string, error) {
	q := url.Values{"labels": {ownLabel}, "state": {"all"}, "sort": {"created"}, "direction": {"desc"}, "per_page": {strconv.Itoa(page)}}
	if !since.IsZero() {
		q.Set("since", since.UTC().Format(time.RFC3339))
	}
	for n := 1; n <= maxPages; n++ {
		q.Set("page", strconv.Itoa(n))
		var got []issue
		if err := c.call(ctx, http.MethodGet, "/issues?"+q.Encode(), nil, &got); err != nil {
			return "", err
		}
		for _, i := range got {
			if strings.Contains(i.Body, hidden(marker)) {
				return strconv.FormatInt(i.Number, 10), nil
			}
		}
		if len(got) < page {
			break
		}
	}
	return "", nil
}

// draft is the body that creates an issue.
type draft struct {
	Title     string   `json:"title"`
	Body      string   `json:"body"`
	Labels    []string `json:"labels"`
	Assignees []string `json:"assignees,omitempty"`
}

func (c *Channel) draft(m notify.Message, marker string) draft {
	labels := []string{ownLabel, "severity: " + string(render.SeverityOf(m))}
	for _, l := range c.cfg.Labels {
		if !slices.Contains(labels, l) {
			labels = append(labels, l)
		}
	}
	return draft{Title: render.Cut(render.Title(m), 250), Body: body(m) + "\n\n" + hidden(marker), Labels: labels, Assignees: c.cfg.Assignees}
}

// Create makes the issue of a message.
func (c *Channel) Create(ctx context.Context, m notify.Message, marker string) (string, error) {
	var made issue
	if err := c.call(ctx, http.MethodPost, "/issues", c.draft(m, marker), &made); err != nil {
		return "", err
	}
	if made.Number == 0 {
		return "", &notify.RetryError{Err: errors.New("the answer names no issue")}
	}
	return strconv.FormatInt(made.Number, 10), nil
}

// Attach does nothing: GitHub's API takes no files for issues. The picture is
// shown from its address.
func (c *Channel) Attach(context.Context, string, notify.Message) error { return nil }

// Commented looks through the comments since a time.
func (c *Channel) Commented(ctx context.Context, id, reference string, since time.Time) (bool, error) {
	q := url.Values{"per_page": {strconv.Itoa(page)}}
	if !since.IsZero() {
		q.Set("since", since.Add(-time.Hour).UTC().Format(time.RFC3339))
	}
	for n := 1; n <= maxPages; n++ {
		q.Set("page", strconv.Itoa(n))
		var got []issue
		if err := gone(c.call(ctx, http.MethodGet, "/issues/"+id+"/comments?"+q.Encode(), nil, &got)); err != nil {
			return false, err
		}
		for _, k := range got {
			if strings.Contains(k.Body, hidden(reference)) {
				return true, nil
			}
		}
		if len(got) < page {
			break
		}
	}
	return false, nil
}

// Comment writes what an event says.
func (c *Channel) Comment(ctx context.Context, id string, m notify.Message, reference string) error {
	in := map[string]string{"body": comment(m) + "\n\n" + hidden(reference)}
	return gone(c.call(ctx, http.MethodPost, "/issues/"+id+"/comments", in, nil))
}

// Move closes or opens the issue, or adds the label of its new severity.
func (c *Channel) Move(ctx context.Context, id string, m notify.Message, to tracker.State) error {
	switch to {
	case tracker.Done:
		return gone(c.call(ctx, http.MethodPatch, "/issues/"+id, map[string]string{"state": "closed", "state_reason": "completed"}, nil))
	case tracker.Raised:
		in := map[string][]string{"labels": {"severity: " + string(render.SeverityOf(m))}}
		return gone(c.call(ctx, http.MethodPost, "/issues/"+id+"/labels", in, nil))
	}
	return gone(c.call(ctx, http.MethodPatch, "/issues/"+id, map[string]string{"state": "open"}, nil))
}

// gone marks the answers that say that an issue was deleted or moved away.
func gone(err error) error {
	if s := outbound.Status(err); s == http.StatusNotFound || s == http.StatusGone {
		return fmt.Errorf("%w: %w", tracker.ErrGone, err)
	}
	return err
}

// Preview returns the body that creates the issue of a message.
func (c *Channel) Preview(m notify.Message) ([]notify.Part, error) {
	d := c.draft(m, render.DedupKey(m))
	p, err := outbound.JSONPart("issue.json", d)
	return []notify.Part{p, {Name: "issue.md", Type: "text/markdown; charset=utf-8", Body: []byte(d.Body + "\n")}}, err
}
