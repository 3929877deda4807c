package topology_test

import (
	"testing"

	"github.com/tocsinhq/tocsin/topology"
)

func TestCalls_Related(t *testing.T) {
	c := topology.NewCalls([]topology.Call{
		{From: "web", To: "cart"}, {From: "cart", To: "stock"}, {From: "web", To: "search", Kind: topology.KindCalls},
		{From: "cart", To: "db", Kind: topology.KindUses}, {From: "batch", To: "db", Kind: topology.KindUses},
		{From: "mail", To: "host1", Kind: topology.KindRunsOn}, {From: "stock", To: "web"}, // a circle ends too
	})
	for _, x := range []struct {
		a, b string
		want float64
	}{
		{"web", "web", 1}, {"web", "cart", 0.8}, {"stock", "search", 0.8}, {"cart", "batch", 0.6},
		{"mail", "batch", 0}, {"unknown", "web", 0}, {"unknown", "unknown", 1},
	} {
		if got := c.Related(x.a, x.b); got != x.want {
			t.Errorf("%s, %s: got %v, want %v", x.a, x.b, got, x.want)
		}
		if got := c.Related(x.b, x.a); got != x.want {
			t.Errorf("%s, %s: got %v, want %v", x.b, x.a, got, x.want)
		}
	}
	if got := topology.NewCalls([]topology.Call{{From: "a", To: "b"}, {From: "a", To: "c"}}).Related("b", "c"); got != 0.6 {
		t.Errorf("called by one service: got %v, want 0.6", got)
	}
	if got := (*topology.Calls)(nil).Related("a", "b"); got != 0 {
		t.Errorf("nothing known: got %v", got)
	}
}

func TestConfig_EdgesAreOrdered(t *testing.T) {
	c := topology.DefaultConfig()
	c.Calls = map[string][]string{"b": {"c"}, "a": {"b", "c"}}
	c.Uses = map[string][]string{"c": {"db"}}
	got := c.Edges()
	if len(got) != 4 || got[0] != (topology.Call{From: "a", To: "b", Kind: "calls"}) || got[3] != (topology.Call{From: "c", To: "db", Kind: "uses"}) {
		t.Errorf("got %v", got)
	}
	c.Calls["a"] = []string{""}
	said := ""
	c.Validate(func(path, _ string, _ ...any) { said += path })
	if said != "calls" {
		t.Errorf("a callee without name: got %q, want calls", said)
	}
}
