package slack

import (
	"strings"
	"unicode/utf8"
)

// Slack's limits, in characters, which it counts after escaping.
const (
	maxHeader  = 150
	maxText    = 3000
	maxAlt     = 2000
	maxBlocks  = 50
	maxMessage = 4000 // of the plain text; longer ones are cut by Slack itself
)

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escape makes text from outside harmless in mrkdwn: it cannot be a link, a
// mention or an entity.
func escape(s string) string { return escaper.Replace(s) }

// fit cuts escaped mrkdwn to n characters, the last an ellipsis, without
// leaving half an entity or half a link behind.
func fit(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	end, seen := 0, 0
	for i := range s {
		if seen == n-1 {
			end = i
			break
		}
		seen++
	}
	s = s[:end]
	if amp := strings.LastIndexByte(s, '&'); amp > strings.LastIndexByte(s, ';') {
		s = s[:amp]
	}
	if open := strings.LastIndexByte(s, '<'); open > strings.LastIndexByte(s, '>') {
		s = s[:open]
	}
	return s + "…"
}

// lines joins lines of escaped mrkdwn while they fit whole into n characters,
// and ends with an ellipsis when some had to be left out. A first line that is
// too long by itself is cut.
func lines(ls []string, n int) string {
	var b strings.Builder
	length := 0
	for i, l := range ls {
		size := utf8.RuneCountInString(l) + 1
		if length+size > n-2 {
			if i == 0 {
				return fit(l, n)
			}
			b.WriteString("\n…")
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(l)
		length += size
	}
	return b.String()
}

// link writes a link with its name; the address must have passed
// render.SafeURL, which lets no character through that would end it.
func link(url, name string) string {
	return "<" + escape(url) + "|" + escape(strings.ReplaceAll(name, "|", "/")) + ">"
}
