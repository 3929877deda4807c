package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// labelledLog is a log whose lines have templates given by people.
type labelledLog struct {
	name string
	// raw are whole lines, content what is after the header.
	raw, content [][]byte
	// event and template are the corrected labels of each line.
	event, template []string
}

// loadLabelledLogs reads every folder NAME of dir/loghub that has labels in
// dir/loghub_2k_corrected.
func loadLabelledLogs(dir string) ([]labelledLog, error) {
	folders, err := os.ReadDir(filepath.Join(dir, "loghub_2k_corrected"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: no folder loghub_2k_corrected in %s; name the folder that has it with --data", errLacking, dir)
	}
	if err != nil {
		return nil, err
	}
	var all []labelledLog
	for _, f := range folders {
		if !f.IsDir() {
			continue
		}
		l, err := loadLabelledLog(dir, f.Name())
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: %s/loghub_2k_corrected has no folders", errLacking, dir)
	}
	return all, nil
}

func loadLabelledLog(dir, name string) (labelledLog, error) {
	l := labelledLog{name: name}
	raw, err := os.ReadFile(filepath.Join(dir, "loghub", name, name+"_2k.log"))
	if err != nil {
		return l, fmt.Errorf("reading the lines of %s: %w", name, err)
	}
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		l.raw = append(l.raw, bytes.Clone(bytes.TrimRight(lines.Bytes(), "\r")))
	}
	path := filepath.Join(dir, "loghub_2k_corrected", name, name+"_2k.log_structured_corrected.csv")
	f, err := os.Open(path)
	if err != nil {
		return l, fmt.Errorf("reading the labels of %s: %w", name, err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return l, fmt.Errorf("reading %s: %w", path, err)
	}
	content, event, text := slices.Index(rows[0], "Content"), slices.Index(rows[0], "EventId"), slices.Index(rows[0], "EventTemplate")
	if content < 0 || event < 0 || text < 0 {
		return l, fmt.Errorf("%s: no columns Content, EventId and EventTemplate", path)
	}
	for _, row := range rows[1:] {
		l.content = append(l.content, []byte(row[content]))
		l.event = append(l.event, row[event])
		l.template = append(l.template, oneBlank(row[text]))
	}
	if len(l.raw) != len(l.content) {
		return l, fmt.Errorf("%s has %d lines and %d labels", name, len(l.raw), len(l.content))
	}
	return l, nil
}

// oneBlank makes every run of blanks one, in labels and in what is compared with them.
func oneBlank(s string) string { return strings.Join(strings.Fields(s), " ") }
