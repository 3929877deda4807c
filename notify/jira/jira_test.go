package jira_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/jira"
	"github.com/tocsinhq/tocsin/notify/notifytest"
	"github.com/tocsinhq/tocsin/notify/sample"
)

const token = "ATATT-secret-token"

func config(url string, v3 bool) notify.JiraConfig {
	c := notify.JiraConfig{
		URL: url, Version: notify.JiraServer, Token: token, Project: "OPS", IssueType: "Incident", Labels: []string{"shop"},
		Priorities: map[incident.Severity]string{incident.SeverityCritical: "Highest", incident.SeverityWarning: "Medium"},
	}
	if v3 {
		c.Version, c.Username = notify.JiraCloud, "bot@example.com"
	}
	return c
}

func channel(t *testing.T, cfg notify.JiraConfig, now func() time.Time) notify.Channel {
	t.Helper()
	c, err := jira.New(jira.Options{Name: "jira", Now: now, Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// both runs a test against cloud and against a server.
func both(t *testing.T, f func(t *testing.T, v3 bool)) {
	t.Run("cloud", func(t *testing.T) { f(t, true) })
	t.Run("server", func(t *testing.T) { f(t, false) })
}

func TestJira_Conformance(t *testing.T) {
	both(t, func(t *testing.T, v3 bool) {
		notifytest.Channel(t, func(t *testing.T) notify.Channel { return channel(t, config(newSite(t, v3).URL, v3), nil) })
		// One body that is a good answer to the search, the creation and the rest.
		const all = `{"issues":[],"id":"7"}`
		notifytest.HTTP(t, notifytest.HTTPCase{OK: all, Secrets: []string{token}, Make: func(t *testing.T, url string, now func() time.Time) notify.Channel {
			return channel(t, config(url, v3), now)
		}})
	})
}

func TestJira_Life_OneIssue(t *testing.T) {
	both(t, func(t *testing.T, v3 bool) {
		s := newSite(t, v3)
		opened := notifytest.Sample(incident.EventOpened)
		opened.Incident.Severity = incident.SeverityWarning
		notifytest.Life(t, channel(t, config(s.URL, v3), nil),
			opened, notifytest.Sample(incident.EventAcked), notifytest.Sample(incident.EventRaised), notifytest.Sample(incident.EventResolved))
		want := []string{`1 done Incident Highest "checkout: error rate is high" [tocsin-inc-1 tocsin shop by:Close] comments=3 attachments=1`}
		if diff := cmp.Diff(want, s.state()); diff != "" {
			t.Error(diff)
		}
		for _, w := range []string{"checkout", "0.8% (0.3% to 1.9%)", "▁", "Suspects", "not muted"} {
			if v3 && !strings.Contains(s.issues[0].text, w) {
				t.Errorf("the issue lacks %q: %s", w, s.issues[0].text)
			}
		}
		if !v3 && !strings.Contains(s.issues[0].text, "*Expected:* 0.8% (0.3% to 1.9%)") {
			t.Errorf("text = %s", s.issues[0].text)
		}
	})
}

func TestJira_Reopened_LeavesDone(t *testing.T) {
	s := newSite(t, true)
	notifytest.Life(t, channel(t, config(s.URL, true), nil), notifytest.Sample(incident.EventOpened), notifytest.Sample(incident.EventResolved), notifytest.Sample(incident.EventReopened))
	if got := s.state(); len(got) != 1 || !strings.HasPrefix(got[0], "1 new") {
		t.Errorf("issues = %q", got)
	}
}

func TestJira_Transition_ByName(t *testing.T) {
	s := newSite(t, true)
	cfg := config(s.URL, true)
	cfg.Transition = "won't DO"
	notifytest.Life(t, channel(t, cfg, nil), notifytest.Sample(incident.EventOpened), notifytest.Sample(incident.EventResolved))
	if got := s.state(); !strings.Contains(got[0], "by:Won't do") {
		t.Errorf("issues = %q", got)
	}
	cfg.Transition = "Archive"
	th := notifytest.Life(t, channel(t, cfg, nil), notifytest.Sample(incident.EventReopened))
	_, err := channel(t, cfg, nil).Send(t.Context(), notifytest.Sample(incident.EventResolved), th)
	if err == nil || !strings.Contains(err.Error(), `no transition "Archive"; it has Start, Close, Won't do`) {
		t.Errorf("err = %v", err)
	}
}

func TestJira_AnswerLost_IssueIsCreatedOnce(t *testing.T) {
	both(t, func(t *testing.T, v3 bool) {
		s := newSite(t, v3)
		s.lose["POST /issue"], s.late = 1, 1
		now := time.Unix(1_700_000_000, 0)
		c := channel(t, config(s.URL, v3), func() time.Time { return now })
		m := notifytest.Sample(incident.EventOpened)
		th, err := c.Send(t.Context(), m, "")
		var r *notify.RetryError
		if !errors.As(err, &r) || r.After != 0 {
			t.Fatalf("Send = %v, want one that asks for another try", err)
		}
		// The search does not know the issue yet: it must not be made again.
		now = now.Add(2 * time.Second)
		if th, err = c.Send(t.Context(), m, th); !errors.As(err, &r) || r.After != 28*time.Second {
			t.Fatalf("Send = %v, want one that asks to wait", err)
		}
		now = now.Add(28 * time.Second)
		if _, err = c.Send(t.Context(), m, th); err != nil {
			t.Fatal(err)
		}
		if got := s.state(); len(got) != 1 || !strings.HasSuffix(got[0], "comments=0 attachments=1") {
			t.Errorf("issues = %q", got)
		}
	})
}

func TestJira_CommentAnswerLost_IsWrittenOnce(t *testing.T) {
	s := newSite(t, true)
	c := channel(t, config(s.URL, true), nil)
	th := notifytest.Life(t, c, notifytest.Sample(incident.EventOpened))
	s.lose["POST /issue/1/comment"] = 1
	m := notifytest.Sample(incident.EventResolved)
	th, err := c.Send(t.Context(), m, th)
	if !errors.As(err, new(*notify.RetryError)) {
		t.Fatalf("Send = %v, want one that asks for another try", err)
	}
	if _, err = c.Send(t.Context(), m, th); err != nil {
		t.Fatal(err)
	}
	if got := s.state(); !strings.HasPrefix(got[0], "1 done") || !strings.Contains(got[0], "comments=1") {
		t.Errorf("issues = %q", got)
	}
}

func TestJira_Attachments_Disabled_IsNoFault(t *testing.T) {
	s := newSite(t, true)
	s.noAtt = true
	c := channel(t, config(s.URL, true), nil)
	th := notifytest.Life(t, c, notifytest.Sample(incident.EventOpened))
	s.calls = nil
	if _, err := c.Send(t.Context(), notifytest.Sample(incident.EventAcked), th); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"POST /issue/1/comment"}, s.calls); diff != "" {
		t.Error(diff)
	}
}

func TestJira_IssueDeleted_IsMadeAnew(t *testing.T) {
	s := newSite(t, true)
	c := channel(t, config(s.URL, true), nil)
	th := notifytest.Life(t, c, notifytest.Sample(incident.EventOpened))
	s.issues[0].deleted = true
	if _, err := c.Send(t.Context(), notifytest.Sample(incident.EventRaised), th); err != nil || len(s.issues) != 2 {
		t.Errorf("Send = %v with %d issues", err, len(s.issues))
	}
}

func TestJira_Group(t *testing.T) {
	both(t, func(t *testing.T, v3 bool) {
		s := newSite(t, v3)
		o := sample.Options{Onset: notifytest.Onset}
		notifytest.Life(t, channel(t, config(s.URL, v3), nil), sample.Group("first", o), sample.Group("resolved", o))
		if got := s.state(); len(got) != 1 || !strings.HasPrefix(got[0], `1 done Incident Highest "HighErrorRate" [tocsin-group-`) || !strings.Contains(s.issues[0].text, "checkout") {
			t.Errorf("issues = %q", got)
		}
	})
}

func TestJira_Wiki_IsEscaped(t *testing.T) {
	s := newSite(t, false)
	m := notifytest.Sample(incident.EventOpened)
	m.Event.Text = "{noformat} *b* [x|http://y] !img.png!"
	notifytest.Life(t, channel(t, config(s.URL, false), nil), m)
	if want := `\{noformat\} \*b\* \[x\|http://y\] \!img.png\!`; !strings.Contains(s.issues[0].text, want) {
		t.Errorf("text lacks %s: %s", want, s.issues[0].text)
	}
}

func TestJiraConfig_Kind(t *testing.T) {
	f := func(c notify.JiraConfig, want string) {
		t.Helper()
		if got := c.Kind(); got != want {
			t.Errorf("Kind of %q = %q, want %q", c.URL, got, want)
		}
	}
	f(notify.JiraConfig{URL: "https://acme.atlassian.net/"}, notify.JiraCloud)
	f(notify.JiraConfig{URL: "https://jira.example.com"}, notify.JiraServer)
	f(notify.JiraConfig{URL: "https://jira.example.com", Version: notify.JiraCloud}, notify.JiraCloud)
}
