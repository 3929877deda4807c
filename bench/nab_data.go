package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

const nabTime = "2006-01-02 15:04:05"

// loadNAB reads data/*/*.csv of a folder and the windows that its labels mark in
// them. What is left out is said to remarks.
func loadNAB(dir string, remarks io.Writer) ([]*labelled, error) {
	marks := filepath.Join(dir, "labels", "combined_windows.json")
	raw, err := os.ReadFile(marks)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errLacking, err)
	}
	windows := map[string][][]string{}
	if err := json.Unmarshal(raw, &windows); err != nil {
		return nil, fmt.Errorf("%s: want lists of [from, to] by FOLDER/NAME.csv: %w", marks, err)
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
		l := &labelled{set: "NAB", name: filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(path)}
		l.family = l.name
		if err := l.readNAB(path); err != nil {
			return nil, err
		}
		for _, w := range windows[l.name] {
			e, err := l.window(w)
			if err != nil {
				return nil, fmt.Errorf("%s: window of %s: %w", marks, l.name, err)
			}
			if e.from > e.to {
				fmt.Fprintf(remarks, "%s: window of %s: %s to %s holds no row of the file: it is not counted\n", marks, l.name, w[0], w[1])
				continue
			}
			l.events = append(l.events, e)
		}
		slices.SortFunc(l.events, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
		l.windows = slices.Clone(l.events)
		all = append(all, l)
	}
	return all, nil
}

// readNAB reads rows of timestamp, value; those without a value are left out.
func (l *labelled) readNAB(path string) error {
	t, err := readSheet(path)
	if err != nil {
		return err
	}
	at, of := t.column("timestamp", 0), t.column("value", 1)
	if len(t.rows) > 0 && (at < 0 || of < 0) {
		return fmt.Errorf("%s:1: columns: want timestamp,value, got %q; name them so", path, t.head())
	}
	for i, r := range t.rows {
		if err := t.whole(i); err != nil {
			return err
		}
		stamp, err := time.Parse(nabTime, strings.TrimSpace(r[at]))
		if err != nil {
			return t.wrong(i, "timestamp: want a time such as %q, got %q; write it so", nabTime, r[at])
		}
		v, err := t.value(i, of)
		if err != nil {
			return err
		}
		if v == v {
			l.samples = append(l.samples, telemetry.Sample{T: stamp.UnixMilli(), V: v})
		}
	}
	if len(l.samples) < 2 {
		return fmt.Errorf("%s: want a first line of timestamp,value and at least two rows with a value below it, got %d; fill or remove it", path, len(l.samples))
	}
	if l.step = medianStep(l.samples); !(l.step > 0) {
		return fmt.Errorf("%s: timestamp: want rows in the order of time, got steps of %g s between them, by their median of %d; sort them and remove those that stand twice",
			path, l.step, len(l.samples)-1)
	}
	return nil
}

// window returns the rows within the times of a window, from above to if there are none.
func (l *labelled) window(w []string) (span, error) {
	if len(w) != 2 {
		return span{}, fmt.Errorf("want [from, to], got %q; give both", w)
	}
	from, err1 := time.Parse(nabTime, w[0][:min(len(w[0]), len(nabTime))])
	to, err2 := time.Parse(nabTime, w[1][:min(len(w[1]), len(nabTime))])
	if err1 != nil || err2 != nil {
		return span{}, fmt.Errorf("want times such as %q, got %q; write them so", nabTime, w)
	}
	if from.After(to) {
		return span{}, fmt.Errorf("want its start before its end, got %q; change their places", w)
	}
	return l.rows(from.UnixMilli(), to.UnixMilli()), nil
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

// medianStep returns the median distance of neighbours in seconds, of which there
// must be one; 0 where most rows stand twice.
func medianStep(samples []telemetry.Sample) float64 {
	var steps []int64
	for i := 1; i < len(samples); i++ {
		steps = append(steps, samples[i].T-samples[i-1].T)
	}
	slices.Sort(steps)
	return float64(steps[len(steps)/2]) / 1000
}
