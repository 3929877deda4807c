package backtest

import (
	"compress/flate"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/prometheus/prometheus/model/labels"
)

// CSVOptions say which files to read and what is in them.
type CSVOptions struct {
	Paths []string // Stdin for the standard input; those that are compressed by gzip are unpacked
	Stdin io.Reader
	// TimeColumn holds the times; see ParseTime.
	TimeColumn string
	// ValueColumn holds the values. Empty: the column "value" if there is one,
	// else every column with a name but TimeColumn and LabelColumn, which are then
	// the metrics of one service.
	ValueColumn string
	// Read is added to as bytes are read; nil counts nothing.
	Read *atomic.Int64
}

const (
	defaultValueColumn = "value"
	// LabelColumn is what data sets call the right answer. It is never a metric.
	LabelColumn = "label"
)

// CSVSource is a Source of files.
type CSVSource struct {
	o       CSVOptions
	names   []string // of units
	next    int
	kept    map[int]*csvFile // opened already: the first, and pipes, which can be opened once only
	several bool
}

// NewCSV returns a source with one unit for each file, named after it without
// its folder and ending, or after its path where two files would have the same
// name. A series has the name of its column as metric name and
// that of the file as label "service". The first line of each file is read at
// once, so that wrong columns are told before anything is written; the rest when
// its turn comes.
func NewCSV(o CSVOptions) (*CSVSource, error) {
	s := &CSVSource{o: o, names: unitNames(o.Paths), kept: map[int]*csvFile{}}
	for i, path := range o.Paths {
		f, err := openCSV(path, o)
		if err != nil {
			s.Close()
			return nil, err
		}
		s.several = s.several || len(f.columns) > 1
		if i == 0 || !f.again {
			s.kept[i] = f
			continue
		}
		f.file.Close()
		f.counted.forget()
	}
	return s, nil
}

// SeveralMetrics tells whether any of the files has several columns of values,
// so that rows need a column that says which one is meant.
func (s *CSVSource) SeveralMetrics() bool { return s.several }

// Close closes what no Read has closed.
func (s *CSVSource) Close() (err error) {
	for _, f := range s.kept {
		err = errors.Join(err, f.file.Close())
	}
	clear(s.kept)
	return err
}

// Next opens the next file. Its Read closes it.
func (s *CSVSource) Next(context.Context) (Unit, error) {
	at := s.next
	if at >= len(s.o.Paths) {
		return Unit{}, io.EOF
	}
	s.next++
	f, ok := s.kept[at]
	if !ok {
		var err error
		if f, err = openCSV(s.o.Paths[at], s.o); err != nil {
			return Unit{}, err
		}
	}
	delete(s.kept, at)
	return f.unit(s.names[at]), nil
}

// unitNames returns the names of files without folder and ending; those of which
// that leaves the same are given by their paths.
func unitNames(paths []string) []string {
	names, times := make([]string, len(paths)), map[string]int{}
	for i, path := range paths {
		plain := strings.TrimSuffix(path, ".gz")
		if names[i] = strings.TrimSuffix(filepath.Base(plain), filepath.Ext(plain)); path == Stdin {
			names[i] = "stdin"
		}
		times[names[i]]++
	}
	for i, path := range paths {
		if times[names[i]] > 1 {
			names[i] = path
		}
	}
	return names
}

// at places an error at a line as the reader of cells counts them.
func (f *csvFile) at(line int) string { return f.path + ":" + strconv.Itoa(f.before+line) }

// head reads the first line and finds the columns.
func (f *csvFile) head(o CSVOptions) error {
	head, err := f.csv.Read()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: the file is empty; want a first line with the names of the columns, such as timestamp,value", f.path)
	}
	if err != nil {
		return f.wrong(1, err)
	}
	head = slices.Clone(head)
	times := make(map[string]int, len(head))
	for i := range head {
		head[i] = strings.TrimSpace(head[i]) // people put a space after a comma
		times[head[i]]++
	}
	if slices.ContainsFunc(head, func(name string) bool { return strings.Contains(name, "\r") }) {
		return fmt.Errorf("%s: lines end with a carriage return alone; convert the file, for instance with tr '\\r' '\\n'", f.at(1))
	}
	if f.time = slices.Index(head, strings.TrimSpace(o.TimeColumn)); f.time < 0 {
		return fmt.Errorf("%s: no column %q; --time-column names that of the times, the file has %s", f.at(1), o.TimeColumn, some(head))
	}
	value := strings.TrimSpace(o.ValueColumn)
	if value == "" && slices.Contains(head, defaultValueColumn) {
		value = defaultValueColumn
	}
	for i, name := range head {
		if i == f.time || name == "" || value == "" && name == LabelColumn || value != "" && name != value {
			continue // one without a name, as that of the row number, could not be named as guilty
		}
		if times[name] > 1 {
			return fmt.Errorf("%s: column %q is there twice; give one of them another name", f.at(1), name)
		}
		f.columns, f.names = append(f.columns, i), append(f.names, name)
	}
	switch {
	case len(f.columns) > 0:
	case value == "":
		return fmt.Errorf("%s: no column with values; --value-column names it, the file has %s", f.at(1), some(head))
	case value == head[f.time]:
		return fmt.Errorf("%s: column %q is that of the times; --value-column names that of the values, the file has %s", f.at(1), value, some(head))
	default:
		return fmt.Errorf("%s: no column %q; --value-column names that of the values, the file has %s", f.at(1), value, some(head))
	}
	if times[head[f.time]] > 1 {
		return fmt.Errorf("%s: column %q is there twice; give one of them another name", f.at(1), head[f.time])
	}
	return nil
}

// mostListed is how many names of columns an error lists.
const mostListed = 20

func some(names []string) string {
	s := strings.Join(names[:min(len(names), mostListed)], ", ")
	if more := len(names) - mostListed; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

func (f *csvFile) unit(name string) Unit {
	u := Unit{Name: name, Read: f.read}
	for _, column := range f.names {
		u.Metrics = append(u.Metrics, labels.FromStrings(labels.MetricName, column, "service", name))
	}
	return u
}

// cell places an error at a cell of the line that was read last.
func (f *csvFile) cell(column int, err error) error {
	line, _ := f.csv.FieldPos(column)
	return fmt.Errorf("%s: %w", f.at(line), err)
}

// wrong turns an error of the reader into one with file and line, which is next unless the
// error knows better.
func (f *csvFile) wrong(next int, err error) error {
	var p *csv.ParseError
	switch {
	case errors.As(err, &p) && errors.Is(p.Err, csv.ErrFieldCount):
		return fmt.Errorf("%s: want as many cells as the first line has, %d", f.at(p.Line), f.csv.FieldsPerRecord)
	case errors.As(err, &p) && p.StartLine < p.Line:
		return fmt.Errorf("%s: a cell begins with a quote that is not closed: %w", f.at(p.StartLine), p.Err)
	case errors.As(err, &p):
		return fmt.Errorf("%s: a quote where none may be, at sign %d of the line: %w", f.at(p.Line), p.Column, p.Err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: the compressed file ends early; it was not written or copied to its end: %w", f.at(next), err)
	case damaged(err):
		return fmt.Errorf("%s: the compressed file is damaged; copy it anew, and gzip -t tells whether it is whole: %w", f.at(next), err)
	default:
		return fmt.Errorf("%s: %w", f.at(next), err)
	}
}

// damaged tells whether gzip could not read what it was given.
func damaged(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.As(err, &corrupt) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader)
}
