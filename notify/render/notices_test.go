package render_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/notifytest"
	"github.com/tocsinhq/tocsin/notify/render"
)

func TestNotices_AreInTheTextAndTheHeadline(t *testing.T) {
	plain := notifytest.Message(3, incident.EventOpened)
	if n := render.Notices(plain); len(n) != 0 {
		t.Errorf("notices of a plain message: %q", n)
	}
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	f := func(alter func(*notify.Message), head, line string) {
		t.Helper()
		m := notifytest.Message(3, incident.EventOpened)
		alter(&m)
		if got := render.Headline(m); got != head {
			t.Errorf("headline %q, want %q", got, head)
		}
		if diff := cmp.Diff([]string{line}, render.Notices(m)); diff != "" {
			t.Error(diff)
		}
		if text := render.Text(m); !strings.HasPrefix(text, head+"\n  "+line+"\n") {
			t.Errorf("text:\n%s", text)
		}
	}
	f(func(m *notify.Message) { m.Held = &notify.Held{Reason: notify.MuteSilence, Detail: "abc", Since: at} },
		"opened (critical): checkout: error rate is high", "told after silence abc, held back since 2026-03-02 09:00:00 UTC")
	f(func(m *notify.Message) {
		m.Escalation = &notify.Escalation{Policy: "pages", Step: 2, Round: 1, Since: at, Told: []string{"slack", "pager"}}
	},
		"not acknowledged (critical): checkout: error rate is high",
		"nobody acknowledged since 2026-03-02T09:00:00Z; told before: slack, pager (escalation pages, step 2)")
	f(func(m *notify.Message) {
		m.Untold = &notify.Untold{Channel: "pager", Reason: "gave_up", Event: "opened", Error: "given up after 9 tries in 1h0m0s:\ndown"}
	},
		"not told to pager: opened: checkout: error rate is high",
		"channel pager was not told (gave_up) of opened: given up after 9 tries in 1h0m0s: down")
}
