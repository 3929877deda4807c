package topology

import (
	"math"
	"strings"
	"sync"
	"time"
)

// Kinds of an Edge, by what depends on what: trouble at To can show at From.
const (
	Calls  = "calls"   // From calls To
	Uses   = "uses"    // From uses the database or queue To
	RunsOn = "runs_on" // From runs on the host To
)

// Edge is one dependency between two nodes of the graph.
type Edge struct {
	From string
	To   string
	Kind string // Calls, Uses or RunsOn
	// Seen is when it was last seen; zero for an edge that is configured and was not.
	Seen time.Time
	// Weight is how many calls were seen, each counting half for every hour since.
	Weight float64
	// Sources say by what it is known: "spans", "metrics", "config", in this order.
	Sources []string
}

// How an edge is known.
const (
	bySpans = 1 << iota
	byMetrics
	byConfig
)

// weightHalves is the time in which the weight of an edge falls to a half.
const weightHalves = time.Hour

type edgeKey struct{ from, to, kind string }

type edge struct {
	seen   int64 // ms
	weight float64
	by     uint8
}

// Graph is what depends on what. It is safe for concurrent use.
type Graph struct {
	mu       sync.RWMutex
	config   GraphConfig
	edges    map[edgeKey]*edge
	alias    map[string]string // learnt from spans; the configured ones come first
	overflow uint64            // edges that were not kept
	changed  bool              // since view was made
	view     *view
}

// NewGraph returns a graph of what is configured; see GraphConfig.Validate.
func NewGraph(c GraphConfig) *Graph {
	g := &Graph{config: c, edges: make(map[edgeKey]*edge), alias: make(map[string]string), changed: true}
	for _, call := range c.Calls {
		g.edges[edgeKey{g.name(call.From), g.name(call.To), Calls}] = &edge{by: byConfig}
	}
	return g
}

// maxAliases bounds the names that are learnt.
const maxAliases = 10_000

// name follows aliases, of which there may be a chain. The caller holds the lock.
func (g *Graph) name(n string) string {
	for range 8 {
		to, ok := g.config.Alias[n]
		if !ok {
			to, ok = g.alias[n]
		}
		if !ok {
			return n
		}
		n = to
	}
	return n
}

// Resolve returns the service that a name stands for: what the configuration or spans
// say of it, else the name.
func (g *Graph) Resolve(name string) string {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.name(name)
}

// note says that an edge was seen at a time so many times.
func (g *Graph) note(from, to, kind string, by uint8, calls float64, at time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.noteLocked(from, to, kind, by, calls, at)
}

func (g *Graph) noteLocked(from, to, kind string, by uint8, calls float64, at time.Time) {
	from = g.name(from)
	if kind == Calls {
		to = g.name(to)
	}
	if from == to || from == "" || to == "" {
		return
	}
	key := edgeKey{from, to, kind}
	e := g.edges[key]
	if e == nil {
		if len(g.edges) >= g.config.MaxEdges {
			g.overflow++
			return
		}
		key = edgeKey{strings.Clone(from), strings.Clone(to), kind}
		e = &edge{}
		g.edges[key], g.changed = e, true
	}
	ms := at.UnixMilli()
	if ms > e.seen {
		e.weight *= halved(time.Duration(ms-e.seen) * time.Millisecond)
		e.seen = ms
	}
	e.weight += calls
	e.by |= by
}

func halved(age time.Duration) float64 { return math.Exp2(-float64(age) / float64(weightHalves)) }

// learn takes a name that a client has for a service for another name of it.
func (g *Graph) learn(name, service string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if name == "" || name == service || isAddress(name) || g.alias[name] == service || g.name(service) == name || len(g.alias) >= maxAliases {
		return
	}
	if _, given := g.config.Alias[name]; given {
		return
	}
	g.alias[strings.Clone(name)] = strings.Clone(service)
	g.changed = true
	for key, e := range g.edges { // what was taken for another node
		if key.to != name || key.kind != Calls {
			continue
		}
		delete(g.edges, key)
		if key.from == service {
			continue
		}
		key.to = service
		if g.edges[key] == nil {
			g.edges[key] = e
		}
	}
}

// Forget lets edges go that were not seen for longer than GraphConfig.Keep before now.
func (g *Graph) Forget(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	oldest := now.Add(-time.Duration(g.config.Keep)).UnixMilli()
	for key, e := range g.edges {
		if e.seen >= oldest {
			continue
		}
		if e.by&byConfig != 0 {
			e.by, e.weight, e.seen = byConfig, 0, 0
			continue
		}
		delete(g.edges, key)
		g.changed = true
	}
}

// Edges returns how many edges there are, and how many were not kept for want of room.
func (g *Graph) Edges() (kept int, overflow uint64) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return len(g.edges), g.overflow
}
