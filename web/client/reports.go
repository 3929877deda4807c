package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/tocsinhq/tocsin/web"
)

// Postmortem returns the record of an incident.
func (c *Client) Postmortem(ctx context.Context, id string) (web.Postmortem, error) {
	return do[web.Postmortem](ctx, c, http.MethodGet, "/incidents/"+url.PathEscape(id)+"/postmortem", nil)
}
