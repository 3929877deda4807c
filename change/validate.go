package change

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tocsinhq/tocsin/telemetry"
)

// MaxFuture is how far after its receipt a change may say that it started or
// finished; senders' clocks are allowed to be that wrong.
const MaxFuture = 10 * time.Minute

// Bounds on what one change may hold, in bytes and entries. They keep the feed,
// the messages and the pages readable whatever a sender does.
const (
	maxID        = 128
	maxName      = 200
	maxLink      = 2048
	maxSummary   = 2000
	maxLabels    = 64
	maxLabelName = 128
	maxLabel     = 1024
)

// validate checks a change as it was sent, before defaults: zero fields that
// have a default are right. It returns an *InvalidError naming every wrong
// field, or nil.
func validate(c telemetry.Change, receivedAt time.Time) error {
	e := new(InvalidError)
	checkText(e, "id", c.ID, maxID)
	if c.Kind != "" && !slices.Contains(telemetry.ChangeKinds, c.Kind) {
		e.add("kind", fmt.Sprintf("want one of %s, got %q", list(telemetry.ChangeKinds), clip(string(c.Kind))))
	}
	if strings.TrimSpace(c.Service) == "" {
		e.add("service", fmt.Sprintf("want the name of the service that was changed, got %q", clip(c.Service)))
	} else {
		checkText(e, "service", c.Service, maxName)
	}
	checkText(e, "environment", c.Environment, maxName)
	checkText(e, "version_from", c.VersionFrom, maxName)
	checkText(e, "version_to", c.VersionTo, maxName)
	checkTimes(e, c, receivedAt)
	checkStatus(e, c)
	checkText(e, "author", c.Author, maxName)
	checkLink(e, c.Link)
	checkText(e, "summary", c.Summary, maxSummary)
	checkLabels(e, c.Labels)
	return e.orNil()
}

func checkTimes(e *InvalidError, c telemetry.Change, receivedAt time.Time) {
	for _, f := range []struct {
		name string
		at   time.Time
	}{{"started", c.Started}, {"finished", c.Finished}} {
		switch {
		case f.at.IsZero():
		case f.at.UnixMilli() <= 0:
			e.add(f.name, fmt.Sprintf("want a time after 1970-01-01T00:00:00Z, got %s", stamp(f.at)))
		case f.at.After(receivedAt.Add(MaxFuture)):
			e.add(f.name, fmt.Sprintf("want at most %s after the receipt at %s, got %s; check the sender's clock and whether the number is in seconds or milliseconds",
				MaxFuture, stamp(receivedAt), stamp(f.at)))
		}
	}
	if !c.Started.IsZero() && !c.Finished.IsZero() && c.Finished.Before(c.Started) {
		e.add("finished", fmt.Sprintf("want a time not before started (%s), got %s", stamp(c.Started), stamp(c.Finished)))
	}
}

func checkStatus(e *InvalidError, c telemetry.Change) {
	switch {
	case c.Status != "" && !slices.Contains(telemetry.ChangeStatuses, c.Status):
		e.add("status", fmt.Sprintf("want one of %s, got %q", list(telemetry.ChangeStatuses), clip(string(c.Status))))
	case c.Status == telemetry.StatusStarted && !c.Finished.IsZero():
		e.add("status", fmt.Sprintf("want succeeded, failed or rolled_back for a change that finished at %s, got %q", stamp(c.Finished), c.Status))
	}
}

func checkLink(e *InvalidError, link string) {
	if link == "" {
		return
	}
	u, err := url.Parse(link)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		e.add("link", fmt.Sprintf("want an http or https address, got %q", clip(link)))
		return
	}
	checkText(e, "link", link, maxLink)
}

func checkLabels(e *InvalidError, labels map[string]string) {
	if len(labels) > maxLabels {
		e.add("labels", fmt.Sprintf("want at most %d labels, got %d", maxLabels, len(labels)))
		return
	}
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if name == "" {
			e.add("labels", `want label names, got ""`)
			continue
		}
		checkText(e, "labels."+clip(name)+" (name)", name, maxLabelName)
		checkText(e, "labels."+clip(name), labels[name], maxLabel)
	}
}

// checkText refuses text that is too long, is not UTF-8 or holds control signs
// other than line breaks and tabs, which would garble logs and messages.
func checkText(e *InvalidError, field, s string, limit int) {
	switch {
	case len(s) > limit:
		e.add(field, fmt.Sprintf("want at most %d bytes, got %d", limit, len(s)))
	case !utf8.ValidString(s):
		e.add(field, fmt.Sprintf("want UTF-8 text, got %q", clip(s)))
	case strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) && (field != "summary" || (r != '\n' && r != '\t' && r != '\r'))
	}):
		e.add(field, fmt.Sprintf("want text without control characters, got %q", clip(s)))
	}
}

// clip shortens what a sender wrote so that an error stays one sentence.
func clip(s string) string {
	if len(s) <= 64 {
		return s
	}
	return strings.ToValidUTF8(s[:64], "") + "..."
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func list[S ~string](names []S) string {
	parts := make([]string, len(names))
	for i, n := range names {
		parts[i] = string(n)
	}
	return strings.Join(parts, ", ")
}
