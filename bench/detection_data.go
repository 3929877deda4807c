package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// span is an inclusive run of rows.
type span struct{ from, to int }

// labelled is one series with the events that people marked in it.
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

// inEvent returns the event that row i belongs to, each event reaching slack
// rows further than marked; -1 for none.
func (l *labelled) inEvent(i, slack int) int {
	at, _ := slices.BinarySearchFunc(l.events, i, func(e span, i int) int {
		if e.to+slack < i {
			return -1
		}
		if e.from > i {
			return 1
		}
		return 0
	})
	if at < len(l.events) && l.events[at].from <= i && i <= l.events[at].to+slack {
		return at
	}
	return -1
}

var splitNote = regexp.MustCompile(`test half starts at row (\d+)`)

// loadDetection reads the univariate series listed in dir/detection/manifest.csv
// and the files of dir/nab, of which one may be absent.
func loadDetection(dir string) ([]*labelled, error) {
	all, err := loadManifest(filepath.Join(dir, "detection"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	nab, nabErr := loadNAB(filepath.Join(dir, "nab"))
	if nabErr != nil && !errors.Is(nabErr, errLacking) {
		return nil, nabErr
	}
	all = append(all, nab...)
	if len(all) == 0 {
		if err == nil {
			err = fmt.Errorf("manifest.csv lists no series of KPI-AIOPS18 or MSCloud")
		}
		return nil, fmt.Errorf("%w: %w; %w; point --data at a folder with detection/ and nab/", errLacking, err, nabErr)
	}
	for _, l := range all {
		l.skip = min(len(l.samples), max(len(l.samples)*15/100, int(86400/max(l.step, 60))))
		l.events = slices.DeleteFunc(l.events, func(e span) bool { return e.to < l.skip })
	}
	return all, nil
}

// loadManifest reads the series of one value that dir/manifest.csv lists.
func loadManifest(dir string) ([]*labelled, error) {
	rows, err := readCSV(filepath.Join(dir, "manifest.csv"))
	if err != nil {
		return nil, err
	}
	var all []*labelled
	for i, r := range rows[min(1, len(rows)):] {
		if r[0] != "KPI-AIOPS18" && r[0] != "MSCloud" {
			continue
		}
		if len(r) < 9 {
			return nil, fmt.Errorf("manifest.csv:%d: want 9 columns, the last of which is the family, got %d", i+2, len(r))
		}
		l := &labelled{set: strings.TrimSuffix(r[0], "-AIOPS18"), name: r[1], family: r[8]}
		if l.step, err = strconv.ParseFloat(r[3], 64); err != nil || !(l.step > 0) {
			return nil, fmt.Errorf("manifest.csv:%d: step of %s: want seconds above 0, got %q", i+2, r[1], r[3])
		}
		if m := splitNote.FindStringSubmatch(r[7]); m != nil {
			l.split, _ = strconv.Atoi(m[1])
		}
		if err := l.readLabelled(filepath.Join(dir, r[0], r[2])); err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

// otherSets returns the sets of dir/detection/manifest.csv that no bench knows, so
// that what is left out is said.
func otherSets(dir string) []string {
	rows, err := readCSV(filepath.Join(dir, "detection", "manifest.csv"))
	if err != nil {
		return nil // said by who reads the series
	}
	var out []string
	for _, r := range rows[min(1, len(rows)):] {
		if r[0] != "KPI-AIOPS18" && r[0] != "MSCloud" && !slices.Contains(groupSets, r[0]) && !slices.Contains(out, r[0]) {
			out = append(out, r[0])
		}
	}
	return out
}

func readCSV(path string) ([][]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	return r.ReadAll()
}

// readLabelled reads rows of timestamp, value, label. Rows without a value are
// left out, as a scrape that failed would be.
func (l *labelled) readLabelled(path string) error {
	rows, err := readCSV(path)
	if err != nil {
		return fmt.Errorf("%w: manifest.csv lists a file that cannot be read: %v", errLacking, err)
	}
	if len(rows) < 2 {
		return fmt.Errorf("%s: want a first line of timestamp,value,label and rows below it", path)
	}
	open, split := false, l.split
	for i, r := range rows[1:] {
		if len(r) < 3 || r[1] == "" {
			if i < split {
				l.split--
			}
			continue
		}
		t, err1 := strconv.ParseFloat(r[0], 64)
		v, err2 := strconv.ParseFloat(r[1], 64)
		if err1 != nil || err2 != nil {
			return fmt.Errorf("%s:%d: want numbers, got %q", path, i+2, r)
		}
		at := len(l.samples)
		l.samples = append(l.samples, telemetry.Sample{T: int64(t * 1000), V: v})
		if ofEvent(r[2]) {
			if !open {
				l.events = append(l.events, span{at, at})
			}
			l.events[len(l.events)-1].to = at
			open = true
		} else {
			open = false
		}
	}
	l.split = min(l.split, len(l.samples))
	return nil
}

// ofEvent reports whether a label says that its row belongs to an event: 1, not 0 or 0.0.
func ofEvent(label string) bool {
	v, err := strconv.ParseFloat(label, 64)
	return label != "" && (err != nil || v != 0)
}

const nabTime = "2006-01-02 15:04:05"

func loadNAB(dir string) ([]*labelled, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "labels", "combined_windows.json"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errLacking, err)
	}
	windows := map[string][][2]string{}
	if err := json.Unmarshal(raw, &windows); err != nil {
		return nil, fmt.Errorf("combined_windows.json: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "data", "*", "*.csv"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%w: no files data/*/*.csv in %s", errLacking, dir)
	}
	var all []*labelled
	for _, path := range files {
		folder := filepath.Base(filepath.Dir(path))
		l := &labelled{set: "NAB", name: folder + "/" + filepath.Base(path)}
		l.family = l.name
		rows, err := readCSV(path)
		if err != nil {
			return nil, err
		}
		if len(rows) < 3 {
			return nil, fmt.Errorf("%s: want a first line of timestamp,value and at least two rows below it", path)
		}
		for i, r := range rows[1:] {
			if len(r) < 2 {
				return nil, fmt.Errorf("%s:%d: want a time and a number, got %q", path, i+2, r)
			}
			t, err1 := time.Parse(nabTime, r[0])
			v, err2 := strconv.ParseFloat(r[1], 64)
			if err1 != nil || err2 != nil {
				return nil, fmt.Errorf("%s:%d: want a time and a number, got %q", path, i+2, r)
			}
			l.samples = append(l.samples, telemetry.Sample{T: t.UnixMilli(), V: v})
		}
		l.step = medianStep(l.samples)
		for _, w := range windows[l.name] {
			from, err1 := time.Parse(nabTime, w[0][:min(len(w[0]), len(nabTime))])
			to, err2 := time.Parse(nabTime, w[1][:min(len(w[1]), len(nabTime))])
			if err1 != nil || err2 != nil {
				return nil, fmt.Errorf("window of %s: want times, got %q", l.name, w)
			}
			if e := l.rows(from.UnixMilli(), to.UnixMilli()); e.from <= e.to {
				l.events = append(l.events, e)
			}
		}
		l.windows = slices.Clone(l.events)
		all = append(all, l)
	}
	return all, nil
}

// rows returns the first and last row within the times.
func (l *labelled) rows(from, to int64) span {
	e := span{from: len(l.samples)}
	for i, s := range l.samples {
		if s.T >= from && s.T <= to {
			e.from = min(e.from, i)
			e.to = i
		}
	}
	return e
}

func medianStep(samples []telemetry.Sample) float64 {
	var steps []int64
	for i := 1; i < len(samples); i++ {
		steps = append(steps, samples[i].T-samples[i-1].T)
	}
	slices.Sort(steps)
	return float64(steps[len(steps)/2]) / 1000
}
