package app_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/app"
	"github.com/tocsinhq/tocsin/backfill"
	"github.com/tocsinhq/tocsin/rules"
)

// TestImports_AfterAWarmStartThatFailed_AreLearned has a warm start whose checkpoint
// cannot be written. An import that waits says what goes wrong, and is learned when that
// is mended; whoever asks for it waited for ever.
func TestImports_AfterAWarmStartThatFailed_AreLearned(t *testing.T) {
	h := newHouse(t, "").open()
	h.steady(100, 100)
	h.close()
	checkpoint := filepath.Join(h.dir, "detector.checkpoint")
	if err := os.Remove(checkpoint); err != nil {
		t.Fatal(err)
	}
	set, err := rules.ReadRuleSet(h.config.Rules, h.dir)
	if err != nil {
		t.Fatal(err)
	}
	h.core, err = app.NewCore(t.Context(), app.CoreOptions{
		Config: h.config, RuleSet: set, Dir: h.dir, ExternalURL: "http://tocsin.test", Now: func() time.Time { return h.now },
		Logger: slog.New(slog.NewTextHandler(h.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	long := monday.Add(-10 * 24 * time.Hour).UnixMilli()
	if err := backfill.WriteMark(h.dir, backfill.Mark{ID: "one", Source: "test", From: long, To: long, Made: monday}); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(checkpoint, "in the way"), 0o750); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.core.LearnLoopForTest(ctx) }()
	eventually := func(what string, ok func() bool) {
		t.Helper()
		deadline := time.After(20 * time.Second)
		for !ok() {
			select {
			case <-deadline:
				t.Fatalf("%s: not within 20 s\n%s", what, h.log)
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(checkpoint); err != nil {
			t.Error(err)
		}
		h.close()
	}()
	eventually("the import says what goes wrong", func() bool { return strings.Contains(h.core.Imports().Error, "detector.checkpoint") })
	if !strings.Contains(h.log.String(), "warm start of the detector ended before its time") {
		t.Errorf("the warm start did not fail:\n%s", h.log)
	}
	if err := os.RemoveAll(checkpoint); err != nil {
		t.Fatal(err)
	}
	if _, err := h.core.LearnImports(ctx); err != nil {
		t.Fatal(err)
	}
	eventually("the import is learned", func() bool { return h.core.Imports().Learned == 1 })
}
