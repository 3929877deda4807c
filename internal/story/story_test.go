package story_test

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

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

// The shipped rules are what the stories of them play.
func TestShippedRules_HaveTheirStories(t *testing.T) {
	for name, config := range map[string]string{"seed_alerts": "alerts.yml", "careful_alerts": "careful-alerts.yml", "slos": "slos.yml"} {
		text, err := os.ReadFile("../../test/story/" + name + ".story")
		if err != nil {
			t.Fatal(err)
		}
		shipped, err := os.ReadFile("../../configs/" + config)
		if err != nil {
			t.Fatal(err)
		}
		s, err := story.Parse(name+".story", string(text))
		if err != nil {
			t.Fatal(err)
		}
		played := strings.TrimSpace(s.Alerts) + strings.TrimSpace(s.SLOs)
		if played != strings.TrimSpace(withoutHead(string(shipped))) && played != strings.TrimSpace(string(shipped)) {
			t.Errorf("the rules of %s.story are not those of configs/%s:\n%s", name, config, played)
		}
	}
}

// withoutHead cuts the comment at the beginning, which a script keeps outside of
// the block.
func withoutHead(text string) string {
	for strings.HasPrefix(text, "#") {
		_, text, _ = strings.Cut(text, "\n")
	}
	return text
}
