package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsinhq/tocsin/topology"
)

// faultDay is one continuous recording with the faults that were injected into it.
type faultDay struct {
	set, name string
	columns   []string
	times     []int64     // unix seconds, ascending
	values    [][]float64 // by column, then by row; NaN where there is none
	faults    []fault     // by time
	calls     []topology.Dependency
	hosts     []topology.Dependency // on which services run
}

type fault struct {
	At      int64  `json:"inject_time"`
	Kind    string `json:"fault"`
	Service string `json:"-"`
}

// loadFaultDays reads the days of continuous metrics that dir/rca/cases.jsonl
// names: a set's cases that share a file of metrics and have no separate normal
// period.
func loadFaultDays(dir string) ([]*faultDay, error) {
	dir = filepath.Join(dir, "rca")
	f, err := os.Open(filepath.Join(dir, "cases.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w; point --data at a folder with rca/", errLacking, err)
	}
	defer f.Close()
	days := map[string]*faultDay{}
	topologies := map[string]string{}
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for line := 1; sc.Scan(); line++ {
		var c struct {
			fault
			Dataset  string          `json:"dataset"`
			Metrics  string          `json:"metrics"`
			Normal   string          `json:"normal"`
			Topology string          `json:"topology"`
			Root     json.RawMessage `json:"root_service"`
		}
		if err := json.Unmarshal(sc.Bytes(), &c); err != nil {
			return nil, fmt.Errorf("cases.jsonl:%d: %w", line, err)
		}
		if c.Normal != "" || !strings.HasPrefix(c.Dataset, "nezha_") {
			continue // not a continuous recording
		}
		d := days[c.Metrics]
		if d == nil {
			d = &faultDay{set: c.Dataset, name: filepath.Base(filepath.Dir(c.Metrics))}
			days[c.Metrics], topologies[c.Metrics] = d, c.Topology
		}
		c.fault.Service = strings.Trim(string(c.Root), `"`)
		d.faults = append(d.faults, c.fault)
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("cases.jsonl: %w", err)
	}
	var out []*faultDay
	for path, d := range days {
		if err := d.readMetrics(filepath.Join(dir, path)); err != nil {
			return nil, err
		}
		if err := d.readCalls(filepath.Join(dir, topologies[path])); err != nil {
			return nil, err
		}
		slices.SortFunc(d.faults, func(a, b fault) int { return cmp.Compare(a.At, b.At) })
		out = append(out, d)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: cases.jsonl names no continuous recording", errLacking)
	}
	slices.SortFunc(out, func(a, b *faultDay) int { return cmp.Or(cmp.Compare(a.set, b.set), cmp.Compare(a.name, b.name)) })
	return out, nil
}

func (d *faultDay) readMetrics(path string) error {
	rows, err := readCSV(path)
	if err != nil {
		return fmt.Errorf("%w: %w", errLacking, err)
	}
	if len(rows) < 2 {
		return fmt.Errorf("%w: %s has no rows", errLacking, path)
	}
	d.columns = rows[0][1:]
	d.values = make([][]float64, len(d.columns))
	for n, r := range rows[1:] {
		t, err := strconv.ParseInt(r[0], 10, 64)
		if err != nil {
			return fmt.Errorf("%s:%d: time: %w", path, n+2, err)
		}
		if k := len(d.times); k > 0 && (t <= d.times[k-1] || t-d.times[k-1] > 86400) {
			continue // a stray row, not of this recording
		}
		d.times = append(d.times, t)
		for i := range d.columns {
			v := math.NaN()
			if i+1 < len(r) && r[i+1] != "" {
				if v, err = strconv.ParseFloat(r[i+1], 64); err != nil {
					return fmt.Errorf("%s:%d: %s: %w", path, n+2, d.columns[i], err)
				}
			}
			d.values[i] = append(d.values[i], v)
		}
	}
	return nil
}

// readCalls reads caller,callee rows; a callee that is an address is a host.
func (d *faultDay) readCalls(path string) error {
	rows, err := readCSV(path)
	if err != nil {
		return fmt.Errorf("%w: %w", errLacking, err)
	}
	for _, r := range rows[min(1, len(rows)):] {
		if len(r) < 2 {
			continue
		}
		c := topology.Dependency{From: r[0], To: r[1]}
		if net.ParseIP(r[1]) != nil {
			d.hosts = append(d.hosts, c)
			continue
		}
		d.calls = append(d.calls, c)
	}
	return nil
}
