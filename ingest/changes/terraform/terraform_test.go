package terraform_test

import (
	"encoding/hex"
	"testing"

	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/ingest/changes/hooktest"
	"github.com/tocsinhq/tocsin/ingest/changes/terraform"
)

var naming = hook.Naming{Services: map[string]string{"acme/shop-prod": "shop"}, Environments: map[string]string{"production": "prod", "shop-prod": "prod"}, Environment: "production"}

func decode(r hook.Request) (hook.Outcome, error) { return terraform.Decode(r, naming) }

func TestDecode_RecordedRequests(t *testing.T) { hooktest.Run(t, "testdata", decode) }

func FuzzDecode(f *testing.F) { hooktest.Fuzz(f, "testdata", decode) }

func TestVerify(t *testing.T) {
	hooktest.Signed(t, "X-TFE-Notification-Signature", func(body []byte) string {
		return hex.EncodeToString(hook.Algorithm("sha512").MAC(hooktest.Secret, body))
	}, terraform.Verify)
}
