package story_test

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/configs"
	"github.com/tocsinhq/tocsin/internal/story"
)

// TestStories plays every script of test/story. STORY_LOG=1 shows the daemon's
// own log.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("../../test/story/*.story")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 10 {
		t.Fatalf("found %d stories in test/story, want at least 10", len(files))
	}
	out := io.Writer(io.Discard)
	if os.Getenv("STORY_LOG") != "" {
		out = os.Stderr
	}
	log := slog.New(slog.NewTextHandler(out, nil))
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".story"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			s, err := story.Parse(filepath.Base(f), string(text))
			if err != nil {
				t.Fatal(err)
			}
			failures, err := story.Run(t.Context(), s, t.TempDir(), log)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range failures {
				t.Error(line)
			}
		})
	}
}

// The shipped alerts are what the story of them plays.
func TestSeedAlerts_AreTheShippedOnes(t *testing.T) {
	text, err := os.ReadFile("../../test/story/seed_alerts.story")
	if err != nil {
		t.Fatal(err)
	}
	s, err := story.Parse("seed_alerts.story", string(text))
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(s.Alerts) != strings.TrimSpace(string(configs.Alerts)) {
		t.Errorf("the story's alerts are not those of configs/alerts.yml:\n%s", s.Alerts)
	}
}
