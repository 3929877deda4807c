package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/incident/similar"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

// pastFault is a labelled case with its print.
type pastFault struct {
	set, root, fault string
	at               time.Time
	even             bool // of the half that may be looked at while tuning
	print            similar.Print
}

// faultCase is a line of cases.jsonl.
type faultCase struct {
	ID      string
	Dataset string
	Metrics string
	Normal  string
	Logs    string
	Traces  string
	Target  string `json:"target_service"`
	Entry   string `json:"target_metric"`
	Inject  int64  `json:"inject_time"`
	Step    int64  `json:"step_s"`
	Fault   string
	Root    any `json:"root_service"`
}

// pastTable is a metrics file: times and a column for each series, NaN where empty.
type pastTable struct {
	times   []int64
	columns map[string][]float64
}

// loadFaults reads the cases that have one root and a quiet time to compare with,
// and makes their prints. Files are read once.
func loadFaults(dir string, sets []string) ([]pastFault, error) {
	dir = filepath.Join(dir, "rca")
	f, err := os.Open(filepath.Join(dir, "cases.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w; point --data at a folder with rca/", errLacking, err)
	}
	defer f.Close()
	l := faultLoader{dir: dir, tables: map[string]*pastTable{}, rows: map[string][][]string{}}
	var out []pastFault
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	count := map[string]int{}
	for lines.Scan() {
		var c faultCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return nil, fmt.Errorf("cases.jsonl: %w", err)
		}
		root, one := c.Root.(string)
		if !one || !slices.Contains(sets, c.Dataset) {
			continue
		}
		p, err := l.print(c)
		if errors.Is(err, os.ErrNotExist) {
			continue // some quiet times are too large to be shipped
		}
		if err != nil {
			return nil, fmt.Errorf("case %s: %w", c.ID, err)
		}
		set := c.Dataset
		even := count[set]%2 == 0
		if set == "petshop" {
			even = strings.Contains(c.ID, "/low_")
		}
		count[set]++
		out = append(out, pastFault{set: set, root: root, fault: c.Fault, at: time.Unix(c.Inject, 0), even: even, print: p})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("cases.jsonl: %w", err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: cases.jsonl in %s lists no case of %s", errLacking, dir, strings.Join(sets, ", "))
	}
	return out, nil
}

type faultLoader struct {
	dir    string
	tables map[string]*pastTable
	rows   map[string][][]string
}

// print makes the print of a case from the hour before it, or from the end of the
// quiet days, and the minutes after it.
func (l *faultLoader) print(c faultCase) (similar.Print, error) {
	data, err := l.table(c.Metrics)
	if err != nil {
		return nil, err
	}
	step := time.Duration(c.Step) * time.Second
	from := time.Unix(c.Inject, 0).Truncate(step)
	to, quiet := from.Add(4*step), from.Add(-time.Hour)
	e := similar.Evidence{Entry: c.Entry}
	series := data.series(0)
	if c.Normal != "" {
		normal, err := l.table(c.Normal)
		if err != nil {
			return nil, err
		}
		from = time.Unix(data.times[0], 0)
		to, quiet = time.Unix(data.times[len(data.times)-1]+1, 0), from.Add(-41*step)
		last := len(normal.times)
		before := pastTable{times: make([]int64, min(last, 40)), columns: map[string][]float64{}}
		for i := range before.times {
			before.times[i] = from.Add(-time.Duration(len(before.times)-i) * step).Unix()
		}
		for name, v := range normal.columns {
			before.columns[name] = v[last-len(before.times):]
		}
		series = joined(before, *data)
	}
	for _, s := range rca.Shifts(series, quiet, from, to) {
		e.Moves = append(e.Moves, similar.Move{Service: s.Service, Signal: s.Signal, Z: s.Z})
	}
	if c.Logs != "" {
		if e.Templates, err = l.templates(c.Logs, from, to); err != nil {
			return nil, err
		}
	}
	return similar.New(e), nil
}

// joined puts one table behind another.
func joined(a, b pastTable) []rca.Series {
	all := pastTable{times: append(slices.Clone(a.times), b.times...), columns: map[string][]float64{}}
	blank := func(n int) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = math.NaN()
		}
		return out
	}
	for name, v := range a.columns {
		w, ok := b.columns[name]
		if !ok {
			w = blank(len(b.times))
		}
		all.columns[name] = append(slices.Clone(v), w...)
	}
	for name, w := range b.columns {
		if _, ok := a.columns[name]; !ok {
			all.columns[name] = append(blank(len(a.times)), w...)
		}
	}
	return all.series(0)
}

// series returns the columns that are about a service and what the daemon has
// signals for, in the order of their names.
func (t *pastTable) series(int) []rca.Series {
	var out []rca.Series
	for name, values := range t.columns {
		service, signal, unit, ok := column(name)
		if !ok {
			continue
		}
		s := rca.Series{Service: service, Signal: signal, Unit: unit, Query: name}
		for i, v := range values {
			if !math.IsNaN(v) {
				s.Points = append(s.Points, telemetry.Sample{T: t.times[i] * 1000, V: v})
			}
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b rca.Series) int { return strings.Compare(a.Query, b.Query) })
	return out
}

// column takes the name of a column apart.
func column(name string) (service, signal, unit string, ok bool) {
	parts := strings.Split(name, "|")
	switch {
	case len(parts) == 3 && (parts[2] == "Average" || parts[2] == "p95" || parts[2] == "Sum"):
		if parts[1] == "availability" {
			unit = telemetry.UnitPercent
		}
		return parts[0], parts[1], unit, true
	case len(parts) == 2 && !strings.HasPrefix(parts[0], "EDGE") && !strings.Contains(parts[1], "Node"):
		signal, _, _ = strings.Cut(parts[1], "(")
		if strings.HasSuffix(parts[1], "(%)") {
			unit = telemetry.UnitPercent
		}
		return parts[0], strings.TrimRight(signal, "0123456789"), unit, true
	}
	return "", "", "", false
}

func (l *faultLoader) table(path string) (*pastTable, error) {
	if t := l.tables[path]; t != nil {
		return t, nil
	}
	lines, err := l.lines(path)
	if err != nil {
		return nil, err
	}
	t := &pastTable{columns: map[string][]float64{}}
	for _, line := range lines[1:] {
		at, err := strconv.ParseFloat(line[0], 64)
		if err != nil {
			return nil, fmt.Errorf("%s: want a time in seconds, got %q", path, line[0])
		}
		t.times = append(t.times, int64(at))
		for i := 1; i < len(line); i++ {
			v, err := strconv.ParseFloat(line[i], 64)
			if err != nil {
				v = math.NaN()
			}
			t.columns[lines[0][i]] = append(t.columns[lines[0][i]], v)
		}
	}
	l.tables[path] = t
	return t, nil
}

func (l *faultLoader) lines(path string) ([][]string, error) {
	if rows, ok := l.rows[path]; ok {
		return rows, nil
	}
	f, err := os.Open(filepath.Join(l.dir, path))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	var rows [][]string
	for {
		row, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		rows = append(rows, row)
	}
	if len(rows) < 2 {
		return nil, fmt.Errorf("%s: want a header and rows below it", path)
	}
	l.rows[path] = rows
	return rows, nil
}

// templates returns the templates of the lines of a fault that do not occur in
// quiet minutes.
func (l *faultLoader) templates(path string, from, to time.Time) ([]string, error) {
	rows, err := l.lines(path)
	if err != nil {
		return nil, err
	}
	minutes, here := map[string]map[string]bool{}, map[string]bool{}
	for _, r := range rows[1:] { // time,service,level,template_id,count
		at, err := strconv.ParseFloat(r[0], 64)
		if err != nil {
			return nil, fmt.Errorf("%s: want a time in seconds, got %q", path, r[0])
		}
		id := r[1] + " " + r[3]
		if t := time.Unix(int64(at), 0); !t.Before(from) && t.Before(to) {
			here[id] = true
		}
		if minutes[id] == nil {
			minutes[id] = map[string]bool{}
		}
		minutes[id][r[0]] = true
	}
	var out []string
	for id := range here {
		if len(minutes[id]) <= rareTemplate {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out, nil
}

// rareTemplate is in how many minutes of a day a template may occur to be news.
const rareTemplate = 8
