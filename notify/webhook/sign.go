package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// SignatureHeader is the header that holds the signature.
const SignatureHeader = "X-Tocsin-Signature"

// ErrSignature is wrapped by the errors of Verify.
var ErrSignature = errors.New("signature")

// Sign returns the value of SignatureHeader for a body at a time.
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	return "t=" + t + ",v1=" + hex.EncodeToString(sum(secret, t, body))
}

func sum(secret, t string, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(t + "."))
	h.Write(body)
	return h.Sum(nil)
}

// Verify checks the value of SignatureHeader against the raw body. The time in
// it must lie within tolerance of now. Several v1 values may be given, of which
// one must match, so that a sender can sign with two secrets while one replaces
// the other. The comparison takes the same time wherever they differ.
func Verify(header string, body []byte, secret string, now time.Time, tolerance time.Duration) error {
	var (
		t     string
		given [][]byte
	)
	for part := range strings.SplitSeq(header, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case !ok:
			return fmt.Errorf("%w: want t=seconds,v1=hex, got %q", ErrSignature, header)
		case name == "t":
			t = value
		case name == "v1":
			b, err := hex.DecodeString(value)
			if err != nil {
				return fmt.Errorf("%w: v1: want hex, got %q", ErrSignature, value)
			}
			given = append(given, b)
		}
	}
	seconds, err := strconv.ParseInt(t, 10, 64)
	if err != nil || len(given) == 0 {
		return fmt.Errorf("%w: want t=seconds,v1=hex, got %q", ErrSignature, header)
	}
	if age := now.Sub(time.Unix(seconds, 0)).Abs(); age > tolerance {
		return fmt.Errorf("%w: its time is %s away, at most %s is permitted", ErrSignature, age, tolerance)
	}
	want := sum(secret, t, body)
	for _, g := range given {
		if hmac.Equal(g, want) {
			return nil
		}
	}
	return fmt.Errorf("%w: it does not match the body", ErrSignature)
}
