package uitest

import (
	"context"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/web"
)

// journal is what became of the messages of the shop, oldest first.
func (s *Shop) journal() []web.NotifyEntry {
	now := s.now()
	at := func(before time.Duration) time.Time { return now.Add(-before) }
	const burning, search = "01JDK3M8Q4T7ZV", "01JDJC2XW0B9RE"
	list := []web.NotifyEntry{
		{At: at(6 * time.Hour), What: "muted", Channel: "slack #ops", Subject: search, Key: search + "/8", Event: "opened", Reason: "maintenance", Detail: "held back by maintenance window index rebuild until 2026-03-04T06:30:00Z"},
		{At: at(330 * time.Minute), What: "unmuted", Channel: "slack #ops", Subject: search, Key: search + "/8", Event: "opened", Reason: "maintenance", Detail: "after maintenance window index rebuild"},
		{At: at(329 * time.Minute), What: "sent", Channel: "slack #ops", Subject: search, Key: search + "/8", Event: "opened", Attempt: 1, Code: "200", Took: 0.31, Detail: "after maintenance window index rebuild"},
		{At: at(12 * time.Minute), What: "sent", Channel: "slack #ops", Subject: burning, Key: burning + "/1", Event: "opened", Attempt: 1, Code: "200", Took: 0.24},
		{At: at(12 * time.Minute), What: "retry", Channel: "webhook pager", Subject: burning, Key: burning + "/1", Event: "opened", Attempt: 1, Code: "503", Took: 1.2, Reason: "error", Detail: "next try in a second: answered 503"},
		{At: at(11 * time.Minute), What: "merged", Channel: "slack #ops", Subject: burning, Key: burning + "/3", Event: "suspects", Reason: "newer", Detail: "a newer message shows it: " + burning + "/6"},
		{At: at(10 * time.Minute), What: "sent", Channel: "slack #ops", Subject: burning, Key: burning + "/6", Event: "raised", Attempt: 2, Code: "200", Took: 0.2},
		{At: at(2 * time.Minute), What: "escalated", Subject: burning, Key: burning + "/escalation/pages/1/1.1", Reason: "unacknowledged", Detail: "nobody acknowledged for 10m0s: telling email (escalation pages, step 1)"},
	}
	for i := range list {
		list[i].ID = int64(i + 1)
	}
	return list
}

// Notifications reads the journal.
func (s *Shop) Notifications(_ context.Context, q web.NotifyQuery) ([]web.NotifyEntry, error) {
	var out []web.NotifyEntry
	for _, e := range s.journal() {
		if (q.Subject == "" || q.Subject == e.Subject) && (q.Channel == "" || q.Channel == e.Channel) && (len(q.What) == 0 || slices.Contains(q.What, e.What)) &&
			!e.At.Before(q.Since) && e.ID > q.After && (q.Before == 0 || e.ID < q.Before) {
			out = append(out, e)
		}
	}
	if !q.Oldest {
		slices.Reverse(out)
	}
	return out[:min(len(out), q.Limit)], nil
}
