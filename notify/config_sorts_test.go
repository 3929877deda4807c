package notify_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
)

func TestConfig_Sorts_NameEveryFault(t *testing.T) {
	f := func(block string, want ...string) {
		t.Helper()
		_, got := load(t, "channels:\n  - name: x\n    "+block+"\n")
		for i := range got {
			got[i] = strings.TrimPrefix(got[i], "channels[0].")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:%s", block, diff)
		}
		if strings.Contains(strings.Join(got, ""), "s3cret") {
			t.Errorf("%s: a secret is reported: %q", block, got)
		}
	}
	f("pagerduty: {routing_key: s3cret, change_events: true}")
	f("pagerduty: {api_url: ftp://x}", "pagerduty.routing_key: want the integration key of an Events API v2 integration, got none", `pagerduty.api_url: want an http or https URL, got the scheme "ftp"`)
	f(`pagerduty: {routing_key: "s3cret x"}`, "pagerduty.routing_key: want the integration key of an Events API v2 integration on one line without spaces")
	f("opsgenie: {api_key: s3cret, teams: [a]}")
	f(`opsgenie: {teams: [""]}`, "opsgenie.api_key: want the key of an API integration, got none", `opsgenie.teams[0]: want 1 to 100 bytes on one line, got ""`)
	const mail = "host: h, from: a@b.test, to: [c@d.test]"
	f("email: {" + mail + ", username: u, password: s3cret}")
	f("email: {}", `email.host: want the name of an SMTP server without port and scheme, got ""`, `email.from: want a mail address such as ops@example.com, got ""`, "email.to: want at least one receiver, got none")
	f(`email: {host: "smtp://h", from: a@b.test, to: [nobody], port: 70000, tls: ssl, auth: kerberos, reply_to: x, hello: "a b"}`,
		`email.host: want the name of an SMTP server without port and scheme, got "smtp://h"`, "email.port: want a port from 1 to 65535, or 0 for the usual one, got 70000",
		`email.tls: want one of starttls, tls, none, got "ssl"`, `email.auth: want one of auto, plain, login, cram-md5, got "kerberos"`,
		`email.to[0]: want a mail address such as ops@example.com, got "nobody"`, `email.reply_to: want a mail address such as ops@example.com, got "x"`, `email.hello: want a host name, got "a b"`)
	f("email: {"+mail+", username: u}", "email.username: want username and password, or neither")
	f("email: {"+mail+", tls: none, username: u, password: s3cret}", "email.tls: want starttls or tls, since the password would be sent in the clear")
	f("email: {host: localhost, from: a@b.test, to: [c@d.test], tls: none, username: u, password: s3cret}")
	f("jira: {url: https://j.test, token: s3cret, project: OPS, priorities: {critical: Highest}, labels: [shop]}")
	f(`jira: {version: datacenter, project: ops, priorities: {loud: High, info: ""}, labels: ["a b"]}`,
		"jira.url: want the address of the site, got none", `jira.version: want cloud or server, got "datacenter"`, "jira.token: want an API token or personal access token, got none",
		`jira.project: want the key of a project, such as OPS, got "ops"`, "jira.priorities.info: want the name of a priority, got none", `jira.priorities: want info, warning or critical, got "loud"`,
		`jira.labels[0]: want a label without spaces, quotes and backslashes, got "a b"`)
	f("github: {repository: acme/ops, token: s3cret}")
	f("github: {repository: https://github.com/acme/ops}", `github.repository: want owner/name, got "https://github.com/acme/ops"`, "github.token: want a token that may write issues, got none")
	f("github: {repository: acme/.., token: s3cret}", `github.repository: want owner/name, got "acme/.."`)
	f("teams: {webhook_url: https://t.test/s3cret}")
	f("teams: {}", "teams.webhook_url: want an http or https URL, got none")
	f("discord: {webhook_url: https://t.test/s3cret}")
	f("discord: {webhook_url: gopher://s3cret}", `discord.webhook_url: want an http or https URL, got the scheme "gopher"`)
	f(`telegram: {token: "1:s3cret", chat_id: "-100"}`)
	f(`telegram: {token: "1:s3cret", chat_id: "@ops_room"}`)
	f(`telegram: {token: "s3cret", chat_id: ops, topic: -1}`, "telegram.token: want the token of a bot, digits:letters", `telegram.chat_id: want the number of a chat or the @name of a channel, got "ops"`, "telegram.topic: want the number of a topic or 0, got -1")
	f("slack: {webhook_url: https://h.test/s3cret, app_token: s3cret}", "slack: want signing_secret and app_token beside token only; an incoming webhook has no buttons")
}

// TestChannelConfig_Sort_KnowsEveryBlock fails when a block is added that the list of
// sorts lacks.
func TestChannelConfig_Sort_KnowsEveryBlock(t *testing.T) {
	typ := reflect.TypeFor[notify.ChannelConfig]()
	n := 0
	for i := range typ.NumField() {
		field := typ.Field(i)
		if field.Type.Kind() != reflect.Pointer {
			continue
		}
		n++
		var c notify.ChannelConfig
		reflect.ValueOf(&c).Elem().Field(i).Set(reflect.New(field.Type.Elem()))
		if got := c.Sort(); got != field.Tag.Get("yaml") {
			t.Errorf("Sort of %s = %q, want %q", field.Name, got, field.Tag.Get("yaml"))
		}
	}
	if n != 11 {
		t.Errorf("%d blocks, want 11", n)
	}
}

func TestRouter_UsualEvents_BySort(t *testing.T) {
	cfg := notify.DefaultConfig()
	cfg.Channels = []notify.ChannelConfig{
		{Name: "pd", PagerDuty: &notify.PagerDutyConfig{}}, {Name: "mail", Email: &notify.EmailConfig{}}, {Name: "tg", Telegram: &notify.TelegramConfig{}},
		{Name: "chatty", Teams: &notify.TeamsConfig{}, Events: []incident.EventKind{incident.EventNote}},
	}
	r := notify.NewRouter(cfg, []string{"pd", "mail", "tg", "chatty"})
	f := func(k incident.EventKind, want ...string) {
		t.Helper()
		m := notify.Message{Event: incident.Event{Kind: k}, Incident: incident.Incident{Severity: incident.SeverityCritical}}
		if diff := cmp.Diff(want, r.Route(m).Announce); diff != "" {
			t.Errorf("%s: %s", k, diff)
		}
	}
	f(incident.EventOpened, "pd", "mail", "tg")
	f(incident.EventAcked, "pd", "tg")
	f(incident.EventSuspects, "tg")
	f(incident.EventNote, "tg", "chatty")
}
