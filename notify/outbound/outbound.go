// Package outbound is the one way in which channels reach out by HTTP: a client
// that follows no redirects, reads at most MaxBody of an answer, refuses
// addresses that no receiver has (link-local, which is where clouds keep their
// metadata; multicast; unspecified), tells answers worth another try from final
// ones, and keeps secrets out of every error. Loopback and private addresses are
// permitted, because addresses come from the operator's configuration only and
// an own receiver is often beside the daemon.
package outbound

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/render"
)

// MaxBody is how much of an answer is read, in bytes.
const MaxBody = 1 << 20

// ErrAddress is wrapped by the error of a call to an address that is refused.
var ErrAddress = errors.New("address is not permitted")

// Options are what a Client is made of.
type Options struct {
	HTTP    *http.Client     // its Transport is used; nil: NewTransport(false)
	Secrets []string         // never to appear in an error; empty ones are ignored
	Now     func() time.Time // for Retry-After as a date; nil: time.Now
}

// Client makes calls. It is safe for concurrent use.
type Client struct {
	http    http.Client
	secrets *strings.Replacer
	now     func() time.Time
}

// New returns a client. It leaves the *http.Client of the options as it is.
func New(o Options) *Client {
	c := &Client{now: o.Now, secrets: replacer(o.Secrets)}
	if c.now == nil {
		c.now = time.Now
	}
	if o.HTTP != nil {
		c.http.Transport = o.HTTP.Transport
	}
	if c.http.Transport == nil {
		c.http.Transport = NewTransport(false)
	}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

// NewTransport returns a transport that refuses the addresses named in the
// package comment when it dials, and that goes through the proxy of the
// environment only if told so.
func NewTransport(proxyFromEnvironment bool) *http.Transport {
	t := &http.Transport{
		DialContext: NewDialer().DialContext, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 5 * time.Second,
		MaxIdleConns: 20, MaxIdleConnsPerHost: 2, IdleConnTimeout: 90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
	if proxyFromEnvironment {
		t.Proxy = http.ProxyFromEnvironment
	}
	return t
}

// NewDialer returns a dialer that refuses the addresses named in the package
// comment, for channels that do not speak HTTP.
func NewDialer() *net.Dialer {
	return &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second, Control: control}
}

// control sees the address after the name was resolved, so that a name cannot
// lead to an address that would be refused.
func control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("dial %s: %w", address, ErrAddress)
	}
	ip := ap.Addr().Unmap().WithZone("")
	if ip.IsUnspecified() || ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip == metadataV6 {
		return fmt.Errorf("dial %s: %w", ip, ErrAddress)
	}
	return nil
}

// metadataV6 is where a large cloud keeps its metadata on IPv6.
var metadataV6 = netip.MustParseAddr("fd00:ec2::254")

// Do makes a call and returns the answer when its status is 2xx, with a body
// of at most MaxBody that is read already; closing it is harmless and not
// needed. Any other answer, and no answer, is an error without the address and
// without secrets. 408, 425, 429, 5xx, and a connection that fails or ends are
// errors that wrap *notify.RetryError, with After from Retry-After (seconds or
// a date). Redirects (3xx) and all else of 4xx are final. It has the method
// set of the client that slack-go wants.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.callError(req.Context(), err)
	}
	notify.Answered(req.Context(), strconv.Itoa(resp.StatusCode))
	body, err := io.ReadAll(io.LimitReader(resp.Body, MaxBody))
	resp.Body.Close()
	if err != nil && resp.StatusCode/100 == 2 {
		return nil, c.callError(req.Context(), fmt.Errorf("read the answer: %w", err))
	}
	if resp.StatusCode/100 == 2 {
		resp.Body = io.NopCloser(bytes.NewReader(body))
		return resp, nil
	}
	return nil, c.statusError(resp, body)
}

// Scrub returns the error with every secret in its text replaced; errors.As
// and errors.Is still see the causes.
func (c *Client) Scrub(err error) error {
	if err == nil {
		return nil
	}
	if text := c.secrets.Replace(err.Error()); text != err.Error() {
		return &scrubbed{text: text, err: err}
	}
	return err
}

func (c *Client) callError(ctx context.Context, err error) error {
	var u *url.Error
	for errors.As(err, &u) { // its text holds the address, which is often a secret
		err = u.Err
	}
	if errors.Is(err, ErrAddress) || errors.Is(ctx.Err(), context.Canceled) {
		return c.Scrub(err)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("no answer in time: %w", context.DeadlineExceeded)
	}
	return c.Scrub(&notify.RetryError{Err: err})
}

// StatusError is wrapped by the errors of Do about an answer whose status is not
// 2xx. Its text may hold secrets; that of the error which wraps it does not.
type StatusError struct {
	Code   int
	Header http.Header
	Body   []byte // at most 2000 bytes
}

func (e *StatusError) Error() string {
	if e.Code/100 == 3 {
		return fmt.Sprintf("answered %d, a redirect, which is not followed; configure the final address", e.Code)
	}
	if text := render.Cut(render.Line(string(e.Body)), 200); text != "" {
		return fmt.Sprintf("answered %d: %s", e.Code, text)
	}
	return fmt.Sprintf("answered %d", e.Code)
}

// Status returns the status of the answer that the error is about, 0 when it is
// about none.
func Status(err error) int {
	var s *StatusError
	if errors.As(err, &s) {
		return s.Code
	}
	return 0
}

func (c *Client) statusError(resp *http.Response, body []byte) error {
	err := &StatusError{Code: resp.StatusCode, Header: resp.Header, Body: body[:min(len(body), 2000)]}
	switch {
	case resp.StatusCode == http.StatusRequestTimeout, resp.StatusCode == http.StatusTooEarly,
		resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode/100 == 5:
		after := RetryAfter(resp.Header.Get("Retry-After"), c.now())
		if after == 0 {
			after = retryAfterBody(err.Body)
		}
		return c.Scrub(&notify.RetryError{After: after, Err: err})
	}
	return c.Scrub(err)
}

// retryAfterBody reads the wait that some receivers put into the body alone, as
// seconds in retry_after or in parameters.retry_after; 0 when there is none.
func retryAfterBody(body []byte) time.Duration {
	var v struct {
		RetryAfter float64 `json:"retry_after"`
		Parameters struct {
			RetryAfter float64 `json:"retry_after"`
		} `json:"parameters"`
	}
	if json.Unmarshal(body, &v) != nil {
		return 0
	}
	s := max(v.RetryAfter, v.Parameters.RetryAfter)
	if !(s > 0) {
		return 0
	}
	return time.Duration(min(s, 366*24*3600) * float64(time.Second))
}

// RetryAfter reads the header of that name, seconds or an HTTP date, as a time
// to wait from now; 0 when it is empty, unreadable or past.
func RetryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if s, err := strconv.ParseUint(header, 10, 64); err == nil {
		return time.Duration(min(s, 366*24*3600)) * time.Second
	}
	if t, err := http.ParseTime(header); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}

// scrubbed is an error with another text.
type scrubbed struct {
	text string
	err  error
}

func (e *scrubbed) Error() string { return e.text }
func (e *scrubbed) Unwrap() error { return e.err }

// replacer hides secrets as they are and as they look inside a URL.
func replacer(secrets []string) *strings.Replacer {
	var pairs []string
	for _, s := range secrets {
		for _, form := range []string{s, url.QueryEscape(s), url.PathEscape(s)} {
			if form != "" {
				pairs = append(pairs, form, "<secret>")
			}
		}
		// The part of an address that is secret is mostly its path.
		if u, err := url.Parse(s); err == nil && u.Host != "" {
			for _, part := range []string{u.RequestURI(), u.Path, u.RawQuery} {
				if len(part) >= 8 {
					pairs = append(pairs, part, "<secret>")
				}
			}
			if p, ok := u.User.Password(); ok && p != "" {
				pairs = append(pairs, p, "<secret>")
			}
		}
	}
	return strings.NewReplacer(pairs...)
}
