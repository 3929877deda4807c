package ansible_test

import (
	"testing"

	"github.com/tocsinhq/tocsin/ingest/changes/ansible"
	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/ingest/changes/hooktest"
)

var naming = hook.Naming{Services: map[string]string{"cart": "shopping-cart"}, Environments: map[string]string{"production": "prod", "shop-prod": "prod"}, Environment: "production"}

func decode(r hook.Request) (hook.Outcome, error) { return ansible.Decode(r, naming) }

func TestDecode_RecordedRequests(t *testing.T) { hooktest.Run(t, "testdata", decode) }

func FuzzDecode(f *testing.F) { hooktest.Fuzz(f, "testdata", decode) }
