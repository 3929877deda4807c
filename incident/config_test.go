package incident_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

func problems(c incident.Config) string {
	var out []string
	c.Validate(func(path, _ string, _ ...any) { out = append(out, path) })
	return strings.Join(out, " ")
}

func TestConfig(t *testing.T) {
	if got := problems(incident.DefaultConfig()); got != "" {
		t.Errorf("defaults: %s", got)
	}
	minus := yamldoc.Duration(-time.Second)
	bad := incident.Config{ReopenWindow: minus, ResolveAfter: minus, FlapWindow: minus, FlapQuiet: minus, GatherWindow: minus,
		StrongScore: math.NaN(), RawStrongScore: 2}
	want := "reopen_window resolve_after attach_tau max_age expire_after flap_window flap_quiet max_late gather_window flap_changes storm_incidents gather_count attach_affinity strong_score raw_strong_score"
	if got := problems(bad); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := incident.NewManager(ctx, incident.ManagerOptions{Config: bad}); err == nil || !strings.Contains(err.Error(), "incident config: reopen_window: want a duration from 0s to 24h0m0s, got -1s") {
		t.Errorf("got %v", err)
	}
}

func TestConfig_YAML(t *testing.T) {
	doc, errs := yamldoc.Parse("x.yml", []byte("reopen_window: 1h\nflap_changes: 6\nstrong_score: 0.99\n"))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	c := incident.DefaultConfig()
	if errs := doc.Decode(&c); len(errs) > 0 {
		t.Fatal(errs)
	}
	if time.Duration(c.ReopenWindow) != time.Hour || c.FlapChanges != 6 || c.StrongScore != 0.99 || c.StormIncidents != 20 {
		t.Errorf("got %+v", c)
	}
}
