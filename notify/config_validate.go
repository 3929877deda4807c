package notify

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

var channelName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// Validate reports every fault with the path of the key concerned, relative to
// the configuration of this package. Secrets are never part of a report.
func (c Config) Validate(report func(path, format string, args ...any)) {
	seen := map[string]bool{}
	for i, ch := range c.Channels {
		path := fmt.Sprintf("channels[%d]", i)
		switch {
		case !channelName.MatchString(ch.Name):
			report(path+".name", "want 1 to 63 of a-z, 0-9, - and _, beginning with a letter or digit, got %q", ch.Name)
		case seen[ch.Name]:
			report(path+".name", "want each name once, got %q again", ch.Name)
		}
		seen[ch.Name] = true
		ch.validate(path, report)
	}
	for i, n := range c.Default {
		if !seen[n] {
			report(fmt.Sprintf("default[%d]", i), "want the name of a channel under channels, got %q", n)
		}
	}
	validateChannels("fallback", c.Fallback, seen, report)
	for i, e := range c.Escalations {
		e.validate(fmt.Sprintf("escalations[%d]", i), seen, report)
		if slices.ContainsFunc(c.Escalations[:i], func(o EscalationConfig) bool { return o.Name == e.Name }) {
			report(fmt.Sprintf("escalations[%d].name", i), "want each name once, got %q again", e.Name)
		}
	}
	for i, ch := range c.Channels {
		validateChannels(fmt.Sprintf("channels[%d].fallback", i), ch.Fallback, seen, report)
		if slices.Contains(ch.Fallback, ch.Name) {
			report(fmt.Sprintf("channels[%d].fallback", i), "want other channels, got %q itself", ch.Name)
		}
	}
	if c.LogRows <= 0 {
		report("log_rows", "want a positive number of entries, got %d", c.LogRows)
	}
	if c.MaxWaiting <= 0 {
		report("max_waiting", "want a positive number of messages, got %d", c.MaxWaiting)
	}
	validateSeverity("min_severity", c.MinSeverity, report)
	validateEvents("events", c.Events, report)
	durations := []struct {
		path string
		d    yamldoc.Duration
	}{
		{"timeout", c.Timeout}, {"retry_min", c.RetryMin}, {"retry_max", c.RetryMax}, {"give_up", c.GiveUp},
		{"update_every", c.UpdateEvery}, {"keep", c.Keep},
	}
	for _, x := range durations {
		if x.d <= 0 {
			report(x.path, "want a positive duration, got %q", x.d.String())
		}
	}
	if c.RetryMin > 0 && c.RetryMax > 0 && c.RetryMax < c.RetryMin {
		report("retry_max", "want at least retry_min, which is %s, got %s", c.RetryMin, c.RetryMax)
	}
}

func (ch ChannelConfig) validate(path string, report func(path, format string, args ...any)) {
	sorts := ch.sorts()
	var set, all []string
	for _, b := range sorts {
		all = append(all, b.name)
		if b.set {
			set = append(set, b.name)
			if b.validate != nil {
				b.validate(path+"."+b.name, report)
			}
		}
	}
	known := strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
	switch len(set) {
	case 1:
	case 0:
		report(path, "want one of %s, got none; write console: {} for one without settings", known)
	default:
		report(path, "want one of %s, got %s; make them channels of their own", known, strings.Join(set, " and "))
	}
	if ch.MinSeverity != "" {
		validateSeverity(path+".min_severity", ch.MinSeverity, report)
	}
	validateEvents(path+".events", ch.Events, report)
}

// sort is one block of a ChannelConfig.
type sort struct {
	name     string
	set      bool
	validate func(path string, report func(path, format string, args ...any))
}

func block[C interface {
	validate(path string, report func(path, format string, args ...any))
}](name string, c *C) sort {
	if c == nil {
		return sort{name: name}
	}
	return sort{name: name, set: true, validate: (*c).validate}
}

// sorts returns every block, set or not.
func (ch ChannelConfig) sorts() []sort {
	return []sort{
		block("slack", ch.Slack), block("pagerduty", ch.PagerDuty), block("opsgenie", ch.Opsgenie), block("email", ch.Email),
		block("jira", ch.Jira), block("github", ch.GitHub), block("teams", ch.Teams), block("discord", ch.Discord),
		block("telegram", ch.Telegram), block("webhook", ch.Webhook), {name: "console", set: ch.Console != nil},
	}
}

// Sort returns the name of the block that is set, "" when none is.
func (ch ChannelConfig) Sort() string {
	for _, b := range ch.sorts() {
		if b.set {
			return b.name
		}
	}
	return ""
}

func (s SlackConfig) validate(path string, report func(path, format string, args ...any)) {
	switch {
	case s.WebhookURL != "" && (s.Token != "" || s.Channel != ""):
		report(path, "want either webhook_url or token with channel, got both")
	case s.WebhookURL != "":
		validateURL(path+".webhook_url", s.WebhookURL.Reveal(), report)
	case s.Token == "":
		report(path, "want webhook_url, or token with channel, got neither")
	case s.Channel == "":
		report(path+".channel", "want the name or id of the channel that the bot posts to, got none")
	}
	if s.WebhookURL != "" && (s.SigningSecret != "" || s.AppToken != "") {
		report(path, "want signing_secret and app_token beside token only; an incoming webhook has no buttons")
	}
	if s.APIURL != "" {
		validateURL(path+".api_url", s.APIURL, report)
		if s.WebhookURL != "" {
			report(path+".api_url", "want it beside token only; a webhook_url is a whole address")
		}
	}
}

func (w WebhookConfig) validate(path string, report func(path, format string, args ...any)) {
	if w.URL == "" {
		report(path+".url", "want an http or https URL, got none")
	} else {
		validateURL(path+".url", w.URL.Reveal(), report)
	}
	names := make([]string, 0, len(w.Headers))
	for n := range w.Headers {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		if !headerName.MatchString(n) {
			report(path+".headers", "want the name of an HTTP header, got %q", n)
		}
		if strings.ContainsAny(w.Headers[n].Reveal(), "\r\n\x00") {
			report(path+".headers."+n, "want a value on one line")
		}
		if slices.Contains(ownHeaders, http.CanonicalHeaderKey(n)) {
			report(path+".headers."+n, "this header is set by tocsin itself; leave it out")
		}
	}
}

var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// ownHeaders are set by package notify/webhook and cannot be configured.
var ownHeaders = []string{"Content-Type", "Content-Length", "Host", "Idempotency-Key", "X-Tocsin-Signature"}

// validateURL never repeats the URL, because it may hold a secret.
func validateURL(path, raw string, report func(path, format string, args ...any)) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		report(path, "want an http or https URL, got one that cannot be read")
	case u.Scheme != "http" && u.Scheme != "https":
		report(path, "want an http or https URL, got the scheme %q", u.Scheme)
	case u.Hostname() == "":
		report(path, "want a URL with a host, got none")
	}
}

// validateAPIURL checks an address that may be left out.
func validateAPIURL(path, raw string, report func(path, format string, args ...any)) {
	if raw != "" {
		validateURL(path+".api_url", raw, report)
	}
}

func wantURL(path string, s yamldoc.Secret, report func(path, format string, args ...any)) {
	if s == "" {
		report(path, "want an http or https URL, got none")
		return
	}
	validateURL(path, s.Reveal(), report)
}

func wantSecret(path string, s yamldoc.Secret, what string, report func(path, format string, args ...any)) {
	switch {
	case s == "":
		report(path, "want %s, got none", what)
	case strings.ContainsAny(s.Reveal(), " \t\r\n\x00"):
		report(path, "want %s on one line without spaces", what)
	}
}

func validateNames(path string, names []string, most int, report func(path, format string, args ...any)) {
	if len(names) > most {
		report(path, "want at most %d, got %d", most, len(names))
	}
	for i, n := range names {
		if strings.TrimSpace(n) == "" || len(n) > 100 || strings.ContainsAny(n, "\r\n\x00") {
			report(fmt.Sprintf("%s[%d]", path, i), "want 1 to 100 bytes on one line, got %q", n)
		}
	}
}

// validateChannels wants each name to be that of a channel.
func validateChannels(path string, names []string, known map[string]bool, report func(path, format string, args ...any)) {
	for i, n := range names {
		if !known[n] {
			report(fmt.Sprintf("%s[%d]", path, i), "want the name of a channel under channels, got %q", n)
		}
	}
}

func validateSeverity(path string, s incident.Severity, report func(path, format string, args ...any)) {
	if s.Rank() == 0 {
		report(path, "want info, warning or critical, got %q", string(s))
	}
}

func validateEvents(path string, kinds []incident.EventKind, report func(path, format string, args ...any)) {
	for i, k := range kinds {
		if !slices.Contains(announceable, k) {
			names := make([]string, len(announceable))
			for j, a := range announceable {
				names[j] = string(a)
			}
			report(fmt.Sprintf("%s[%d]", path, i), "want one of %s, got %q", strings.Join(names, ", "), string(k))
		}
	}
}
