package github_test

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/github"
	"github.com/tocsinhq/tocsin/notify/notifytest"
	"github.com/tocsinhq/tocsin/notify/sample"
)

const token = "github_pat_secrettoken"

func channel(t *testing.T, url string, now func() time.Time) notify.Channel {
	t.Helper()
	c, err := github.New(github.Options{Name: "gh", Now: now, Config: notify.GitHubConfig{
		Repository: "acme/ops", Token: token, Labels: []string{"incident"}, Assignees: []string{"ada"}, APIURL: url,
	}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestGitHub_Conformance(t *testing.T) {
	notifytest.Channel(t, func(t *testing.T) notify.Channel { return channel(t, newHub(t).URL, nil) })
	// A list of issues is wanted first, then one: what is no list of ours is none.
	notifytest.HTTP(t, notifytest.HTTPCase{OK: `[]`, Make: func(t *testing.T, url string, now func() time.Time) notify.Channel {
		return listed{channel(t, url, now)}
	}, Secrets: []string{token}})
}

// listed reports a message for which the stub lists no issue as sent when it is
// over: so no issue is made, and one call is all there is.
type listed struct{ notify.Channel }

func (l listed) Send(ctx context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	m.Incident.State, m.Event.Kind = incident.StateResolved, incident.EventResolved
	return l.Channel.Send(ctx, m, t)
}

func TestGitHub_Life_OneIssue(t *testing.T) {
	h := newHub(t)
	notifytest.Life(t, channel(t, h.URL, nil),
		notifytest.Sample(incident.EventOpened), notifytest.Sample(incident.EventAcked), notifytest.Sample(incident.EventRaised), notifytest.Sample(incident.EventResolved))
	about := " checkout: error rate is high [tocsin severity: critical incident]" +
		" | **acknowledged by ada: checkout: error rate is high** | **raised (critical): checkout: error rate is high**" +
		` | **resolved after 22m, worst error\_rate 18%: checkout: error rate is high**`
	if diff := cmp.Diff([]string{"1 closed" + about}, h.state()); diff != "" {
		t.Error(diff)
	}
	if a := h.issues[0].Assignees; len(a) != 1 || a[0] != "ada" {
		t.Errorf("assignees = %q", a)
	}
}

func TestGitHub_Reopened_OpensTheSameIssue(t *testing.T) {
	h := newHub(t)
	notifytest.Life(t, channel(t, h.URL, nil), notifytest.Sample(incident.EventOpened), notifytest.Sample(incident.EventResolved), notifytest.Sample(incident.EventReopened))
	if got := h.state(); len(got) != 1 || !strings.HasPrefix(got[0], "1 open") {
		t.Errorf("issues = %q", got)
	}
}

func TestGitHub_AnswerLost_IssueIsCreatedOnce(t *testing.T) {
	h := newHub(t)
	h.others(25) // more than a page
	h.lose["POST /issues"] = 1
	c := channel(t, h.URL, nil)
	m := notifytest.Sample(incident.EventOpened)
	m.Incident.Opened = time.Now().Add(-time.Minute)
	if _, err := c.Send(t.Context(), m, ""); !errors.As(err, new(*notify.RetryError)) {
		t.Fatalf("Send = %v, want one that asks for another try", err)
	}
	// The daemon was killed: nothing is remembered.
	h.others(12)
	th, err := c.Send(t.Context(), m, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Send(t.Context(), notifytest.Sample(incident.EventResolved), th); err != nil {
		t.Fatal(err)
	}
	var ours []string
	for _, s := range h.state() {
		if strings.Contains(s, "error rate") {
			ours = append(ours, s)
		}
	}
	if len(ours) != 1 || !strings.HasPrefix(ours[0], "26 closed") || strings.Count(ours[0], " | ") != 1 {
		t.Errorf("issues = %q", ours)
	}
}

func TestGitHub_CommentAnswerLost_IsWrittenOnce(t *testing.T) {
	h := newHub(t)
	c := channel(t, h.URL, nil)
	th := notifytest.Life(t, c, notifytest.Sample(incident.EventOpened))
	h.lose["POST /issues/1/comments"] = 1
	m := notifytest.Sample(incident.EventRaised)
	th, err := c.Send(t.Context(), m, th)
	if !errors.As(err, new(*notify.RetryError)) {
		t.Fatalf("Send = %v, want one that asks for another try", err)
	}
	if th, err = c.Send(t.Context(), m, th); err != nil {
		t.Fatal(err)
	}
	// The same again does nothing.
	if _, err = c.Send(t.Context(), m, th); err != nil {
		t.Fatal(err)
	}
	if n := len(h.issues[0].Comments); n != 1 {
		t.Errorf("%d comments, want 1", n)
	}
}

func TestGitHub_IssueDeleted_IsMadeAnewOnce(t *testing.T) {
	h := newHub(t)
	c := channel(t, h.URL, nil)
	th := notifytest.Life(t, c, notifytest.Sample(incident.EventOpened))
	h.issues[0].deleted = true
	th, err := c.Send(t.Context(), notifytest.Sample(incident.EventRaised), th)
	if err != nil || !strings.Contains(string(th), `"id":"2"`) || len(h.issues) != 2 {
		t.Errorf("Send = %q, %v with %d issues", th, err, len(h.issues))
	}
}

func TestGitHub_Resolved_WithoutIssue_MakesNone(t *testing.T) {
	h := newHub(t)
	notifytest.Life(t, channel(t, h.URL, nil), notifytest.Sample(incident.EventResolved))
	if n := len(h.issues); n != 0 {
		t.Errorf("%d issues, want none", n)
	}
}

func TestGitHub_Limits(t *testing.T) {
	now := func() time.Time { return time.Unix(1_700_000_000, 0) }
	f := func(name, header, value string, wantAfter time.Duration) {
		t.Helper()
		s := notifytest.NewStub(t, `[]`)
		s.Behave(func(_ *notifytest.Stub, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-RateLimit-Remaining", "0")
			w.Header().Set(header, value)
			w.WriteHeader(403)
		})
		_, err := channel(t, s.URL, now).Send(t.Context(), notifytest.Sample(incident.EventOpened), "")
		var r *notify.RetryError
		if errors.As(err, &r) != (wantAfter > 0) || wantAfter > 0 && r.After != wantAfter || err == nil {
			t.Errorf("%s: err = %v", name, err)
		}
	}
	f("limit of rates", "X-RateLimit-Reset", "1700000090", 90*time.Second)
	f("secondary limit", "Retry-After", "60", time.Minute)
	f("forbidden", "X-Other", "", 0)
}

var mention = regexp.MustCompile(`[@#][A-Za-z0-9]`)

func TestGitHub_Texts_CannotMentionOrBreakOut(t *testing.T) {
	h := newHub(t)
	m := notifytest.Sample(incident.EventOpened)
	m.Event.Text = "cc @acme/all see #1 --> <script> ![x](http://y) | `x"
	m.Key = "a-->b"
	notifytest.Life(t, channel(t, h.URL, nil), m)
	b := h.issues[0].Body
	if s := mention.FindString(b); s != "" || strings.Contains(b, "<script>") || strings.Contains(b, "![x]") {
		t.Errorf("%q in %s", s, b)
	}
	for _, want := range []string{"| Service | checkout |", "**Suspects**", "[deployment checkout v41 -&gt; v42](https://ci.example.com/builds/42)", "▁", "<!-- tocsin:tocsin-inc-1 -->", "not muted: no silence, no window"} {
		if !strings.Contains(b, want) {
			t.Errorf("the issue lacks %q: %s", want, b)
		}
	}
}

func TestGitHub_Group(t *testing.T) {
	h := newHub(t)
	o := sample.Options{Onset: time.Now().Add(-time.Hour)}
	notifytest.Life(t, channel(t, h.URL, nil), sample.Group("first", o), sample.Group("changed", o), sample.Group("resolved", o))
	got := h.state()
	if len(got) != 1 || !strings.HasPrefix(got[0], "1 closed HighErrorRate") || !strings.HasSuffix(got[0], "| **2 firing, 1 resolved: HighErrorRate** | **resolved: HighErrorRate**") {
		t.Errorf("issues = %q", got)
	}
}
