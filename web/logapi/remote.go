package logapi

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/logql"
)

// newRemote returns a handler that passes the questions of Loki's API on to a Loki.
func newRemote(c logs.RemoteConfig, log *slog.Logger) (http.Handler, error) {
	to, err := url.Parse(c.URL)
	if err != nil {
		return nil, fmt.Errorf("logs.remote.url: %w", err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = time.Minute
	return &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(to)
			p.Out.Header.Del("Authorization") // ours is not the remote's
			p.Out.Header.Del("Cookie")
			c.Authorize(p.Out)
		},
		Transport: transport,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			log.Warn("the remote log store does not answer", "url", to.Redacted(), "error", err)
			http.Error(w, "the remote log store of logs.remote does not answer", http.StatusBadGateway)
		},
	}, nil
}

// remoteLines asks the Loki of logs.remote instead of our store.
func (a *api) remoteLines(ctx context.Context, query string, from, to time.Time, limit int, forward bool, found func(Line) error) error {
	v := url.Values{
		"query": {query}, "start": {strconv.FormatInt(from.UnixNano(), 10)}, "end": {strconv.FormatInt(to.UnixNano(), 10)},
		"limit": {strconv.Itoa(limit)}, "direction": {"backward"},
	}
	if forward {
		v.Set("direction", "forward")
	}
	c := a.Config.Remote
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(c.URL, "/")+"/loki/api/v1/query_range?"+v.Encode(), nil)
	if err != nil {
		return err
	}
	c.Authorize(req)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask the remote log store: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxRemote))
	if err != nil {
		return fmt.Errorf("ask the remote log store: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return bad("the remote log store answers %s: %.500s", res.Status, body)
	}
	var said struct {
		Data struct {
			Result []struct {
				Stream map[string]string
				Values [][]string
			}
		}
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return fmt.Errorf("read the answer of the remote log store: %w", err)
	}
	var all []Line
	for _, s := range said.Data.Result {
		for _, v := range s.Values {
			if len(v) < 2 {
				return fmt.Errorf("read the answer of the remote log store: want a time and a line, got %.200q", v)
			}
			at, err := strconv.ParseInt(v[0], 10, 64)
			if err != nil {
				return fmt.Errorf("read the answer of the remote log store: want a time and a line, got %.200q", v)
			}
			all = append(all, lineOf(logql.Entry{Time: at, Line: v[1], Stream: maps.Clone(s.Stream)}))
		}
	}
	slices.SortStableFunc(all, func(a, b Line) int {
		if forward {
			return a.Time.Compare(b.Time)
		}
		return b.Time.Compare(a.Time)
	})
	for _, l := range all {
		if err := found(l); err != nil {
			return err
		}
	}
	return nil
}

// maxRemote bounds the answer of a remote store.
const maxRemote = 256 << 20
