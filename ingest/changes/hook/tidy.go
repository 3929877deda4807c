package hook

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Bounds on what Tidy leaves, those of the feed. They are in bytes.
const (
	maxID      = 128
	maxName    = 200
	maxLink    = 2048
	maxSummary = 500
	maxLabels  = 32
	maxLabel   = 1024
)

// Tidy cuts what a provider wrote to what the feed takes, so that a long message
// or an odd link does not cost the change: texts are cut and lose control
// characters, what is no http address is no link, an empty label is none.
func Tidy(c *telemetry.Change) {
	c.ID = ID(c.ID)
	for _, s := range []*string{&c.Service, &c.Environment, &c.VersionFrom, &c.VersionTo, &c.Author} {
		*s = Clip(*s, maxName)
	}
	c.Summary = Clip(c.Summary, maxSummary)
	if u, err := url.Parse(c.Link); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || len(c.Link) > maxLink {
		c.Link = ""
	}
	c.Link = Clip(c.Link, maxLink)
	var kept map[string]string
	for _, name := range slices.Sorted(maps.Keys(c.Labels)) {
		if n, v := Clip(name, maxID), Clip(c.Labels[name], maxLabel); n != "" && v != "" && len(kept) < maxLabels {
			if kept == nil {
				kept = make(map[string]string, min(len(c.Labels), maxLabels))
			}
			kept[n] = v
		}
	}
	c.Labels = kept
}

// ID makes an id of its parts, of which empty ones are left out, that can stand in an address: letters, digits and
// the signs ".", "-" and "_"; others become "-". One that is too long keeps its
// beginning and a hash of the whole.
func ID(parts ...string) string {
	whole := strings.Join(slices.DeleteFunc(slices.Clone(parts), func(p string) bool { return p == "" }), "-")
	id := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		}
		return '-'
	}, whole)
	if len(id) <= maxID {
		return id
	}
	sum := sha256.Sum256([]byte(whole))
	return id[:maxID-17] + "-" + hex.EncodeToString(sum[:8])
}

// Clip returns the first n bytes of a text, whole characters, without control
// characters and without blanks around it. A line break becomes a blank.
func Clip(s string, n int) string {
	if len(s) > 4*n {
		s = s[:4*n]
	}
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "")))
	if len(s) <= n {
		return s
	}
	return strings.TrimSpace(strings.ToValidUTF8(s[:n-3], "")) + "..."
}

// Line returns the first line of a text.
func Line(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}

// Rev shortens the hash of a commit to 12 digits, and leaves anything else.
func Rev(s string) string {
	if len(s) >= 40 && strings.Trim(strings.ToLower(s), "0123456789abcdef") == "" {
		return s[:12]
	}
	return s
}

var versionLike = regexp.MustCompile(`^v?\d+(\.\d+)+([-+.][0-9A-Za-z.+-]+)?$`)

// VersionLike reports whether people would read the name of a branch or tag as a
// version, such as v1.4.2 or 2026.3.1-rc.1.
func VersionLike(name string) bool { return versionLike.MatchString(name) }

// layouts are the forms of time that providers send.
var layouts = []string{time.RFC3339Nano, "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05 -0700", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05"}

// Time reads the time of a provider, RFC 3339 or as GitLab writes it; without a zone it is UTC. It is zero if there
// is none, or none that can be read: the feed takes the time of receipt then.
func Time(s string) time.Time {
	for _, l := range layouts {
		if t, err := time.Parse(l, strings.TrimSpace(s)); err == nil && t.Unix() > 0 {
			return t.UTC()
		}
	}
	return time.Time{}
}

// Millis reads milliseconds since 1970; zero and less are no time.
func Millis(ms int64) time.Time {
	if ms <= 0 || ms > 1e14 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// First returns the first text that is not empty.
func First(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}
