package app

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestKeepsake(t *testing.T) {
	k := keepsake{filepath.Join(t.TempDir(), "kept.json"), "the counts"}
	read := func() (text string, err error) {
		err = k.load(slog.New(slog.DiscardHandler), func(r io.Reader) error {
			b, err := io.ReadAll(r)
			if text = string(b); text == "bad" {
				return errors.New("not what it should be")
			}
			return err
		})
		return text, err
	}
	write := func(text string) error {
		return k.save(func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
	}
	if text, err := read(); err != nil || text != "" {
		t.Fatalf("nothing was there: got %q, %v", text, err)
	}
	if err := write("one"); err != nil {
		t.Fatal(err)
	}
	err := k.save(func(w io.Writer) error {
		io.WriteString(w, "half")
		return errors.New("no more")
	})
	if err == nil || !strings.Contains(err.Error(), "save the counts: no more") {
		t.Errorf("got %v", err)
	}
	if text, err := read(); err != nil || text != "one" {
		t.Errorf("after a write that failed: got %q, %v", text, err)
	}
	if err := write("bad"); err != nil {
		t.Fatal(err)
	}
	if _, err := read(); err != nil {
		t.Errorf("what cannot be read stops nobody: got %v", err)
	}
	if b, err := os.ReadFile(k.path + ".damaged"); err != nil || string(b) != "bad" {
		t.Errorf("put aside: got %q, %v", b, err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(k.path), "*")); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	k.path = filepath.Join(k.path+".none", "x")
	if err := write("one"); err == nil || !strings.Contains(err.Error(), "save the counts") {
		t.Errorf("got %v", err)
	}
}

// Only what os.CreateTemp named is taken for cut off, whatever signs the folder's name has.
func TestKeepsake_CutOff_IsItsOwnFileWithANumber(t *testing.T) {
	k := keepsake{path: "/data/[a]*/detector.checkpoint"}
	for name, want := range map[string]bool{
		"detector.checkpoint.123456789": true, "detector.checkpoint": false, "detector.checkpoint.damaged": false,
		"detector.checkpoint.": false, "detector.checkpoint.1x": false, "other.checkpoint.12": false,
	} {
		if got := k.cutOff(name); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}
