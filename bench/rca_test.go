package main

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tocsinhq/tocsin/rca"
)

// TestRCA_ReadsALittleDay makes a day of one fault and checks what becomes of it.
func TestRCA_ReadsALittleDay(t *testing.T) {
	dir := t.TempDir()
	day := filepath.Join(dir, "rca", "shop", "day-1")
	if err := os.MkdirAll(day, 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	line, err := json.Marshal(map[string]any{"id": "one", "dataset": "nezha_ob", "metrics": "shop/day-1/metrics.csv", "root_service": "cart",
		"inject_time": 6000, "step_s": 60, "fault": "cpu"})
	if err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(dir, "rca", "cases.jsonl"), string(line)+"\n"+`{"id":"two","dataset":"nezha_ob","metrics":"gone/metrics.csv","root_service":"x","inject_time":1,"step_s":60}`+"\n"+
		`{"id":"three","dataset":"other","root_service":["a","b"],"step_s":60}`+"\n")
	metrics := "time,cart|CpuUsage(m),web|CpuUsage(m),EDGE_source|web_cart,EDGE_destination|web_cart\n"
	for at := int64(600); at <= 6240; at += 60 {
		cpu, noise := 10.0+float64(at/60%3), 5.0+float64(at/60%4)
		if at >= 6000 {
			cpu = 90
		}
		row, _ := json.Marshal([]float64{float64(at), cpu, noise, 0.2, 0.1})
		metrics += string(row[1:len(row)-1]) + "\n"
	}
	write(filepath.Join(day, "metrics.csv"), metrics)
	write(filepath.Join(day, "topology.csv"), "caller,callee\nweb,cart\ncart,10.0.0.1\n")
	cases, absent, err := loadRCA(dir)
	if err != nil || len(cases) != 1 || absent != 2 {
		t.Fatalf("%d cases, %d absent, %v", len(cases), absent, err)
	}
	c := cases[0]
	want := []rca.Edge{{From: "web", To: "cart", Kind: rca.EdgeCalls}, {From: "cart", To: "10.0.0.1", Kind: rca.EdgeRunsOn}}
	if !slices.Equal(c.graph.Edges, want) || c.entry != "web" {
		t.Errorf("edges %v, entry %q", c.graph.Edges, c.entry)
	}
	if r := rca.Rank(c.input(0), rca.DefaultConfig()); c.place(r) != 0 || r.Suspects[0].Kind != "saturation" {
		t.Errorf("got %+v", r.Suspects)
	}
	in := c.distracted(rand.New(rand.NewPCG(1, 1)), 5)
	if len(in.Graph.Edges) != 7 || len(in.Series) <= len(c.all) || len(c.graph.Edges) != 2 {
		t.Errorf("%d edges and %d series with distractors", len(in.Graph.Edges), len(in.Series))
	}
	found, err := rcaBench([]string{"--data", dir, "--seeds", "1", "--misses"}, io.Discard)
	if err != nil || found["ob_ac1"] != 1 {
		t.Errorf("%v, %v", found, err)
	}
}

func TestRCA_ClientViews(t *testing.T) {
	got := clientViews([]rca.Edge{
		{From: "Shop_client", To: "Shop"}, {From: "Shop", To: "Searching"}, {From: "Searching", To: "db"},
		{From: "Shop", To: "x-searc.zone.elb.amazonaws.com_remote"}, {From: "fn_Lambda", To: "fn_Lambda::Function"},
		{From: "Shop", To: "other.example_remote"},
	})
	want := map[string]string{"Shop_client": "Shop", "x-searc.zone.elb.amazonaws.com_remote": "Searching", "fn_Lambda": "fn_Lambda::Function"}
	if len(got) != len(want) {
		t.Errorf("got %v", got)
	}
	for view, service := range want {
		if got[view] != service {
			t.Errorf("%s: got %q, want %q", view, got[view], service)
		}
	}
}

func TestHits(t *testing.T) {
	h := &hits{}
	for _, at := range []int{0, 2, -1, 9} {
		h.add(at)
	}
	if h.ac(1) != 0.25 || h.ac(3) != 0.5 || h.avg5() != (0.25*2+0.5*3)/5 {
		t.Errorf("got %s", h)
	}
}

// TestRCA_Floors holds what was measured, a little below it, so that a loss shows.
func TestRCA_Floors(t *testing.T) {
	const data = "../../shared/data"
	cases, _, err := loadRCA(data)
	if err != nil {
		t.Skipf("the root-cause cases are not here: %v", err)
	}
	b := &rcaRun{cases: cases, cfg: rca.DefaultConfig(), w: io.Discard, found: figures{}}
	b.services()
	for name, least := range map[string]float64{"petshop_ac1": 0.9, "petshop_ac3": 0.96, "ob_ac1": 0.87, "ob_ac3": 0.92, "tt_ac1": 0.6} {
		if got, there := b.found[name]; there && got < least {
			t.Errorf("%s: got %.3f, want at least %.2f", name, got, least)
		}
	}
}
