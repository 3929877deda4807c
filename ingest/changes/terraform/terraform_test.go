package terraform_test

import (
	"encoding/hex"
	"net/http"
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
	const secret = "a-secret-of-ours"
	body := []byte(`{"a":1}`)
	right := hex.EncodeToString(hook.Algorithm("sha512").MAC(secret, body))
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
		r.Header.Set("X-TFE-Notification-Signature", tt.signature)
		if got := terraform.Verify(r, tt.secrets); got != tt.want {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}
