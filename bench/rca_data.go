package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

// rcaCase is one labelled fault and what the daemon would know of it.
type rcaCase struct {
	ID       string          `json:"id"`
	Dataset  string          `json:"dataset"`
	Metrics  string          `json:"metrics"`
	Normal   string          `json:"normal"`
	Topology string          `json:"topology"`
	Traces   string          `json:"traces"`
	Logs     string          `json:"logs"`
	Target   string          `json:"target_service"`
	Inject   int64           `json:"inject_time"`
	StepS    int64           `json:"step_s"`
	Fault    string          `json:"fault"`
	Roots    json.RawMessage `json:"root_service"` // a name, or several
	root     string

	onset time.Time
	until time.Time
	graph rca.Graph
	entry string
	all   []rca.Series // with points before and after; sliced for each input
}

// scenario is the folder that a case's metrics lie in: a day, or a kind of traffic.
func (c *rcaCase) scenario() string { return filepath.Base(filepath.Dir(c.Metrics)) }

// input is what Rank is told at the end of the case, with an onset that is wrong by off.
func (c *rcaCase) input(off time.Duration) rca.Input {
	return rca.Input{Service: c.entry, Onset: c.onset.Add(off), At: c.until, Step: time.Duration(c.StepS) * time.Second, Series: c.all, Graph: c.graph}
}

// loadRCA reads the cases of dir/rca whose data are there; what is not is counted.
func loadRCA(dir string) (cases []*rcaCase, absent int, err error) {
	dir = filepath.Join(dir, "rca")
	f, err := os.Open(filepath.Join(dir, "cases.jsonl"))
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w; point --data at a folder with rca/", errLacking, err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	days := map[string]*rcaDay{}
	for n := 1; lines.Scan(); n++ {
		c := &rcaCase{}
		if err := json.Unmarshal(lines.Bytes(), c); err != nil {
			return nil, 0, fmt.Errorf("cases.jsonl:%d: %w", n, err)
		}
		if json.Unmarshal(c.Roots, &c.root) != nil || c.root == "" || c.StepS <= 0 {
			absent++
			continue
		}
		switch c.Dataset {
		case "petshop":
			err = c.readPetShop(dir, days)
		case "nezha_ob", "nezha_ts":
			err = c.readNezha(dir, days)
		default:
			err = fs.ErrNotExist
		}
		if errors.Is(err, fs.ErrNotExist) {
			absent++
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		cases = append(cases, c)
	}
	if len(cases) == 0 {
		return nil, 0, fmt.Errorf("%w: no case of cases.jsonl has its data in %s", errLacking, dir)
	}
	return cases, absent, lines.Err()
}

// table is a file of metrics: a column for each series, a row for each time.
type table struct {
	columns []string
	times   []int64
	values  [][]float64 // by row; NaN where there is nothing
}

func readTable(path string) (*table, error) {
	rows, err := readCSV(path)
	if err != nil {
		return nil, err
	}
	if len(rows) < 2 {
		return nil, fmt.Errorf("%s: want a header and rows", path)
	}
	t := &table{columns: rows[0][1:]}
	for _, r := range rows[1:] {
		at, err := strconv.ParseInt(r[0], 10, 64)
		if err != nil || len(r) != len(rows[0]) {
			continue
		}
		v := make([]float64, len(r)-1)
		for i := range v {
			v[i] = number(r[i+1])
		}
		t.times, t.values = append(t.times, at), append(t.values, v)
	}
	order := make([]int, len(t.times))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(t.times[a] - t.times[b]) })
	times, values := make([]int64, len(order)), make([][]float64, len(order))
	for i, k := range order {
		times[i], values[i] = t.times[k], t.values[k]
	}
	t.times, t.values = times, values
	return t, nil
}

// readEdges reads the pairs of a topology file; a pair whose second half is an
// address is a service and its host.
func readEdges(path string) ([]rca.Edge, error) {
	rows, err := readCSV(path)
	if err != nil {
		return nil, err
	}
	var out []rca.Edge
	for _, r := range rows[min(1, len(rows)):] {
		if len(r) < 2 {
			continue
		}
		e := rca.Edge{From: r[0], To: r[1], Kind: rca.EdgeCalls}
		if isAddress(r[1]) {
			e.Kind = rca.EdgeRunsOn
		}
		out = append(out, e)
	}
	return out, nil
}

func isAddress(s string) bool {
	return strings.Count(s, ".") == 3 && strings.Trim(s, "0123456789.") == ""
}

// petShopQuiet is how many rows of the quiet days come before the trouble.
const petShopQuiet = 200

// readPetShop joins the end of the quiet days to the rows of the trouble.
func (c *rcaCase) readPetShop(dir string, days map[string]*rcaDay) error {
	day := days[c.Normal]
	if day == nil {
		quiet, err := readTable(filepath.Join(dir, c.Normal))
		if err != nil {
			return err
		}
		day = &rcaDay{table: quiet}
		if day.edges, err = readEdges(filepath.Join(dir, c.Topology)); err != nil {
			return err
		}
		days[c.Normal] = day
	}
	trouble, err := readTable(filepath.Join(dir, c.Metrics))
	if err != nil {
		return err
	}
	step := c.StepS
	first, last := trouble.times[0], trouble.times[len(trouble.times)-1]
	// The rows are of whole steps; the first may have begun before the label's time.
	c.onset, c.until = time.Unix(min(max(c.Inject, first), last), 0).UTC(), time.Unix(last, 0).UTC()
	c.entry = c.Target
	c.graph = rca.Graph{Edges: day.edges, Alias: clientViews(day.edges)}
	for i, col := range trouble.columns {
		s, ok := petShopSeries(col)
		if !ok {
			continue
		}
		k := slices.Index(day.table.columns, col)
		if k >= 0 {
			n := len(day.table.times)
			for r := max(n-petShopQuiet, 0); r < n; r++ {
				s.add(first-step*int64(n-r), day.table.values[r][k])
			}
		}
		for r, at := range trouble.times {
			s.add(at, trouble.values[r][i])
		}
		if len(s.Points) > 0 {
			c.all = append(c.all, s.Series)
		}
	}
	return nil
}

type growing struct{ rca.Series }

func (g *growing) add(at int64, v float64) {
	if v == v {
		g.Points = append(g.Points, telemetry.Sample{T: at * 1000, V: v})
	}
}

func petShopSeries(column string) (growing, bool) {
	part := strings.Split(column, "|")
	if len(part) != 3 || part[0] == "" {
		return growing{}, false
	}
	s := rca.Series{Service: part[0], Signal: part[1] + "_" + part[2], Source: rca.SourceMetric}
	switch part[1] {
	case "availability":
		s.Bad, s.Unit = -1, telemetry.UnitPercent
	case "latency":
		s.Bad, s.Unit = 1, telemetry.UnitSeconds
	}
	return growing{s}, true
}

// clientViews says which nodes of a graph are views that a client has of another:
// X_client of the only service that is called from it, the half of a function that
// calls nothing but X::Function of X, and a load balancer, by a part of its name,
// of the only service that is named like that.
func clientViews(edges []rca.Edge) map[string]string {
	callees := map[string][]string{}
	for _, e := range edges {
		callees[e.From] = append(callees[e.From], e.To)
	}
	out := map[string]string{}
	for from, to := range callees {
		if len(to) == 1 && (strings.HasSuffix(from, "_client") || strings.HasPrefix(to[0], from+":")) {
			out[from] = to[0]
		}
	}
	for _, e := range edges {
		host, remote := strings.CutSuffix(e.To, ".elb.amazonaws.com_remote")
		if !remote || len(callees[e.To]) > 0 {
			continue
		}
		host, _, _ = strings.Cut(host, ".")
		_, part, _ := strings.Cut(strings.ToLower(host), "-")
		var named []string
		for from := range callees {
			if part != "" && strings.Contains(strings.ToLower(from), part) && out[from] == "" {
				named = append(named, from)
			}
		}
		if len(named) == 1 {
			out[e.To] = named[0]
		}
	}
	return out
}

func number(s string) float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nan
	}
	return v
}
