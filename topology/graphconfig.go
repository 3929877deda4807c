package topology

import (
	"maps"
	"net"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// GraphConfig says what is known of which service calls which, beside what spans and
// metrics tell, and bounds what is kept of both.
type GraphConfig struct {
	// Calls are calls between services that no span and no metric shows.
	Calls []Call `yaml:"calls"`
	// Alias gives for other names of a service, such as the host name by which clients
	// call it, the service. Names that spans show on both sides are found without it.
	Alias map[string]string `yaml:"alias"`
	// Keep is how long after it was last seen an edge is remembered. 1h to 720h.
	Keep yamldoc.Duration `yaml:"keep"`
	// MaxEdges bounds the edges of the graph. 100 to 100000.
	MaxEdges int `yaml:"max_edges"`
	// Spans bounds what is kept of spans.
	Spans SpansConfig `yaml:"spans"`
}

// Call is one service that calls another.
type Call struct {
	// From is the service that calls.
	From string `yaml:"from"`
	// To is the service that is called.
	To string `yaml:"to"`
}

// SpansConfig bounds what is kept of spans.
type SpansConfig struct {
	// Step is how often the figures of spans become samples. 5s to 5m.
	Step yamldoc.Duration `yaml:"step"`
	// Wait is how long after its last span came a trace is taken for complete. 1s to 2m.
	Wait yamldoc.Duration `yaml:"wait"`
	// MaxLate is how long ago a span may have ended. 1m to 24h.
	MaxLate yamldoc.Duration `yaml:"max_late"`
	// MaxPending is how many spans are held until their trace is complete, at about 150
	// bytes each. Beyond it the oldest traces are taken as they are. 1000 to 10000000.
	MaxPending int `yaml:"max_pending"`
	// MaxServices is how many services have figures of their own. 1 to 10000.
	MaxServices int `yaml:"max_services"`
	// MaxOperations is how many operations of a service have figures of their own; the
	// others are counted together under the operation "other". 1 to 1000.
	MaxOperations int `yaml:"max_operations"`
}

// DefaultGraphConfig returns the settings that need no file.
func DefaultGraphConfig() GraphConfig {
	return GraphConfig{
		Keep: yamldoc.Duration(24 * time.Hour), MaxEdges: 5000,
		Spans: SpansConfig{
			Step: yamldoc.Duration(15 * time.Second), Wait: yamldoc.Duration(10 * time.Second), MaxLate: yamldoc.Duration(10 * time.Minute),
			MaxPending: 100_000, MaxServices: 500, MaxOperations: 50,
		},
	}
}

// Validate reports every setting that cannot work, with its path.
func (c GraphConfig) Validate(report func(path, format string, args ...any)) {
	span := func(path string, got yamldoc.Duration, low, high time.Duration) {
		if d := time.Duration(got); d < low || d > high {
			report(path, "want %s to %s, got %s", yamldoc.Duration(low), yamldoc.Duration(high), got)
		}
	}
	count := func(path string, got, low, high int) {
		if got < low || got > high {
			report(path, "want %d to %d, got %d", low, high, got)
		}
	}
	for _, call := range c.Calls {
		switch {
		case call.From == "" || call.To == "":
			report("calls", "want a service in from and in to, got from %q to %q", call.From, call.To)
		case call.From == call.To:
			report("calls", "want two services, got %q that calls itself", call.From)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Alias)) {
		if to := c.Alias[name]; name == "" || to == "" || name == to {
			report("alias", "want another name and the service that it stands for, got %q for %q", name, to)
		}
	}
	span("keep", c.Keep, time.Hour, 30*24*time.Hour)
	count("max_edges", c.MaxEdges, 100, 100_000)
	span("spans.step", c.Spans.Step, 5*time.Second, 5*time.Minute)
	span("spans.wait", c.Spans.Wait, time.Second, 2*time.Minute)
	span("spans.max_late", c.Spans.MaxLate, time.Minute, 24*time.Hour)
	count("spans.max_pending", c.Spans.MaxPending, 1000, 10_000_000)
	count("spans.max_services", c.Spans.MaxServices, 1, 10_000)
	count("spans.max_operations", c.Spans.MaxOperations, 1, 1000)
}

// isAddress reports whether a name is an address of a network, which says nothing of
// a service and can be many.
func isAddress(name string) bool { return net.ParseIP(name) != nil }
