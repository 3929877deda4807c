package slack

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/notifytest"
	"github.com/tocsinhq/tocsin/notify/render"
)

func TestEscape(t *testing.T) {
	if got := escape(`<!here> a & b > c`); got != "&lt;!here&gt; a &amp; b &gt; c" {
		t.Errorf("escape = %q", got)
	}
}

func TestFit(t *testing.T) {
	f := func(s string, n int, want string) {
		t.Helper()
		if got := fit(s, n); got != want {
			t.Errorf("fit(%q, %d) = %q, want %q", s, n, got, want)
		}
	}
	f("abc", 3, "abc")
	f("abcd", 3, "ab…")
	f("ab&amp;cd", 6, "ab…")
	f("ab&amp;cd", 8, "ab&amp;…")
	f("ab <http://x|name> cd", 12, "ab …")
	f("éééé", 3, "éé…")
	f("", 1, "")
}

func TestLines(t *testing.T) {
	f := func(ls []string, n int, want string) {
		t.Helper()
		if got := lines(ls, n); got != want {
			t.Errorf("lines(%q, %d) = %q, want %q", ls, n, got, want)
		}
	}
	f(nil, 10, "")
	f([]string{"ab", "cd"}, 10, "ab\ncd")
	f([]string{"ab", "cd", "efg"}, 10, "ab\ncd\n…")
	f([]string{"abcdefghij", "k"}, 5, "abcd…")
}

// checkContent fails when a message breaks a limit of Slack or lets text from
// outside act as markup.
func checkContent(t *testing.T, m notify.Message) {
	t.Helper()
	x := card(m)
	blocks := append(append([]slack.Block(nil), x.blocks...), x.attachment.Blocks.BlockSet...)
	if len(blocks) > maxBlocks {
		t.Errorf("%d blocks", len(blocks))
	}
	text := func(name, s string, limit int, mrkdwn bool) {
		t.Helper()
		switch {
		case s == "":
			t.Errorf("%s is empty", name)
		case utf8.RuneCountInString(s) > limit:
			t.Errorf("%s has %d characters, limit %d", name, utf8.RuneCountInString(s), limit)
		case !utf8.ValidString(s):
			t.Errorf("%s is not UTF-8", name)
		}
		if mrkdwn {
			if bad := strayMarkup(s); bad != "" {
				t.Errorf("%s holds markup from outside: %q", name, bad)
			}
		}
	}
	text("text", x.text, maxMessage, true)
	text("reply", reply(m), maxText, true)
	for _, b := range blocks {
		switch b := b.(type) {
		case *slack.HeaderBlock:
			text("header", b.Text.Text, maxHeader, false)
		case *slack.SectionBlock:
			text("section", b.Text.Text, maxText, true)
		case *slack.ContextBlock:
			text("context", b.ContextElements.Elements[0].(*slack.TextBlockObject).Text, maxText, true)
		}
	}
	if _, err := json.Marshal(x.attachment); err != nil {
		t.Error(err)
	}
}

var (
	ownLink = regexp.MustCompile(`<https?://[^<>|\s]+\|[^<>|]+>`)
	entity  = regexp.MustCompile(`&(amp|lt|gt);`)
)

// strayMarkup returns what is left of <, > and & when our own links and the
// three entities are taken out.
func strayMarkup(s string) string {
	s = entity.ReplaceAllString(ownLink.ReplaceAllString(s, ""), "")
	if i := strings.IndexAny(s, "<>&"); i >= 0 {
		return s[i:min(len(s), i+40)]
	}
	return ""
}

func TestCard_Hostile_WithinLimits(t *testing.T) {
	for name, m := range notifytest.Hostile() {
		t.Run(name, func(t *testing.T) { checkContent(t, m) })
	}
	checkContent(t, notifytest.Message(1, incident.EventOpened))
}

func TestCard_Look_ByState(t *testing.T) {
	seen := map[string]bool{}
	for _, mood := range []render.Mood{render.MoodCritical, render.MoodWarning, render.MoodInfo, render.MoodAcknowledged, render.MoodResolved} {
		l, ok := looks[mood]
		if !ok || l.emoji == "" || l.sign == "" || seen[l.color] {
			t.Errorf("mood %s has the look %+v", mood, l)
		}
		seen[l.color] = true
	}
}

func FuzzCard(f *testing.F) {
	f.Add("<!channel>", "a|b", "https://example.test/?a=1&b=2", 0.5)
	f.Add("&amp;", "\x00", "javascript:x", 1e300)
	f.Add(strings.Repeat("&", 4000), strings.Repeat("é", 4000), "https://example.test/"+strings.Repeat("a", 1900), -1.0)
	f.Fuzz(func(t *testing.T, a, b, link string, v float64) {
		m := notifytest.Message(1, incident.EventSuspects)
		m.Incident.Title, m.Incident.Service, m.Event.Text, m.Event.Actor = a, b, a, b
		m.Incident.Occurrences[0].Name, m.Incident.Occurrences[0].Unit = b, a
		m.Links = append(m.Links, notify.Link{Name: a, URL: link})
		m.Ranking.Findings[0].Title = a
		m.Ranking.Findings[0].Probability = v
		m.Ranking.Findings[0].Terms[0].Text = b
		change := *m.Ranking.Findings[0].Change
		change.Link, change.Author, change.Summary = link, a, b
		m.Ranking.Findings[0].Change = &change
		checkContent(t, m)
	})
}
