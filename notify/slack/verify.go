package slack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

const (
	// window is how far the time of a request may be from ours.
	window = 5 * time.Minute
	// maxInteraction bounds the body of a request: it holds the whole message.
	maxInteraction = 512 << 10
	// maxSeen bounds the requests that are remembered within the window.
	maxSeen = 10_000
)

// verified returns the body of a request that Slack signed with one of the secrets,
// not long ago, and that did not come before. slack-go's own check reads the wall
// clock and knows no repetition.
func (a *Actions) verified(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxInteraction))
	if err != nil {
		return nil, fmt.Errorf("read the body: %w", err)
	}
	stamp, given := r.Header.Get("X-Slack-Request-Timestamp"), r.Header.Get("X-Slack-Signature")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return nil, errors.New("it has no X-Slack-Request-Timestamp")
	}
	if age := a.o.Now().Sub(time.Unix(seconds, 0)).Abs(); age > window {
		return nil, fmt.Errorf("its time is %s away, at most %s is permitted; is a clock wrong?", age.Round(time.Second), window)
	}
	matches := false
	for _, s := range a.o.Secrets {
		if s != "" && hmac.Equal([]byte(signature(s.Reveal(), stamp, body)), []byte(given)) {
			matches = true
		}
	}
	switch {
	case len(a.o.Secrets) == 0:
		return nil, errors.New("no channel has a signing_secret")
	case !matches:
		return nil, errors.New("its X-Slack-Signature does not match; check signing_secret")
	case !a.first("request/" + given):
		return nil, errReplay
	}
	return body, nil
}

// signature is what Slack writes into X-Slack-Signature.
func signature(secret, stamp string, body []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte("v0:" + stamp + ":"))
	h.Write(body)
	return "v0=" + hex.EncodeToString(h.Sum(nil))
}

// first notes a key and reports whether it is new. Keys are forgotten when requests
// of their time are refused anyway. When too many are remembered, which only who
// knows a secret can bring about, new ones are refused.
func (a *Actions) first(key string) bool {
	now := a.o.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, again := a.seen[key]; again {
		return false
	}
	if len(a.seen) >= maxSeen/2 {
		for k, at := range a.seen {
			if now.Sub(at) > 2*window {
				delete(a.seen, k)
			}
		}
	}
	if len(a.seen) >= maxSeen {
		return false
	}
	a.seen[key] = now
	return true
}
