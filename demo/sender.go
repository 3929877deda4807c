package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// SenderOptions say where a Sender sends.
type SenderOptions struct {
	// URL is the base address of the daemon, such as http://127.0.0.1:9099.
	URL string
	// Client makes the requests; nil means one with a timeout of 30 s.
	Client *http.Client
	// Patience bounds how long one request is tried again while the daemon
	// cannot be reached, answers 503 (it is starting) or 429 (it is busy); 0
	// means one minute.
	Patience time.Duration
}

// Sender is a client of the daemon as Prometheus and a delivery pipeline are:
// it writes samples by remote write 1.0 and records changes. It is safe for
// concurrent use.
type Sender struct {
	url      string
	client   *http.Client
	patience time.Duration
}

// NewSender returns a Sender.
func NewSender(o SenderOptions) *Sender {
	s := &Sender{url: strings.TrimSuffix(o.URL, "/"), client: o.Client, patience: o.Patience}
	if s.client == nil {
		s.client = &http.Client{Timeout: 30 * time.Second}
	}
	if s.patience == 0 {
		s.patience = time.Minute
	}
	return s
}

// WaitReady returns nil once /-/ready answers 200, or an error when it does not
// within the sender's patience or when ctx ends.
func (s *Sender) WaitReady(ctx context.Context) error {
	return s.try(ctx, func() (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/-/ready", nil)
	})
}

// Write sends a body made by Block.Encode. A nil error means that every sample
// of it is stored; anything refused is an error that carries the daemon's own
// words.
func (s *Sender) Write(ctx context.Context, body []byte) error {
	return s.try(ctx, func() (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/api/v1/write", bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/x-protobuf")
		req.Header.Set("Content-Encoding", "snappy")
		req.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
		return req, nil
	})
}

// Record tells the daemon of a change. Received is the daemon's to set and is
// not sent.
func (s *Sender) Record(ctx context.Context, c telemetry.Change) error {
	body, err := json.Marshal(struct {
		telemetry.Change
		Received *time.Time `json:"received,omitempty"`
	}{Change: c})
	if err != nil {
		return fmt.Errorf("record %s: %w", c.Title(), err)
	}
	return s.try(ctx, func() (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/api/v1/tocsin/changes", bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/json")
		return req, nil
	})
}

// try sends the request until it is answered for good: 2xx is nil, any other
// final answer an error. Waits double from 50 ms to 2 s.
func (s *Sender) try(ctx context.Context, build func() (*http.Request, error)) error {
	deadline := time.Now().Add(s.patience)
	wait := 50 * time.Millisecond
	for {
		req, err := build()
		if err != nil {
			return err
		}
		after, again, err := s.once(req)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		pause := max(wait, after)
		if !again || time.Now().Add(pause).After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		wait = min(2*wait, 2*time.Second)
	}
}

// once sends one request. again says whether the same request may succeed
// later, after how long at least.
func (s *Sender) once(req *http.Request) (after time.Duration, again bool, err error) {
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, true, fmt.Errorf("%s %s: %w; is the daemon running there?", req.Method, req.URL.Path, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 2048))
	if err != nil {
		return 0, true, fmt.Errorf("%s %s: read the answer: %w", req.Method, req.URL.Path, err)
	}
	if resp.StatusCode/100 == 2 {
		_, _ = io.Copy(io.Discard, resp.Body)
		return 0, false, nil
	}
	err = fmt.Errorf("%s %s: the daemon answered %d: %s", req.Method, req.URL.Path, resp.StatusCode, strings.TrimSpace(string(text)))
	if n, convErr := strconv.Atoi(resp.Header.Get("Retry-After")); convErr == nil {
		after = time.Duration(n) * time.Second
	}
	again = resp.StatusCode == http.StatusServiceUnavailable || resp.StatusCode == http.StatusTooManyRequests
	return after, again, err
}
