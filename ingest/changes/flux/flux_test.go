package flux_test

import (
	"encoding/hex"
	"net/http"
	"testing"

	"github.com/tocsinhq/tocsin/ingest/changes/flux"
	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/ingest/changes/hooktest"
)

var naming = hook.Naming{Services: map[string]string{"helmrelease/shop/checkout": "checkout-api"}, Environments: map[string]string{"production": "prod", "shop-prod": "prod"}, Environment: "production"}

func decode(r hook.Request) (hook.Outcome, error) { return flux.Decode(r, naming) }

func TestDecode_RecordedRequests(t *testing.T) { hooktest.Run(t, "testdata", decode) }

func FuzzDecode(f *testing.F) { hooktest.Fuzz(f, "testdata", decode) }

func TestVerify(t *testing.T) {
	const secret = "a-secret-of-ours"
	body := []byte(`{"a":1}`)
	right := "sha256=" + hex.EncodeToString(hook.Algorithm("sha256").MAC(secret, body))
	for name, tt := range map[string]struct {
		signature string
		secrets   hook.Secrets
		want      bool
	}{
		"right":          {right, hook.Secrets{"another-secret", secret}, true},
		"another secret": {right, hook.Secrets{"another-secret"}, false},
		"none":           {"", hook.Secrets{secret}, false},
		"cut":            {right[:len(right)-2], hook.Secrets{secret}, false},
		"no secret":      {right, nil, false},
	} {
		r := hook.Request{Header: http.Header{}, Body: body}
		r.Header.Set("X-Signature", tt.signature)
		if got := flux.Verify(r, tt.secrets); got != tt.want {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}

func TestVerify_OtherProofs(t *testing.T) {
	const secret = "a-secret-of-ours"
	for name, tt := range map[string]struct {
		header, value string
		want          bool
	}{
		"sha512":            {"X-Signature", "sha512=" + hex.EncodeToString(hook.Algorithm("sha512").MAC(secret, []byte("{}"))), true},
		"unknown algorithm": {"X-Signature", "md5=00", false},
		"bearer":            {"Authorization", "Bearer " + secret, true},
		"wrong bearer":      {"Authorization", "Bearer x", false},
	} {
		r := hook.Request{Header: http.Header{}, Body: []byte("{}")}
		r.Header.Set(tt.header, tt.value)
		if got := flux.Verify(r, hook.Secrets{secret}); got != tt.want {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}
