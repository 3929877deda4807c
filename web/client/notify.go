package client

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/web"
)

// NotifyQuery narrows the journal of notifications; zero values mean all.
// Cursor is that of an earlier answer to the same query.
type NotifyQuery struct {
	Incident string // id, or group/ and the key of a group of alerts
	Channel  string
	What     []string
	Since    time.Time
	Oldest   bool // oldest first
	Cursor   string
	Limit    int
}

// Notifications returns a page of the journal of notifications.
func (c *Client) Notifications(ctx context.Context, q NotifyQuery) (web.NotifyLog, error) {
	v := url.Values{}
	set(v, "incident", q.Incident)
	set(v, "channel", q.Channel)
	set(v, "what", strings.Join(q.What, ","))
	setTime(v, "since", q.Since)
	if q.Oldest {
		v.Set("order", "oldest")
	}
	set(v, "cursor", q.Cursor)
	setInt(v, "limit", q.Limit)
	return do[web.NotifyLog](ctx, c, http.MethodGet, "/notify/log?"+v.Encode(), nil)
}
