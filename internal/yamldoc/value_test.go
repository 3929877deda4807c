package yamldoc_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

func TestParseDuration_Table(t *testing.T) {
	tests := []struct {
		text string
		want time.Duration
		form string // as printed; text itself when empty
	}{
		{"5m", 5 * time.Minute, ""},
		{"1h30m", 90 * time.Minute, ""},
		{"90m", 90 * time.Minute, "1h30m"},
		{"1d", 24 * time.Hour, ""},
		{"8d", 8 * 24 * time.Hour, ""},
		{"14d", 14 * 24 * time.Hour, "2w"},
		{"1y", 365 * 24 * time.Hour, ""},
		{"1d12h", 36 * time.Hour, ""},
		{"500ms", 500 * time.Millisecond, ""},
		{"1s5ms", 1005 * time.Millisecond, ""},
		{"3us7ns", 3007, ""},
		{"-5s", -5 * time.Second, ""},
		{"0", 0, "0s"},
		{"0s", 0, ""},
		{"-0", 0, "0s"},
	}
	for _, tt := range tests {
		got, err := yamldoc.ParseDuration(tt.text)
		if err != nil || got.Std() != tt.want {
			t.Errorf("%s: got %v %v, want %v", tt.text, got, err, tt.want)
		}
		form := tt.form
		if form == "" {
			form = tt.text
		}
		if got.String() != form {
			t.Errorf("%s: printed %s, want %s", tt.text, got, form)
		}
	}
	for _, bad := range []string{"", "-", "5", "m", "5x", "5m5m", "5s5m", "1.5h", " 5m", "5 m", "+5m", "--5m", "5m-", "300y", "99999999999999999999s"} {
		var want *yamldoc.WantError
		if got, err := yamldoc.ParseDuration(bad); !errors.As(err, &want) || got != 0 {
			t.Errorf("%q: got %v %v, want an error", bad, got, err)
		}
	}
}

func TestDuration_String_ReadsBack(t *testing.T) {
	same := func(d yamldoc.Duration) bool {
		text, err := d.MarshalText()
		if err != nil {
			return false
		}
		var back yamldoc.Duration
		return back.UnmarshalText(text) == nil && back == d
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
	for _, d := range []yamldoc.Duration{0, 1, -1, math.MaxInt64, math.MinInt64 + 1} {
		if !same(d) {
			t.Errorf("%d is printed as %s, which does not read back", int64(d), d)
		}
	}
}

func TestParseBytes_Table(t *testing.T) {
	tests := []struct {
		text string
		want int64
		form string
	}{
		{"16MiB", 16 << 20, "16MiB"},
		{"1GB", 1e9, "1GB"},
		{"1.5GiB", 3 << 29, "1536MiB"},
		{"512", 512, "512B"},
		{"1024", 1024, "1KiB"},
		{"10 kB", 10_000, "10kB"},
		{"10KB", 10_000, "10kB"},
		{"2PiB", 2 << 50, "2PiB"},
		{"-1MB", -1e6, "-1MB"},
		{"0", 0, "0B"},
	}
	for _, tt := range tests {
		var got yamldoc.Bytes
		if err := got.UnmarshalText([]byte(tt.text)); err != nil || int64(got) != tt.want {
			t.Errorf("%s: got %d %v, want %d", tt.text, got, err, tt.want)
		}
		if text, _ := got.MarshalText(); string(text) != tt.form {
			t.Errorf("%s: printed %s, want %s", tt.text, text, tt.form)
		}
	}
	for _, bad := range []string{"", "MiB", "1mib", "1 MiB ", "1.5", "0.3KiB", "9000PiB", "1..5GB", "1e3", "99999999999999999999PB"} {
		var want *yamldoc.WantError
		if got, err := yamldoc.ParseBytes(bad); !errors.As(err, &want) {
			t.Errorf("%q: got %v %v, want an error", bad, got, err)
		}
	}
}

func TestBytes_String_ReadsBack(t *testing.T) {
	same := func(b yamldoc.Bytes) bool {
		back, err := yamldoc.ParseBytes(b.String())
		return err == nil && back == b
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
}

func TestSecret_HoweverPrinted_IsHidden(t *testing.T) {
	const text = "hunter2"
	s := yamldoc.Secret(text)
	wrapped := struct {
		Token yamldoc.Secret `yaml:"token" json:"token"`
		Inner *yamldoc.Secret
	}{s, &s}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t", "%10s", "%.3s"} {
		fmt.Fprintf(&out, verb+"\n", s)
		fmt.Fprintf(&out, verb+"\n", wrapped)
		fmt.Fprintf(&out, verb+"\n", []yamldoc.Secret{s})
	}
	fmt.Fprintln(&out, s, s.GoString(), s.String())
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "s", s, "w", wrapped)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "s", s, "w", wrapped)
	for _, encode := range []func(any) ([]byte, error){json.Marshal, yaml.Marshal} {
		encoded, err := encode(wrapped)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(encoded)
	}
	fmt.Fprint(&out, fmt.Errorf("call with %w and %s", errors.New("x"), s))
	if strings.Contains(out.String(), text) || strings.Contains(out.String(), "68756e74657232") {
		t.Errorf("the secret is shown:\n%s", out.String())
	}
	if !strings.Contains(out.String(), "<secret>") || s.Reveal() != text {
		t.Errorf("want <secret> in\n%s", out.String())
	}
	if empty := yamldoc.Secret(""); fmt.Sprint(empty) != "" || !empty.LogValue().Equal(slog.StringValue("")) {
		t.Error("an empty secret must show as empty")
	}
}
