package web_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/tocsinhq/tocsin/web"
)

func TestNotifyLog_PagesBothWays(t *testing.T) {
	h := newServer().Handler()
	page := func(query string) web.NotifyLog {
		t.Helper()
		res, body := ask(t, h, "GET", "/api/v1/tocsin/notify/log?"+query, "")
		var out web.NotifyLog
		if err := json.Unmarshal([]byte(body), &out); err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %v\n%s", query, res.StatusCode, err, body)
		}
		return out
	}
	all := page("limit=500")
	n := len(all.Entries)
	if n < 5 || all.More || all.Entries[0].ID < all.Entries[n-1].ID {
		t.Fatalf("got %d entries, more %v; want the newest first", n, all.More)
	}
	for _, order := range []string{"newest", "oldest"} {
		var ids []int64
		cursor := ""
		for range n + 1 {
			p := page("order=" + order + "&limit=3&cursor=" + cursor)
			for _, e := range p.Entries {
				ids = append(ids, e.ID)
			}
			cursor = p.Cursor
			if !p.More {
				break
			}
		}
		if len(ids) != n || (ids[0] < ids[n-1]) != (order == "oldest") {
			t.Errorf("%s: got %v in pages", order, ids)
		}
		end := page("order=oldest&cursor=" + cursor)
		if order == "oldest" && (len(end.Entries) != 0 || end.Cursor != cursor) {
			t.Errorf("after the end: %+v, want the same cursor to wait with", end)
		}
	}
	if p := page("incident=" + burning + "&what=sent,retry&channel=webhook+pager"); len(p.Entries) != 1 || p.Entries[0].Code != "503" || p.Entries[0].Took != 1.2 {
		t.Errorf("filtered: %+v", p.Entries)
	}
	if p := page("order=oldest&channel=nobody"); len(p.Entries) != 0 || p.Entries == nil || p.Cursor != "0" {
		t.Errorf("none: %+v", p)
	}
	for query, want := range map[string]string{"what=gone": "what", "cursor=x": "cursor", "cursor=-1": "cursor", "order=random": "order", "since=x": "since", "limit=501": "limit"} {
		res, body := ask(t, h, "GET", "/api/v1/tocsin/notify/log?"+query, "")
		var e web.ErrorBody
		if res.StatusCode != http.StatusBadRequest || json.Unmarshal([]byte(body), &e) != nil || len(e.Problems) != 1 || e.Problems[0].Field != want {
			t.Errorf("%s: %d %s", query, res.StatusCode, body)
		}
	}
}
