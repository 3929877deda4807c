package main

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// machine is a set of metrics of one service with the events that people marked
// in them. Its labelled has times without values.
type machine struct {
	labelled
	metrics []labels.Labels
	rows    [][]float64
}

var groupSets = []string{"SMD", "ASD", "JumpStarter-D2"}

var testNote = regexp.MustCompile(`test starts at row (\d+)`)

// loadMachines reads the machines listed in dir/detection/manifest.csv.
func loadMachines(dir string) ([]*machine, error) {
	rows, err := readCSV(filepath.Join(dir, "detection", "manifest.csv"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w; point --data at a folder with detection/", errLacking, err)
	}
	var all []*machine
	for _, r := range rows[1:] {
		if len(r) < 9 || !slices.Contains(groupSets, r[0]) {
			continue
		}
		m := &machine{labelled: labelled{set: r[0], name: r[1], family: r[1]}}
		if m.step, err = strconv.ParseFloat(r[3], 64); err != nil {
			return nil, fmt.Errorf("manifest.csv: step of %s: %w", r[1], err)
		}
		if err := m.read(filepath.Join(dir, "detection", r[0], r[2])); err != nil {
			return nil, err
		}
		m.skip = max(len(m.samples)*15/100, int(86400/max(m.step, 60)))
		if note := testNote.FindStringSubmatch(r[7]); note != nil {
			m.skip, _ = strconv.Atoi(note[1])
		}
		m.events = slices.DeleteFunc(m.events, func(e span) bool { return e.to < m.skip })
		all = append(all, m)
	}
	return all, nil
}

// read reads a time, the metrics and a label per row.
func (m *machine) read(path string) error {
	rows, err := readCSV(path)
	if err != nil {
		return fmt.Errorf("%w: %w", errLacking, err)
	}
	last := len(rows[0]) - 1
	for _, name := range rows[0][1:last] {
		m.metrics = append(m.metrics, labels.FromStrings("__name__", name, "service", m.name))
	}
	open := false
	for i, r := range rows[1:] {
		t, err := strconv.ParseFloat(r[0], 64)
		if err != nil || len(r) != last+1 {
			return fmt.Errorf("%s:%d: want a time and %d fields, got %q", path, i+2, last, r)
		}
		m.samples = append(m.samples, telemetry.Sample{T: int64(t * 1000)})
		values := make([]float64, last-1)
		for j := range values {
			if values[j], err = strconv.ParseFloat(r[j+1], 64); err != nil {
				values[j] = math.NaN()
			}
		}
		m.rows = append(m.rows, values)
		marked := r[last] != "0" && r[last] != ""
		if marked && !open {
			m.events = append(m.events, span{i, i})
		}
		if marked {
			m.events[len(m.events)-1].to = i
		}
		open = marked
	}
	return nil
}

// groupScores replays a machine and returns per row the score of the service,
// that of its oddest metric alone, and whether its budget was charged.
func groupScores(cfg detector.Config, m *machine) (whole, alone []float64, charged []bool) {
	times := make([]int64, len(m.samples))
	for i, s := range m.samples {
		times[i] = s.T
	}
	detector.ReplayGroup(cfg, m.metrics, times, func(i int) []float64 { return m.rows[i] }, func(r detector.GroupRow) {
		whole, alone, charged = append(whole, r.Score), append(alone, r.Alone), append(charged, r.Charged)
	})
	return whole, alone, charged
}

// groups measures machines of many metrics by the protocol of labelled.count,
// with one alarm for the machine: what its metrics say together, beside the
// oddest metric alone.
func groups(out io.Writer, dir string, cfg detector.Config, found figures) error {
	all, err := loadMachines(dir)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		fmt.Fprintf(out, "groups: no machine of %q in %s: left out\n", groupSets, dir)
		return nil
	}
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "machines\tmethod\trecall at .5/1/2/7 false alarms per machine-week\tdelay rows p50/p90")
	set := make([]*labelled, len(all))
	both := [2][][]float64{make([][]float64, len(all)), make([][]float64, len(all))}
	spent, weeks := 0, 0.0
	for i, m := range all {
		set[i] = &m.labelled
		var charged []bool
		both[0][i], both[1][i], charged = groupScores(cfg, m)
		weeks += m.weeks()
		for row, c := range charged {
			if c && row >= m.skip && m.inEvent(row, slackRows) < 0 {
				spent++
			}
		}
	}
	for i, name := range []string{ours + " group", "oddest metric alone"} {
		best := recallAt(set, both[i])
		fmt.Fprintf(w, "%d\t%s\t%.2f / %.2f / %.2f / %.2f\t%d / %d\n", len(all), name,
			best[0].recall, best[1].recall, best[2].recall, best[3].recall,
			quantile(best[1].delays, 0.5), quantile(best[1].delays, 0.9))
		if i == 0 {
			found["recall_1fa_groups"] = best[1].recall
		}
	}
	w.Flush()
	fmt.Fprintf(out, "groups: %.2f alarms outside of events per machine-week charged to a budget of %.2f\n", float64(spent)/weeks, cfg.Budget)
	found["group_fa_over_budget"] = float64(spent) / weeks / cfg.Budget
	return nil
}
