package hooktest

import (
	"net/http"
	"testing"

	"github.com/tocsinhq/tocsin/ingest/changes/hook"
)

// Secret is the one that Signed signs with.
const Secret = "a-secret-of-ours"

// Signed tells verify the signature that sign makes of a body with Secret, in the named
// header, whole and spoilt, beside secrets that are the right one, others and none.
func Signed(t *testing.T, header string, sign func(body []byte) string, verify func(hook.Request, hook.Secrets) bool) {
	t.Helper()
	body := []byte(`{"a":1}`)
	right := sign(body)
	for name, tt := range map[string]struct {
		signature string
		secrets   hook.Secrets
		want      bool
	}{
		"right":          {right, hook.Secrets{"another-secret", Secret}, true},
		"another secret": {right, hook.Secrets{"another-secret"}, false},
		"none":           {"", hook.Secrets{Secret}, false},
		"cut":            {right[:len(right)-2], hook.Secrets{Secret}, false},
		"no secret":      {right, nil, false},
	} {
		r := hook.Request{Header: http.Header{}, Body: body}
		r.Header.Set(header, tt.signature)
		if got := verify(r, tt.secrets); got != tt.want {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}
