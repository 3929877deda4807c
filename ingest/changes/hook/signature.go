package hook

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Secrets are the secrets of one sender, any of which is right; so one can be
// replaced without a gap.
type Secrets []yamldoc.Secret

// Validate reports secrets that are empty or that anybody could guess.
func (s Secrets) Validate(report func(path, format string, args ...any)) {
	for i, x := range s {
		if len(x.Reveal()) < 8 {
			report("["+strconv.Itoa(i)+"]", "want a secret of at least 8 bytes, got one of %d", len(x.Reveal()))
		}
	}
}

// Any reports whether a check holds for one of the secrets. It asks for all of
// them, so that its time does not tell which.
func (s Secrets) Any(check func(secret string) bool) bool {
	ok := false
	for _, x := range s {
		if check(x.Reveal()) {
			ok = true
		}
	}
	return ok
}

// Equal compares two texts in a time that depends only on the length of the first.
func Equal(shown, secret string) bool {
	a, b := sha256.Sum256([]byte(shown)), sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// Algorithm is a hash function of a signature: sha1, sha256 or sha512.
type Algorithm string

// Algorithms lists those that are known.
var Algorithms = []Algorithm{"sha1", "sha256", "sha512"}

func (a Algorithm) hash() func() hash.Hash {
	switch a {
	case "sha1":
		return sha1.New
	case "sha256":
		return sha256.New
	case "sha512":
		return sha512.New
	}
	return nil
}

// MAC returns the HMAC of parts, one after the other, or nil for an algorithm
// that is not known.
func (a Algorithm) MAC(secret string, parts ...[]byte) []byte {
	h := a.hash()
	if h == nil {
		return nil
	}
	m := hmac.New(h, []byte(secret))
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}

// Signed reports whether a signature, in hexadecimal or base64 and with or
// without "sha256=" before it, is the HMAC of the body. The comparison takes
// constant time.
func (a Algorithm) Signed(signature, secret string, body []byte) bool {
	want := a.MAC(secret, body)
	if want == nil || secret == "" {
		return false
	}
	signature = strings.TrimPrefix(signature, string(a)+"=")
	got, err := hex.DecodeString(signature)
	if err != nil || len(got) != len(want) {
		if got, err = base64.StdEncoding.DecodeString(signature); err != nil {
			return false
		}
	}
	return hmac.Equal(got, want)
}

// Bearer returns the key of `Authorization: Bearer KEY`, or of a header that has
// nothing but the key.
func Bearer(h http.Header) string {
	v := strings.TrimSpace(h.Get("Authorization"))
	if scheme, key, ok := strings.Cut(v, " "); ok && strings.EqualFold(scheme, "bearer") {
		return strings.TrimSpace(key)
	}
	return v
}

// MaxAge is by how much the time of a signature may differ from ours.
const MaxAge = 5 * time.Minute

// Standard checks a signature by the specification of Standard Webhooks
// (https://www.standardwebhooks.com, version 1): the header webhook-signature
// holds "v1," and the base64 of the HMAC-SHA256 of id, time and body, joined by
// dots. The secret is "whsec_" and the base64 of the key. It returns nil when it
// holds and else what is wrong.
func Standard(r Request, secrets Secrets, now time.Time) error {
	id, stamp := r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return fmt.Errorf("want webhook-timestamp in seconds, got %q", Clip(stamp, 40))
	}
	if age := now.Sub(time.Unix(seconds, 0)).Abs(); age > MaxAge {
		return fmt.Errorf("the signature is %s old, want at most %s; check both clocks", age.Round(time.Second), MaxAge)
	}
	signed := []byte(id + "." + stamp + ".")
	ok := secrets.Any(func(secret string) bool {
		key := secret
		if rest, found := strings.CutPrefix(secret, "whsec_"); found {
			raw, err := base64.StdEncoding.DecodeString(rest)
			if err != nil {
				return false
			}
			key = string(raw)
		}
		want := Algorithm("sha256").MAC(key, signed, r.Body)
		for word := range strings.FieldsSeq(r.Header.Get("webhook-signature")) {
			text, found := strings.CutPrefix(word, "v1,")
			got, err := base64.StdEncoding.DecodeString(text)
			if found && err == nil && hmac.Equal(got, want) {
				return true
			}
		}
		return false
	})
	if !ok {
		return fmt.Errorf("webhook-signature does not fit the body and the secret")
	}
	return nil
}
