package ingest

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"
)

// Token returns the key that a request shows, in whichever way the protocols of
// logs have: `Authorization: Bearer KEY`, `Splunk KEY`, `ApiKey KEY` or `Basic` (its password),
// the headers DD-API-KEY and X-Api-Key, or the query parameter dd-api-key. It is empty if there is none.
func Token(r *http.Request) string {
	for _, name := range []string{"DD-API-KEY", "X-Api-Key"} {
		if v := r.Header.Get(name); v != "" {
			return v
		}
	}
	scheme, key, _ := strings.Cut(strings.TrimSpace(r.Header.Get("Authorization")), " ")
	key = strings.TrimSpace(key)
	switch strings.ToLower(scheme) {
	case "bearer", "splunk", "apikey":
		return key
	case "basic":
		if _, password, ok := r.BasicAuth(); ok {
			return password
		}
		return key
	}
	return r.URL.Query().Get("dd-api-key")
}

// Allowed reports whether a key is one of the configured ones, or none is
// configured. Elasticsearch's clients send theirs as base64 of id:key, of which the key counts.
func (h *LogReceiver) Allowed(token string) bool {
	tokens := h.config.Logs.Tokens
	if len(tokens) == 0 {
		return true
	}
	shown := [2]string{token}
	if plain, err := base64.StdEncoding.DecodeString(token); err == nil {
		if _, key, ok := strings.Cut(string(plain), ":"); ok {
			shown[1] = key
		}
	}
	ok := 0
	for _, t := range tokens {
		want := sha256.Sum256([]byte(t.Reveal()))
		for _, s := range shown {
			got := sha256.Sum256([]byte(s))
			ok |= subtle.ConstantTimeCompare(want[:], got[:])
		}
	}
	return ok == 1
}

// Authorize refuses with 401 a request that shows no key, and with 403 one that shows a wrong
// one, if keys are configured.
func (h *LogReceiver) Authorize(r *http.Request) *Refusal {
	token := Token(r)
	if h.Allowed(token) {
		return nil
	}
	if token == "" {
		return Refuse(http.StatusUnauthorized, "no_token", "want one of the keys in ingest.logs.tokens, got none")
	}
	return Refuse(http.StatusForbidden, "wrong_token", "the key shown is none of those in ingest.logs.tokens")
}
