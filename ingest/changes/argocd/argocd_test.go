package argocd_test

import (
	"testing"

	"github.com/tocsinhq/tocsin/ingest/changes/argocd"
	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/ingest/changes/hooktest"
)

var naming = hook.Naming{Services: map[string]string{"shop/checkout": "checkout-api"}, Environments: map[string]string{"production": "prod", "shop-prod": "prod"}, Environment: "production"}

func decode(r hook.Request) (hook.Outcome, error) { return argocd.Decode(r, naming) }

func TestDecode_RecordedRequests(t *testing.T) { hooktest.Run(t, "testdata", decode) }

func FuzzDecode(f *testing.F) { hooktest.Fuzz(f, "testdata", decode) }

func decodeRollout(r hook.Request) (hook.Outcome, error) { return argocd.DecodeRollout(r, naming) }

func TestDecodeRollout_RecordedRequests(t *testing.T) {
	hooktest.Run(t, "testdata/rollout", decodeRollout)
}

func FuzzDecodeRollout(f *testing.F) { hooktest.Fuzz(f, "testdata/rollout", decodeRollout) }
