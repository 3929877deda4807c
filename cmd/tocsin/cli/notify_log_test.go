package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/web"
)

// TestNotifyLog_Follow: what happens later is printed once, in order, and the
// command ends well when it is told to.
func TestNotifyLog_Follow(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var mu sync.Mutex
	last := int64(2) // entries there are
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		q := r.URL.Query()
		out := web.NotifyLog{Entries: []web.NotifyEntry{}, Cursor: q.Get("cursor")}
		if q.Get("order") == "oldest" {
			after, _ := strconv.ParseInt(q.Get("cursor"), 10, 64)
			for id := after + 1; id <= last && len(out.Entries) < 2; id++ {
				out.Entries = append(out.Entries, web.NotifyEntry{ID: id, What: "sent"})
				out.Cursor = strconv.FormatInt(id, 10)
				out.More = id < last
			}
			if after >= 7 {
				cancel() // all of it was asked for
			}
			last = min(last+3, 7)
		} else {
			out.Entries = []web.NotifyEntry{{ID: 2, What: "sent"}, {ID: 1, What: "sent"}}
		}
		_ = json.NewEncoder(w).Encode(out)
	}))
	defer s.Close()
	var b bytes.Buffer
	c := notifyLog{URL: s.URL, Since: time.Hour, Limit: 10, Follow: true, Output: "json"}
	if err := c.Run(ctx, streams{out: &b, err: io.Discard}); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for line := range strings.Lines(b.String()) {
		var e web.NotifyEntry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, strconv.FormatInt(e.ID, 10))
	}
	if got := strings.Join(ids, " "); got != "1 2 3 4 5 6 7" {
		t.Errorf("printed %s, want each once", got)
	}
}
