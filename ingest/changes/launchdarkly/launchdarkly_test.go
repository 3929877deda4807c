package launchdarkly_test

import (
	"encoding/hex"
	"testing"

	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/ingest/changes/hooktest"
	"github.com/tocsinhq/tocsin/ingest/changes/launchdarkly"
)

var naming = hook.Naming{Services: map[string]string{"shop/new-checkout": "checkout"}, Environments: map[string]string{"production": "prod", "shop-prod": "prod"}, Environment: "production"}

func decode(r hook.Request) (hook.Outcome, error) { return launchdarkly.Decode(r, naming) }

func TestDecode_RecordedRequests(t *testing.T) { hooktest.Run(t, "testdata", decode) }

func FuzzDecode(f *testing.F) { hooktest.Fuzz(f, "testdata", decode) }

func TestVerify(t *testing.T) {
	hooktest.Signed(t, "X-LD-Signature", func(body []byte) string {
		return hex.EncodeToString(hook.Algorithm("sha256").MAC(hooktest.Secret, body))
	}, launchdarkly.Verify)
}
