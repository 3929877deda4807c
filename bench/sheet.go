package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sheet is a file of cells with the line that each row stands in.
type sheet struct {
	path  string
	first []string // the line that names the columns; nil where there is none
	names []string // that in small letters
	rows  [][]string
	lines []int
}

// readSheet reads a file whose first line may name its columns: one that begins with
// a letter does, for rows begin with a time.
func readSheet(path string) (*sheet, error) {
	t := &sheet{path: path}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			return nil, fmt.Errorf("%s:%d: quotes: want them in pairs around whole cells, got %w in line %d; mend that cell", path, wrong.StartLine, wrong.Err, wrong.Line)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		line, _ := r.FieldPos(0)
		t.rows, t.lines = append(t.rows, row), append(t.lines, line)
	}
	if len(t.rows) == 0 {
		return t, nil
	}
	const mark = "\ufeff" // put first by some editors
	t.rows[0][0] = strings.TrimPrefix(t.rows[0][0], mark)
	if first, _ := utf8.DecodeRuneInString(strings.TrimSpace(t.rows[0][0])); unicode.IsLetter(first) {
		t.first = t.rows[0]
		for _, name := range t.first {
			t.names = append(t.names, strings.ToLower(strings.TrimSpace(name)))
		}
		t.rows, t.lines = t.rows[1:], t.lines[1:]
	}
	return t, nil
}

// readCSV returns all lines of a file, the names of its columns among them.
func readCSV(path string) ([][]string, error) {
	t, err := readSheet(path)
	if err != nil {
		return nil, err
	}
	if t.first != nil {
		return append([][]string{t.first}, t.rows...), nil
	}
	return t.rows, nil
}

// column returns where a column stands: by its name, or where no line names them at
// its place in the layout, counted from the end if below 0. It is -1 where there is none.
func (t *sheet) column(name string, place int) int {
	if t.names != nil {
		return slices.Index(t.names, name)
	}
	if place < 0 {
		place += t.width()
	}
	if place >= t.width() {
		return -1
	}
	return place
}

// width is how many cells a row is to have.
func (t *sheet) width() int {
	if t.names == nil && len(t.rows) > 0 {
		return len(t.rows[0])
	}
	return len(t.names)
}

// head is the line of the names, for errors.
func (t *sheet) head() string { return strings.Join(t.first, ",") }

// whole returns an error for a row that is cut short. What lacks its label is no
// quiet row, and what lacks a value says so by an empty cell.
func (t *sheet) whole(row int) error {
	if got := len(t.rows[row]); got < t.width() {
		return t.wrong(row, "row: want %d cells, got %d in %q; complete or remove it", t.width(), got, strings.Join(t.rows[row], ","))
	}
	return nil
}

// wrong returns an error that names the line of a row.
func (t *sheet) wrong(row int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: "+format, append([]any{t.path, t.lines[row]}, args...)...)
}

// value reads a number; NaN where the cell says that there is none, as an empty one
// and the words for no number do. One rule for all files: that row has no sample.
func (t *sheet) value(row, column int) (float64, error) {
	cell := strings.TrimSpace(t.rows[row][column])
	switch strings.ToLower(cell) {
	case "", "na", "n/a", "null", "none":
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(cell, 64)
	if err != nil {
		return 0, t.wrong(row, "value: want a number, or an empty cell for none, got %q; correct or empty it", cell)
	}
	if math.IsInf(v, 0) {
		v = math.NaN()
	}
	return v, nil
}

// farSeconds is beyond the year 5000: what is larger counts milliseconds or less.
const farSeconds = 1e11

// seconds reads a time in seconds and returns it in ms; before 1970 it is below 0.
func (t *sheet) seconds(row, column int) (int64, error) {
	cell := strings.TrimSpace(t.rows[row][column])
	s, err := strconv.ParseFloat(cell, 64)
	switch {
	case err != nil || math.IsNaN(s) || math.IsInf(s, 0):
		return 0, t.wrong(row, "timestamp: want seconds since 1970, got %q; correct or remove the row", cell)
	case math.Abs(s) >= farSeconds:
		return 0, t.wrong(row, "timestamp: want seconds since 1970, got %q, which would be after the year 5000; divide milliseconds by 1000", cell)
	}
	return int64(s * 1000), nil
}

// mark reads a label: whether its row belongs to an event. Anything but yes and no is
// an error, for a value that is taken for a label makes every row one.
func (t *sheet) mark(row, column int) (bool, error) {
	cell := strings.TrimSpace(t.rows[row][column])
	switch strings.ToLower(cell) {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	v, err := strconv.ParseFloat(cell, 64)
	if err != nil || v != 0 && v != 1 {
		return false, t.wrong(row, "label: want 0 or 1, or false or true, got %q; correct it, or see whether the columns are named as they stand", cell)
	}
	return v == 1, nil
}
