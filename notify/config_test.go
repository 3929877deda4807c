package notify_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/notify"
)

func load(t *testing.T, text string) (notify.Config, []string) {
	t.Helper()
	doc, errs := yamldoc.Parse("notify.yml", []byte(text))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	cfg := notify.DefaultConfig()
	if errs := doc.Decode(&cfg); len(errs) > 0 {
		t.Fatal(errs)
	}
	var got []string
	cfg.Validate(func(path, format string, args ...any) { got = append(got, path+": "+fmt.Sprintf(format, args...)) })
	return cfg, got
}

func TestConfig_Default_IsValid(t *testing.T) {
	if _, errs := load(t, "{}"); len(errs) > 0 {
		t.Error(errs)
	}
}

func TestConfig_Whole_Loads(t *testing.T) {
	cfg, errs := load(t, `
channels:
  - name: slack
    slack: {token: xoxb-1-secret, channel: "#ops", api_url: http://127.0.0.1:1/api/}
  - name: hook
    min_severity: critical
    events: [opened, resolved]
    slack: {webhook_url: https://hooks.slack.test/services/T/B/secret}
  - name: jenkins
    webhook: {url: https://u:secret@example.test/x, secret: s3cret, headers: {Authorization: Bearer secret}}
  - name: console
    console: {}
default: [slack, console]
min_severity: warning
events: [opened, resolved]
give_up: 2h
retry_max: 30s
proxy_from_environment: true
fallback: [console]
max_waiting: 500
log_rows: 1000
escalations:
  - name: pages
    min_severity: critical
    services: [pay, "check*"]
    channels: [slack]
    repeat: 2
    steps:
      - {after: 10m, tell: [hook]}
      - {after: 20m, tell: [hook, jenkins]}
`)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if cfg.GiveUp.Std() != 2*time.Hour || cfg.Channels[0].Slack.Token.Reveal() != "xoxb-1-secret" ||
		cfg.Channels[2].Webhook.Headers["Authorization"].Reveal() != "Bearer secret" || cfg.Channels[3].Console == nil ||
		len(cfg.Escalations) != 1 || cfg.Escalations[0].Steps[1].Tell[1] != "jenkins" || cfg.Fallback[0] != "console" ||
		!cfg.ProxyFromEnvironment || cfg.MinSeverity != incident.SeverityWarning || cfg.Timeout.Std() != 10*time.Second {
		t.Errorf("cfg = %+v", cfg)
	}
	if s := fmt.Sprintf("%+v %v %#v", cfg.Channels[2].Webhook, cfg.Channels[0].Slack, *cfg.Channels[1].Slack); strings.Contains(s, "secret@") || strings.Contains(s, "xoxb") {
		t.Errorf("a secret is printed: %s", s)
	}
}

func TestConfig_Validate_NamesEveryFault(t *testing.T) {
	_, got := load(t, `
channels:
  - name: Slack Ops
    slack: {}
  - name: a
    slack: {token: xoxb-secret}
    webhook: {}
  - name: a
  - name: b
    slack: {token: xoxb-secret, channel: "#x", webhook_url: https://h.test/secret}
    min_severity: loud
  - name: c
    webhook:
      url: ftp://secret@host/x
      headers: {"Bad Name": x, Content-Type: y, X-Split: "a\r\nb"}
    events: [attached]
  - name: d
    slack: {webhook_url: "https://", api_url: "::secret"}
  - name: e
    webhook: {url: "http://[secret"}
    fallback: [e, nobody]
default: [nobody]
min_severity: ""
events: [closed]
timeout: 0s
retry_min: 10s
retry_max: 1s
fallback: [nobody]
max_waiting: 0
log_rows: -1
escalations:
  - name: x
    min_severity: loud
    services: ["[", ""]
    channels: [nobody]
    repeat: -1
  - name: x
    steps:
      - {after: 0s, tell: []}
      - {after: 1m, tell: [nobody]}
`)
	want := []string{
		`channels[0].name: want 1 to 63 of a-z, 0-9, - and _, beginning with a letter or digit, got "Slack Ops"`,
		`channels[0].slack: want webhook_url, or token with channel, got neither`,
		`channels[1].slack.channel: want the name or id of the channel that the bot posts to, got none`,
		`channels[1].webhook.url: want an http or https URL, got none`,
		`channels[1]: want one of slack, pagerduty, opsgenie, email, jira, github, teams, discord, telegram, webhook and console, got slack and webhook; make them channels of their own`,
		`channels[2].name: want each name once, got "a" again`,
		`channels[2]: want one of slack, pagerduty, opsgenie, email, jira, github, teams, discord, telegram, webhook and console, got none; write console: {} for one without settings`,
		`channels[3].slack: want either webhook_url or token with channel, got both`,
		`channels[3].min_severity: want info, warning or critical, got "loud"`,
		`channels[4].webhook.url: want an http or https URL, got the scheme "ftp"`,
		`channels[4].webhook.headers: want the name of an HTTP header, got "Bad Name"`,
		`channels[4].webhook.headers.Content-Type: this header is set by tocsin itself; leave it out`,
		`channels[4].webhook.headers.X-Split: want a value on one line`,
		`channels[4].events[0]: want one of opened, raised, reopened, resolved, acknowledged, suspects, note, got "attached"`,
		`channels[5].slack.webhook_url: want a URL with a host, got none`,
		`channels[5].slack.api_url: want an http or https URL, got one that cannot be read`,
		`channels[5].slack.api_url: want it beside token only; a webhook_url is a whole address`,
		`channels[6].webhook.url: want an http or https URL, got one that cannot be read`,
		`default[0]: want the name of a channel under channels, got "nobody"`,
		`fallback[0]: want the name of a channel under channels, got "nobody"`,
		`escalations[0].min_severity: want info, warning or critical, got "loud"`,
		`escalations[0].services[0]: want the name of a service, in which * stands for any letters, got "["`,
		`escalations[0].services[1]: want the name of a service, in which * stands for any letters, got ""`,
		`escalations[0].channels[0]: want the name of a channel under channels, got "nobody"`,
		`escalations[0].steps: want at least one step with after and tell, got none`,
		`escalations[0].repeat: want 0 to 100, got -1`,
		`escalations[1].steps[0].after: want a positive duration, got "0s"`,
		`escalations[1].steps[0].tell: want the names of channels, got none`,
		`escalations[1].steps[1].tell[0]: want the name of a channel under channels, got "nobody"`,
		`escalations[1].name: want each name once, got "x" again`,
		`channels[6].fallback[1]: want the name of a channel under channels, got "nobody"`,
		`channels[6].fallback: want other channels, got "e" itself`,
		`log_rows: want a positive number of entries, got -1`,
		`max_waiting: want a positive number of messages, got 0`,
		`min_severity: want info, warning or critical, got ""`,
		`events[0]: want one of opened, raised, reopened, resolved, acknowledged, suspects, note, got "closed"`,
		`timeout: want a positive duration, got "0s"`,
		`retry_max: want at least retry_min, which is 10s, got 1s`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s := strings.Join(got, "\n"); strings.Contains(s, "secret") {
		t.Errorf("a secret is reported:\n%s", s)
	}
}

// TestReadme_Examples_Load keeps the examples of README.md true.
func TestReadme_Examples_Load(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(text), "```yaml\n")
	if len(parts) < 2 {
		t.Fatal("README.md has no example")
	}
	for _, p := range parts[1:] {
		example, _, _ := strings.Cut(p, "```")
		example = regexp.MustCompile(`\$\{(\w+)_URL\}`).ReplaceAllString(example, "https://example.test/$1")
		// Pages show a whole file; here its section notify is read.
		_, section, ok := strings.Cut(example, "\nnotify:\n")
		if !ok {
			t.Fatalf("want an example of a tocsin.yml with notify in\n%s", example)
		}
		if _, errs := load(t, section); len(errs) > 0 {
			t.Errorf("%v in\n%s", errs, section)
		}
	}
}
