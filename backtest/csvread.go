package backtest

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// mostUnread is how many cells of a column are given a chance to be read before the
// first one is: a column of text, or a time in a form that is not known, is another
// mistake than a cell that was damaged.
const mostUnread = 100

// reading is what becomes of the lines of a file.
type reading struct {
	f     *csvFile
	r     Record
	why   []string
	tried []int   // cells of a column that could not be read while none could, the times last; -1 once one could
	first []error // the first of them
}

// read reads the lines after the head. A line of which nothing can be made has a
// record too; that a column has nothing but such cells is an error.
func (f *csvFile) read(ctx context.Context, emit func(*Record) error) error {
	defer f.file.Close()
	n := len(f.columns)
	l := reading{f: f, r: Record{Values: make([]float64, n)}, why: make([]string, n), tried: make([]int, n+1), first: make([]error, n+1)}
	a := aheads{f: f, emit: emit, newest: noTime}
	line := 1 // of the row before
	for n := 0; ; n++ {
		if n&1023 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		cells, err := f.csv.Read()
		if errors.Is(err, io.EOF) {
			return a.end(l.end())
		}
		if err != nil && !damagedLine(err) {
			return a.end(f.wrong(line+1, err))
		}
		if len(cells) > 0 { // else a quote spoiled the first one
			line, _ = f.csv.FieldPos(len(cells) - 1)
		}
		if err := l.record(cells, err); err != nil {
			return a.end(err)
		}
		if err := a.take(&l.r); err != nil {
			return err
		}
	}
}

// damagedLine tells whether an error is of one line only, so that the next can be read:
// too few cells or too many, or a quote where none may be. A quote that opens a cell
// which goes on in other lines has taken these along, and is not.
func damagedLine(err error) bool {
	var p *csv.ParseError
	return errors.As(err, &p) && p.StartLine == p.Line &&
		(errors.Is(err, csv.ErrFieldCount) || errors.Is(err, csv.ErrBareQuote) || errors.Is(err, csv.ErrQuote))
}

// record makes a record of one line. damaged is what is wrong with all of it.
func (l *reading) record(cells []string, damaged error) (err error) {
	f, r := l.f, &l.r
	r.Stamp, r.T, r.Why, r.Trouble = "", noTime, nil, nil
	if damaged != nil {
		l.unreadable(f.wrong(0, damaged), -1)
	}
	if f.time < len(cells) {
		r.Stamp = cells[f.time]
		if r.T, err = ParseTime(r.Stamp); err == nil && r.T < 0 { // ages are told by seconds since then
			err = fmt.Errorf("want a time from 1970 on, got %q", r.Stamp)
		}
	}
	if err != nil {
		r.T = noTime
		l.unreadable(f.cell(f.time, err), -1)
	}
	times := len(f.columns)
	if r.Trouble == nil {
		l.tried[times] = -1
	} else if l.failed(times, r.Trouble) {
		return l.first[times]
	}
	for i, column := range f.columns {
		if r.Values[i] = math.NaN(); column >= len(cells) {
			continue // a damaged line
		}
		v, err := f.value(cells[column])
		switch {
		case errors.Is(err, errBlank):
			if l.told(); l.why[i] == "" {
				l.why[i] = reasonMissing
			}
		case err != nil:
			err = f.cell(column, fmt.Errorf("want a number or nothing in column %q, got %q; %s", f.names[i], cells[column], f.otherwise()))
			if l.unreadable(err, i); l.failed(i, err) {
				return l.first[i]
			}
		default:
			if l.tried[i] = -1; damaged == nil { // else nobody knows what it is a value of
				r.Values[i] = v
			}
		}
	}
	return nil
}

// otherwise says what to do where a column has no numbers. One of several cannot be left
// out by a flag.
func (f *csvFile) otherwise() string {
	if len(f.columns) > 1 {
		return "leave it out of the file, or let --value-column name the one column that is meant"
	}
	return "--value-column names the column that is meant"
}

// errBlank is that a cell says that there is no value.
var errBlank = errors.New("no value")

// value reads a cell. What is out of range is infinite, which the detector refuses and counts.
func (f *csvFile) value(cell string) (float64, error) {
	text := strings.TrimSpace(cell)
	if blank(text) {
		return 0, errBlank
	}
	if f.csv.Comma == ';' { // of those who write a comma before decimals
		text = strings.Replace(text, ",", ".", 1)
	}
	v, err := strconv.ParseFloat(text, 64)
	if errors.Is(err, strconv.ErrRange) {
		err = nil
	}
	return v, err
}

// told makes the record one of which some values are not there.
func (l *reading) told() {
	if l.r.Why == nil {
		clear(l.why)
		l.r.Why = l.why
	}
}

// unreadable notes that a value cannot be read, all of them where i is below 0.
func (l *reading) unreadable(trouble error, i int) {
	if l.r.Trouble == nil {
		l.r.Trouble = trouble
	}
	l.told()
	for k := range l.why {
		if k == i || i < 0 {
			l.why[k] = reasonUnreadable
		}
	}
}

// failed notes that a cell of column i, the times last, cannot be read, and reports
// whether it is time to say that none can.
func (l *reading) failed(i int, trouble error) bool {
	if l.tried[i] < 0 {
		return false
	}
	if l.tried[i]++; l.tried[i] == 1 {
		l.first[i] = trouble
	}
	return l.tried[i] >= mostUnread
}

// end returns the first error of a column of which nothing could be read.
func (l *reading) end() error {
	for i := range l.tried { // the times decide first: what is wrong with a line is wrong with all
		if at := (i + len(l.f.columns)) % len(l.tried); l.tried[at] > 0 {
			return l.first[at]
		}
	}
	return nil
}

// blank tells whether a cell says that there is no value, in the ways that tools
// write it.
func blank(cell string) bool {
	switch len(cell) {
	case 0:
		return true
	case 2, 3, 4:
		for _, word := range [...]string{"NA", "N/A", "null", "None"} {
			if strings.EqualFold(cell, word) {
				return true
			}
		}
	}
	return false
}
