package hook_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/telemetry"
)

func TestNaming_Service(t *testing.T) {
	n := hook.Naming{Services: map[string]string{"acme/shop": "checkout", "acme/shop/staging": "checkout-staging"}}
	for _, tt := range []struct {
		names []string
		want  string
	}{
		{[]string{"Acme/Shop/staging", "Acme/Shop"}, "checkout-staging"},
		{[]string{"", "acme/shop"}, "checkout"},
		{[]string{"acme/cart/prod", "acme/cart"}, "cart"},
		{[]string{"acme/cart", "", "proj"}, "proj"},
		{nil, ""},
	} {
		if got := n.Service(tt.names...); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.names, got, tt.want)
		}
	}
}

func TestNaming_Env(t *testing.T) {
	n := hook.Naming{Environments: map[string]string{"production": "prod"}, Environment: "Production"}
	for in, want := range map[string]string{"": "prod", "PRODUCTION": "prod", "staging": "staging"} {
		if got := n.Env(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, tt := range []struct {
		patterns, name string
		want           bool
	}{
		{"main", "main", true}, {"main release/*", "release/1.2/x", true}, {"*", "a/b", true}, {"", "main", false}, {"[", "main", false}, {"v?", "v1", true}, {"[Dd]eploy*", "deploy.yml", true},
	} {
		if got := hook.Matches(strings.Fields(tt.patterns), tt.name); got != tt.want {
			t.Errorf("%q %q: got %v", tt.patterns, tt.name, got)
		}
	}
}

func TestID(t *testing.T) {
	if got := hook.ID("a", "", "b/c d", "ü"); got != "a-b-c-d--" {
		t.Errorf("got %q", got)
	}
	long, other := hook.ID("x", strings.Repeat("a", 200), "1"), hook.ID("x", strings.Repeat("a", 200), "2")
	if len(long) != 128 || long == other {
		t.Errorf("got %q and %q", long, other)
	}
	if again := hook.ID(long); again != long {
		t.Errorf("an id is no longer itself: %q", again)
	}
}

func TestClip(t *testing.T) {
	for _, tt := range []struct {
		in   string
		n    int
		want string
	}{
		{" a\nb\x00c ", 10, "a bc"}, {"abcdefghij", 10, "abcdefghij"}, {"abcdefghijk", 10, "abcdefg..."}, {"äöüäöüäöü", 10, "äöü..."}, {"a\xffb", 10, "ab"},
	} {
		if got := hook.Clip(tt.in, tt.n); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestTime(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for in, want := range map[string]time.Time{
		"2026-03-02T13:00:00+01:00": noon, "2026-03-02T12:00:00.000Z": noon, "2026-03-02 12:00:00 UTC": noon, "2026-03-02 13:00:00 +0100": noon, "2026-03-02T12:00:00": noon,
		"": {}, "0001-01-01T00:00:00Z": {}, "yesterday": {},
	} {
		if got := hook.Time(in); !got.Equal(want) {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func TestTidy_KeepsWhatFits(t *testing.T) {
	c := telemetry.Change{ID: "a b", Service: "x\ny", Link: "javascript:alert(1)", Summary: strings.Repeat("s", 900), Labels: map[string]string{"a": "", "b": strings.Repeat("v", 2000), "c\n": "d"}}
	hook.Tidy(&c)
	if c.ID != "a-b" || c.Service != "x y" || c.Link != "" || len(c.Summary) != 500 || len(c.Labels) != 2 || len(c.Labels["b"]) != 1024 || c.Labels["c"] != "d" {
		t.Errorf("got %+v", c)
	}
	for i := range 100 {
		c.Labels[string(rune('A'+i))] = "x"
	}
	hook.Tidy(&c)
	if len(c.Labels) != 32 {
		t.Errorf("%d labels are left, want 32", len(c.Labels))
	}
}

func TestOutcome_TooManyItems_AreIgnored(t *testing.T) {
	var out hook.Outcome
	for range hook.MaxItems + 5 {
		out.Add(telemetry.Change{})
	}
	if len(out.Items) != hook.MaxItems || len(out.Ignored) != 5 || out.Ignored[0].Reason != hook.TooMany {
		t.Errorf("%d items, %d ignored", len(out.Items), len(out.Ignored))
	}
}

func TestSecrets_Validate(t *testing.T) {
	var got []string
	hook.Secrets{"long enough", "short"}.Validate(func(path, format string, args ...any) { got = append(got, path+": "+format) })
	if len(got) != 1 || !strings.HasPrefix(got[0], "[1]: want a secret of at least 8 bytes") {
		t.Errorf("got %q", got)
	}
}

func TestDecode_SaysWhatIsWrong(t *testing.T) {
	for in, want := range map[string]string{
		"": "got an empty one", "{": "ends too early", "{} x": "more text after its end", "[]": "the body: want an object, got array", `{"a":{"b":[]}}`: "A.B: want text, got array", "x": "invalid character",
	} {
		var v struct {
			A struct{ B string }
		}
		if err := hook.Decode([]byte(in), &v); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", in, err, want)
		}
	}
}
