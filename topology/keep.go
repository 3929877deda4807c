package topology

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// kept is the form in which a graph is saved.
type kept struct {
	Version int               `json:"version"`
	Edges   []keptEdge        `json:"edges"`
	Alias   map[string]string `json:"alias,omitempty"`
}

type keptEdge struct {
	From   string  `json:"from"`
	To     string  `json:"to"`
	Kind   string  `json:"kind"`
	Seen   int64   `json:"seen"`
	Weight float64 `json:"weight"`
	By     uint8   `json:"by"`
}

// Save writes what was seen, so that a later process knows it.
func (g *Graph) Save(w io.Writer) error {
	g.mu.RLock()
	out := kept{Version: 1, Alias: g.alias}
	for _, e := range g.sorted() {
		x := g.edges[edgeKey{e.From, e.To, e.Kind}]
		if by := x.by &^ byConfig; by != 0 {
			out.Edges = append(out.Edges, keptEdge{e.From, e.To, e.Kind, x.seen, x.weight, by})
		}
	}
	data, err := json.Marshal(out)
	g.mu.RUnlock()
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

// Load takes over what was saved, beside what is configured. On an error nothing is
// taken over.
func (g *Graph) Load(r io.Reader) error {
	var in kept
	if err := json.NewDecoder(r).Decode(&in); err != nil {
		return fmt.Errorf("read the service graph: %w", err)
	}
	if in.Version != 1 {
		return fmt.Errorf("read the service graph: want version 1, got %d", in.Version)
	}
	for _, e := range in.Edges {
		if e.Kind != Calls && e.Kind != Uses && e.Kind != RunsOn || e.From == "" || e.To == "" {
			return fmt.Errorf("read the service graph: edge from %q to %q of kind %q", e.From, e.To, e.Kind)
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for name, service := range in.Alias {
		if len(g.alias) < maxAliases {
			g.alias[name] = service
		}
	}
	for _, e := range in.Edges {
		g.noteLocked(e.From, e.To, e.Kind, e.By&(bySpans|byMetrics), e.Weight, time.UnixMilli(e.Seen))
	}
	g.changed = true
	return nil
}
