package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsinhq/tocsin/telemetry"
)

// group is one service or machine whose metrics are watched together. Its events
// are marked for all metrics at once; its samples are those of the first metric.
type group struct {
	labelled
	metrics [][]telemetry.Sample
	guilty  []guilt    // empty where nobody says which metrics were to blame
	kinds   []madeKind // of the events of a made-up one
}

// guilt says which metrics people hold to blame for an event.
type guilt struct {
	span
	metrics []int // from 0
}

var groupSets = []string{"SMD", "ASD", "JumpStarter-D2"}

var testNote = regexp.MustCompile(`test starts at row (\d+)`)

// loadGroups reads the multivariate series listed in dir/detection/manifest.csv
// and, beside each, NAME.interpretation.txt where there is one.
func loadGroups(dir string) ([]*group, error) {
	dir = filepath.Join(dir, "detection")
	rows, err := readCSV(filepath.Join(dir, "manifest.csv"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w; point --data at a folder with detection/", errLacking, err)
	}
	var all []*group
	for _, r := range rows[min(1, len(rows)):] {
		if len(r) < 8 || r[0] != "SMD" && r[0] != "ASD" && r[0] != "JumpStarter-D2" {
			continue
		}
		g := &group{labelled: labelled{set: r[0], name: r[1], family: r[1]}}
		if g.step, err = strconv.ParseFloat(r[3], 64); err != nil || !(g.step > 0) {
			return nil, fmt.Errorf("manifest.csv: step of %s: want seconds above 0, got %q", r[1], r[3])
		}
		path := filepath.Join(dir, r[0], r[2])
		if err := g.read(path); err != nil {
			return nil, err
		}
		offset := 0
		if m := testNote.FindStringSubmatch(r[7]); m != nil {
			offset, _ = strconv.Atoi(m[1])
		}
		// Only the test part is labelled; what comes before it is there to learn.
		g.skip = min(len(g.samples), max(len(g.samples)*15/100, int(86400/max(g.step, 60)), offset))
		g.events = slices.DeleteFunc(g.events, func(e span) bool { return e.to < g.skip })
		if err := g.readGuilt(strings.TrimSuffix(path, ".csv")+".interpretation.txt", offset); err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: manifest.csv in %s lists none of %s", errLacking, dir, strings.Join(groupSets, ", "))
	}
	countFromZero(all)
	return all, nil
}

// read reads rows of timestamp, one value per metric, label.
func (g *group) read(path string) error {
	rows, err := readCSV(path)
	if err != nil {
		return fmt.Errorf("%w: manifest.csv lists a file that cannot be read: %v", errLacking, err)
	}
	if len(rows) < 2 || len(rows[0]) < 3 {
		return fmt.Errorf("%s: want a header of timestamp, metrics, label and rows below it", path)
	}
	g.metrics = make([][]telemetry.Sample, len(rows[0])-2)
	marked := make([]bool, 0, len(rows))
	for i, r := range rows[1:] {
		if len(r) != len(rows[0]) {
			return fmt.Errorf("%s:%d: want %d columns, got %d", path, i+2, len(rows[0]), len(r))
		}
		t, err := strconv.ParseFloat(r[0], 64)
		if err != nil {
			return fmt.Errorf("%s:%d: want a time in seconds, got %q", path, i+2, r[0])
		}
		for m := range g.metrics {
			v, err := strconv.ParseFloat(r[m+1], 64)
			if err != nil {
				return fmt.Errorf("%s:%d: want a number in column %d, got %q", path, i+2, m+2, r[m+1])
			}
			g.metrics[m] = append(g.metrics[m], telemetry.Sample{T: int64(t * 1000), V: v})
		}
		label := r[len(r)-1]
		marked = append(marked, ofEvent(label))
	}
	g.samples, g.events = g.metrics[0], runs(marked)
	return nil
}

// runs returns the spans of true.
func runs(marked []bool) []span {
	var out []span
	for i, m := range marked {
		switch {
		case !m:
		case i > 0 && marked[i-1]:
			out[len(out)-1].to = i
		default:
			out = append(out, span{i, i})
		}
	}
	return out
}

var guiltLine = regexp.MustCompile(`^(\d+)-(\d+):([\d, ]+)$`)

// readGuilt reads lines of start-end:metric,metric; rows count from offset. A
// file that is absent says nothing.
func (g *group) readGuilt(path string, offset int) error {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for i, line := range strings.Split(string(raw), "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		m := guiltLine.FindStringSubmatch(line)
		if m == nil {
			return fmt.Errorf("%s:%d: want start-end:metric,metric, got %q", path, i+1, line)
		}
		var x guilt
		x.from, _ = strconv.Atoi(m[1])
		x.to, _ = strconv.Atoi(m[2])
		x.from, x.to = x.from+offset, min(x.to+offset, len(g.samples)-1)
		for _, field := range strings.FieldsFunc(m[3], func(r rune) bool { return r == ',' || r == ' ' }) {
			n, _ := strconv.Atoi(field)
			x.metrics = append(x.metrics, n)
		}
		if x.from > x.to {
			return fmt.Errorf("%s:%d: rows %d to %d are not in the series of %d", path, i+1, x.from, x.to, len(g.samples))
		}
		g.guilty = append(g.guilty, x)
	}
	return nil
}

// countFromZero makes metrics count from 0 in the sets that count from 1, which
// are those in which 0 never occurs.
func countFromZero(all []*group) {
	zero := map[string]bool{}
	every := func(do func(set string, metric *int)) {
		for _, g := range all {
			for _, x := range g.guilty {
				for k := range x.metrics {
					do(g.set, &x.metrics[k])
				}
			}
		}
	}
	every(func(set string, metric *int) { zero[set] = zero[set] || *metric == 0 })
	every(func(set string, metric *int) {
		if !zero[set] {
			*metric--
		}
	})
}
