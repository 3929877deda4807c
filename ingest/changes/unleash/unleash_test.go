package unleash_test

import (
	"testing"

	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/ingest/changes/hooktest"
	"github.com/tocsinhq/tocsin/ingest/changes/unleash"
)

var naming = hook.Naming{Services: map[string]string{"new-checkout": "checkout"}, Environments: map[string]string{"production": "prod", "shop-prod": "prod"}, Environment: "production"}

func decode(r hook.Request) (hook.Outcome, error) { return unleash.Decode(r, naming) }

func TestDecode_RecordedRequests(t *testing.T) { hooktest.Run(t, "testdata", decode) }

func FuzzDecode(f *testing.F) { hooktest.Fuzz(f, "testdata", decode) }
