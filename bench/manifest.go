package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// listed is a line of manifest.csv.
type listed struct {
	at                 string // path:line, for errors
	set, name          string
	path               string // of the series
	step               float64
	labelPoints, note  string
	family             string
	missesFamilyColumn bool
}

// manifestColumns are those of the layout, in its order.
var manifestColumns = []string{"dataset", "series", "file", "step_s", "points", "label_points", "events", "note", "family"}

// readManifest returns the series of the given sets that dir/manifest.csv lists, and
// the names of the other sets in it.
func readManifest(dir string, sets ...string) (series []listed, others []string, err error) {
	t, err := readSheet(filepath.Join(dir, "manifest.csv"))
	if err != nil {
		return nil, nil, err
	}
	if len(t.rows) == 0 {
		return nil, nil, nil
	}
	at := map[string]int{}
	for i, name := range manifestColumns {
		if at[name] = t.column(name, i); at[name] < 0 && name != "family" && name != "points" && name != "events" {
			return nil, nil, fmt.Errorf("%s:1: columns: want %s, got %s, without %s; add it", t.path, strings.Join(manifestColumns, ","), t.head(), name)
		}
	}
	for i, r := range t.rows {
		cell := func(name string) string {
			if c := at[name]; c >= 0 && c < len(r) {
				return strings.TrimSpace(r[c])
			}
			return ""
		}
		set := cell("dataset")
		if !slices.Contains(sets, set) {
			if !slices.Contains(others, set) {
				others = append(others, set)
			}
			continue
		}
		if err := t.whole(i); err != nil {
			return nil, nil, err
		}
		l := listed{at: fmt.Sprintf("%s:%d", t.path, t.lines[i]), set: set, name: cell("series"), path: filepath.Join(dir, set, cell("file")),
			labelPoints: cell("label_points"), note: cell("note"), family: cell("family"), missesFamilyColumn: at["family"] < 0}
		if l.step, err = strconv.ParseFloat(cell("step_s"), 64); err != nil || !(l.step > 0) || math.IsInf(l.step, 0) {
			return nil, nil, fmt.Errorf("%s: step_s of %s: want seconds above 0, got %q; write the distance of its rows", l.at, l.name, cell("step_s"))
		}
		series = append(series, l)
	}
	return series, others, nil
}

// read reads the sheet of the series, of which a line that names the columns alone is
// no row.
func (l listed) read(layout string) (*sheet, error) {
	t, err := readSheet(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s: file of %s: %v; put it there or take out the line", errLacking, l.at, l.name, err)
	}
	if err != nil {
		return nil, err
	}
	if len(t.rows) == 0 {
		return nil, fmt.Errorf("%s: want a first line of %s and rows below it, got no row; fill it or take %s out of the manifest", l.path, layout, l.name)
	}
	return t, nil
}

// labels returns the column of the labels, -1 in a file that has none and of which
// the manifest says that nothing is marked.
func (l listed) labels(t *sheet) (int, error) {
	at := t.column("label", -1)
	if t.names == nil && t.width() < 3 {
		at = -1 // the last of two columns is the value
	}
	if at >= 0 || l.labelPoints == "0" {
		return at, nil
	}
	return -1, fmt.Errorf("%s:1: label: want a column of that name, got %q, while label_points at %s is %q; add it, or say 0 there if nothing is marked",
		l.path, t.head(), l.at, l.labelPoints)
}

// odd says what is to be told of a step that is not the distance of the times; "" if
// they agree to a half, which gaps and repeated rows leave.
func (l listed) odd(series *labelled) string {
	if len(series.samples) < 2 {
		return ""
	}
	got := medianStep(series.samples)
	if got < 1.5*l.step && got > l.step/1.5 {
		return ""
	}
	return fmt.Sprintf("%s: step_s of %s is %g s, but the times in %s are %g s apart, by their median: rates by week and delays in seconds go by step_s, and are wrong unless the times are; correct the one or the other",
		l.at, l.name, l.step, l.path, got)
}
