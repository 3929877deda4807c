package main

import (
	"errors"
	"io/fs"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

var nan = math.NaN()

// rcaDay is what the cases of one day or scenario share.
type rcaDay struct {
	table  *table
	edges  []rca.Edge
	entry  string
	series []rca.Series
	quiet  []int64 // minutes that hold no fault by design
}

// nezhaAfter is how long after its start a fault is looked at.
const nezhaAfter = 4 * time.Minute

func (c *rcaCase) readNezha(dir string, days map[string]*rcaDay) error {
	day := days[c.Metrics]
	if day == nil {
		var err error
		if day, err = readNezhaDay(filepath.Join(dir, filepath.Dir(c.Metrics))); err != nil {
			return err
		}
		days[c.Metrics] = day
	}
	c.onset = time.Unix(c.Inject, 0).UTC()
	c.until = c.onset.Add(nezhaAfter)
	c.entry, c.graph = day.entry, rca.Graph{Edges: day.edges}
	from := c.Inject - 3*3600
	for _, s := range day.series {
		s.Points, s.Exposure = c.slice(s, day.quiet, from)
		if len(s.Points) > 0 {
			c.all = append(c.all, s)
		}
	}
	return nil
}

// slice returns what of a series was known before the end of a case. Minutes
// without a fault that lie after it are put before it, as for all published figures.
func (c *rcaCase) slice(s rca.Series, quiet []int64, from int64) (points []telemetry.Sample, exposure []float64) {
	add := func(k int, at int64) {
		points = append(points, telemetry.Sample{T: at, V: s.Points[k].V})
		if s.Exposure != nil {
			exposure = append(exposure, s.Exposure[k])
		}
	}
	if s.Source != rca.SourceMetric {
		for i, at := range quiet {
			if at < c.Inject && at >= from {
				continue
			}
			k, ok := slices.BinarySearchFunc(s.Points, at*1000, func(p telemetry.Sample, t int64) int { return int(p.T - t) })
			if ok {
				add(k, (from-int64(len(quiet)-i)*c.StepS)*1000)
			}
		}
	}
	for k, p := range s.Points {
		if p.T >= from*1000 && p.T <= c.until.UnixMilli() {
			add(k, p.T)
		}
	}
	return points, exposure
}

func readNezhaDay(dir string) (*rcaDay, error) {
	t, err := readTable(filepath.Join(dir, "metrics.csv"))
	if err != nil {
		return nil, err
	}
	day := &rcaDay{table: t}
	if day.edges, err = readEdges(filepath.Join(dir, "topology.csv")); err != nil {
		return nil, err
	}
	day.entry = firstCaller(day.edges)
	roots, err := day.readTraces(filepath.Join(dir, "traces_1m.csv"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	day.readMetrics()
	if err := day.readGaps(filepath.Join(dir, "edges_1m.csv"), roots); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := day.readLogs(dir, roots); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return day, nil
}

// firstCaller is the caller that nobody calls and that reaches the most.
func firstCaller(edges []rca.Edge) string {
	called, calls := map[string]bool{}, map[string]int{}
	for _, e := range edges {
		if e.Kind == rca.EdgeCalls {
			called[e.To] = true
			calls[e.From]++
		}
	}
	best := ""
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		if !called[name] && (best == "" || calls[name] > calls[best]) {
			best = name
		}
	}
	return best
}

// readMetrics turns the columns into series. Those of a host are said of the host,
// where it is known; those of both ends of an edge become its gap.
func (d *rcaDay) readMetrics() {
	host := map[string]string{}
	for _, e := range d.edges {
		if e.Kind == rca.EdgeRunsOn {
			host[e.From] = e.To
		}
	}
	client, gaps := map[string]int{}, map[string]*meanSeries{}
	for i, col := range d.table.columns {
		if edge, ok := strings.CutPrefix(col, "EDGE_source|"); ok {
			client[edge] = i
		}
	}
	for i, col := range d.table.columns {
		owner, family, ok := strings.Cut(col, "|")
		if !ok {
			continue
		}
		if owner == "EDGE_destination" {
			from, to, _ := strings.Cut(family, "_")
			k, both := client[family]
			for r, at := range d.table.times {
				if v := d.table.values[r]; both {
					for _, name := range []string{from, to} {
						mean(gaps, name, at, v[k]-v[i])
					}
				}
			}
			continue
		}
		if owner == "EDGE_source" {
			continue
		}
		s := nezhaSeries(owner, family)
		switch {
		case owner == "FRONT":
			s.Service = d.entry
		case strings.HasPrefix(family, "Node"):
			if s.Service = host[owner]; s.Service == "" {
				continue
			}
		}
		for r, at := range d.table.times {
			s.add(at, d.table.values[r][i])
		}
		if len(s.Points) > 0 {
			d.series = append(d.series, s.Series)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(gaps)) {
		d.series = append(d.series, gaps[name].series(rca.Series{Service: name, Signal: "edge gap by metrics", Source: rca.SourceEdgeGap, Unit: telemetry.UnitSeconds, Bad: 1}))
	}
}

func nezhaSeries(owner, family string) growing {
	s := rca.Series{Service: owner, Signal: family, Source: rca.SourceMetric}
	switch {
	case strings.Contains(family, "SuccessRate"):
		s.Bad, s.Unit = -1, telemetry.UnitPercent
	case strings.Contains(family, "Latency"):
		s.Bad, s.Unit = 1, telemetry.UnitSeconds
	case strings.Contains(family, "Cpu"), strings.Contains(family, "Memory"):
		s.Bad = 1
	}
	return growing{s}
}

// meanSeries averages what is said of the same time, by weight.
type meanSeries struct{ sum, weight map[int64]float64 }

func mean(of map[string]*meanSeries, name string, at int64, v float64) { weighted(of, name, at, v, 1) }

func weighted(of map[string]*meanSeries, name string, at int64, v, w float64) {
	if v != v {
		return
	}
	m := of[name]
	if m == nil {
		m = &meanSeries{map[int64]float64{}, map[int64]float64{}}
		of[name] = m
	}
	m.sum[at] += v * w
	m.weight[at] += w
}

func (m *meanSeries) series(s rca.Series) rca.Series {
	for _, at := range slices.Sorted(maps.Keys(m.sum)) {
		s.Points = append(s.Points, telemetry.Sample{T: at * 1000, V: m.sum[at] / m.weight[at]})
	}
	return s
}

// readTraces makes self times and calls per root request of each service, and
// returns the root requests of each minute that was seen whole.
func (d *rcaDay) readTraces(path string) (roots map[int64]float64, err error) {
	rows, err := readCSV(path)
	if err != nil {
		return nil, err
	}
	roots = map[int64]float64{}
	self, count := map[string]*meanSeries{}, map[string]map[int64]float64{}
	clients := map[string]bool{}
	for _, r := range rows[1:] {
		if r[1] != r[2] {
			clients[r[1]+"|"+strings.TrimPrefix(r[3], "/")] = true
		}
		if r[1] == "root" {
			at, _ := strconv.ParseInt(r[0], 10, 64)
			roots[at] += number(r[4])
			d.entry = r[2]
			if r[11] == "normal" && !slices.Contains(d.quiet, at) {
				d.quiet = append(d.quiet, at)
			}
		}
	}
	keepWhole(roots)
	d.quiet = slices.DeleteFunc(d.quiet, func(at int64) bool { return roots[at] == 0 })
	slices.Sort(d.quiet)
	for _, r := range rows[1:] {
		at, _ := strconv.ParseInt(r[0], 10, 64)
		if roots[at] == 0 {
			continue
		}
		n := number(r[4])
		if !clients[r[2]+"|"+strings.TrimPrefix(r[3], "/")] && !strings.HasPrefix(r[3], "HTTP ") {
			weighted(self, r[2]+"|", at, number(r[10])/1e6, n)
		}
		count1m(count, r[2]+"|"+r[3], at, n)
	}
	for _, key := range slices.Sorted(maps.Keys(self)) {
		service, op, _ := strings.Cut(key, "|")
		d.series = append(d.series, self[key].series(rca.Series{Service: service, Signal: op, Source: rca.SourceSelfTime, Unit: telemetry.UnitSeconds, Bad: 1}))
	}
	for _, key := range slices.Sorted(maps.Keys(count)) {
		service, op, _ := strings.Cut(key, "|")
		d.series = append(d.series, perRoot(count[key], roots, rca.Series{Service: service, Signal: op, Source: rca.SourceCalls}))
	}
	return roots, nil
}

// keepWhole drops minutes of which only the edge was recorded.
func keepWhole(roots map[int64]float64) {
	all := slices.Sorted(maps.Values(roots))
	for at, n := range roots {
		if n < all[len(all)/2]*0.15 {
			delete(roots, at)
		}
	}
}

func count1m(of map[string]map[int64]float64, key string, at int64, n float64) {
	if of[key] == nil {
		of[key] = map[int64]float64{}
	}
	of[key][at] += n
}

func perRoot(count, roots map[int64]float64, s rca.Series) rca.Series {
	for _, at := range slices.Sorted(maps.Keys(roots)) {
		s.Points = append(s.Points, telemetry.Sample{T: at * 1000, V: count[at] / roots[at]})
		s.Exposure = append(s.Exposure, roots[at])
	}
	return s
}

func (d *rcaDay) readGaps(path string, roots map[int64]float64) error {
	rows, err := readCSV(path)
	if err != nil {
		return err
	}
	gaps := map[string]*meanSeries{}
	for _, r := range rows[1:] {
		at, _ := strconv.ParseInt(r[0], 10, 64)
		if roots[at] == 0 {
			continue
		}
		for _, name := range r[1:3] {
			mean(gaps, name, at, number(r[7])/1e6)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(gaps)) {
		d.series = append(d.series, gaps[name].series(rca.Series{Service: name, Signal: "edge gap by spans", Source: rca.SourceEdgeGap, Unit: telemetry.UnitSeconds, Bad: 1}))
	}
	return nil
}

// readLogs makes the lines of each template per root request, and those that tell
// of errors together.
func (d *rcaDay) readLogs(dir string, roots map[int64]float64) error {
	rows, err := readCSV(filepath.Join(dir, "logs_1m.csv"))
	if err != nil {
		return err
	}
	texts := map[string]string{}
	if list, err := readCSV(filepath.Join(dir, "log_templates.csv")); err == nil {
		for _, r := range list[1:] {
			texts[r[0]] = r[2]
		}
	}
	count, bad, logged := map[string]map[int64]float64{}, map[string]map[int64]float64{}, map[int64]float64{}
	for _, r := range rows[1:] {
		at, _ := strconv.ParseInt(r[0], 10, 64)
		if roots[at] == 0 {
			continue
		}
		logged[at] = roots[at]
		count1m(count, r[1]+"|"+r[3], at, number(r[4]))
		if level := strings.ToLower(r[2]); level == "error" || level == "fatal" {
			count1m(bad, r[1], at, number(r[4]))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(count)) {
		service, id, _ := strings.Cut(key, "|")
		text := texts[id]
		if text == "" {
			text = id
		}
		d.series = append(d.series, perRoot(count[key], logged, rca.Series{Service: service, Signal: text, Source: rca.SourceTemplate, Query: id}))
	}
	for _, name := range slices.Sorted(maps.Keys(bad)) {
		d.series = append(d.series, perRoot(bad[name], logged, rca.Series{Service: name, Signal: "error lines", Source: rca.SourceErrors, Bad: 1}))
	}
	return nil
}
