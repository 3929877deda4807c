package main

import (
	"errors"
	"fmt"
	"io"
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
	metrics []int  // from 0
	at      string // path:line, for errors; empty in a made-up one
}

var groupSets = []string{"SMD", "ASD", "JumpStarter-D2"}

var testNote = regexp.MustCompile(`test starts at row (\d+)`)

// loadGroups reads the multivariate series listed in dir/detection/manifest.csv
// and, beside each, NAME.interpretation.txt where there is one. What looks wrong and
// can be scored all the same is said to remarks, a line each.
func loadGroups(dir string, remarks io.Writer) ([]*group, error) {
	dir = filepath.Join(dir, "detection")
	series, _, err := readManifest(dir, groupSets...)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w; point --data at a folder with detection/", errLacking, err)
	}
	if err != nil {
		return nil, err
	}
	var all []*group
	for _, s := range series {
		g := &group{labelled: labelled{set: s.set, name: s.name, family: s.name, step: s.step}}
		if err := g.read(s); err != nil {
			return nil, err
		}
		if what := s.odd(&g.labelled); what != "" {
			fmt.Fprintln(remarks, what)
		}
		afterEpoch(g.metrics...)
		offset := 0
		if m := testNote.FindStringSubmatch(s.note); m != nil {
			offset, _ = strconv.Atoi(m[1])
		}
		// Only the test part is labelled; what comes before it is there to learn.
		g.skip = min(len(g.samples), max(len(g.samples)*15/100, int(86400/max(g.step, 60)), offset))
		g.events = slices.DeleteFunc(g.events, func(e span) bool { return e.to < g.skip })
		if err := g.readGuilt(strings.TrimSuffix(s.path, ".csv")+".interpretation.txt", offset); err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: %s lists none of %s", errLacking, filepath.Join(dir, "manifest.csv"), strings.Join(groupSets, ", "))
	}
	return all, countFromZero(all, remarks)
}

// read reads rows of timestamp, one value per metric, label. A metric without a value
// in a row is NaN there, which is no sample; the others of the row are samples.
func (g *group) read(s listed) error {
	t, err := s.read("timestamp, metrics, label")
	if err != nil {
		return err
	}
	label, err := s.labels(t)
	if err != nil {
		return err
	}
	when := t.column("timestamp", 0)
	var metrics []int // their columns
	for c := range t.width() {
		if c != when && c != label {
			metrics = append(metrics, c)
		}
	}
	if when < 0 || len(metrics) == 0 {
		return fmt.Errorf("%s:1: columns: want timestamp, metrics, label, got %q; name them so", s.path, t.head())
	}
	g.metrics = make([][]telemetry.Sample, len(metrics))
	marked := make([]bool, len(t.rows))
	for i := range t.rows {
		if err := t.whole(i); err != nil {
			return err
		}
		at, err := t.seconds(i, when)
		if err != nil {
			return err
		}
		for m, column := range metrics {
			v, err := t.value(i, column)
			if err != nil {
				return err
			}
			g.metrics[m] = append(g.metrics[m], telemetry.Sample{T: at, V: v})
		}
		if label < 0 {
			continue
		}
		if marked[i], err = t.mark(i, label); err != nil {
			return err
		}
	}
	g.samples, g.events = g.metrics[0], runs(marked)
	return nil
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
			return fmt.Errorf("%s:%d: line: want start-end:metric,metric, got %q; write it so", path, i+1, line)
		}
		x := guilt{at: fmt.Sprintf("%s:%d", path, i+1)}
		x.from, _ = strconv.Atoi(m[1])
		x.to, _ = strconv.Atoi(m[2])
		x.from, x.to = x.from+offset, min(x.to+offset, len(g.samples)-1)
		for _, field := range strings.FieldsFunc(m[3], func(r rune) bool { return r == ',' || r == ' ' }) {
			n, _ := strconv.Atoi(field)
			x.metrics = append(x.metrics, n)
		}
		if x.from > x.to {
			return fmt.Errorf("%s: rows: want start-end within the series of %d rows, counted from row %d on, got %q; correct them", x.at, len(g.samples), offset, line)
		}
		g.guilty = append(g.guilty, x)
	}
	return nil
}

// countFromZero makes metrics count from 0. Both published sets that name them count
// from 1 (the hit rate in the code of "InterFusion", Z. Li et al., KDD 2021, adds 1 to
// the ranked indices of SMD and ASD alike), and no layout says it; a set in which a
// metric 0 is named cannot, and counts from 0. That is said, since a part of such a set
// that happens not to name it would be read otherwise.
func countFromZero(all []*group, remarks io.Writer) error {
	zero := map[string]string{} // by set, where a metric 0 is named
	for _, g := range all {
		for _, x := range g.guilty {
			if slices.Contains(x.metrics, 0) && zero[g.set] == "" {
				zero[g.set] = x.at
				fmt.Fprintf(remarks, "%s: metric 0 is named, so that the metrics of %s are counted from 0 and not from 1\n", x.at, g.set)
			}
		}
	}
	for _, g := range all {
		base := 1
		if zero[g.set] != "" {
			base = 0
		}
		for _, x := range g.guilty {
			for k, m := range x.metrics {
				if x.metrics[k] = m - base; m-base >= len(g.metrics) {
					return fmt.Errorf("%s: metrics: want %d to %d, as %s has %d, got %d; correct it", x.at, base, base+len(g.metrics)-1, g.name, len(g.metrics), m)
				}
			}
		}
	}
	return nil
}
