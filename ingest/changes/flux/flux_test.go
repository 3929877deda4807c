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
	hooktest.Signed(t, "X-Signature", func(body []byte) string {
		return "sha256=" + hex.EncodeToString(hook.Algorithm("sha256").MAC(hooktest.Secret, body))
	}, flux.Verify)
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
