package remote

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/tocsinhq/tocsin/logs"
)

// client speaks HTTP with the other store.
type client struct {
	base *url.URL
	cfg  logs.RemoteConfig
	http *http.Client
}

var errMore = errors.New("there is more")

// Bounds of answers.
const (
	maxAnswer = 256 << 20
	maxLine   = 16 << 20 // one record with all its fields
	maxTold   = 500      // of an error's text
)

// request makes a request below the address of the store. The tenant is for Loki; see
// victoria.ask for that of VictoriaLogs.
func (c *client) request(ctx context.Context, method, path string, body io.Reader) (*http.Request, error) {
	u := *c.base
	at, query, _ := strings.Cut(path, "?")
	u.Path = strings.TrimSuffix(u.Path, "/") + at
	u.RawPath = ""
	u.RawQuery = query
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	c.cfg.Authorize(req)
	return req, nil
}

// do sends a request. The body of the answer, which has a status of 2xx, is the caller's to close.
func (c *client) do(req *http.Request) (io.ReadCloser, error) {
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if res.StatusCode/100 == 2 {
		return res.Body, nil
	}
	defer res.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(res.Body, maxTold))
	text := strings.ToValidUTF8(string(bytes.TrimSpace(said)), "\uFFFD")
	switch res.StatusCode {
	case http.StatusTooManyRequests:
		return nil, fmt.Errorf("%w: the remote log store answers %s: %s", logs.ErrBusy, res.Status, text)
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		return nil, fmt.Errorf("%w: it answers %s: %s", ErrRefused, res.Status, text)
	case http.StatusUnauthorized, http.StatusForbidden:
		return nil, fmt.Errorf("%w: it answers %s; look at the credentials of logs.remote: %s", ErrUnavailable, res.Status, text)
	case http.StatusNotFound:
		return nil, fmt.Errorf("%w: it answers %s at %s; look at logs.remote.url, protocol and index: %s", ErrUnavailable, res.Status, req.URL.Path, text)
	}
	return nil, fmt.Errorf("%w: it answers %s: %s", ErrUnavailable, res.Status, text)
}

// decode sends a request and reads JSON into v.
func (c *client) decode(req *http.Request, v any) error {
	body, err := c.do(req)
	if err != nil {
		return err
	}
	defer body.Close()
	d := json.NewDecoder(io.LimitReader(body, maxAnswer))
	err = d.Decode(v)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		err = fmt.Errorf("want it to end: %w", cmp.Or(err, errMore))
	}
	return fmt.Errorf("%w: read its answer at %s: %w", ErrUnavailable, req.URL.Path, err)
}

// eachLine sends a request and calls found with each line of the answer, which is valid
// until found returns. An answer that breaks off is an error.
func (c *client) eachLine(req *http.Request, found func(line []byte) error) error {
	body, err := c.do(req)
	if err != nil {
		return err
	}
	defer body.Close()
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		if err := found(lines.Bytes()); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%w: its answer at %s breaks off: %w", ErrUnavailable, req.URL.Path, err)
	}
	return nil
}
