package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestChartName_IsOpenedByItsKeyOnly(t *testing.T) {
	secret := []byte("0123456789abcdef0123456789abcdef")
	name := chartName(secret, "01ABC/7")
	if key, ok := chartKeyOf(secret, name); !ok || key != "01ABC/7" {
		t.Errorf("chartKeyOf(%q) = %q, %v", name, key, ok)
	}
	other := chartName([]byte("another secret of thirty-two bytes"), "01ABC/7")
	_, sum, _ := strings.Cut(name, ".")
	for _, wrong := range []string{"", ".png", other, name + "x", "MDFBQkMvOA." + sum, strings.Replace(name, ".", "..", 1), strings.Repeat("A", 2000)} {
		if key, ok := chartKeyOf(secret, wrong); ok {
			t.Errorf("chartKeyOf(%q) = %q, want none", wrong, key)
		}
	}
}

func TestReadChartKey_IsKept(t *testing.T) {
	dir := t.TempDir()
	first, err := readChartKey(dir)
	if err != nil || len(first) != 32 {
		t.Fatalf("%d bytes, %v", len(first), err)
	}
	if again, err := readChartKey(dir); err != nil || string(again) != string(first) {
		t.Errorf("after a restart there is another key (%v)", err)
	}
	file := filepath.Join(dir, chartKeyFile)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := os.WriteFile(file, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readChartKey(dir); err == nil || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("a short key: err = %v", err)
	}
}

func FuzzChartKeyOf(f *testing.F) {
	secret := []byte("0123456789abcdef0123456789abcdef")
	f.Add(chartName(secret, "01ABC/7"))
	f.Add("..png")
	f.Fuzz(func(t *testing.T, name string) {
		if key, ok := chartKeyOf(secret, name); ok && chartName(secret, key) != name && chartName(secret, key) != name+".png" {
			t.Errorf("%q opens %q, whose name is %q", name, key, chartName(secret, key))
		}
	})
}
