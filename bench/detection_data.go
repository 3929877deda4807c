package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsinhq/tocsin/telemetry"
)

// span is an inclusive run of rows.
type span struct{ from, to int }

// labelled is one series with the events that people marked in it, in the order of
// their starts.
type labelled struct {
	set, name, family string
	samples           []telemetry.Sample
	events            []span
	windows           []span  // events as marked, none left out; NAB only
	step              float64 // seconds
	skip              int     // first row that is scored
	split             int     // first row of the test half; 0 where the set has none
}

// weeks returns how much time the scored rows span.
func (l *labelled) weeks() float64 {
	return float64(len(l.samples)-l.skip) * l.step / (7 * 86400)
}

// quietWeeks returns how much time the scored rows outside of events span.
func (l *labelled) quietWeeks() float64 {
	weeks := l.weeks()
	for _, e := range l.events {
		weeks -= float64(e.to-max(e.from, l.skip)+1) * l.step / (7 * 86400)
	}
	return weeks
}

// inEvent reports whether row i belongs to an event, each event reaching slack rows
// further than marked.
func (l *labelled) inEvent(i, slack int) bool {
	return slices.ContainsFunc(l.events, func(e span) bool { return e.from <= i && i <= e.to+slack })
}

var (
	splitNote = regexp.MustCompile(`test half starts at row (\d+)`)

	// seriesSets are the sets of series of one value that the manifest may list.
	seriesSets = []string{"KPI-AIOPS18", "MSCloud"}
)

// loadDetection reads the univariate series listed in dir/detection/manifest.csv
// and the files of dir/nab, of which one may be absent. What looks wrong and can be
// scored all the same is said to remarks, a line each.
func loadDetection(dir string, remarks io.Writer) ([]*labelled, error) {
	all, err := loadManifest(filepath.Join(dir, "detection"), remarks)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	nab, nabErr := loadNAB(filepath.Join(dir, "nab"), remarks)
	if nabErr != nil && !errors.Is(nabErr, errLacking) {
		return nil, nabErr
	}
	all = append(all, nab...)
	if len(all) == 0 {
		if err == nil {
			err = fmt.Errorf("%s lists no series of KPI-AIOPS18 or MSCloud", filepath.Join(dir, "detection", "manifest.csv"))
		}
		return nil, fmt.Errorf("%w: %w; %w; point --data at a folder with detection/ and nab/", errLacking, err, nabErr)
	}
	for _, l := range all {
		afterEpoch(l.samples)
		l.skip = min(len(l.samples), max(len(l.samples)*15/100, int(86400/max(l.step, 60))))
		l.events = slices.DeleteFunc(l.events, func(e span) bool { return e.to < l.skip })
	}
	return all, nil
}

// afterEpoch moves samples of which some are from before 1970 by whole weeks to after
// it, so that hours and weekdays stay: the detector, which judges what is scraped now,
// takes times around 0 for none.
func afterEpoch(samples ...[]telemetry.Sample) {
	const week = 7 * 86_400_000
	least := int64(0)
	for _, of := range samples {
		for _, s := range of {
			least = min(least, s.T)
		}
	}
	if least == 0 {
		return
	}
	for _, of := range samples {
		for i := range of {
			of[i].T += (2 - least/week) * week
		}
	}
}

// loadManifest reads the series of one value that dir/manifest.csv lists.
func loadManifest(dir string, remarks io.Writer) ([]*labelled, error) {
	series, _, err := readManifest(dir, seriesSets...)
	if err != nil {
		return nil, err
	}
	var all []*labelled
	for _, s := range series {
		if s.missesFamilyColumn {
			return nil, fmt.Errorf("%s: columns: want one named family, by which series that are alike count once; add it, with the name of the series where none is like it", s.at)
		}
		l := &labelled{set: strings.TrimSuffix(s.set, "-AIOPS18"), name: s.name, family: s.family, step: s.step}
		if m := splitNote.FindStringSubmatch(s.note); m != nil {
			l.split, _ = strconv.Atoi(m[1])
		}
		if err := l.readLabelled(s, remarks); err != nil {
			return nil, err
		}
		if what := s.odd(l); what != "" {
			fmt.Fprintln(remarks, what)
		}
		all = append(all, l)
	}
	return all, nil
}

// otherSets returns the sets of dir/detection/manifest.csv that no bench knows, so
// that what is left out is said.
func otherSets(dir string) []string {
	_, others, _ := readManifest(filepath.Join(dir, "detection"), append(slices.Clone(seriesSets), groupSets...)...)
	return others // an error is said by who reads the series
}

// readLabelled reads rows of timestamp, value, label.
func (l *labelled) readLabelled(s listed, remarks io.Writer) error {
	t, err := s.read("timestamp,value,label")
	if err != nil {
		return err
	}
	when, of := t.column("timestamp", 0), t.column("value", 1)
	if when < 0 || of < 0 {
		return fmt.Errorf("%s:1: columns: want timestamp,value,label, got %q; name them so", s.path, t.head())
	}
	label, err := s.labels(t)
	if err != nil {
		return err
	}
	samples, marked := make([]telemetry.Sample, len(t.rows)), make([]bool, len(t.rows))
	for i := range t.rows {
		if err := t.whole(i); err != nil {
			return err
		}
		if samples[i].T, err = t.seconds(i, when); err != nil {
			return err
		}
		if samples[i].V, err = t.value(i, of); err != nil {
			return err
		}
		if label < 0 {
			continue
		}
		if marked[i], err = t.mark(i, label); err != nil {
			return err
		}
	}
	for _, e := range l.heard(samples, marked) {
		fmt.Fprintf(remarks, "%s:%d: the event until line %d has no value in any of its rows: it is not counted\n", s.path, t.lines[e.from], t.lines[e.to])
	}
	return nil
}

// heard takes on the samples that are there, with the events that their marks make,
// and lets skip and split, which count all rows, count these. Rows whose value is NaN
// are left out, as a scrape that failed would be, so that events between which nothing
// else is are one. It returns the marked runs of which no row is left, by all rows.
func (l *labelled) heard(samples []telemetry.Sample, marked []bool) (lost []span) {
	skip, split := l.skip, l.split
	l.samples, l.skip, l.split = nil, 0, 0
	var kept []bool
	for i, s := range samples {
		if math.IsNaN(s.V) {
			continue
		}
		l.samples, kept = append(l.samples, s), append(kept, marked[i])
		if i < skip {
			l.skip++
		}
		if i < split {
			l.split++
		}
	}
	l.events = runs(kept)
	for _, e := range runs(marked) {
		if !slices.ContainsFunc(samples[e.from:e.to+1], func(s telemetry.Sample) bool { return !math.IsNaN(s.V) }) {
			lost = append(lost, e)
		}
	}
	return lost
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
